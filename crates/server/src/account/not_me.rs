//! "This wasn't me": what the owner of an account can do from a letter about a sign-in or a change, without being signed in.
//!
//! The link signs nobody in and shows nothing of the account. Used, by a button, it shuts the account: every session, token and remembered browser
//! ends, and neither password nor passkey signs anybody in until there is a new password. Then a link for a new password is mailed, to the address that the letter went
//! to and to no other. So whoever else reads the letter can do no more than send the owner there.
//!
//! No factor goes, but what was set up from the reported moment on is marked on the owner's page (`/account/security`), where the new password leads:
//! to whoever reads the mailbox this link, with a new password by mail, would be a way around the second step.
//!
//! The account may have another address by now. While the one of the letter can be taken back (`http/account/email.rs`), this link does that, too;
//! otherwise the account stays shut until its address has a new password mailed, or the operator helps.

use serde_json::{Value, json};
use symbolon_oauth::{OAuthError, OpaqueToken, TokenKind, random_id};
use symbolon_store::{Artefact, ChangeEmail, Conflict, Hash32, Redeemed, StoreError, User, UserStatus};

use super::normalize::{EmailAddress, Identifier};
use super::password::{LOCK, Overloaded, Password};
use crate::app::App;
use crate::effects::store_failure;
use crate::mail::{self, ResetAsked};
use crate::rng::SystemRng;

/// How long a link works, in days.
pub(crate) const LINK_DAYS: u64 = 7;
/// How long the owner's page marks what was set up since, in days.
const REPORTED_DAYS: u64 = 30;
/// How often an account is read again that changes meanwhile.
const TRIES: usize = 5;
/// Links to take an address back, and reports, that are looked at.
const MAX_UNDOS: u32 = 100;
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
    /// The account is shut, but has an address that is not the letter's, and no letter goes there.
    Elsewhere,
    /// The link has been used, or the account was changed again and again meanwhile. Nothing was done.
    Over,
}

/// A link that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    hash: Hash32,
    /// The account.
    pub user: User,
    /// Where the letter went.
    email: Option<String>,
    /// The moment that the letter is about.
    made_at: u64,
}

/// What address the account has once it is shut.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    email: Option<String>,
    is_proven: bool,
    /// Whether that is where the letter went.
    is_of_letter: bool,
    /// Links to take an address back that were made from then on end: nobody who had the address later gets it back.
    void_since: Option<u64>,
}

/// A link about this moment to whoever has the account's address now, and what is kept of it.
pub(crate) fn make(user: &User, now: u64) -> (OpaqueToken, Artefact) {
    let link = OpaqueToken::generate(TokenKind::NotMe, &mut SystemRng);
    let expires_at = now.saturating_add(LINK_DAYS * 86_400);
    let mut artefact = crate::admin::link_artefact(Artefact::NOT_ME, &link, Some(&user.id), now, expires_at);
    artefact.payload = json!({ "email": user.email });
    (link, artefact)
}

/// The same, kept, as text for a letter.
pub(crate) async fn link(app: &App, user: &User, now: u64) -> Result<String, StoreError> {
    let (link, artefact) = make(user, now);
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
    let user = match &found.user_id {
        Some(id) => app.store.user(id).await.map_err(failed)?,
        None => None,
    };
    let user = user.filter(|user| user.status == UserStatus::Active);
    let email = email_of(&found);
    Ok(user.map(|user| Link { hash: found.hash, user, email, made_at: found.created_at }))
}

fn email_of(link: &Artefact) -> Option<String> {
    link.payload.get("email").and_then(Value::as_str).map(str::to_owned)
}

/// The hash of a password that nobody has, for an account that has one: what was its password signs nobody in any more.
pub(crate) async fn locked(app: &App, user: &User) -> Result<Option<String>, Overloaded> {
    if user.password_hash.is_none() {
        return Ok(None);
    }
    let password = Password::parse(&random_id(&mut SystemRng)).map_err(|_| Overloaded)?;
    app.passwords.hash(password, LOCK).await.map(Some)
}

