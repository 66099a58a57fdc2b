//! One order from its beginning to the certificate (RFC 8555 §7.4, §7.5): ask, answer the challenges, wait, send the request, fetch.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, base64url};

use super::client::{Client, Reply};
use super::failure::{Failure, Problem};
use super::record::{AccountRecord, Answer, CertificateRecord};
use super::{Turn, x509};
use crate::config::Acme;

/// How long to wait between two looks, unless the authority says: a little, then up to the second.
const FIRST_LOOK: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_secs(2);
/// The longest that the authority may say.
const LONGEST_LOOK: Duration = Duration::from_secs(15);

/// How control of a domain is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// On the port of plain HTTP (RFC 8555 §8.3).
    Http01,
    /// On the port of TLS (RFC 8737).
    TlsAlpn01,
}

impl Way {
    /// The standard's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }
}

/// RFC 8555 §7.1.3.
#[derive(Debug, Deserialize)]
struct Order {
    status: String,
    #[serde(default)]
    error: Option<Problem>,
    #[serde(default)]
    authorizations: Vec<String>,
    finalize: String,
    #[serde(default)]
    certificate: Option<String>,
}

/// RFC 8555 §7.1.4.
#[derive(Debug, Deserialize)]
struct Authorization {
    identifier: Identifier,
    status: String,
    challenges: Vec<Challenge>,
}

#[derive(Debug, Deserialize)]
struct Identifier {
    value: String,
}

/// RFC 8555 §8.
#[derive(Debug, Deserialize)]
struct Challenge {
    #[serde(rename = "type")]
    way: String,
    url: String,
    #[serde(default)]
    token: String,
    #[serde(default)]
    error: Option<Problem>,
}

/// Orders a certificate for what `acme` asks.
pub(super) async fn order(turn: &mut Turn<'_>, acme: &Acme, way: Way) -> Result<CertificateRecord, Failure> {
    let (mut client, account) = account(turn, acme).await?;
    let begun = match client.new_order(&acme.domains).await {
        // The authority has forgotten it, or it was never this authority's: once more with a new one.
        Err(Failure::Refused(problem)) if problem.name() == "accountDoesNotExist" && account == Known::Before => {
            client = new_account(turn, acme).await?;
            client.new_order(&acme.domains).await
        }
        begun => begun,
    }?;
    let place = begun.location.clone();
    let order: Order = begun.read()?;
    let place = place
        .ok_or_else(|| Failure::Answer { url: acme.directory.clone(), why: "the order has no address".to_owned() })?;
    prove(turn, &mut client, &order, way).await?;
    wait(&mut client, &place, "ready", &["pending"]).await?;

    let (key, request) = x509::request(&acme.domains).map_err(Failure::Made)?;
    client.post(&order.finalize, Some(&json!({ "csr": base64url::encode(&request) }))).await?;
    let done = wait(&mut client, &place, "valid", &["ready", "processing"]).await?;
    let certificate = done
        .certificate
        .ok_or_else(|| Failure::Answer { url: place, why: "a valid order has no certificate".to_owned() })?;
    let chain = client.post(&certificate, None).await?.text();
    let now = turn.app.clock.now();
    let ends_at = x509::examine(&chain, &acme.domains, now).map_err(Failure::Unusable)?;
    x509::certified(&chain, key.clone_key()).map_err(Failure::Unusable)?;
    let times = (now, ends_at);
    Ok(CertificateRecord::new(&acme.directory, &acme.domains, times, chain, &key, &turn.app.sealer))
}

/// Whether the account was there before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Before,
    JustMade,
}

async fn account<'t>(turn: &Turn<'t>, acme: &Acme) -> Result<(Client<'t>, Known), Failure> {
    let app = turn.app;
    let registry = app.registry();
    let kept = registry.ordered().account.as_ref().filter(|account| account.directory == acme.directory);
    let Some((kept, key)) = kept.and_then(|kept| Some((kept, kept.key(&app.sealer)?))) else {
        return Ok((new_account(turn, acme).await?, Known::JustMade));
    };
    let mut client = Client::open(&app.outgoing, &acme.directory, key.clone(), Some(kept.url.clone())).await?;
    if kept.contact != acme.contact {
        match client.tell_contact(&kept.url, acme).await {
            Ok(()) => {
                let (directory, contact) = (&acme.directory, acme.contact.clone());
                turn.keep(&AccountRecord::new(directory, kept.url.clone(), contact, &key, &app.sealer)).await?;
            }
            Err(Failure::Refused(problem)) if problem.name() == "accountDoesNotExist" => {}
            Err(error) => return Err(error),
        }
    }
    Ok((client, Known::Before))
}

