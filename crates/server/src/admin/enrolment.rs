//! Clients that register themselves: what an accepted registration, update or deletion (RFC 7591 §3.2, RFC 7592 §2) does to the registry. The
//! same rules as for an operator's change: what narrows revokes, and what is deleted ends.

use serde_json::json;
use symbolon_oauth::registration::{Client, Dynamic, SecretHash};
use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_store::{DocumentWrite, Expect};

use super::document::{self, CLIENT};
use super::revocation::RegisteredApis;
use super::{AdminContext, AdminError, Event, api, client, secret};
use crate::registration::{INITIAL_ACCESS_TOKEN, Invitation};

/// How long the registration access token before the present one still opens: an answer may be lost on the way.
const OVERLAP_SECS: u64 = 60;

/// A registration as it is now, with what is shown once.
pub(crate) struct Enrolled {
    pub(crate) client: Client,
    pub(crate) client_secret: Option<OpaqueToken>,
    pub(crate) registration_access_token: OpaqueToken,
}

/// Registers a client, and with it uses the invitation that let it in.
pub(crate) async fn add(
    context: &mut AdminContext<'_>,
    mut client: Client,
    invitation: Option<&Invitation>,
    secret_lifetime_secs: Option<u64>,
) -> Result<Enrolled, AdminError> {
    let token = OpaqueToken::generate(TokenKind::RegistrationAccessToken, &mut *context.rng);
    client.metadata.dynamic = Some(Dynamic {
        access_tokens: vec![SecretHash::of(token.reveal(), context.now)],
        initial_access_token: invitation.map(|invitation| invitation.token.id.clone()),
    });
    let client_secret = client.has_secret().then(|| secret::add(context, &mut client));
    limit(&mut client, secret_lifetime_secs, context.now);
    client::validate(context, None, &client)?;
    api::check_client_id(context, client.client_id.as_str()).await?;
    check_sector(context, &client).await?;
    let id = client.client_id.to_string();
    let body = serde_json::to_value(&client).map_err(|why| AdminError::failed(why.to_string()))?;
    let mut writes = vec![DocumentWrite::Put { kind: CLIENT.to_owned(), id: id.clone(), body, expect: Expect::Absent }];
    writes.extend(invitation.map(used).transpose()?);
    context.store.apply(writes).await?;
    let detail = json!({ "initial_access_token": invitation.map(|invitation| &invitation.token.id) });
    context.audit(Event { name: "client.register", client_id: Some(&id), detail, ..Event::default() }).await?;
    Ok(Enrolled { client, client_secret, registration_access_token: token })
}

/// A stranger learns no more of a fetch than that it brought nothing: why is for the operator.
async fn check_sector(context: &AdminContext<'_>, client: &Client) -> Result<(), AdminError> {
    client::check_sector(context, client).await.map_err(|error| {
        tracing::info!(%error, client = %client.client_id, "a sector was refused");
        AdminError::invalid("sector_identifier_uri: nothing there lists every redirect URI", "list them there")
    })
}

/// What becomes of an invitation; nobody else may have used it since it was read.
fn used(invitation: &Invitation) -> Result<DocumentWrite, AdminError> {
    let (kind, id) = (INITIAL_ACCESS_TOKEN.to_owned(), invitation.token.id.clone());
    let expect = Expect::Revision(invitation.revision);
    Ok(match invitation.token.used() {
        // It is for any number of clients: nothing to write, but it must still be there.
        Some(left) => {
            let body = serde_json::to_value(&left).map_err(|why| AdminError::failed(why.to_string()))?;
            DocumentWrite::Put { kind, id, body, expect }
        }
        None => DocumentWrite::Delete { kind, id, expect },
    })
}

/// Puts another registration in the place of the present one, with a new registration access token.
pub(crate) async fn replace(
    context: &mut AdminContext<'_>,
    id: &str,
    before: &Client,
    mut client: Client,
    secret_lifetime_secs: Option<u64>,
) -> Result<Enrolled, AdminError> {
    let document = document::one(context, CLIENT, id).await?;
    if document::read::<Client>(&document)? != *before {
        return Err(AdminError::conflict("the client was changed in the meantime", "repeat the request"));
    }
    let mut client_secret = secret::adjust(context, &mut client);
    if client_secret.is_none() && client.has_secret() && is_due(&client, secret_lifetime_secs, context.now) {
        client_secret = Some(secret::add(context, &mut client));
    }
    limit(&mut client, secret_lifetime_secs, context.now);
    let token = OpaqueToken::generate(TokenKind::RegistrationAccessToken, &mut *context.rng);
    let dynamic = client.metadata.dynamic.get_or_insert_with(Dynamic::default);
    client::retire(&mut dynamic.access_tokens, super::Cause::Routine, OVERLAP_SECS, context.now);
    dynamic.access_tokens.push(SecretHash::of(token.reveal(), context.now));
    if (&client.subjects, &client.redirect_uris) != (&before.subjects, &before.redirect_uris) {
        client::validate(context, Some(before), &client)?;
        check_sector(context, &client).await?;
    }
    let registered = RegisteredApis::load(context).await?;
    let rule = registered.narrows_client(before, &client).then(|| registered.client_rule(before));
    let detail = json!({ "tokens_revoked": rule.is_some() });
    let event = Event { name: "client.change", detail, ..Event::default() };
    client::write(context, &document, &client, rule.as_ref(), event).await?;
    Ok(Enrolled { client, client_secret, registration_access_token: token })
}

/// Whether the newest secret has lived for more than half its time.
fn is_due(client: &Client, lifetime_secs: Option<u64>, now: u64) -> bool {
    let Some(lifetime_secs) = lifetime_secs else { return false };
    let newest = client.secrets.iter().map(|secret| secret.created_at).max().unwrap_or(0);
    now.saturating_sub(newest) > lifetime_secs / 2
}

/// Lets secrets made now end as the policy says.
fn limit(client: &mut Client, lifetime_secs: Option<u64>, now: u64) {
    let Some(lifetime_secs) = lifetime_secs else { return };
    for secret in client.secrets.iter_mut().filter(|secret| secret.expires_at.is_none()) {
        secret.expires_at = Some(secret.created_at.max(now).saturating_add(lifetime_secs));
    }
}

/// Deletes a client: its tokens count no more and cannot be renewed.
pub(crate) async fn remove(context: &mut AdminContext<'_>, id: &str) -> Result<(), AdminError> {
    client::delete(context, id).await.map(drop)
}
