//! The letter to whoever owns an account in which somebody has signed in from where it was not known (security 127).
//!
//! A browser is known by its device cookie, until the account has another password: whoever had the old one is not to stay unnoticed with the
//! new one. Where a program of a client signs people in and there is no cookie, the network is known in which they have done so before. The first
//! sign-in of an account is news to nobody.

use std::net::IpAddr;

use symbolon_oauth::OpaqueToken;
use symbolon_store::{Attempt, Hash32, StoreError, User};

use super::normalize::EmailAddress;
use super::not_me;
use super::throttle::{self, ThrottlePolicy};
use crate::app::App;
use crate::mail::{self, Letter, To};
use crate::session::device::Known;

const DAY: u64 = 86_400;
/// How long a network stays known to an account that programs sign in to.
const NETWORK_SECS: u64 = 90 * DAY;
/// As long as it takes: an account's first sign-in is its first one for good.
const FOR_GOOD: u64 = 10 * 365 * DAY;

/// Where somebody has signed in.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    /// What the browser or program calls itself.
    pub user_agent: Option<&'a str>,
    /// Its address, as it stands in the session.
    pub address: &'a str,
    /// In which language its user reads.
    pub lang: &'a str,
}

/// Whether a browser is new to an account, by what its cookie proves.
pub(crate) fn is_new(user: &User, known: Option<Known>) -> bool {
    known.is_none_or(|known| user.password_changed_at.is_some_and(|changed| known.seen_at < changed))
}

/// Notes that an account has been signed in to; tells whether it is the first time.
pub(crate) async fn is_first(app: &App, user_id: &str, now: u64) -> Result<bool, StoreError> {
    app.store.remember_once("first_sign_in", named(&format!("first sign-in {user_id}")), now + FOR_GOOD, now).await
}

/// Notes that a program signs somebody in from this network; tells whether that is new.
pub(crate) async fn is_new_network(app: &App, user_id: &str, address: IpAddr, now: u64) -> Result<bool, StoreError> {
    let name = named(&format!("sign-in {user_id} {}", throttle::name_address(address)));
    app.store.remember_once("sign_in_network", name, now + NETWORK_SECS, now).await
}

/// Tells the owner, unless it is the first sign-in of the account, or they have been told often enough this hour. Called with a new place only.
pub(crate) async fn tell(app: &App, user: &User, place: &Place<'_>, now: u64) -> Result<(), StoreError> {
    if is_first(app, &user.id, now).await? {
        return Ok(());
    }
    let address = user.email.as_deref().and_then(|email| EmailAddress::parse(email).ok());
    let Some(to) = address.filter(|_| app.mail.is_on()) else { return Ok(()) };
    if let Attempt::Wait { .. } = app.attempts.begin(vec![ThrottlePolicy::new_device_mail_key(&user.id)], now).await? {
        return Ok(());
    }
    let (link, artefact) = not_me::make(user, now);
    let letter = letter(app, &link, place, now);
    let to = To { address: &to, user_id: Some(&user.id), lang: place.lang };
    app.store.put_artefact_and_tell(artefact, vec![mail::delivery(app, &to, &letter, now)]).await
}

fn letter(app: &App, link: &OpaqueToken, place: &Place<'_>, now: u64) -> Letter {
    Letter::NewDevice {
        user_agent: place.user_agent.map(str::to_owned),
        address: place.address.to_owned(),
        at: now,
        not_me: not_me::address(app, link),
    }
}

fn named(text: &str) -> Hash32 {
    Hash32(symbolon_jose::sha256(format!("symbolon {text}").as_bytes()))
}
