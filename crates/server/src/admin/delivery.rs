//! Messages to others: what became of them, and sending one again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::Client;
use symbolon_store::{Delivery, DeliveryState, ListDeliveries, Retried, WhichDeliveries};

use super::document::{self, CLIENT};
use super::{AdminContext, AdminError, Event};

/// Commands on deliveries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeliveryCommand {
    /// Messages that wait, and those that arrived or were given up within a week; the newest first.
    List {
        /// All of them, or those that fail or failed.
        which: WhichDeliveries,
        /// `next` of the page before.
        after: Option<String>,
        /// Size of the page.
        limit: u32,
    },
    /// Tries a message at once, with a day before it is given up again.
    Retry {
        /// Its number.
        id: u64,
    },
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: DeliveryCommand) -> Result<Value, AdminError> {
    match command {
        DeliveryCommand::List { which, after, limit } => list(context, ListDeliveries { which, after, limit }).await,
        DeliveryCommand::Retry { id } => retry(context, id).await,
    }
}

async fn list(context: &mut AdminContext<'_>, list: ListDeliveries) -> Result<Value, AdminError> {
    let page = context.store.deliveries(list).await?;
    Ok(json!({ "deliveries": page.items.iter().map(view).collect::<Vec<Value>>(), "next": page.next }))
}

async fn retry(context: &mut AdminContext<'_>, id: u64) -> Result<Value, AdminError> {
    let refused = |why: &str, hint: &str| AdminError::conflict(format!("the delivery `{id}` {why}"), hint);
    let delivery = match context.store.retry_delivery(id, context.now).await? {
        Retried::Again(delivery) => delivery,
        Retried::Arrived => {
            return Err(refused("has arrived, and is not sent again", "symbolon delivery list --failed"));
        }
        Retried::StreamDisabled => {
            return Err(refused("is of a stream that is disabled, which keeps nothing", "symbolon stream list"));
        }
        Retried::StreamGone => return Err(refused("is of a stream that is gone", "symbolon stream list")),
        Retried::Unknown => {
            return Err(AdminError::not_found(format!("no delivery `{id}`"), "symbolon delivery list"));
        }
    };
    let detail = json!({ "delivery": id, "kind": delivery.kind, "target": delivery.target });
    context.audit(Event { name: "delivery.retry", detail, ..Event::default() }).await?;
    Ok(json!({ "delivery": view(&delivery) }))
}

fn view(delivery: &Delivery) -> Value {
    let mut about = delivery.payload.clone();
    // Of a letter: nobody but who it is for reads it, and it is long.
    if let Some(about) = about.as_object_mut() {
        about.remove("sealed");
    }
    // `waiting` is said of what nothing speaks against yet.
    let (state, next_at, settled_at) = match delivery.state {
        DeliveryState::Delivered { at } => ("delivered", None, Some(at)),
        DeliveryState::GivenUp { at } => ("given_up", None, Some(at)),
        DeliveryState::Waiting { next_at } if delivery.last_error.is_some() => ("failing", Some(next_at), None),
        DeliveryState::Waiting { next_at } => ("waiting", Some(next_at), None),
    };
    json!({
        "id": delivery.id,
        "kind": delivery.kind,
        "target": delivery.target,
        "about": about,
        "state": state,
        "created_at": delivery.created_at,
        "attempts": delivery.attempts,
        "next_at": next_at,
        "settled_at": settled_at,
        "last_error": delivery.last_error,
    })
}

/// How many messages fail and were given up, of the newest that did: for `symbolon doctor`.
pub(super) async fn failures(context: &AdminContext<'_>) -> Result<Value, AdminError> {
    let list = ListDeliveries { which: WhichDeliveries::Failed, after: None, limit: 1000 };
    let failed = context.store.deliveries(list).await?.items;
    let given_up = failed.iter().filter(|delivery| matches!(delivery.state, DeliveryState::GivenUp { .. })).count();
    Ok(json!({ "failing": failed.len() - given_up, "given_up": given_up }))
}

/// How many of these clients take logout tokens.
pub(super) async fn takers(context: &AdminContext<'_>, clients: BTreeSet<String>) -> Result<usize, AdminError> {
    let mut takers = 0;
    for id in clients {
        if let Some(document) = context.store.document(CLIENT, &id).await? {
            let client: Client = document::read(&document)?;
            takers += usize::from(client.backchannel_logout_uri.is_some() && !client.disabled);
        }
    }
    Ok(takers)
}
