//! What RFC 8555 §6 and §7.1 to §7.3 say of every conversation with an authority: its directory, signed requests with a nonce each, and the
//! account. Signed by the same code as our tokens, sent by the one way out.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use symbolon_jose::jws::{Encoding, json as jws};
use symbolon_jose::{Algorithm, Jwk, SigningKey};

use super::failure::{Failure, Problem};
use crate::config::{Acme, external_account};
use crate::outgoing::{Answer, Limits, Outgoing, Request, Rest};

const LIMITS: Limits = Limits { time: Duration::from_secs(15), body_bytes: 256 * 1024 };
/// How often in a row an authority may not like a nonce (RFC 8555 §6.5).
const NONCES: u32 = 10;
const JOSE_JSON: HeaderValue = HeaderValue::from_static("application/jose+json");
const REPLAY_NONCE: &str = "replay-nonce";

/// RFC 8555 §7.1.1: where to get what is new.
#[derive(Clone, Debug, Deserialize)]
struct Directory {
    #[serde(rename = "newNonce")]
    nonce: String,
    #[serde(rename = "newAccount")]
    account: String,
    #[serde(rename = "newOrder")]
    order: String,
}

/// A conversation under one account.
pub(super) struct Client<'o> {
    outgoing: &'o Outgoing,
    directory: Directory,
    key: Jwk,
    /// Signs with the account's URL as `kid`; with the key itself in the header while there is no account.
    signing: SigningKey,
    account: Option<String>,
    nonce: Option<String>,
}

/// What came back of a request that was not refused.
pub(super) struct Reply {
    url: String,
    body: Bytes,
    /// What it made.
    pub(super) location: Option<String>,
    /// How long to wait before asking again.
    pub(super) retry_after: Option<Duration>,
}

impl Reply {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read(&self.url, &self.body)
    }
}

fn read<T: DeserializeOwned>(url: &str, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|why| Failure::Answer { url: url.to_owned(), why: why.to_string() })
}

fn unsigned(why: symbolon_jose::Error) -> Failure {
    Failure::Made(why.to_string())
}

impl<'o> Client<'o> {
    /// Begins with the directory. `account` is the URL of the key's account, if it has one.
    pub(super) async fn open(
        outgoing: &'o Outgoing,
        directory: &str,
        key: Jwk,
        account: Option<String>,
    ) -> Result<Self, Failure> {
        let answer = send(outgoing, Method::GET, directory, Bytes::new()).await?;
        if !answer.status.is_success() {
            return Err(Failure::Answer { url: directory.to_owned(), why: answer.status.to_string() });
        }
        let directory = read(directory, &answer.body)?;
        let named =
            account.as_ref().map_or_else(|| key.clone().without_kid(), |url| key.clone().with_kid(url.as_str()));
        let signing = SigningKey::from_jwk(&named, Algorithm::ES256).map_err(unsigned)?;
        Ok(Self { outgoing, directory, key: key.without_kid(), signing, account, nonce: None })
    }

    /// Makes the account, or finds the one that the key has (RFC 8555 §7.3); gives its URL.
    pub(super) async fn register(&mut self, acme: &Acme) -> Result<String, Failure> {
        let url = self.directory.account.clone();
        let mut account = json!({ "termsOfServiceAgreed": true, "contact": contacts(acme) });
        if let Some(external) = &acme.external_account {
            account["externalAccountBinding"] = self.bound_to(external.expose())?;
        }
        let reply = self.post(&url, Some(&account)).await?;
        let Some(account) = reply.location else {
            return Err(Failure::Answer { url, why: "the account has no address".to_owned() });
        };
        let named = self.key.clone().with_kid(account.as_str());
        self.signing = SigningKey::from_jwk(&named, Algorithm::ES256).map_err(unsigned)?;
        self.account = Some(account.clone());
        Ok(account)
    }

    /// Tells the authority where it may write to from now on (RFC 8555 §7.3.2).
    pub(super) async fn tell_contact(&mut self, account: &str, acme: &Acme) -> Result<(), Failure> {
        self.post(account, Some(&json!({ "contact": contacts(acme) }))).await.map(drop)
    }

    /// RFC 8555 §7.4; gives the order and where it is.
    pub(super) async fn new_order(&mut self, domains: &[String]) -> Result<Reply, Failure> {
        let url = self.directory.order.clone();
        let names: Vec<Value> = domains.iter().map(|name| json!({ "type": "dns", "value": name })).collect();
        self.post(&url, Some(&json!({ "identifiers": names }))).await
    }

