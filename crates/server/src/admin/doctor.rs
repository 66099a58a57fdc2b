//! Facts from the inside for `symbolon doctor`; the command line adds what can only be seen from outside.

use serde_json::{Value, json};

use super::document::{API, CLIENT, KEY};
use super::{AdminContext, AdminError, delivery, lookup, stream};
use crate::account::attempts;

pub(super) async fn facts(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    context.store.ping().await?;
    let registry = context.store.registry().await?;
    let count = |kind: &str| registry.documents.iter().filter(|document| document.kind == kind).count();
    let active =
        registry.documents.iter().filter(|document| document.kind == KEY && document.body["life"]["state"] == "active");
    Ok(json!({
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
    }))
}

/// What Valkey says, where one is configured: `{"answers": true}`, or why not.
async fn valkey(context: &AdminContext<'_>) -> Option<Value> {
    let options = attempts::options(context.config)?;
    Some(match symbolon_store::valkey::probe(&options).await {
        Ok(()) => json!({ "answers": true }),
        Err(why) => json!({ "answers": false, "why": why }),
    })
}
