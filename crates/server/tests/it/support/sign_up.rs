//! People who make their own accounts.

use symbolon_oauth::sign_up::SignUp;

use super::{Answer, Browser, World, letters};

/// The password of everybody who signs up in a test.
pub const CHOSEN: &str = "seven calm otters knit";

impl World {
    /// A world in which everybody may sign up.
    pub async fn open_to_all() -> Self {
        Self::with(|config| {
            config.sign_up = SignUp::Open;
            letters::waiting(config);
        })
        .await
    }

    /// The code in the newest letter to this address.
    pub async fn code_for(&self, email: &str) -> String {
        self.letter(email).await["code"].as_str().unwrap_or_else(|| panic!("{email} got no code")).to_owned()
    }

    /// The link in it.
    pub async fn link_for(&self, email: &str) -> String {
        self.letter(email).await["link"].as_str().unwrap_or_else(|| panic!("{email} got no link")).to_owned()
    }
}

impl Browser {
    /// Fills in the form for making an account.
    pub async fn ask_for_account(&mut self, page: &Answer, email: &str) -> Answer {
        self.ask_for_account_with(page, email, CHOSEN).await
    }

    /// The same, with another password.
    pub async fn ask_for_account_with(&mut self, page: &Answer, email: &str, password: &str) -> Answer {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let fields = [
            ("interaction", &*interaction),
            ("csrf", &csrf),
            ("email", email),
            ("name", "Grace Hopper"),
            ("password", password),
            ("password_confirm", password),
        ];
        self.post("/signup", &fields).await
    }

    /// Enters a code where one is asked for.
    pub async fn enter_code(&mut self, page: &Answer, code: &str) -> Answer {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        self.post("/signup/code", &[("interaction", &*interaction), ("csrf", &csrf), ("code", code)]).await
    }

    /// Presses a button of the page's other form.
    pub async fn decide(&mut self, path: &str, page: &Answer, decision: &str) -> Answer {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        self.post(path, &[("interaction", &*interaction), ("csrf", &csrf), ("decision", decision)]).await
    }

    /// Goes on behind the link of a letter.
    pub async fn confirm(&mut self, page: &Answer, password: Option<&str>) -> Answer {
        let (code, csrf) = (page.field("code"), page.field("csrf"));
        let mut fields = vec![("code", &*code), ("csrf", &*csrf)];
        fields.extend(password.map(|password| ("password", password)));
        self.post("/signup/confirm", &fields).await
    }
}
