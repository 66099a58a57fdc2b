//! A device without a browser, and the person who answers it.

use http::header::{CONTENT_TYPE, ORIGIN, USER_AGENT};
use http::{HeaderName, Method};
use symbolon_oauth::{Client, ClientApi, ClientId, Grant, Scope};

use super::client::form;
use super::{API, Answer, Browser, ISSUER, PASSWORD, World};

pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORM: &str = "application/x-www-form-urlencoded";

/// A device that has asked.
#[derive(Clone, Debug)]
pub struct Device {
    /// The `device_code`.
    pub secret: String,
    pub user_code: String,
    pub complete: String,
}

impl World {
    /// Registers `tv`: third-party, public, for devices only.
    pub async fn with_tv() -> Self {
        let world = Self::new().await;
        world.put_client(&tv("tv")).await;
        world
    }

    /// Asks for codes as `client`, with these headers.
    pub async fn ask_from(&self, client: &str, headers: &[(HeaderName, &str)], more: &[(&str, &str)]) -> Answer {
        let mut pairs =
            vec![("client_id", client), ("scope", "openid profile email offline_access read"), ("audience", API)];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        let mut all = vec![(CONTENT_TYPE, FORM)];
        all.extend_from_slice(headers);
        self.send(Method::POST, "/oauth/device", &all, Some(form(&pairs))).await
    }

    /// Asks for codes as `tv`.
    pub async fn device(&self) -> Device {
        let answer = self.ask_from("tv", &[(USER_AGENT, "DragonsTV/4.1")], &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Device::of(&answer)
    }

    /// Asks for the tokens as `client`.
    pub async fn poll_as(&self, client: &str, device_code: &str) -> Answer {
        let fields = [("grant_type", GRANT), ("client_id", client), ("device_code", device_code)];
        self.post_with("", "/oauth/token", &fields).await
    }

    /// Asks for the tokens as `tv`.
    pub async fn poll(&self, device: &Device) -> Answer {
        self.poll_as("tv", &device.secret).await
    }
}

impl Device {
    pub fn of(answer: &Answer) -> Self {
        let json = answer.json();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        Self { secret: text("device_code"), user_code: text("user_code"), complete: text("verification_uri_complete") }
    }
}

pub fn tv(id: &str) -> Client {
    let mut client = Client::native(ClientId::parse(id).unwrap(), "Television");
    client.grant_types = [Grant::DeviceCode, Grant::RefreshToken].map(|grant| grant.name().to_owned()).into();
    client.apis = vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read write").unwrap() }];
    client
}

impl Browser {
    /// Somebody who has signed in before.
    pub async fn signed_in(world: &World, email: &str) -> Self {
        let mut browser = world.browser();
        let page = browser.get("/login").await;
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        assert_eq!(interaction, "");
        browser.post("/login", &[("csrf", &csrf), ("username", email), ("password", PASSWORD)]).await;
        browser
    }

    /// Enters a code on the page for it.
    pub async fn enter(&mut self, user_code: &str) -> Answer {
        self.enter_from(user_code, &[]).await
    }

    /// The same, with these headers.
    pub async fn enter_from(&mut self, user_code: &str, headers: &[(HeaderName, &str)]) -> Answer {
        let csrf = self.get("/device").await.field("csrf");
        let mut all = vec![(ORIGIN, ISSUER), (CONTENT_TYPE, FORM)];
        all.extend_from_slice(headers);
        self.send(Method::POST, "/device", &all, Some(form(&[("csrf", &csrf), ("user_code", user_code)]))).await
    }

    /// Answers what the page asks.
    pub async fn answer(&mut self, question: &Answer, decision: &str) -> Answer {
        let (interaction, csrf) = (question.field("interaction"), question.field("csrf"));
        let fields = [("interaction", &*interaction), ("csrf", &csrf), ("compared", "yes"), ("decision", decision)];
        self.post("/device/answer", &fields).await
    }

    /// Enters the code and allows what is asked.
    pub async fn allow(&mut self, user_code: &str) {
        let question = self.enter(user_code).await;
        assert_eq!(question.status, 200, "{}", question.body);
        let done = self.answer(&question, "allow").await;
        assert!(done.body.contains("Device connected"), "{}", done.body);
    }
}