    /// RFC 8555 §8.1.
    pub(super) fn key_authorization(&self, token: &str) -> String {
        format!("{token}.{}", self.key.thumbprint_base64url())
    }

    /// A signed request; without a payload it only reads (RFC 8555 §6.3).
    pub(super) async fn post(&mut self, url: &str, payload: Option<&Value>) -> Result<Reply, Failure> {
        let payload = payload.map(Value::to_string).unwrap_or_default();
        for _ in 0..NONCES {
            let nonce = self.nonce().await?;
            let body = self.signed(url, &nonce, payload.as_bytes())?;
            let answer = send(self.outgoing, Method::POST, url, body.into()).await?;
            self.nonce = header(&answer.headers, REPLAY_NONCE);
            if answer.status.is_success() {
                return Ok(Reply {
                    url: url.to_owned(),
                    location: header(&answer.headers, LOCATION.as_str()),
                    // A date is as good as nothing: whoever asks has a pace of its own.
                    retry_after: header(&answer.headers, RETRY_AFTER.as_str())
                        .and_then(|secs| secs.parse().ok())
                        .map(Duration::from_secs),
                    body: answer.body,
                });
            }
            let problem: Problem = serde_json::from_slice(&answer.body)
                .map_err(|_| Failure::Answer { url: url.to_owned(), why: answer.status.to_string() })?;
            // RFC 8555 §6.5: "the client SHOULD retry the request with a new nonce".
            if problem.name() != "badNonce" {
                return Err(Failure::Refused(problem));
            }
        }
        Err(Failure::Answer { url: url.to_owned(), why: "it likes none of its own nonces".to_owned() })
    }

    /// The nonce that came with the last answer, or a new one (RFC 8555 §7.2).
    async fn nonce(&mut self) -> Result<String, Failure> {
        if let Some(nonce) = self.nonce.take() {
            return Ok(nonce);
        }
        let url = &self.directory.nonce;
        let answer = send(self.outgoing, Method::HEAD, url, Bytes::new()).await?;
        header(&answer.headers, REPLAY_NONCE)
            .ok_or_else(|| Failure::Answer { url: url.clone(), why: "there is no nonce".to_owned() })
    }

    fn signed(&self, url: &str, nonce: &str, payload: &[u8]) -> Result<String, Failure> {
        let mut signature = jws::Signature::new(&self.signing).protected("nonce", nonce).protected("url", url);
        if self.account.is_none() {
            signature = signature.protected("jwk", self.key.public_value().map_err(unsigned)?);
        }
        jws::sign_flattened(&signature, jws::Payload::Attached(payload), Encoding::Base64url).map_err(unsigned)
    }

    /// RFC 8555 §7.3.4: the account's key, signed with the key that the authority gave its customer.
    fn bound_to(&self, external: &str) -> Result<Value, Failure> {
        let unusable = || Failure::Made("acme.external_account is none".to_owned());
        let (kid, key) = external_account(external).ok_or_else(unusable)?;
        let jwk = Jwk::oct(&key, Algorithm::HS256).map_err(unsigned)?.with_kid(kid);
        let key = SigningKey::from_jwk(&jwk, Algorithm::HS256).map_err(unsigned)?;
        let payload = self.key.public_value().map_err(unsigned)?.to_string();
        let signature = jws::Signature::new(&key).protected("url", self.directory.account.as_str());
        let bound = jws::sign_flattened(&signature, jws::Payload::Attached(payload.as_bytes()), Encoding::Base64url);
        serde_json::from_str(&bound.map_err(unsigned)?).map_err(|why| Failure::Made(why.to_string()))
    }
}

fn contacts(acme: &Acme) -> Vec<String> {
    acme.contact.iter().map(|contact| format!("mailto:{contact}")).collect()
}

async fn send(outgoing: &Outgoing, method: Method, url: &str, body: Bytes) -> Result<Answer, Failure> {
    let mut headers = HeaderMap::new();
    if method == Method::POST {
        headers.insert(CONTENT_TYPE, JOSE_JSON);
    }
    let answer = outgoing.send(Request { method, url: url.to_owned(), headers, body }, LIMITS).await;
    let answer = answer.map_err(|why| Failure::Unreachable { url: url.to_owned(), why })?;
    if answer.rest == Rest::Unread {
        return Err(Failure::Answer { url: url.to_owned(), why: "the answer is too long".to_owned() });
    }
    Ok(answer)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
