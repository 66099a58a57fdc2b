//! The link with which the first administrator is created. It can be made again at any time, so nobody has to delete data
//! because a terminal was closed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_store::Artefact;

use super::{AdminContext, AdminError, Event, lookup};

/// How long a set-up link works.
const LIFETIME_SECS: u64 = 15 * 60;
/// The kind of its artefact.
const ARTEFACT: &str = "setup";

/// Commands on set-up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SetupCommand {
    /// A new link; refused once there is an administrator.
    Link,
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: SetupCommand) -> Result<Value, AdminError> {
    match command {
        SetupCommand::Link => link(context).await,
    }
}

async fn link(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    if lookup::has_administrator(context.store).await? {
        return Err(AdminError::conflict(
            "there is an administrator already",
            "symbolon user reset-link USER, or: symbolon role grant USER admin",
        ));
    }
    let code = OpaqueToken::generate(TokenKind::Setup, &mut *context.rng);
    let expires_at = context.now + LIFETIME_SECS;
    context.store.put_artefact(artefact(ARTEFACT, &code, None, context.now, expires_at)).await?;
    context.audit(Event { name: "setup_link.create", ..Event::default() }).await?;
    Ok(json!({ "link": context.link(&format!("setup?code={}", code.reveal())), "expires_at": expires_at }))
}

/// A single-use link's record.
pub(crate) fn artefact(kind: &str, code: &OpaqueToken, user_id: Option<&str>, now: u64, expires_at: u64) -> Artefact {
    Artefact {
        kind: kind.to_owned(),
        hash: code.hash().into(),
        family: None,
        client_id: None,
        user_id: user_id.map(str::to_owned),
        sid: None,
        created_at: now,
        expires_at,
        redeemed_at: None,
        payload: Value::Null,
    }
}
