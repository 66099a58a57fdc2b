//! Who may register clients without the operator (RFC 7591 §3), and what they may choose: initial access tokens and the policy.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::plain_text::is_seen;
use symbolon_oauth::registration::SecretHash;
use symbolon_oauth::registration::dynamic::{InitialAccessToken, RegistrationPolicy};
use symbolon_oauth::{OpaqueToken, TokenKind, random_id};
use symbolon_store::{DocumentWrite, Expect};

use super::document;
use super::registration::merge;
use super::{AdminContext, AdminError, Event};
use crate::config::RegistrationMode;
use crate::registration::{INITIAL_ACCESS_TOKEN, POLICY, POLICY_ID};

/// The longest life of an initial access token.
const LONGEST_SECS: u64 = 365 * 86_400;

/// Commands on the registration of clients by others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RegistrationCommand {
    /// A new initial access token. The answer holds it, this once.
    CreateToken {
        /// How long it counts.
        lifetime_secs: u64,
        /// For whom it is.
        #[serde(default)]
        note: Option<String>,
        /// How many clients it lets in; any number if not given.
        #[serde(default)]
        uses: Option<u32>,
    },
    /// All initial access tokens, without what they are.
    ListTokens,
    /// Lets nobody in with one any more. Who came in stays.
    RevokeToken {
        /// Its public name.
        id: String,
    },
    /// Changes the policy, by a JSON merge patch (RFC 7396).
    SetPolicy {
        /// What.
        patch: Value,
    },
    /// What those who register themselves may choose.
    ShowPolicy,
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: RegistrationCommand) -> Result<Value, AdminError> {
    match command {
        RegistrationCommand::CreateToken { lifetime_secs, note, uses } => {
            create(context, lifetime_secs, note, uses).await
        }
        RegistrationCommand::ListTokens => list(context).await,
        RegistrationCommand::RevokeToken { id } => revoke(context, &id).await,
        RegistrationCommand::SetPolicy { patch } => set_policy(context, &patch).await,
        RegistrationCommand::ShowPolicy => Ok(json!({ "policy": policy(context).await?, "mode": mode(context) })),
    }
}

async fn create(
    context: &mut AdminContext<'_>,
    lifetime_secs: u64,
    note: Option<String>,
    uses: Option<u32>,
) -> Result<Value, AdminError> {
    if !(60..=LONGEST_SECS).contains(&lifetime_secs) {
        return Err(AdminError::invalid("the lifetime must be 1 minute to 365 days", "--lifetime 7d"));
    }
    if uses == Some(0) {
        return Err(AdminError::invalid("a token for no client is of no use", "--uses 1"));
    }
    if note.as_ref().is_some_and(|note| note.chars().count() > 200 || !is_seen(note)) {
        return Err(AdminError::invalid("the note must be one line of 200 characters", "--note \"For Ada\""));
    }
    let token = OpaqueToken::generate(TokenKind::InitialAccessToken, &mut *context.rng);
    let id = random_id(&mut *context.rng);
    let expires_at = context.now.saturating_add(lifetime_secs);
    let secret = SecretHash { expires_at: Some(expires_at), ..SecretHash::of(token.reveal(), context.now) };
    let invitation = InitialAccessToken { id: id.clone(), note, secret, uses_left: uses };
    let mut writes = over(context).await?;
    let body = serde_json::to_value(&invitation).map_err(|why| AdminError::failed(why.to_string()))?;
    writes.push(DocumentWrite::Put {
        kind: INITIAL_ACCESS_TOKEN.to_owned(),
        id: id.clone(),
        body,
        expect: Expect::Absent,
    });
    context.store.apply(writes).await?;
    let detail = json!({ "token": id, "uses": uses, "expires_at": expires_at });
    context.audit(Event { name: "registration_token.create", detail, ..Event::default() }).await?;
    Ok(json!({
        "id": id,
        "initial_access_token": token.reveal(),
        "uses_left": uses,
        "expires_at": expires_at,
        "registration_endpoint": context.link("register"),
        "mode": mode(context),
    }))
}

/// Removes the tokens whose time is over.
async fn over(context: &AdminContext<'_>) -> Result<Vec<DocumentWrite>, AdminError> {
    let mut writes = Vec::new();
    for found in document::all(context, INITIAL_ACCESS_TOKEN).await? {
        let token: InitialAccessToken = document::read(&found)?;
        if !token.counts(context.now) {
            writes.push(DocumentWrite::Delete { kind: found.kind, id: found.id, expect: Expect::Any });
        }
    }
    Ok(writes)
}

async fn list(context: &AdminContext<'_>) -> Result<Value, AdminError> {
    let documents = document::all(context, INITIAL_ACCESS_TOKEN).await?;
    let tokens: Vec<InitialAccessToken> = documents.iter().map(document::read).collect::<Result<_, _>>()?;
    let view = |token: &InitialAccessToken| {
        json!({
            "id": token.id,
            "note": token.note,
            "uses_left": token.uses_left,
            "created_at": token.secret.created_at,
            "expires_at": token.secret.expires_at,
            "counts": token.counts(context.now),
        })
    };
    Ok(json!({ "tokens": tokens.iter().map(view).collect::<Vec<Value>>(), "mode": mode(context) }))
}

async fn revoke(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    if context.store.document(INITIAL_ACCESS_TOKEN, id).await?.is_none() {
        let missing = format!("no registration token `{id}`");
        return Err(AdminError::not_found(missing, "symbolon client registration-token list"));
    }
    let delete =
        DocumentWrite::Delete { kind: INITIAL_ACCESS_TOKEN.to_owned(), id: id.to_owned(), expect: Expect::Any };
    context.store.apply(vec![delete]).await?;
    let detail = json!({ "token": id });
    context.audit(Event { name: "registration_token.revoke", detail, ..Event::default() }).await?;
    Ok(json!({ "revoked": id }))
}

async fn policy(context: &AdminContext<'_>) -> Result<RegistrationPolicy, AdminError> {
    let documents = document::all(context, POLICY).await?;
    documents.first().map_or_else(|| Ok(RegistrationPolicy::default()), document::read)
}

async fn set_policy(context: &mut AdminContext<'_>, patch: &Value) -> Result<Value, AdminError> {
    const HINT: &str = "symbolon client registration-policy shows the members";
    if !patch.is_object() {
        return Err(AdminError::invalid("the policy must be a JSON object", HINT));
    }
    let mut body = serde_json::to_value(policy(context).await?).map_err(|why| AdminError::failed(why.to_string()))?;
    merge(&mut body, patch);
    let policy: RegistrationPolicy =
        serde_json::from_value(body).map_err(|why| AdminError::invalid(format!("the policy: {why}"), HINT))?;
    policy.validate().map_err(|faults| document::faults(&faults, HINT))?;
    super::client::check_api_entries(context, &policy.apis).await?;
    let conflict = AdminError::conflict("the policy was changed by someone else in the meantime", HINT);
    document::put(context, POLICY, POLICY_ID, &policy, Expect::Any, conflict).await?;
    context.audit(Event { name: "registration_policy.change", ..Event::default() }).await?;
    Ok(json!({ "policy": policy, "mode": mode(context) }))
}

fn mode(context: &AdminContext<'_>) -> &'static str {
    match context.config.registration {
        RegistrationMode::Off => "off",
        RegistrationMode::Open => "open",
        RegistrationMode::Token => "token",
    }
}