async fn new_account<'t>(turn: &Turn<'t>, acme: &Acme) -> Result<Client<'t>, Failure> {
    let app = turn.app;
    let key = Jwk::generate(Algorithm::ES256).map_err(|why| Failure::Made(why.to_string()))?;
    let mut client = Client::open(&app.outgoing, &acme.directory, key.clone(), None).await?;
    let url = client.register(acme).await?;
    tracing::info!(
        directory = acme.directory,
        account = url,
        "an account was made, and its terms of service agreed to"
    );
    turn.keep(&AccountRecord::new(&acme.directory, url, acme.contact.clone(), &key, &app.sealer)).await?;
    Ok(client)
}

/// Proves control of every domain of the order that is not proven yet.
async fn prove(turn: &mut Turn<'_>, client: &mut Client<'_>, order: &Order, way: Way) -> Result<(), Failure> {
    let (mut answers, mut challenges) = (Vec::new(), Vec::new());
    for url in &order.authorizations {
        let found: Authorization = client.post(url, None).await?.read()?;
        if found.status == "valid" {
            continue;
        }
        let domain = found.identifier.value;
        let Some(challenge) = found.challenges.iter().find(|challenge| challenge.way == way.name()) else {
            let offered: Vec<&str> = found.challenges.iter().map(|challenge| challenge.way.as_str()).collect();
            return Err(Failure::NoWay { domain, offered: offered.join(", ") });
        };
        let key_authorization = client.key_authorization(&challenge.token);
        answers.push(Answer { domain, token: challenge.token.clone(), key_authorization });
        challenges.push((challenge.url.clone(), url));
    }
    if answers.is_empty() {
        return Ok(());
    }
    turn.publish(answers).await?;
    for (challenge, _) in &challenges {
        client.post(challenge, Some(&json!({}))).await?;
    }
    for (_, authorization) in challenges {
        proven(client, authorization).await?;
    }
    Ok(())
}

/// Waits for the authority to have looked.
async fn proven(client: &mut Client<'_>, url: &str) -> Result<(), Failure> {
    let mut pace = FIRST_LOOK;
    loop {
        let (reply, found): (_, Authorization) = look(client, url).await?;
        match found.status.as_str() {
            "valid" => return Ok(()),
            "pending" => pause(&reply, &mut pace).await,
            _ => {
                let problem = found.challenges.into_iter().find_map(|challenge| challenge.error).unwrap_or_default();
                return Err(Failure::Unproven { domain: found.identifier.value, problem });
            }
        }
    }
}

/// Waits until an order has the wanted status.
async fn wait(client: &mut Client<'_>, url: &str, wanted: &str, before: &[&str]) -> Result<Order, Failure> {
    let mut pace = FIRST_LOOK;
    loop {
        let (reply, order): (_, Order) = look(client, url).await?;
        if order.status == wanted {
            return Ok(order);
        }
        if !before.contains(&order.status.as_str()) {
            let unsaid = || Failure::Answer { url: url.to_owned(), why: format!("the order is {}", order.status) };
            return Err(order.error.map_or_else(unsaid, Failure::Refused));
        }
        pause(&reply, &mut pace).await;
    }
}

async fn look<T: DeserializeOwned>(client: &mut Client<'_>, url: &str) -> Result<(Reply, T), Failure> {
    let reply = client.post(url, None).await?;
    let read = reply.read()?;
    Ok((reply, read))
}

async fn pause(reply: &Reply, pace: &mut Duration) {
    let asked = reply.retry_after.map(|time| time.clamp(FIRST_LOOK, LONGEST_LOOK));
    tokio::time::sleep(asked.unwrap_or(*pace)).await;
    *pace = (*pace * 2).min(LOOK);
}
