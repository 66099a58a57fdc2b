//! Signing keys: where each stands in its life, and rotating them before their time.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_jose::Algorithm;

use super::document::{self, KEY};
use super::{AdminContext, AdminError, Event};

/// Commands on signing keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyCommand {
    /// All keys that are published.
    List,
    /// The published next keys sign from now on; the present ones stay published until their last token has expired.
    Rotate {
        /// Only the keys of this algorithm.
        algorithm: Option<Algorithm>,
    },
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: KeyCommand) -> Result<Value, AdminError> {
    match command {
        KeyCommand::List => list(context).await,
        KeyCommand::Rotate { algorithm } => rotate(context, algorithm).await,
    }
}

async fn list(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    let documents = document::all(context, KEY).await?;
    // The private half stays behind even in its sealed form.
    let keys: Vec<Value> = documents
        .iter()
        .map(|document| {
            let body = &document.body;
            json!({ "kid": body["kid"], "alg": body["alg"], "life": body["life"], "created_at": body["created_at"] })
        })
        .collect();
    Ok(json!({ "keys": keys }))
}

async fn rotate(context: &mut AdminContext<'_>, algorithm: Option<Algorithm>) -> Result<Value, AdminError> {
    let documents = document::all(context, KEY).await?;
    let writes = context.keys.rotation(documents, algorithm, context.now).await?;
    if writes.is_empty() {
        return Err(AdminError::not_found("no signing key of that algorithm", "symbolon keys list"));
    }
    context.store.apply(writes).await?;
    let algorithm = algorithm.map(Algorithm::name);
    context.audit(Event { name: "key.rotate", detail: json!({ "algorithm": algorithm }), ..Event::default() }).await?;
    list(context).await
}
