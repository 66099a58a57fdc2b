//! Facts from the inside for `symbolon doctor`; the command line adds what can only be seen from outside, and judges all of it.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use symbolon_oauth::Issuer;
use symbolon_oauth::registration::{Api, Client, RegistrationError, TrustedIssuer};
use symbolon_store::Document;

use super::control::SERVING;
use super::document::{self, API, CLIENT, ISSUER, KEY};
use super::{AdminContext, AdminError, ApiCommand, KeyCommand, api, client, delivery, key, lookup, mail, stream};
use crate::account::attempts;
use crate::acme;
use crate::backup::last_made;
use crate::keys::{KeyState, records};

/// So many clients are looked at one by one. What would not be registered today is looked for in all of them.
const MANY: usize = 10_000;

pub(super) async fn facts(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    // First, so that the two clocks are read at nearly the same moment.
    let store = context.store.condition().await?;
    context.store.ping().await?;
    let keys = records(&document::all(context, KEY).await?).map_err(|why| AdminError::failed(why.to_string()))?;
    let active = keys.iter().filter(|key| matches!(key.life, KeyState::Active { .. }));
    let mut faults = Vec::new();
    let issuer = Issuer::parse(context.issuer).ok();
    let (domain, issuer) = (context.config.cookie_domain.as_deref(), issuer.as_ref());
    let on_site = |client: &Client| issuer.map_or(Ok(()), |issuer| client.check_site(issuer, domain));
    let sound = |client: &Client| client.validate().and_then(|()| on_site(client).map_err(|fault| vec![fault]));
    let clients = find_faults(context, CLIENT, sound, &mut faults).await?;
    let apis = find_faults(context, API, Api::validate, &mut faults).await?;
    find_faults(context, ISSUER, TrustedIssuer::validate, &mut faults).await?;
    let mut facts = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "issuer": context.issuer,
        "now": context.now,
        "administrator": lookup::has_administrator(context.store).await?,
        "users": context.store.count_users().await?,
        "clients": clients,
        "apis": apis,
        "keys": keys.len(),
        "deliveries": delivery::failures(context).await?,
        "full_streams": stream::full(context).await?,
        "mail": mail::facts(context).await,
        "valkey": valkey(context).await,
        "signing": active.map(|key| key.alg).collect::<Vec<_>>(),
        "store": store,
        "backup": backup(context).await?,
        "certificate": certificate(context).await?,
        "faults": faults,
        "forwarded_by": context.forwarded_by,
        "open_files": (context.actor == SERVING).then(open_files).flatten(),
    });
    facts["client_list"] = client::first(context, MANY).await?.into();
    facts["api_list"] = api::execute(context, ApiCommand::List).await?["apis"].take();
    facts["key_list"] = key::execute(context, KeyCommand::List).await?["keys"].take();
    Ok(facts)
}

/// How often backups are to be made, and when the last one was.
async fn backup(context: &AdminContext<'_>) -> Result<Value, AdminError> {
    let every_secs = context.config.backup.every_secs;
    let made_at = last_made(context.store, every_secs, context.now).await?;
    Ok(json!({ "every_secs": every_secs, "made_at": made_at }))
}

/// What is wrong with registrations of a kind that are on record all the same: written by an older version, or past the commands. Returns how many
/// registrations there are.
async fn find_faults<T: DeserializeOwned>(
    context: &AdminContext<'_>,
    kind: &str,
    validate: impl Fn(&T) -> Result<(), Vec<RegistrationError>>,
    faults: &mut Vec<Value>,
) -> Result<usize, AdminError> {
    let mut count = 0;
    let look = |document: &Document| {
        count += 1;
        let found = validate(&document::read(document)?).err().unwrap_or_default();
        let told = |fault: RegistrationError| json!({ "kind": kind, "id": document.id, "what": fault.to_string() });
        faults.extend(found.into_iter().map(told));
        Ok(())
    };
    document::each(context, kind, look).await?;
    Ok(count)
}

/// The certificate that was ordered, and how the last order went.
async fn certificate(context: &AdminContext<'_>) -> Result<Value, AdminError> {
    let documents = document::all(context, acme::KIND).await?;
    let record = |id: &str| documents.iter().find(|document| document.id == id)?.body.read::<Value>().ok();
    let (certificate, order) = (record("certificate"), record("order"));
    let member =
        |record: &Option<Value>, name: &str| record.as_ref().map_or(Value::Null, |record| record[name].clone());
    Ok(json!({
        "domains": member(&certificate, "domains"),
        "ends_at": member(&certificate, "ends_at"),
        "trouble": member(&order, "trouble"),
        "next_step": member(&order, "next_step"),
        "try_at": member(&order, "try_at"),
    }))
}

/// How many files and connections the serving process may have open, where the system tells.
fn open_files() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

/// What Valkey says, where one is configured: `{"answers": true}`, or why not.
async fn valkey(context: &AdminContext<'_>) -> Option<Value> {
    let options = attempts::options(context.config)?;
    Some(match symbolon_store::valkey::probe(&options).await {
        Ok(()) => json!({ "answers": true }),
        Err(why) => json!({ "answers": false, "why": why }),
    })
}
