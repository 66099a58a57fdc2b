//! Letters that wait in the outbox, read as their people will read them.

use http::Request;
use http::header::HOST;
use http_body_util::Full;
use serde_json::Value;
use symbolon_server::Config;
use symbolon_store::{ListDeliveries, WhichDeliveries};

use super::client::exchange;
use super::{ISSUER, World};

/// Letters are written, and wait for a mail server that is away.
pub fn waiting(config: &mut Config) {
    config.mail.server = Some("smtp://localhost:1".to_owned());
    config.mail.from = Some("auth@example.com".to_owned());
}

impl World {
    /// What was written to this address and has not gone out, the newest first.
    pub async fn letters_to(&self, to: &str) -> Vec<Value> {
        let app = &self.running.app;
        let list = ListDeliveries { after: None, limit: 1000, which: WhichDeliveries::All };
        let mail = app.store.deliveries(list).await.unwrap().items.into_iter().filter(|one| one.kind == "mail");
        let open = |payload: &Value| {
            let plain = app.sealer.open(&format!("mail to {to}"), payload["sealed"].as_str()?).ok()?;
            serde_json::from_slice::<Value>(&plain).ok().map(|sealed| sealed["letter"].clone())
        };
        mail.filter(|one| one.payload["to"] == to).filter_map(|one| open(&one.payload)).collect()
    }

    /// The newest letter to this address.
    pub async fn letter(&self, to: &str) -> Value {
        self.letters_to(to).await.into_iter().next().unwrap_or_else(|| panic!("no letter to {to}"))
    }
}

impl World {
    /// Every letter that a development server keeps, the newest first, once nothing is on its way any more.
    pub async fn kept_letters(&self) -> Vec<Value> {
        loop {
            let list = ListDeliveries { after: None, limit: 100, which: WhichDeliveries::All };
            let left = self.running.app.store.deliveries(list).await.unwrap().items;
            if left.iter().all(|one| serde_json::to_value(one).unwrap()["state"] == "delivered") {
                break;
            }
            tokio::task::yield_now().await;
        }
        let host = ISSUER.strip_prefix("http://").unwrap();
        let request = Request::get("/dev/mail.json").header(HOST, host).body(Full::default()).unwrap();
        let answer = exchange(self.running.address.unwrap(), request).await;
        answer.json()["letters"].as_array().unwrap().clone()
    }
}
