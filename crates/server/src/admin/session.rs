//! Browser sessions: who is signed in where, and ending it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_store::{Page, Session};

use super::{AdminContext, AdminError, Event, delivery, lookup};

/// Commands on sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SessionCommand {
    /// Ends one session and the tokens bound to it.
    End {
        /// The session's public id.
        sid: String,
    },
    /// Ends every session and token of a user.
    EndAll {
        /// Id, user name or e-mail address.
        user: String,
    },
    /// Live sessions: of one user, or of everybody, oldest first.
    List {
        /// Id, user name or e-mail address.
        user: Option<String>,
        /// `next` of the page before.
        after: Option<String>,
        /// Size of the page.
        limit: u32,
    },
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: SessionCommand) -> Result<Value, AdminError> {
    match command {
        SessionCommand::End { sid } => end(context, &sid).await,
        SessionCommand::EndAll { user } => end_all(context, &user).await,
        SessionCommand::List { user, after, limit } => list(context, user.as_deref(), after, limit).await,
    }
}

async fn end(context: &mut AdminContext<'_>, sid: &str) -> Result<Value, AdminError> {
    let session = context.store.session_by_sid(sid).await?;
    let Some(session) = session else {
        return Err(AdminError::not_found(format!("no session `{sid}`"), "symbolon session list"));
    };
    let clients = context.store.clients_of_session(sid).await?.into_iter().collect();
    let ended = context.store.end_session(sid, "admin", context.now).await?;
    let told = if ended.session { delivery::takers(context, clients).await? } else { 0 };
    let detail = json!({ "families": ended.families, "session": ended.session });
    let event =
        Event { name: "session.end", user_id: Some(&session.user_id), sid: Some(sid), detail, ..Event::default() };
    context.audit(event).await?;
    Ok(json!({
        "sid": sid,
        "user_id": session.user_id,
        "ended": { "sessions": u64::from(ended.session), "families": ended.families },
        "clients_being_told": told,
        "tokens_until": ended.tokens_until,
    }))
}

/// Also where people look for it with the user: `user sign-out`.
pub(super) async fn end_all(context: &mut AdminContext<'_>, name: &str) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    let families = context.store.families_of(&user.id, context.now).await?;
    let mut clients: BTreeSet<String> = families.into_iter().map(|family| family.client_id).collect();
    for session in context.store.sessions_of(&user.id, context.now).await? {
        clients.extend(context.store.clients_of_session(&session.sid).await?);
    }
    let handle = symbolon_oauth::random_id(&mut *context.rng);
    let signed_out = context.store.sign_out_user(&user.id, &handle, context.now).await?;
    let ended = json!({ "sessions": signed_out.sessions, "families": signed_out.families });
    let event = Event { name: "user.sign_out", user_id: Some(&user.id), detail: ended.clone(), ..Event::default() };
    context.audit(event).await?;
    let told = delivery::takers(context, clients).await?;
    Ok(
        json!({ "user_id": user.id, "ended": ended, "clients_being_told": told, "tokens_until": signed_out.tokens_until }),
    )
}

async fn list(
    context: &mut AdminContext<'_>,
    user: Option<&str>,
    after: Option<String>,
    limit: u32,
) -> Result<Value, AdminError> {
    let page = match user {
        None => context.store.list_sessions(after, limit, context.now).await?,
        Some(name) => {
            let user = lookup::user(context, name).await?;
            Page { items: context.store.sessions_of(&user.id, context.now).await?, next: None }
        }
    };
    let sessions: Vec<Value> = page.items.iter().map(view).collect();
    Ok(json!({ "sessions": sessions, "next": page.next }))
}

fn view(session: &Session) -> Value {
    json!({
        "sid": session.sid,
        "user_id": session.user_id,
        "created_at": session.created_at,
        "auth_time": session.auth_time,
        "last_seen_at": session.last_seen_at,
        "expires_at": session.idle_expires_at.min(session.absolute_expires_at),
        "persistent": session.persistent,
        "amr": session.amr,
        "address": session.address,
        "user_agent": session.user_agent,
    })
}
