//! A client that asks for somebody over the back channel, and the person who answers.

use serde_json::{Value, json};
use symbolon_oauth::Grant;

use super::{API, Answer, Browser, World};

pub const GRANT: &str = "urn:openid:params:grant-type:ciba";

impl World {
    /// Lets `web` ask over the back channel, with these members of its registration.
    pub async fn asking(&self, members: Value) {
        self.change_client("web", |client| {
            client.grant_types.insert(Grant::Ciba.name().to_owned());
            client.backchannel = serde_json::from_value(members).unwrap();
            assert_eq!(client.validate(), Ok(()));
        })
        .await;
    }

    /// A world in which `web` polls.
    pub async fn with_ciba() -> Self {
        let world = Self::new().await;
        world.asking(json!({ "backchannel_token_delivery_mode": "poll" })).await;
        world
    }

    /// Asks as `client`; `more` overrides or, if empty, removes.
    pub async fn ask_for_as(&self, client: &str, more: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("scope", "openid profile email offline_access read"),
            ("resource", API),
            ("login_hint", "Ada@Example.com"),
            ("binding_message", "W4SCT"),
        ];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        self.post_as(client, "/oauth/bc-authorize", &pairs).await
    }

    /// Asks for Ada as `web`; gives the `auth_req_id`.
    pub async fn ask_for(&self, more: &[(&str, &str)]) -> String {
        let answer = self.ask_for_as("web", more).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["auth_req_id"].as_str().unwrap().to_owned()
    }

    /// Asks whether there is an answer.
    pub async fn poll_ciba(&self, client: &str, auth_req_id: &str) -> Answer {
        self.token(client, &[("grant_type", GRANT), ("auth_req_id", auth_req_id)]).await
    }
}

impl Browser {
    /// Answers the first request on the page.
    pub async fn answer_ciba(&mut self, page: &Answer, decision: &str) -> Answer {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let fields = [("interaction", &*interaction), ("csrf", &csrf), ("compared-1", "yes"), ("decision", decision)];
        self.post("/ciba/answer", &fields).await
    }

    /// Looks at what waits, and allows the first of it.
    pub async fn allow_ciba(&mut self) {
        let page = self.get("/ciba").await;
        let done = self.answer_ciba(&page, "allow").await;
        assert!(done.body.contains("goes on by itself"), "{}", done.body);
    }

    /// The same without having compared.
    pub async fn allow_unread(&mut self, page: &Answer) -> Answer {
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        self.post("/ciba/answer", &[("interaction", &*interaction), ("csrf", &csrf), ("decision", "allow")]).await
    }
}
