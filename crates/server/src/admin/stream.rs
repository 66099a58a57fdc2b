//! Event streams of receivers of shared signals: what they are told and what waits for them, and stopping or removing one.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_store::{EventStream, NewStreamStatus, StatusBy, StatusChange, StoreError, StreamStatus};

use super::{AdminContext, AdminError, Event};

/// Commands on streams.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StreamCommand {
    /// Removes one, with all that waits on it.
    Delete {
        /// Its id.
        stream: String,
    },
    /// All of them, the oldest first.
    List,
    /// Pauses one or lets it go on; its receiver is told.
    SetStatus {
        /// Its id.
        stream: String,
        /// What it does from now on.
        status: StreamStatus,
        /// Why, in words for the receiver.
        reason: Option<String>,
    },
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: StreamCommand) -> Result<Value, AdminError> {
    match command {
        StreamCommand::Delete { stream } => delete(context, &stream).await,
        StreamCommand::List => list(context).await,
        StreamCommand::SetStatus { stream, status, reason } => {
            let new = NewStreamStatus { status, reason, by: StatusBy::Transmitter };
            set_status(context, &stream, new).await
        }
    }
}

async fn list(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    let streams = context.store.streams(None).await?;
    Ok(json!({ "streams": streams.iter().map(view).collect::<Vec<Value>>() }))
}

async fn set_status(context: &mut AdminContext<'_>, id: &str, new: NewStreamStatus) -> Result<Value, AdminError> {
    let change = match context.store.set_stream_status(id, new, context.now).await {
        Err(StoreError::NotFound(_)) => return Err(unknown(id)),
        other => other?,
    };
    let StatusChange { stream, lost } = change;
    audit(context, "stream.status", &stream, lost).await?;
    let mut shown = view(&stream);
    shown["lost"] = (stream.dropped + lost).into();
    Ok(json!({ "stream": shown }))
}

async fn delete(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let stream = context.store.stream(id).await?.ok_or_else(|| unknown(id))?;
    context.store.delete_stream(id).await?;
    audit(context, "stream.delete", &stream, stream.dropped).await?;
    Ok(json!({ "deleted": id }))
}

async fn audit(context: &AdminContext<'_>, name: &str, stream: &EventStream, lost: u64) -> Result<(), AdminError> {
    let detail = json!({ "stream": stream.id, "status": stream.status, "reason": stream.reason, "lost": lost });
    context.audit(Event { name, client_id: Some(&stream.client_id), detail, ..Event::default() }).await
}

fn unknown(id: &str) -> AdminError {
    AdminError::not_found(format!("no stream `{id}`"), "symbolon stream list")
}

/// What is shown of a stream: everything but what it shows at its endpoint.
fn view(stream: &EventStream) -> Value {
    json!({
        "id": stream.id,
        "client_id": stream.client_id,
        "transmission": stream.transmission,
        "endpoint_url": stream.configuration["endpoint_url"],
        "description": stream.configuration["description"],
        "events": stream.events,
        "status": stream.status,
        "reason": stream.reason,
        "waiting": stream.waiting,
        "lost": stream.dropped,
        "created_at": stream.created_at,
        "verified_at": stream.verified_at,
    })
}

/// How many streams were paused because nobody took their events: for `symbolon doctor`.
pub(super) async fn full(context: &AdminContext<'_>) -> Result<usize, AdminError> {
    let streams = context.store.streams(None).await?;
    Ok(streams.iter().filter(|stream| stream.dropped > 0).count())
}
