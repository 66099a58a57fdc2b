//! Authenticator apps: the secret sealed, the step of the last code beside it.

use serde_json::json;
use symbolon_factors::totp::{SECRET_LEN, Totp};
use symbolon_oauth::second_factor::Enrolled;
use symbolon_oauth::{Rng as _, random_id};
use symbolon_store::{Credential, UseCredential};

use super::{Factors, using};
use crate::app::App;
use crate::rng::SystemRng;

/// What the seal is for; the user is part of it, so that whoever can write to the store cannot give one person's app to another.
const SEALED_FOR: &str = "totp of ";

/// A new secret.
pub(crate) fn generate() -> Totp {
    let mut secret = [0; SECRET_LEN];
    SystemRng.fill(&mut secret);
    Totp::new(secret)
}

/// The secret for a store or a form, which only this server opens for this user.
pub(crate) fn seal(app: &App, user_id: &str, totp: &Totp) -> String {
    app.sealer.seal(&format!("{SEALED_FOR}{user_id}"), totp.secret())
}

/// The secret again.
pub(crate) fn open(app: &App, user_id: &str, sealed: &str) -> Option<Totp> {
    let plain = app.sealer.open(&format!("{SEALED_FOR}{user_id}"), sealed).ok()?;
    <[u8; SECRET_LEN]>::try_from(plain.as_slice()).ok().map(Totp::new)
}

/// An app whose first code was of this step.
pub(crate) fn credential(user_id: &str, sealed: &str, step: u64, now: u64) -> Credential {
    Credential {
        id: random_id(&mut SystemRng),
        user_id: user_id.to_owned(),
        kind: Credential::TOTP.to_owned(),
        key: None,
        name: "Authenticator app".to_owned(),
        payload: json!({ "sealed": sealed }),
        counter: step,
        created_at: now,
        last_used_at: Some(now),
    }
}

pub(super) fn judge(app: &App, factors: &Factors, typed: &str, now: u64) -> Option<(UseCredential, &'static Enrolled)> {
    let credential = factors.totp()?;
    let totp = open(app, &credential.user_id, credential.payload["sealed"].as_str()?)?;
    let step = totp.check(typed, now, Some(credential.counter)).ok()?;
    Some((using(credential, step, now), &Enrolled::TOTP))
}
