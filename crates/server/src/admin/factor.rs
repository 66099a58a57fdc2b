//! Second factors of a user, as the operator sees them: what is set up, never a secret; and all of it taken away, for who has lost everything.

use serde_json::{Value, json};
use symbolon_oauth::random_id;
use symbolon_store::Credential;

use super::{AdminContext, AdminError, Event, lookup};

/// What a user has set up.
pub(super) async fn list(context: &mut AdminContext<'_>, name: &str) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    let credentials = context.store.credentials_of(&user.id).await?;
    let is_code = |one: &&Credential| one.kind == Credential::RECOVERY_CODE;
    let left = credentials.iter().filter(is_code).filter(|code| code.counter == 0).count();
    let factors: Vec<Value> = credentials.iter().filter(|one| !is_code(one)).map(view).collect();
    Ok(json!({ "user_id": user.id, "factors": factors, "recovery_codes_left": left }))
}

/// Takes all of it away, and ends every session and token: whoever signs in next does it with the password alone.
pub(super) async fn reset(context: &mut AdminContext<'_>, name: &str) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    let handle = random_id(&mut *context.rng);
    let ended = context.store.reset_credentials(&user.id, &handle, context.now).await?;
    let ended_view = json!({ "sessions": ended.sessions, "families": ended.families });
    let detail = json!({ "ended": ended_view });
    context.audit(Event { name: "user.factors.reset", user_id: Some(&user.id), detail, ..Event::default() }).await?;
    Ok(json!({ "user_id": user.id, "ended": ended_view, "tokens_until": ended.tokens_until }))
}

fn view(credential: &Credential) -> Value {
    json!({
        "kind": credential.kind,
        "name": credential.name,
        "backup": credential.payload["backup"],
        "created_at": credential.created_at,
        "last_used_at": credential.last_used_at,
    })
}
