//! Telling a client that somebody has answered (CIBA Core 1.0): that there is an answer (ping, §10.2), or the answer itself (push, §10.3,
//! §12).
//!
//! What is pushed is made anew at each attempt and yet the same each time, from a seed that is sealed with the request: so tokens are kept
//! nowhere, and a client that gets them twice gets nothing else the second time. After the request's time nobody is told any more.

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use symbolon_jose::base64url;
use symbolon_oauth::endpoint::elsewhere::Answer as Said;
use symbolon_oauth::grant::ciba::{self, Facts};
use symbolon_oauth::registration::DeliveryMode;
use symbolon_oauth::{Beside, Client, Issue, OAuthError, RefreshAnswer, Rng};
use symbolon_store::{Artefact, Delivery, Hash32, StoreError};

use super::kind::{Failure, Kind, Sent};
use super::request::{Message, answered};
use crate::app::App;
use crate::effects::{self, Applied};
use crate::http::bc_authorize::{Notification, SEALED_FOR};
use crate::http::token;
use crate::known_as;
use crate::outgoing::Answer;
use crate::registry::Registry;
use crate::seal::MasterKey;

/// The kind.
pub(super) struct Ciba;

#[async_trait]
impl Kind for Ciba {
    fn name(&self) -> &'static str {
        Delivery::CIBA
    }

    async fn is_wanted(&self, app: &App, target: &str) -> Result<bool, StoreError> {
        Ok(app.registry().client(target).is_some_and(|client| !client.disabled && endpoint(client).is_some()))
    }

    async fn send(&self, app: &App, delivery: &Delivery, now: u64) -> Result<Sent, Failure> {
        match Self::message(app, delivery, now).await? {
            Some(message) => Self::judge(&message.post(app).await?).map(|()| Sent::Arrived),
            None => Ok(Sent::Unwanted),
        }
    }

    async fn client_id(&self, _app: &App, target: &str) -> Result<Option<String>, StoreError> {
        Ok(Some(target.to_owned()))
    }

    fn audit_name(&self) -> &'static str {
        "ciba"
    }
}

