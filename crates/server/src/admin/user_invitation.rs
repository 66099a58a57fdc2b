//! Invitations: links by which people make an account at the address they were invited at (`/signup?invitation=…`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::sign_up::SignUp;
use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_store::{Artefact, Redeemed};

use super::{AdminContext, AdminError, Event, role};
use crate::account::normalize::EmailAddress;
use crate::account::sign_up::{self, Invitation};
use crate::mail::{self, Letter, To};
use crate::registry;

const DAY: u64 = 86_400;
/// Most invitations that are listed.
const MOST: u32 = 1000;
/// So much of an invitation's name is shown: enough to tell them apart.
const NAME_CHARS: usize = 12;

/// An invitation to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// The address.
    pub email: String,
    /// The client that people go on to, if it says where a sign-in begins.
    #[serde(default)]
    pub client: Option<String>,
    /// The roles of the account.
    #[serde(default)]
    pub roles: Vec<String>,
    /// How long it works.
    pub valid_secs: u64,
    /// Whether it goes out by mail, too.
    #[serde(default)]
    pub mail: bool,
}

pub(super) async fn invite(context: &mut AdminContext<'_>, new: NewInvitation) -> Result<Value, AdminError> {
    if context.config.sign_up == SignUp::Off {
        let hint = "set sign_up = \"invitation\" in the configuration, or: symbolon user add --invite";
        return Err(AdminError::conflict("nobody can sign up, invited or not", hint));
    }
    if !(60..=30 * DAY).contains(&new.valid_secs) {
        return Err(AdminError::invalid("an invitation works between one minute and 30 days", "--valid 7d"));
    }
    let email = EmailAddress::parse(&new.email)
        .map_err(|why| AdminError::invalid(format!("`{}` {why}", new.email), "symbolon user invite ada@example.com"))?;
    role::check_known(context, &new.roles).await?;
    if context.store.user_by_identifier(email.identifier.as_str()).await?.is_some() {
        return Err(AdminError::conflict("somebody has an account with this address", "symbolon user show EMAIL"));
    }
    let client = client_name(context, new.client.as_deref()).await?;
    if new.mail && context.config.mail.server.is_none() && !context.config.dev {
        return Err(AdminError::conflict("no mail is sent", "set mail.server, or hand the link over yourself"));
    }
    let token = OpaqueToken::generate(TokenKind::Invitation, &mut *context.rng);
    let link = context.link(&format!("signup?invitation={}", token.reveal()));
    let expires_at = context.now + new.valid_secs;
    let invitation = Invitation { email: email.as_typed.clone(), roles: new.roles.into_iter().collect() };
    let artefact = invitation.artefact(&token, new.client, context.now, expires_at);
    let id = name(&artefact);
    let letters = new.mail.then(|| {
        let letter = Letter::Invitation { link: link.clone(), days: new.valid_secs.div_ceil(DAY), client };
        let to = To { address: &email, user_id: None, lang: context.config.pages.language.tag() };
        mail::delivery_of(context.sealer, &to, &letter, context.now)
    });
    context.store.put_artefact_and_tell(artefact, letters.into_iter().collect()).await?;
    let detail = json!({ "invitation": id, "roles": invitation.roles, "expires_at": expires_at });
    context.audit(Event { name: "invitation.create", detail, ..Event::default() }).await?;
    Ok(json!({ "id": id, "email": invitation.email, "link": link, "expires_at": expires_at, "mailed": new.mail }))
}

async fn client_name(context: &AdminContext<'_>, client: Option<&str>) -> Result<Option<String>, AdminError> {
    let Some(id) = client else { return Ok(None) };
    let Some(document) = context.store.document(registry::CLIENT, id).await? else {
        return Err(AdminError::not_found(format!("no client `{id}`"), "symbolon client list"));
    };
    let client: symbolon_oauth::Client = super::document::read(&document)?;
    Ok(Some(client.name))
}

pub(super) async fn list(context: &AdminContext<'_>) -> Result<Value, AdminError> {
    let found = context.store.artefacts_of_kind(Artefact::INVITATION, MOST, context.now).await?;
    let view = |artefact: &Artefact| {
        let invitation = Invitation::open(artefact).ok()?;
        Some(json!({
            "id": name(artefact),
            "email": invitation.email,
            "roles": invitation.roles,
            "client": artefact.client_id,
            "created_at": artefact.created_at,
            "expires_at": artefact.expires_at,
        }))
    };
    Ok(json!({ "invitations": found.iter().filter_map(view).collect::<Vec<Value>>() }))
}

pub(super) async fn revoke(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let missing = || AdminError::not_found(format!("no open invitation `{id}`"), "symbolon user invitations");
    let found = context.store.artefacts_of_kind(Artefact::INVITATION, MOST, context.now).await?;
    let artefact = found.into_iter().find(|artefact| name(artefact) == id).ok_or_else(missing)?;
    if context.store.redeem_artefact(Artefact::INVITATION, artefact.hash, context.now).await? != Redeemed::Done {
        return Err(missing());
    }
    context.audit(Event { name: "invitation.revoke", detail: json!({ "invitation": id }), ..Event::default() }).await?;
    Ok(json!({ "revoked": id }))
}

/// What an invitation is called: a part of the hash of its link, from which that cannot be had.
fn name(artefact: &Artefact) -> String {
    sign_up::name(artefact.hash).chars().take(NAME_CHARS).collect()
}
