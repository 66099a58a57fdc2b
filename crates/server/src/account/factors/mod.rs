//! What an account is proven with beside its password: what its owner has set up, and judging what they show (security 131 to 140).
//!
//! One file for each factor, one line here. Wrong codes are counted in the store, on the account or on a device it knows, before anything is
//! looked at, so that parallel guesses cannot overtake the count and nobody is locked out of a browser of their own.

pub(crate) mod passkey;
pub(crate) mod recovery_code;
pub(crate) mod totp;

use symbolon_factors::RecoveryCode;
use symbolon_oauth::second_factor::{self, Browser, Enrolled, Factor, Facts, Next, Required, Wanted};
use symbolon_oauth::{OAuthError, acr};
use symbolon_store::{Artefact, Attempt, Conflict, Credential, Hash32, StoreError, UseCredential, User};

use super::throttle::ThrottlePolicy;
use crate::app::App;
use crate::config::FactorRules;
use crate::effects::store_failure;
use crate::http::meta::Meta;
use crate::session::device::{self, Device};

/// How long a browser is remembered, in seconds: a month.
pub(crate) const REMEMBER_SECS: u64 = 30 * 86_400;

/// What somebody has set up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Factors(Vec<Credential>);

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was right, and is used up.
    Right(&'static Enrolled),
    /// Too many attempts: nothing was checked.
    Throttled {
        /// Seconds until an attempt counts again.
        wait_secs: u64,
    },
    /// It was not.
    Wrong,
}

impl Factors {
    /// Of this user.
    pub(crate) async fn of(app: &App, user_id: &str) -> Result<Self, OAuthError> {
        app.store.credentials_of(user_id).await.map(Self).map_err(|error| store_failure(&error))
    }

    /// What a sign-in may be completed with.
    pub(crate) fn enrolled(&self) -> Vec<Enrolled> {
        let mut enrolled: Vec<Enrolled> = self.passkeys().map(|one| passkey::adds(one).clone()).collect();
        enrolled.dedup();
        enrolled.extend(self.totp().map(|_| Enrolled::TOTP));
        enrolled.extend((self.codes_left() > 0).then_some(Enrolled::RECOVERY_CODE));
        enrolled
    }

    /// Whether there is one that people set up; recovery codes only come with those.
    pub(crate) fn is_empty(&self) -> bool {
        self.totp().is_none() && self.passkeys().next().is_none()
    }

    /// Whether people had set one up before this second.
    pub(crate) fn were_there(&self, before: u64) -> bool {
        self.passkeys().chain(self.totp()).any(|one| one.created_at < before)
    }

    /// The passkeys, the oldest first.
    pub(crate) fn passkeys(&self) -> impl Iterator<Item = &Credential> {
        self.0.iter().filter(|one| one.kind == Credential::PASSKEY)
    }

    /// The authenticator app.
    pub(crate) fn totp(&self) -> Option<&Credential> {
        self.0.iter().find(|one| one.kind == Credential::TOTP)
    }

    /// One of them by its id; not a recovery code.
    pub(crate) fn find(&self, id: &str) -> Option<&Credential> {
        self.0.iter().find(|one| one.id == id && one.kind != Credential::RECOVERY_CODE)
    }

    /// The ids of what people have set up, as a change to it expects them.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.0.iter().filter(|one| one.kind != Credential::RECOVERY_CODE).map(|one| one.id.clone()).collect()
    }

    /// Whether these are the recovery codes.
    pub(crate) fn has_codes(&self, codes: &[RecoveryCode], user_id: &str) -> bool {
        let mut stored: Vec<_> = self.recovery_codes().filter_map(|one| one.key.clone()).collect();
        let mut shown: Vec<_> = codes.iter().map(|code| code.hash(user_id).to_vec()).collect();
        stored.sort();
        shown.sort();
        stored == shown
    }

    /// How many recovery codes are unused.
    pub(crate) fn codes_left(&self) -> usize {
        self.recovery_codes().filter(|code| code.counter == 0).count()
    }

    fn recovery_codes(&self) -> impl Iterator<Item = &Credential> {
        self.0.iter().filter(|one| one.kind == Credential::RECOVERY_CODE)
    }
}

/// The rule for this user.
pub(crate) fn required(rules: &FactorRules, user: &User) -> Required {
    if user.roles.iter().any(|role| rules.roles.contains(role)) { Required::Always } else { rules.required }
}

