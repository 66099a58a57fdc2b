//! Second factors as people have them: an app's codes read from the page that sets it up, passkeys of an authenticator in software.

use symbolon_factors::Totp;
use symbolon_factors::webauthn::Challenge;
use symbolon_factors::webauthn::testing::Passkey;
use symbolon_jose::base64url;

use super::{Answer, Browser, ISSUER, NOW, PASSWORD, World};

pub const SECURITY: &str = "/account/security";

/// What somebody has set up.
pub struct App {
    totp: Totp,
    pub codes: Vec<String>,
}

impl App {
    /// Read from the page that shows the key.
    pub fn of(page: &Answer) -> Self {
        let letters = page.body.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
        Self { totp: Totp::new(base32(&letters)), codes: Vec::new() }
    }

    /// What it shows so many seconds after a test's beginning.
    pub fn code(&self, after: u64) -> String {
        self.totp.code((NOW + after) / 30)
    }
}

fn base32(letters: &str) -> [u8; 20] {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let five = |eight: &[u8]| {
        eight.iter().fold(0_u64, |bits, letter| bits << 5 | alphabet.find(char::from(*letter)).unwrap() as u64)
    };
    let groups: Vec<[u8; 8]> = letters.as_bytes().chunks(8).map(|eight| five(eight).to_be_bytes()).collect();
    std::array::from_fn(|at| groups[at / 5][3 + at % 5])
}

/// The recovery codes on a page.
pub fn codes(page: &Answer) -> Vec<String> {
    page.body.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

/// A passkey for the server of these tests.
pub fn passkey() -> Passkey {
    Passkey::es256(b"a passkey of the tests", "localhost", ISSUER)
}

/// The challenge of a page.
pub fn challenge(page: &Answer) -> Challenge {
    Challenge::new(base64url::decode(&page.field("challenge")).unwrap().try_into().unwrap())
}

/// What the script puts into the form of a page that asks for a passkey.
pub fn assertion(page: &Answer, passkey: &Passkey, handle: Option<&str>) -> Vec<(&'static str, String)> {
    let (client_data, data, signature) = passkey.get(&challenge(page));
    vec![
        ("interaction", page.field("interaction")),
        ("csrf", page.field("csrf")),
        ("challenge", page.field("challenge")),
        ("credential", base64url::encode(&passkey.id)),
        ("client_data", base64url::encode(&client_data)),
        ("authenticator_data", base64url::encode(&data)),
        ("signature", base64url::encode(&signature)),
        ("user_handle", base64url::encode(handle.unwrap_or_default().as_bytes())),
    ]
}

/// What the script puts into the form of a page that has a passkey made on the way in.
pub fn creation(page: &Answer, passkey: &Passkey) -> Vec<(&'static str, String)> {
    let (client_data, object) = passkey.create(&challenge(page));
    vec![
        ("interaction", page.field("interaction")),
        ("csrf", page.field("csrf")),
        ("way", "passkey".to_owned()),
        ("challenge", page.field("challenge")),
        ("client_data", base64url::encode(&client_data)),
        ("attestation", base64url::encode(&object)),
        ("attachment", "platform".to_owned()),
    ]
}

/// Where a page that stands before what waits leads.
pub fn onward(page: &Answer) -> String {
    let after = page.body.split("id=\"onward\" href=\"").nth(1).unwrap_or_else(|| panic!("{}", page.body));
    after.split('"').next().unwrap().replace("&#61;", "=").replace("&amp;", "&")
}

impl Browser {
    /// Signs in to the server's own pages, and gives what comes of it.
    pub async fn sign_in_here(&mut self, email: &str) -> Answer {
        let page = self.get("/login").await;
        let fields = [("csrf", &*page.field("csrf")), ("username", email), ("password", PASSWORD)];
        let answer = self.post("/login", &fields).await;
        self.follow(answer).await
    }

    /// Posts pairs that are owned.
    pub async fn post_all(&mut self, path: &str, pairs: &[(&'static str, String)]) -> Answer {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, &**value)).collect();
        self.post(path, &pairs).await
    }

    /// Something done on one's own page.
    pub async fn security(&mut self, more: &[(&str, &str)]) -> Answer {
        let page = self.get(SECURITY).await;
        let csrf = page.field("csrf");
        let mut fields = vec![("csrf", &*csrf)];
        fields.extend_from_slice(more);
        let answer = self.post(SECURITY, &fields).await;
        self.follow(answer).await
    }

    /// Sets up an app, `after` a test's beginning; it comes with recovery codes.
    pub async fn set_up_app(&mut self, after: u64) -> App {
        let page = self.security(&[("action", "totp")]).await;
        let mut app = App::of(&page);
        let (csrf, secret, code) = (page.field("csrf"), page.field("secret"), app.code(after));
        let fields = [("csrf", &*csrf), ("action", "totp"), ("secret", &secret), ("code", &code)];
        let shown = self.post(SECURITY, &fields).await;
        app.codes = codes(&shown);
        assert_eq!((shown.status.as_u16(), app.codes.len()), (200, 10), "{}", shown.body);
        app
    }

    /// Adds a passkey.
    pub async fn add_passkey(&mut self, passkey: &Passkey) -> Answer {
        let form = self.passkey_form(passkey).await;
        let answer = self.post_all(SECURITY, &form).await;
        self.follow(answer).await
    }

    /// The form that adds it.
    pub async fn passkey_form(&mut self, passkey: &Passkey) -> Vec<(&'static str, String)> {
        let page = self.get(SECURITY).await;
        let (client_data, object) = passkey.create(&challenge(&page));
        vec![
            ("csrf", page.field("csrf")),
            ("action", "passkey".to_owned()),
            ("name", "Phone".to_owned()),
            ("challenge", page.field("challenge")),
            ("client_data", base64url::encode(&client_data)),
            ("attestation", base64url::encode(&object)),
            ("attachment", "platform".to_owned()),
        ]
    }

    /// Answers the second step with a code.
    pub async fn factor(&mut self, page: &Answer, way: &str, code: &str, more: &[(&str, &str)]) -> Answer {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let mut fields = vec![("interaction", &*interaction), ("csrf", &csrf), ("way", way), ("code", code)];
        fields.extend_from_slice(more);
        let answer = self.post("/login/factor", &fields).await;
        self.follow(answer).await
    }
}

impl World {
    /// Somebody's id.
    pub async fn id_of(&self, email: &str) -> String {
        self.running.app.store.user_by_identifier(email).await.unwrap().unwrap().id
    }

    /// The claims of the ID token of a code.
    pub async fn id_token_of(&self, client: &str, code: &str) -> serde_json::Value {
        let answer = self.redeem(client, code).await;
        let token = answer.json()["id_token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned();
        serde_json::from_slice(&base64url::decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
    }
}