/// Notes that from `since` on something was not the user, so that their own page marks what was set up from then on. A passkey of a thief's signs in
/// again once there is a new password, and only the owner can tell which is theirs.
pub(crate) async fn report(app: &App, user_id: &str, since: u64, now: u64) -> Result<(), StoreError> {
    let name = format!("reported\0{user_id}\0{since}");
    let note = Artefact {
        kind: Artefact::REPORTED.to_owned(),
        hash: Hash32(symbolon_jose::sha256(name.as_bytes())),
        family: None,
        client_id: None,
        user_id: Some(user_id.to_owned()),
        sid: None,
        created_at: now,
        expires_at: now.saturating_add(REPORTED_DAYS * 86_400),
        redeemed_at: None,
        payload: json!({ "since": since }),
    };
    match app.store.put_artefact(note).await {
        // One moment is reported once.
        Ok(()) | Err(StoreError::Conflict(Conflict::Exists)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The earliest moment that was reported lately.
pub(crate) async fn reported(app: &App, user_id: &str, now: u64) -> Result<Option<u64>, OAuthError> {
    let found = app.store.usable_artefacts(Artefact::REPORTED, user_id, MAX_UNDOS, now).await;
    let found = found.map_err(|error| store_failure(&error))?;
    Ok(found.iter().filter_map(|one| one.payload["since"].as_u64()).min())
}

/// All that somebody signs in with who has this address.
pub(crate) fn identifiers(user: &User, email: Option<&str>) -> Vec<String> {
    let username = user.username.as_deref().and_then(|name| Identifier::parse(name).ok());
    let address = email.and_then(|email| EmailAddress::parse(email).ok()).map(|email| email.identifier);
    username.into_iter().chain(address).map(Identifier::into_string).collect()
}

/// The letter's address, if the account has it or it can be taken back by one of these links; else the present one.
fn kept(link: &Link, undos: &[Artefact]) -> Kept {
    let user = &link.user;
    let present = Kept {
        email: user.email.clone(),
        is_proven: user.email_verified,
        is_of_letter: user.email == link.email,
        // In this very second somebody may have lost their address, whose way back must stay.
        void_since: (user.email == link.email).then(|| link.made_at.saturating_add(1)),
    };
    if present.is_of_letter {
        return present;
    }
    let own = undos.iter().filter(|undo| undo.user_id.as_deref() == Some(&user.id) && email_of(undo) == link.email);
    match own.map(|undo| undo.created_at).min().filter(|_| link.email.is_some()) {
        None => present,
        Some(since) => Kept { email: link.email.clone(), is_proven: true, is_of_letter: true, void_since: Some(since) },
    }
}

/// Shuts the account and uses the link up, all of it or nothing.
pub(crate) async fn shut(app: &App, mut link: Link, lang: &str, now: u64) -> Result<Shut, OAuthError> {
    let failed = |error| store_failure(&error);
    let Ok(locked) = locked(app, &link.user).await else { return Ok(Shut::Busy) };
    // Before it, not after: a server that stops in between must not forget what its owner is to look for.
    report(app, &link.user.id, link.made_at, now).await.map_err(failed)?;
    // Whoever is in may change the account all the time, and must not keep its owner from this.
    for _ in 0..TRIES {
        let user = &link.user;
        let undos = app.store.usable_artefacts(Artefact::EMAIL_UNDO, &user.id, MAX_UNDOS, now).await.map_err(failed)?;
        let kept = kept(&link, &undos);
        match app.store.change_email(change(app, &link, &kept, locked.clone(), lang, now)).await {
            Ok(Redeemed::Done) if !kept.is_of_letter => return Ok(Shut::Elsewhere),
            Ok(Redeemed::Done) => {
                return Ok(if mails(app, &link, &kept) { Shut::AndMailed } else { Shut::Done });
            }
            Ok(Redeemed::Changed) => {}
            Ok(_) => return Ok(Shut::Over),
            // Its address is somebody else's by now: the link cannot take it back, but shuts the account.
            Err(StoreError::Conflict(Conflict::IdentifierTaken)) => link.email = None,
            Err(error) => return Err(failed(error)),
        }
        let Some(user) = app.store.user(&link.user.id).await.map_err(failed)? else { return Ok(Shut::Over) };
        link.user = user;
    }
    Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 })
}

fn change(app: &App, link: &Link, kept: &Kept, locked: Option<String>, lang: &str, now: u64) -> ChangeEmail {
    let identifier = kept.email.clone().unwrap_or_default();
    let letter = || mail::reset_asked(app, ResetAsked::of_shut(identifier), lang, now);
    ChangeEmail {
        kind: Artefact::NOT_ME,
        hash: link.hash,
        expect_revision: link.user.revision,
        email: kept.email.clone(),
        email_verified: kept.is_proven,
        identifiers: identifiers(&link.user, kept.email.as_deref()),
        new_handle: Some(random_id(&mut SystemRng)),
        locked,
        void_since: kept.void_since,
        undo: None,
        tell: mails(app, link, kept).then(letter).into_iter().collect(),
        now,
    }
}

/// Whether a link for a new password goes out.
fn mails(app: &App, link: &Link, kept: &Kept) -> bool {
    kept.is_of_letter && kept.email.is_some() && link.user.password_hash.is_some() && app.mail.is_on()
}