/// The facts of a sign-in whose first factor is proven.
pub(crate) fn facts<'a>(
    rules: &'a FactorRules,
    user: &User,
    (proven, enrolled): (&'a [String], &'a [Enrolled]),
    browser: Browser,
    wanted: &'a Wanted,
) -> Facts<'a> {
    Facts { proven, enrolled, required: required(rules, user), browser, wanted, offered: &rules.offered }
}

/// Whether a password is not enough for this user, where no page can ask for more (security part 3, row 88).
pub(crate) async fn are_needed(app: &App, user: &User) -> Result<bool, OAuthError> {
    let config = app.config();
    let (proven, enrolled) = ([acr::PWD.to_owned()], Factors::of(app, &user.id).await?.enrolled());
    let facts = facts(&config.factors, user, (&proven, &enrolled), Browser::Unknown, &Wanted::Nothing);
    Ok(second_factor::next(&app.levels, &facts) != Next::SignIn)
}

/// Judges a code that was typed, and uses it up.
pub(crate) async fn check(
    app: &App,
    meta: &Meta,
    user: &User,
    device: Option<Device>,
    (way, typed): (Factor, &str),
) -> Result<Verdict, OAuthError> {
    let failed = |error| store_failure(&error);
    let address = meta.address_or_unspecified();
    let keys = app.throttle().factor_keys(&user.id, address, device);
    if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
        app.metrics.limited("factor");
        return Ok(Verdict::Throttled { wait_secs: secs });
    }
    let factors = Factors::of(app, &user.id).await?;
    let judged = match way {
        Factor::Totp => totp::judge(app, &factors, typed, meta.now),
        Factor::RecoveryCode => recovery_code::judge(&factors, user, typed, meta.now),
        // No code is typed there, or it is nobody's credential and judged by itself.
        Factor::Passkey | Factor::Email => None,
    };
    let Some((showing, enrolled)) = judged else { return Ok(Verdict::Wrong) };
    // Somebody else was first with the same code.
    if !app.store.use_credential(showing).await.map_err(failed)? {
        return Ok(Verdict::Wrong);
    }
    let (forget, give_back) =
        (ThrottlePolicy::forgotten_factor_keys(&user.id, device), ThrottlePolicy::right_factor_keys(&user.id, address));
    app.attempts.forgive(forget, give_back).await.map_err(failed)?;
    Ok(Verdict::Right(enrolled))
}

/// A use that changes nothing but the counter.
fn using(credential: &Credential, counter: u64, now: u64) -> UseCredential {
    UseCredential { id: credential.id.clone(), expect: credential.counter, counter, payload: None, now }
}

/// Whether the device that this cookie proves is remembered.
pub(crate) async fn browser(app: &App, user_id: &str, cookie: Option<&str>, now: u64) -> Result<Browser, OAuthError> {
    let Some(device) = cookie.and_then(|cookie| device::check(&app.device, cookie, user_id)) else {
        return Ok(Browser::Unknown);
    };
    let found = app.store.artefact(Artefact::REMEMBERED_BROWSER, remembered(user_id, device)).await;
    let found = found.map_err(|error| store_failure(&error))?;
    let counts = found.is_some_and(|it| now < it.expires_at && it.user_id.as_deref() == Some(user_id));
    Ok(if counts { Browser::Remembered } else { Browser::Unknown })
}

/// Remembers a device for a month. A password change, a removed factor or a reset ends it.
pub(crate) async fn remember(
    app: &App,
    user_id: &str,
    (device, user_agent): (Device, Option<&str>),
    now: u64,
) -> Result<(), OAuthError> {
    let artefact = Artefact {
        kind: Artefact::REMEMBERED_BROWSER.to_owned(),
        hash: remembered(user_id, device),
        family: None,
        client_id: None,
        user_id: Some(user_id.to_owned()),
        sid: None,
        created_at: now,
        expires_at: now.saturating_add(REMEMBER_SECS),
        redeemed_at: None,
        // For its owner to know it by.
        payload: serde_json::json!({ "user_agent": user_agent }),
    };
    match app.store.put_artefact(artefact).await {
        // It is remembered already.
        Ok(()) | Err(StoreError::Conflict(Conflict::Exists)) => Ok(()),
        Err(error) => Err(store_failure(&error)),
    }
}

fn remembered(user_id: &str, device: Device) -> Hash32 {
    Hash32(symbolon_jose::sha256(format!("symbolon remembered {user_id} {}", device.name()).as_bytes()))
}
