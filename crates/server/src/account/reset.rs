//! A new password by mail: who is sent a link, and when nobody is.
//!
//! Whether there is an account is found out here, long after whoever asked had their answer, which is the same for everybody (security 123).

use serde_json::json;
use symbolon_oauth::{OpaqueToken, Params, TokenKind};
use symbolon_store::{Artefact, Attempt, AuditEvent, Delivery, StoreError, UserStatus};

use super::locale;
use super::normalize::{EmailAddress, Identifier};
use super::throttle::ThrottlePolicy;
use crate::admin;
use crate::app::App;
use crate::mail::{Letter, ResetAsked, ResetCause};
use crate::rng::SystemRng;
use crate::session::device;

/// How long a link works, in minutes, counted from when it is sent.
pub(crate) const LINK_MINUTES: u64 = 20;

/// A letter to whoever owns an account.
pub(crate) struct Made {
    /// What it says.
    pub(crate) letter: Letter,
    /// Where it goes.
    pub(crate) address: EmailAddress,
    /// The language of the account.
    pub(crate) locale: Option<String>,
}

/// The letter to whoever owns the account, with a fresh link in it. Nothing if there is no such account, if it is blocked or has no address,
/// or if its owner has been sent enough: strangers must not fill a mailbox. An account that was shut by its owner's own link has no other way in, so
/// what strangers have asked for does not count there: each of these letters has cost a link that was mailed to that address.
pub(crate) async fn letter(
    app: &App,
    asked: &ResetAsked,
    delivery: &Delivery,
    now: u64,
) -> Result<Option<Made>, StoreError> {
    let Ok(identifier) = Identifier::parse(&asked.identifier) else { return Ok(None) };
    let user = app.store.user_by_identifier(identifier.as_str()).await?;
    let Some(user) = user.filter(|user| user.status == UserStatus::Active) else { return Ok(None) };
    let Some(Ok(address)) = user.email.as_deref().map(EmailAddress::parse) else { return Ok(None) };
    // Once for a wish, however often it is tried.
    if delivery.attempts <= 1 && asked.cause == ResetCause::Forgotten {
        let device = asked.device.as_deref().and_then(|cookie| device::check(&app.device, cookie, &user.id));
        let keys = vec![ThrottlePolicy::reset_mail_key(&user.id, device)];
        if let Attempt::Wait { .. } = app.attempts.begin(keys, now).await? {
            tracing::warn!(user_id = user.id, "a reset link was not mailed: this account was sent several already");
            return Ok(None);
        }
    }
    let code = OpaqueToken::generate(TokenKind::PasswordReset, &mut SystemRng);
    let expires_at = now.saturating_add(LINK_MINUTES * 60);
    let mut link = admin::link_artefact(Artefact::PASSWORD_RESET, &code, Some(&user.id), now, expires_at);
    // Whoever uses it reads that mailbox.
    link.payload = json!({ "interaction": asked.interaction, (Artefact::MAILED_TO): user.email });
    app.store.put_artefact(link).await?;
    app.audit.note(created(&user.id, delivery.id, now)).await;
    let link = app.issuer.endpoint(&format!("/reset?code={}", code.reveal()));
    let letter = match asked.cause {
        ResetCause::Forgotten => Letter::PasswordReset { link, minutes: LINK_MINUTES, client: client_of(app, asked) },
        ResetCause::Shut => Letter::AccountShut { link, minutes: LINK_MINUTES },
    };
    Ok(Some(Made { letter, address, locale: locale(&user).map(str::to_owned) }))
}

/// The name of the app from whose sign-in page it was asked for: not of one that nobody has looked at, which could call itself whatever a stranger
/// wants to have in a letter of ours.
fn client_of(app: &App, asked: &ResetAsked) -> Option<String> {
    let pending = app.interactions.open_late(asked.interaction.as_deref()?).ok()?;
    let params = Params::parse_for_authorize(pending.query.as_bytes()).ok()?;
    let registry = app.registry();
    let client = registry.client(params.get("client_id")?)?;
    (!client.disabled && !client.is_unvetted()).then(|| client.name.clone())
}

fn created(user_id: &str, delivery: u64, now: u64) -> AuditEvent {
    AuditEvent {
        at: now,
        name: "user.reset_link.create".to_owned(),
        outcome: "success".to_owned(),
        actor: None,
        user_id: Some(user_id.to_owned()),
        client_id: None,
        sid: None,
        address: None,
        request_id: None,
        detail: json!({ "delivery": delivery }),
    }
}
