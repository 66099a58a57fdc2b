//! What an operator does beside a running server, through its control socket as the command line does.

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use super::World;

impl World {
    /// Carries out a command; gives its answer.
    pub async fn command(&self, command: &Value) -> Value {
        let (status, answer) = self.try_command(command).await;
        assert_eq!(status, StatusCode::OK, "{command}: {answer}");
        answer
    }

    /// What the store holds of the registrations of a kind.
    pub async fn stored(&self, kind: &str) -> Vec<Box<str>> {
        let documents = symbolon_server::registry::documents_of(&*self.running.app.store, kind).await.unwrap();
        documents.into_iter().map(|document| document.body.into_text()).collect()
    }

    /// Asks for a command to be carried out.
    pub async fn try_command(&self, command: &Value) -> (StatusCode, Value) {
        let stream = UnixStream::connect(self.data().join("control.sock")).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request =
            Request::builder().method(Method::POST).uri("/command").header("content-type", "application/json");
        let request = request.body(Full::<bytes::Bytes>::from(command.to_string())).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Where `symbolon admin setup-link` leads. The world has users, but nobody whose role makes an administrator
    /// stands in the way: see [`World::without_administrator`].
    pub async fn setup_link(&self) -> String {
        self.command(&json!({ "setup": "link" })).await["link"].as_str().unwrap().to_owned()
    }

    /// Where `symbolon user reset-link` leads.
    pub async fn reset_link(&self, user: &str) -> String {
        let command = json!({ "user": { "reset-link": { "user": user, "valid_secs": 3_600 } } });
        self.command(&command).await["link"].as_str().unwrap().to_owned()
    }

    /// Takes the administrator away, behind the commands' back: they keep the last one.
    pub async fn without_administrator(self) -> Self {
        let ada = self.command(&json!({ "user": { "show": { "user": "ada@example.com" } } })).await;
        let store = &self.running.app.store;
        store.delete_user(ada["user"]["id"].as_str().unwrap(), self.clock.now()).await.unwrap();
        self
    }

    /// Every audit event, as text: `name outcome`.
    pub async fn audit(&self) -> Vec<symbolon_store::AuditEvent> {
        self.running.app.audit.flush().await;
        let records = self.running.app.store.audit(0, 1_000).await.unwrap();
        records.into_iter().map(|record| record.event).collect()
    }
}
