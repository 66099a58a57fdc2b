//! Facts from the inside for `symbolon doctor`; the command line adds what can only be seen from outside, and judges all of it.

use serde_json::{Value, json};
use symbolon_oauth::registration::{Api, Client, RegistrationError, TrustedIssuer};
use symbolon_store::Document;

use super::control::SERVING;
use super::document::{API, CLIENT, ISSUER, KEY, read};
use super::{
    AdminContext, AdminError, ApiCommand, ClientCommand, KeyCommand, api, client, delivery, key, lookup, stream,
};
use crate::account::attempts;
use crate::acme;
use crate::backup::last_made;

pub(super) async fn facts(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    // First, so that the two clocks are read at nearly the same moment.
    let store = context.store.condition().await?;
    context.store.ping().await?;
    let registry = context.store.registry().await?;
    let count = |kind: &str| registry.documents.iter().filter(|document| document.kind == kind).count();
    let active =
        registry.documents.iter().filter(|document| document.kind == KEY && document.body["life"]["state"] == "active");
    let mut facts = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "issuer": context.issuer,
        "now": context.now,
        "administrator": lookup::has_administrator(context.store).await?,
        "users": context.store.count_users().await?,
        "clients": count(CLIENT),
        "apis": count(API),
        "keys": count(KEY),
        "deliveries": delivery::failures(context).await?,
        "full_streams": stream::full(context).await?,
        "valkey": valkey(context).await,
        "signing": active.map(|document| document.body["alg"].clone()).collect::<Vec<Value>>(),
        "store": store,
        "backup": backup(context).await?,
        "certificate": certificate(&registry.documents),
        "faults": faults(&registry.documents)?,
        "forwarded_by": context.forwarded_by,
        "open_files": (context.actor == SERVING).then(open_files).flatten(),
    });
    facts["client_list"] = client::execute(context, ClientCommand::List).await?["clients"].take();
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

/// What is wrong with registrations that are on record all the same: written by an older version, or past the commands.
fn faults(documents: &[Document]) -> Result<Vec<Value>, AdminError> {
    let mut faults = Vec::new();
    for document in documents {
        let found: Vec<RegistrationError> = match document.kind.as_str() {
            CLIENT => read::<Client>(document)?.validate().err().unwrap_or_default(),
            API => read::<Api>(document)?.validate().err().unwrap_or_default(),
            ISSUER => read::<TrustedIssuer>(document)?.validate().err().unwrap_or_default(),
            _ => continue,
        };
        let told =
            |fault: RegistrationError| json!({ "kind": document.kind, "id": document.id, "what": fault.to_string() });
        faults.extend(found.into_iter().map(told));
    }
    Ok(faults)
}

/// The certificate that was ordered, and how the last order went.
fn certificate(documents: &[Document]) -> Value {
    let record = |id: &str| documents.iter().find(|document| document.kind == acme::KIND && document.id == id);
    let member = |id: &str, name: &str| record(id).map_or(Value::Null, |document| document.body[name].clone());
    json!({
        "domains": member("certificate", "domains"),
        "ends_at": member("certificate", "ends_at"),
        "trouble": member("order", "trouble"),
        "next_step": member("order", "next_step"),
        "try_at": member("order", "try_at"),
    })
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
