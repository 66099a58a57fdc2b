//! What tests of the authorization endpoint's answers share: clients that may ask for everything, and answers read as clients read them.

use std::collections::BTreeMap;

use serde_json::Value;
use symbolon_oauth::{Client, ResponseType};

use super::client::Answer;
use super::flow::authorize_url;
use super::{Browser, PASSWORD, World};

/// The origin of [`super::CALLBACK`].
pub const APP_ORIGIN: &str = "https://app.example.com";

/// Registers everything that can be asked for.
pub fn everything(client: &mut Client) {
    client.responses.response_types = ResponseType::ALL.iter().copied().collect();
    client.grant_types.insert("implicit".to_owned());
    client.allowed_origins = vec![APP_ORIGIN.to_owned()];
}

impl World {
    /// A world in which `web` and `partner` may ask for everything.
    pub async fn of_answers() -> Self {
        let world = Self::new().await;
        for client in ["web", "partner"] {
            world.change_client(client, everything).await;
        }
        world
    }

    /// The answer to a request of `client` for `email`, who signs in if nobody is.
    pub async fn authorized(&self, browser: &mut Browser, client: &str, email: &str, more: &[(&str, &str)]) -> Answer {
        let page = browser.get(&authorize_url(client, more)).await;
        if page.body.contains("name=\"password\"") { browser.sign_in(&page, email, PASSWORD).await } else { page }
    }
}

impl Answer {
    /// What stands behind the `#` of the redirect; nothing may stand before it but the redirect URI.
    #[track_caller]
    pub fn fragment(&self) -> BTreeMap<String, String> {
        assert_eq!(self.status, 303, "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("referrer-policy"), "no-referrer");
        let (before, fragment) = self.location().split_once('#').unwrap_or_else(|| panic!("no fragment: {self:?}"));
        assert!(!before.contains('?'), "{before}");
        url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect()
    }

    /// The message of a page that carries an answer: its target and what it says.
    #[track_caller]
    pub fn message(&self) -> (String, Value) {
        assert_eq!(self.status, 200, "{self:?}");
        let attribute = |name: &str| {
            let marker = format!(" {name}=\"");
            let at = self.body.find(&marker).unwrap_or_else(|| panic!("no {name} in {}", self.body)) + marker.len();
            let text = &self.body[at..at + self.body[at..].find('"').unwrap()];
            [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
                .into_iter()
                .fold(text.to_owned(), |text, (written, meant)| text.replace(written, meant))
        };
        (attribute("data-origin"), serde_json::from_str(&attribute("data-response")).unwrap())
    }
}