impl Ciba {
    /// The request as it is to be posted now; nothing if the target does not want this one.
    async fn message(app: &App, delivery: &Delivery, now: u64) -> Result<Option<Message>, Failure> {
        let registry = app.registry();
        let Some(client) = registry.client(&delivery.target) else { return Ok(None) };
        let Some((url, mode)) = endpoint(client) else { return Ok(None) };
        let hash = hash(&delivery.payload).ok_or_else(|| Failure::Hopeless("it cannot be read".to_owned()))?;
        let found = app.store.code_facts(Artefact::AUTH_REQ_ID, hash).await.map_err(|error| refused(&error))?;
        let found = found.ok_or_else(over)?;
        let facts = token::answered::of(found, now).map_err(|error| refused(&error))?;
        if now >= facts.expires_at {
            return Err(over());
        }
        let notification = opened(app, &facts)?;
        let body = match mode {
            DeliveryMode::Push => push(app, &registry, client, &facts, &notification, now).await?,
            // §10.2: asked for already, it need not be told of.
            _ if facts.redeemed_at.is_some() => return Ok(None),
            _ => json!({ "auth_req_id": notification.auth_req_id }),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", notification.token))
            .map_err(|_| Failure::Hopeless("client_notification_token fits into no header".to_owned()))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        Ok(Some(Message { url, headers, body: Bytes::from(body.to_string()) }))
    }

    /// §10.2: "SHOULD respond with an HTTP 204 No Content. The OP SHOULD also accept responses with HTTP 200 OK", and "MUST NOT follow redirects".
    fn judge(answer: &Answer) -> Result<(), Failure> {
        if answer.status.is_success() {
            return Ok(());
        }
        let text = answered(answer, None);
        Err(if answer.status == StatusCode::BAD_REQUEST { Failure::Refused(text) } else { Failure::Unreachable(text) })
    }
}

/// Where the client is told, if it is.
fn endpoint(client: &Client) -> Option<(String, DeliveryMode)> {
    let mode = client.backchannel.backchannel_token_delivery_mode.filter(|mode| *mode != DeliveryMode::Poll)?;
    Some((client.backchannel.backchannel_client_notification_endpoint.clone()?, mode))
}

fn hash(payload: &Value) -> Option<Hash32> {
    let bytes = base64url::decode(payload.get("waiting")?.as_str()?).ok()?;
    <[u8; 32]>::try_from(bytes).ok().map(Hash32)
}

fn refused(error: &dyn std::fmt::Display) -> Failure {
    Failure::Refused(format!("it cannot be made: {error}"))
}

fn over() -> Failure {
    Failure::Hopeless("the request is over".to_owned())
}

fn opened(app: &App, facts: &Facts) -> Result<Notification, Failure> {
    let sealed = facts.grant.notification.as_deref().ok_or_else(|| {
        // The client was registered for another mode when it asked.
        Failure::Hopeless("the request has no client_notification_token".to_owned())
    })?;
    let plain = app.sealer.open(SEALED_FOR, sealed).map_err(|error| Failure::Hopeless(error.to_string()))?;
    serde_json::from_slice(&plain).map_err(|_| Failure::Hopeless("it cannot be read".to_owned()))
}

/// The tokens (§10.3.1), or the refusal (§12).
async fn push(
    app: &App,
    registry: &Registry,
    client: &Client,
    facts: &Facts,
    notification: &Notification,
    now: u64,
) -> Result<Value, Failure> {
    let refusal = |code: &str, words: &str| json!({ "auth_req_id": notification.auth_req_id, "error": code, "error_description": words });
    if facts.grant.asked.answer == Said::Denied {
        return Ok(refusal("access_denied", "the person declined"));
    }
    // §12 has no code of its own for it.
    if facts.grant.asked.answer == Said::Unmet {
        return Ok(refusal("access_denied", "the person's sign-in is of no acr that was asked for"));
    }
    let key = MasterKey::from_text(&notification.seed, "a sealed seed");
    let mut rng = Seeded { key: key.map_err(|error| Failure::Hopeless(error.to_string()))?, count: 0 };
    let planned = ciba::push(&mut app.context(facts.grant.answered_at, &mut rng), client, facts, registry);
    let Ok(mut issue) = planned else {
        return Ok(refusal("transaction_failed", "what was allowed has ended meanwhile"));
    };
    if facts.redeemed_at.is_none() {
        let applied = effects::apply(app, &issue, "", now).await.map_err(|error| refused(&error))?;
        if applied != Applied::Done {
            return Err(Failure::Refused("something changed meanwhile".to_owned()));
        }
    } else {
        let family = app.store.family(&facts.grant.asked.family_id).await.map_err(|error| refused(&error))?;
        if family.is_none_or(|family| family.ended_at.is_some()) {
            return Ok(refusal("transaction_failed", "what was allowed has ended meanwhile"));
        }
    }
    signed(app, registry, &mut issue, notification, now).await.map_err(|error| refused(&error))
}

async fn signed(
    app: &App,
    registry: &Registry,
    issue: &mut Issue,
    notification: &Notification,
    now: u64,
) -> Result<Value, OAuthError> {
    let access_token = token::access_token(app, registry, issue).await?;
    let ends_at = issue.access_token.claims.exp;
    let mut plan = issue.id_token.clone().ok_or(OAuthError::ServerError)?;
    // §10.3.1: what binds the tokens to the request and to one another.
    let extra = &mut plan.claims.profile;
    extra.insert("urn:openid:params:jwt:claim:auth_req_id".to_owned(), notification.auth_req_id.as_str().into());
    if let RefreshAnswer::New(token) = &issue.refresh_token {
        let rt_hash = symbolon_jose::left_half_hash(plan.alg, token.reveal().as_bytes());
        extra.insert("urn:openid:params:jwt:claim:rt_hash".to_owned(), rt_hash.into());
    }
    let beside = Beside { access_token: Some(&access_token), ..Beside::default() };
    let fetched = app.encryption_keys(registry, &plan.claims.aud, now).await;
    known_as::note(app, registry, issue).await.map_err(|error| effects::store_failure(&error))?;
    let id_token = registry.sign_id_token(&plan, &beside, fetched.as_deref())?;
    let response = issue.response(access_token, Some(id_token), None);
    let mut body = serde_json::to_value(&response).map_err(|_| OAuthError::ServerError)?;
    body["auth_req_id"] = notification.auth_req_id.as_str().into();
    body["expires_in"] = ends_at.saturating_sub(now).into();
    Ok(body)
}

/// The same bytes for the same seed (HKDF), and no others.
struct Seeded {
    /// Made for this one request.
    key: MasterKey,
    count: u64,
}

impl Rng for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.count += 1;
            let block = self.key.derive(&format!("ciba push {}", self.count));
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::Rest;

    fn judged(status: u16) -> Result<(), Failure> {
        let status = StatusCode::from_u16(status).unwrap();
        Ciba::judge(&Answer { status, headers: HeaderMap::new(), body: Bytes::new(), rest: Rest::Nothing })
    }

    #[test]
    fn ciba_section_10_2_success_is_success_and_a_redirect_is_none() {
        assert_eq!((judged(204), judged(200)), (Ok(()), Ok(())));
        assert!(matches!(judged(400), Err(Failure::Refused(_))));
        for status in [301, 307, 401, 404, 500, 503] {
            assert!(matches!(judged(status), Err(Failure::Unreachable(_))), "{status}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_and_another_something_else() {
        let drawn = |seed: &[u8; 32]| {
            let key = MasterKey::from_text(&base64url::encode(seed), "a test").unwrap();
            let mut rng = Seeded { key, count: 0 };
            let mut bytes = [[0_u8; 40]; 2];
            for bytes in &mut bytes {
                rng.fill(bytes);
            }
            bytes
        };
        let once = drawn(&[1; 32]);
        assert_eq!(once, drawn(&[1; 32]));
        assert_ne!(once[0], once[1], "what is drawn twice differs");
        assert_ne!(once, drawn(&[2; 32]));
    }

    #[test]
    fn what_is_no_hash_is_none() {
        for payload in [json!({}), json!({"waiting": 1}), json!({"waiting": "AAAA"}), json!({"waiting": "!"})] {
            assert_eq!(hash(&payload), None, "{payload}");
        }
    }
}
