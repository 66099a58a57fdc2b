//! What tests of the protocol share: raw requests, JSON bodies, what is in a token, and the operator's hand.

use std::net::SocketAddr;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, Method};
use serde_json::Value;
use symbolon_jose::jwt::decode_unverified;
use symbolon_oauth::{Api, Client};
use symbolon_server::admin::{self, Command, UserCommand};
use symbolon_server::registry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::{Answer, form};
use super::flow::basic;
use super::{World, put};

/// The claims of a token, unverified: these tests ask what is in it.
pub fn claims(token: &Value) -> Value {
    Value::Object(decode_unverified(token.as_str().unwrap()).unwrap().claims)
}

/// The header of a token.
pub fn header(token: &Value) -> Value {
    Value::Object(decode_unverified(token.as_str().unwrap()).unwrap().header)
}

impl Answer {
    /// The answer is this status with this OAuth error in JSON that nobody stores.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.json()["error"], code, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
    }

    /// The answer is a page of ours, of this status, that leads nowhere by itself.
    #[track_caller]
    pub fn is_page(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.headers.get("location").is_none(), "{self:?}");
        assert!(self.headers.get("refresh").is_none() && !self.body.contains("http-equiv"), "{self:?}");
        assert!(self.header("content-type").starts_with("text/html"), "{self:?}");
        assert!(self.header("content-security-policy").contains("frame-ancestors 'none'"), "{self:?}");
    }

    /// The answer redirects to the client with this error, `state` and `iss`.
    #[track_caller]
    pub fn is_redirected_error(&self, code: &str) {
        assert_eq!(self.status, 303, "{self:?}");
        assert!(self.location().starts_with("https://"), "{self:?}");
        assert_eq!(self.param("error").as_deref(), Some(code), "{self:?}");
        assert_eq!(self.param("state").as_deref(), Some("st/ate +1"), "{self:?}");
        assert_eq!(self.param("iss").as_deref(), Some(super::ISSUER), "{self:?}");
        assert_eq!(self.param("code"), None, "{self:?}");
    }
}

/// Sends bytes as they are on a connection of their own; gives what came back until the server closed or
/// fell silent after a whole answer.
pub async fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    // The server may close before it has read everything, as it should.
    let (_, _) = tokio::join!(writer.write_all(request), reader.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

impl World {
    pub fn address(&self) -> SocketAddr {
        self.running.address.unwrap()
    }

    /// One request without cookies.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Option<String>,
    ) -> Answer {
        self.browser().send(method, path, headers, body).await
    }

    /// Posts a form with this `Authorization` header, or none if it is empty.
    pub async fn post_with(&self, authorization: &str, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let mut headers = vec![(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        if !authorization.is_empty() {
            headers.push((AUTHORIZATION, authorization));
        }
        self.send(Method::POST, path, &headers, Some(form(pairs))).await
    }

    /// Posts JSON.
    pub async fn post_json(&self, path: &str, headers: &[(HeaderName, &str)], body: &Value) -> Answer {
        let mut headers = headers.to_vec();
        headers.push((CONTENT_TYPE, "application/json"));
        self.send(Method::POST, path, &headers, Some(body.to_string())).await
    }

    /// Introspects with the credential of that API or client.
    pub async fn introspect_as(&self, id: &str, secret: &str, token: &str) -> Answer {
        self.post_with(&basic(id, secret), "/oauth/introspect", &[("token", token)]).await
    }

    /// Everything this access token opens is shut.
    pub async fn assert_dead(&self, access_token: &Value) {
        let token = access_token.as_str().unwrap();
        assert_eq!(self.introspect(token).await, serde_json::json!({ "active": false }));
        assert_eq!(self.userinfo(token).await.status, 401);
    }

    /// The access token opens what it should.
    pub async fn assert_alive(&self, access_token: &Value) {
        let token = access_token.as_str().unwrap();
        assert_eq!(self.introspect(token).await["active"], true);
        assert_eq!(self.userinfo(token).await.status, 200);
    }

    /// Carries out an operator's command.
    pub async fn carry_out(&self, command: Command) -> Value {
        admin::control::run(&self.running.app, command, "test").await.unwrap()
    }

    pub async fn block(&self, user: &str) {
        self.carry_out(Command::User(UserCommand::Block { user: user.to_owned() })).await;
    }

    /// Registers a client, or replaces it.
    pub async fn put_client(&self, client: &Client) {
        let app = &self.running.app;
        app.store.apply(vec![put(registry::CLIENT, client.client_id.as_str(), client)]).await.unwrap();
        app.take_up().await.unwrap();
    }

    /// Registers an API, or replaces it.
    pub async fn put_api(&self, api: &Api) {
        let app = &self.running.app;
        app.store.apply(vec![put(registry::API, &api.identifier, api)]).await.unwrap();
        app.take_up().await.unwrap();
    }

    /// Changes an API's registration.
    pub async fn change_api(&self, identifier: &str, change: impl FnOnce(&mut Api)) {
        let mut api = (**self.running.app.registry().api(identifier).unwrap()).clone();
        change(&mut api);
        self.put_api(&api).await;
    }

    /// Names and details of the audit events so far.
    pub async fn audit_trail(&self) -> Vec<(String, Value)> {
        let app = &self.running.app;
        app.audit.flush().await;
        let records = app.store.audit(0, 1_000).await.unwrap();
        records.into_iter().map(|record| (record.event.name, record.event.detail)).collect()
    }
}

/// Runs `count` requests at once.
pub async fn futures<F: Future<Output = Answer>>(count: usize, request: impl Fn() -> F) -> Vec<Answer> {
    let mut running: Vec<_> = (0..count).map(|_| Box::pin(request())).collect();
    let mut answers: Vec<Option<Answer>> = (0..count).map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (request, answer) in running.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let std::task::Poll::Ready(ready) = request.as_mut().poll(context)
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}
