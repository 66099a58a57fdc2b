//! Checking a name and a password: slowed per account and per address, hashed in the bounded pool, with the
//! same answer and the same time for an unknown user (security 119, 123–125).

use std::net::{IpAddr, Ipv4Addr};

use symbolon_oauth::{OAuthError, Rng as _};
use symbolon_store::{Attempt, User, UserStatus};

use super::normalize::Identifier;
use super::password::{Password, SALT_LEN, Verdict};
use super::slow_kinds;
use super::throttle::{Account, Effort, ThrottlePolicy};
use crate::app::App;
use crate::clock::Stopwatch;
use crate::effects::store_failure;
use crate::http::meta::Meta;
use crate::rng::SystemRng;
use crate::session::device;

/// What came of a name and a password.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The password pool is full: try again in a moment.
    Busy,
    /// The password is right, and the user may sign in.
    SignedIn(Box<User>),
    /// Too many attempts: nothing was checked.
    Throttled {
        /// Seconds until an attempt counts again.
        wait_secs: u64,
    },
    /// Unknown user, wrong password, or blocked account: told alike.
    Wrong {
        /// The account, if there is one, for the audit log only.
        user_id: Option<String>,
    },
}

/// What an attempt brings beside name and password.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brings<'a> {
    /// The device cookie.
    pub device: Option<&'a str>,
    /// Work that was done for it.
    pub effort: Effort,
}

/// Checks `username` and `password`, counts what came of it and how long it took.
pub async fn check(
    app: &App,
    meta: &Meta,
    username: &str,
    password: &str,
    brings: Brings<'_>,
) -> Result<Outcome, OAuthError> {
    let watch = Stopwatch::start();
    let outcome = judge(app, meta, username, password, brings).await;
    app.metrics.login_duration.observe(watch.elapsed());
    match &outcome {
        Ok(Outcome::SignedIn(_)) => app.metrics.signed_in("success", ""),
        Ok(Outcome::Wrong { .. }) => app.metrics.signed_in("failure", "credentials"),
        Ok(Outcome::Busy) => app.metrics.signed_in("failure", "busy"),
        Ok(Outcome::Throttled { .. }) => {
            app.metrics.signed_in("failure", "throttled");
            app.metrics.limited("sign_in");
        }
        Err(_) => app.metrics.signed_in("failure", "unavailable"),
    }
    outcome
}

/// [`check`], before it is counted.
async fn judge(
    app: &App,
    meta: &Meta,
    username: &str,
    password: &str,
    brings: Brings<'_>,
) -> Result<Outcome, OAuthError> {
    let failed = |error| store_failure(&error);
    let identifier = Identifier::parse(username).ok();
    let user = match &identifier {
        Some(identifier) => app.store.user_by_identifier(identifier.as_str()).await.map_err(failed)?,
        None => None,
    };
    let account = match (&user, &identifier) {
        (Some(user), _) => Account::Known(&user.id),
        (None, Some(identifier)) => Account::Unknown(identifier),
        (None, None) => Account::Unreadable,
    };
    let device =
        user.as_ref().zip(brings.device).and_then(|(user, cookie)| device::check(&app.device, cookie, &user.id));
    // On a Unix socket without a forwarding proxy everybody is one neighbour.
    let address = meta.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    // Counted before the password is looked at, so that parallel guesses cannot overtake the count.
    let policy = app.throttle();
    let mut keys = policy.keys(&account, address, device);
    let network = policy.subnet_key(address, device, brings.effort);
    keys.extend(network.clone());
    let attempt = app.attempts.begin(keys, meta.now).await.map_err(failed)?;
    if let Attempt::Wait { secs } = attempt {
        return Ok(Outcome::Throttled { wait_secs: secs });
    }
    let forgotten = ThrottlePolicy::forgotten_keys(&account, address, device);
    let given_back = ThrottlePolicy::given_back_at_sign_in(address, network.as_ref());
    let wrong = Outcome::Wrong { user_id: user.as_ref().map(|user| user.id.clone()) };
    let Ok(password) = Password::parse(password) else { return Ok(wrong) };

    let mut salt = [0; SALT_LEN];
    SystemRng.fill(&mut salt);
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let Ok((verdict, took)) = app.passwords.verify_timed(password, stored.clone(), salt).await else {
        // Nothing was checked, so nothing failed.
        app.attempts.forgive(Vec::new(), [forgotten, given_back].concat()).await.map_err(failed)?;
        return Ok(Outcome::Busy);
    };
    slow_kinds::keep(&*app.store, &app.passwords).await.map_err(failed)?;
    let Some(user) = user.filter(|user| verdict != Verdict::NoMatch && user.status == UserStatus::Active) else {
        app.passwords.even_out(took).await;
        return Ok(wrong);
    };
    if let (Verdict::MatchNeedsRehash(fresh), Some(old)) = (verdict, stored) {
        app.store.set_password_hash(&user.id, &old, &fresh).await.map_err(failed)?;
    }
    app.attempts.forgive(forgotten, given_back).await.map_err(failed)?;
    Ok(Outcome::SignedIn(Box::new(user)))
}
