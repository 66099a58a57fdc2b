//! "This wasn't me": what the owner of an account can do from a letter about a sign-in or a change, without being signed in.
//!
//! The link signs nobody in and shows nothing of the account. Used, by a button, it shuts the account: every session, token and remembered browser
//! ends, the password signs nobody in until there is a new one, and passkeys and apps that were set up since the letter's moment go. Then a link
//! for a new password is mailed, as to anybody who asks for one. So whoever else reads the letter can do no more than send the owner there.

use serde_json::{Value, json};
use symbolon_oauth::{OAuthError, OpaqueToken, Rng as _, TokenKind, random_id};
use symbolon_store::{Artefact, Hash32, RemoveCredential, StoreError, User, UserStatus};

use super::password::{Password, SALT_LEN};
use crate::app::App;
use crate::effects::store_failure;
use crate::mail::{self, ResetAsked};
use crate::rng::SystemRng;

/// How long a link works, in days.
pub(crate) const LINK_DAYS: u64 = 7;
/// Where it leads.
pub(crate) const PATH: &str = "/not-me";

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// The account is shut, and a link for a new password is on its way.
    AndMailed,
    /// The password pool is full, and nothing was done.
    Busy,
    /// The account is shut. It has no password.
    Done,
}

/// A link that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    hash: Hash32,
    /// The account.
    pub user: User,
    /// The moment that the letter is about.
    pub since: u64,
}

/// A link of this account about this moment, and what is kept of it.
pub(crate) fn make(user_id: &str, now: u64) -> (OpaqueToken, Artefact) {
    let link = OpaqueToken::generate(TokenKind::NotMe, &mut SystemRng);
    let expires_at = now.saturating_add(LINK_DAYS * 86_400);
    let mut artefact = crate::admin::link_artefact(Artefact::NOT_ME, &link, None, now, expires_at);
    artefact.payload = json!({ "user_id": user_id });
    (link, artefact)
}

/// The same, kept, as text for a letter.
pub(crate) async fn link(app: &App, user_id: &str, now: u64) -> Result<String, StoreError> {
    let (link, artefact) = make(user_id, now);
    app.store.put_artefact(artefact).await?;
    Ok(address(app, &link))
}

/// The link as text.
pub(crate) fn address(app: &App, link: &OpaqueToken) -> String {
    app.issuer.endpoint(&format!("{PATH}?code={}", link.reveal()))
}

/// The link with this code, while it can be used and its account is there.
pub(crate) async fn find(app: &App, code: &str, now: u64) -> Result<Option<Link>, OAuthError> {
    let failed = |error| store_failure(&error);
    let Ok(code) = OpaqueToken::parse(TokenKind::NotMe, code) else { return Ok(None) };
    let found = app.store.artefact(Artefact::NOT_ME, Hash32(code.hash())).await.map_err(failed)?;
    let Some(found) = found.filter(|one| one.redeemed_at.is_none() && now < one.expires_at) else { return Ok(None) };
    let user_id = found.payload.get("user_id").and_then(Value::as_str).unwrap_or_default();
    let user = app.store.user(user_id).await.map_err(failed)?;
    let user = user.filter(|user| user.status == UserStatus::Active);
    Ok(user.map(|user| Link { hash: found.hash, user, since: found.created_at }))
}

/// Shuts the account. The link is used up last: whoever is cut off in between does all of it again.
pub(crate) async fn shut(app: &App, link: &Link, lang: &str, now: u64) -> Result<Shut, OAuthError> {
    let failed = |error| store_failure(&error);
    let user = &link.user;
    let handle = random_id(&mut SystemRng);
    if user.password_hash.is_some() {
        // Of a password that nobody has.
        let mut salt = [0; SALT_LEN];
        SystemRng.fill(&mut salt);
        let password = Password::parse(&random_id(&mut SystemRng)).map_err(|_| OAuthError::ServerError)?;
        let Ok(hash) = app.passwords.hash(password, salt).await else { return Ok(Shut::Busy) };
        app.store.set_password(&user.id, &hash, &handle, now).await.map_err(failed)?;
    } else {
        app.store.sign_out_user(&user.id, &handle, now).await.map_err(failed)?;
    }
    for credential in app.store.credentials_of(&user.id).await.map_err(failed)? {
        if credential.created_at >= link.since {
            let keep_sid = String::new();
            let remove =
                RemoveCredential { user_id: user.id.clone(), id: credential.id, keep_sid, tell: Vec::new(), now };
            app.store.remove_credential(remove).await.map_err(failed)?;
        }
    }
    app.store.redeem_artefact(Artefact::NOT_ME, link.hash, now).await.map_err(failed)?;
    let Some(identifier) = user.email.clone().filter(|_| user.password_hash.is_some() && app.mail.is_on()) else {
        return Ok(Shut::Done);
    };
    let letter = mail::reset_asked(app, ResetAsked { identifier, interaction: None }, lang, now);
    app.store.put_deliveries(vec![letter], now).await.map_err(failed)?;
    Ok(Shut::AndMailed)
}
