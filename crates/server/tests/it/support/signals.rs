//! A receiver of shared signals, as it calls the transmitter; and what it does with a token.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};
use symbolon_oauth::{Api, Client, ClientApi, Scope, SecretHash};
use symbolon_server::registry;

use super::{Answer, ISSUER, NOW, SECRET, World, id, put};

pub const SSF_API: &str = "http://localhost:4400/ssf";
pub const PUSH: &str = "urn:ietf:rfc:8935";
pub const POLL: &str = "urn:ietf:rfc:8936";
pub const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
pub const CREDENTIAL_CHANGE: &str = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
pub const CLAIMS_CHANGE: &str = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change";
pub const DISABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
pub const PURGED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-purged";
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
pub const UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";
pub const ALL: [&str; 5] = [SESSION_REVOKED, CREDENTIAL_CHANGE, CLAIMS_CHANGE, DISABLED, PURGED];

/// A client with an access token of its own.
pub struct Hub<'w> {
    pub world: &'w World,
    pub client: String,
    pub token: String,
}

impl World {
    /// Registers the API, and `hub` and `spy`, who may do everything, and `eye`, who may only read.
    pub async fn open_signals(&self) {
        let api = Api::new(SSF_API, "Signals").with_scope("ssf.manage", "Manage").with_scope("ssf.read", "Read");
        let app = &self.running.app;
        app.store.apply(vec![put(registry::API, SSF_API, &api)]).await.unwrap();
        for (client_id, scope) in [("hub", "ssf.manage ssf.read"), ("spy", "ssf.manage"), ("eye", "ssf.read")] {
            let mut client = Client::machine(id(client_id), client_id);
            client.first_party = true;
            client.secrets = vec![SecretHash::of(SECRET, NOW)];
            client.apis = vec![signals(scope)];
            self.put_client(&client).await;
        }
    }

    /// Lets a client of people be a receiver, too.
    pub async fn make_receiver(&self, client: &str) {
        self.change_client(client, |client| {
            client.grant_types.insert("client_credentials".to_owned());
            client.apis.push(signals("ssf.manage"));
        })
        .await;
    }

    /// Gets a token as this client.
    pub async fn hub(&self, client: &str) -> Hub<'_> {
        let answer = self.token(client, &[("grant_type", "client_credentials"), ("audience", SSF_API)]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        Hub { world: self, client: client.to_owned(), token }
    }

    /// What a receiver must do with a token (Shared Signals Framework 1.0 §4.1, RFC 8417 §2): gives its claims.
    pub async fn read_set(&self, token: &str, client: &str) -> Value {
        let set = self.browser().get("/.well-known/jwks.json").await.body;
        let keys = VerifyingKeys::from_jwks(&JwkSet::from_slice(set.as_bytes()).unwrap(), Algorithm::ASYMMETRIC);
        let policy = Policy::new(ISSUER, client).accept_type("secevent+jwt").danger_exp_optional().require("jti");
        let policy = policy.require("iat").require("events").require("sub_id").require("txn");
        let claims = jwt::verify::<Value>(token, &keys, &policy, self.clock.now()).unwrap().into_claims();
        assert_eq!((claims.get("exp"), claims.get("sub")), (None, None));
        assert_eq!(super::protocol::header(&token.into())["alg"], "RS256");
        assert_eq!(claims["events"].as_object().unwrap().len(), 1, "{claims}");
        claims
    }
}

fn signals(scope: &str) -> ClientApi {
    ClientApi { audience: SSF_API.to_owned(), scopes: Scope::parse(scope).unwrap() }
}

/// The type of a token's event.
pub fn event(set: &Value) -> &str {
    set["events"].as_object().unwrap().keys().next().unwrap()
}

impl Hub<'_> {
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut headers: Vec<(HeaderName, &str)> = vec![(AUTHORIZATION, &bearer)];
        if body.is_some() {
            headers.push((CONTENT_TYPE, "application/json"));
        }
        self.world.browser().send(method, path, &headers, body.map(Value::to_string)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Creates a stream; gives its id.
    pub async fn create(&self, body: &Value) -> String {
        let answer = self.post("/ssf/streams", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["stream_id"].as_str().unwrap().to_owned()
    }

    /// A stream that is polled.
    pub async fn listen(&self, events: &[&str]) -> String {
        self.create(&json!({ "events_requested": events })).await
    }

    /// Polls; gives the verified claims in their order, and whether there is more.
    pub async fn poll(&self, stream: &str, body: &Value) -> (Vec<Value>, bool) {
        let answer = self.post(&format!("/ssf/poll/{stream}"), body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let answer = answer.json();
        let mut sets = Vec::new();
        for (jti, token) in answer["sets"].as_object().unwrap() {
            let claims = self.world.read_set(token.as_str().unwrap(), &self.client).await;
            assert_eq!(claims["jti"], *jti);
            sets.push(claims);
        }
        let number = |set: &Value| set["jti"].as_str().unwrap().rsplit('.').next().unwrap().parse::<u64>().unwrap();
        sets.sort_by_key(number);
        (sets, answer["moreAvailable"].as_bool().unwrap())
    }

    /// Takes what there is, at once.
    pub async fn drain(&self, stream: &str) -> Vec<Value> {
        let (sets, _) = self.poll(stream, &json!({ "returnImmediately": true })).await;
        let ack: Vec<&Value> = sets.iter().map(|set| &set["jti"]).collect();
        self.poll(stream, &json!({ "maxEvents": 0, "ack": ack })).await;
        sets
    }

    pub async fn set_status(&self, stream: &str, status: &str) -> Answer {
        self.post("/ssf/status", &json!({ "stream_id": stream, "status": status })).await
    }

    pub async fn status(&self, stream: &str) -> Value {
        self.get(&format!("/ssf/status?stream_id={stream}")).await.json()
    }
}
