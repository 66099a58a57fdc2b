//! Flows as a client and a person go through them, for tests that are about something else.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, Method};
use symbolon_jose::{base64url, sha256};

use super::client::form;
use super::{API, Answer, Browser, CALLBACK, PASSWORD, SECRET, SPA_CALLBACK, World};

/// A PKCE verifier; its challenge is [`challenge`].
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub fn challenge() -> String {
    base64url::encode(&sha256(VERIFIER.as_bytes()))
}

/// `/authorize?…` for the code flow of `client`; `more` is appended or overrides.
pub fn authorize_url(client: &str, more: &[(&str, &str)]) -> String {
    let redirect_uri = if client == "spa" { SPA_CALLBACK } else { CALLBACK };
    let challenge = challenge();
    let mut pairs = vec![
        ("client_id", client),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        ("scope", "openid profile email offline_access read"),
        ("audience", API),
        ("state", "st/ate +1"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    format!("/authorize?{}", form(&pairs))
}

impl Browser {
    /// Fills in the sign-in page `page` and follows the server's own redirects up to the client's.
    pub async fn sign_in(&mut self, page: &Answer, email: &str, password: &str) -> Answer {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let fields = [("interaction", &*interaction), ("csrf", &csrf), ("username", email), ("password", password)];
        let answer = self.post("/login", &fields).await;
        self.follow(answer).await
    }

    /// Follows redirects that stay on the server.
    pub async fn follow(&mut self, mut answer: Answer) -> Answer {
        while answer.status.is_redirection() && answer.location().starts_with('/') {
            let next = answer.location().to_owned();
            answer = self.get(&next).await;
        }
        answer
    }

    /// Posts the form of a page that hands on what no URL takes, if this is one.
    pub async fn handed_on(&mut self, page: Answer, action: &str) -> Answer {
        if page.status != 200 || !page.body.contains(&format!("action=\"{action}\"")) {
            return page;
        }
        let fields: Vec<(String, String)> = page
            .body
            .split("<input type=\"hidden\" name=\"")
            .skip(1)
            .map(|field| field.split('"').next().unwrap().to_owned())
            .map(|name| (name.clone(), page.field(&name)))
            .collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.post(action, &fields).await;
        self.follow(answer).await
    }

    /// Goes through the code flow of `client` as `email`; gives the code.
    pub async fn code(&mut self, client: &str, email: &str, more: &[(&str, &str)]) -> String {
        let page = self.get(&authorize_url(client, more)).await;
        let page = self.follow(page).await;
        let answer = if page.status.is_redirection() { page } else { self.sign_in(&page, email, PASSWORD).await };
        answer.param("code").unwrap_or_else(|| panic!("no code in {answer:?}"))
    }
}

impl World {
    /// `POST /oauth/token` with form fields; `web`, `other` and `machine` authenticate by Basic.
    pub async fn token(&self, client: &str, pairs: &[(&str, &str)]) -> Answer {
        self.post_as(client, "/oauth/token", pairs).await
    }

    /// Posts a form as a client: Basic for confidential ones, `client_id` for `spa`, body secret for `partner`.
    pub async fn post_as(&self, client: &str, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.post_as_with(client, path, pairs, &[]).await
    }

    /// The same with more headers.
    pub async fn post_as_with(
        &self,
        client: &str,
        path: &str,
        pairs: &[(&str, &str)],
        more: &[(HeaderName, &str)],
    ) -> Answer {
        let mut pairs = pairs.to_vec();
        let basic = basic(client, SECRET);
        let mut headers: Vec<(HeaderName, &str)> = vec![(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        headers.extend_from_slice(more);
        match client {
            "spa" => pairs.push(("client_id", "spa")),
            "partner" => pairs.extend([("client_id", "partner"), ("client_secret", SECRET)]),
            _ => headers.push((AUTHORIZATION, &basic)),
        }
        self.browser().send(Method::POST, path, &headers, Some(form(&pairs))).await
    }

    /// Redeems a code of [`authorize_url`].
    pub async fn redeem(&self, client: &str, code: &str) -> Answer {
        let redirect_uri = if client == "spa" { SPA_CALLBACK } else { CALLBACK };
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.token(client, &fields).await
    }

    /// Uses a refresh token.
    pub async fn refresh(&self, client: &str, refresh_token: &str) -> Answer {
        self.token(client, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Signs `email` in at `client` and redeems the code; gives the token answer's JSON.
    pub async fn tokens(&self, client: &str, email: &str) -> serde_json::Value {
        let code = self.browser().code(client, email, &[]).await;
        let answer = self.redeem(client, &code).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// Introspects as [`API`].
    pub async fn introspect(&self, token: &str) -> serde_json::Value {
        let basic = basic(API, SECRET);
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (AUTHORIZATION, &*basic)];
        let answer =
            self.browser().send(Method::POST, "/oauth/introspect", &headers, Some(form(&[("token", token)]))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// `GET /userinfo` with a token.
    pub async fn userinfo(&self, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.browser().send(Method::GET, "/userinfo", &[(AUTHORIZATION, &bearer)], None).await
    }
}

/// The Basic header of a client (RFC 6749 §2.3.1: both halves form-encoded first).
pub fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let text = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", base64_standard(text.as_bytes()))
}

fn base64_standard(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}
