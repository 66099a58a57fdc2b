//! Authenticator apps: the secret sealed, the step of the last code beside it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use symbolon_factors::RecoveryCode;
use symbolon_factors::totp::{SECRET_LEN, Totp};
use symbolon_jose::base64url;
use symbolon_oauth::second_factor::Enrolled;
use symbolon_oauth::{Rng as _, random_id};
use symbolon_store::{Credential, UseCredential};

use super::{Factors, recovery_code, using};
use crate::app::App;
use crate::rng::SystemRng;

/// What the seal is for; the user is part of it, so that whoever can write to the store cannot give one person's app to another.
const SEALED_FOR: &str = "totp of ";
const SETTING_UP: &str = "setting up totp of ";

/// An app that is being set up: its secret, and the recovery codes that its owner gets with it where they have none. All of it travels sealed in
/// the form, so that a form which is sent twice sets up one app, and both answers show the same codes.
#[derive(Clone)]
pub(crate) struct SettingUp {
    pub(crate) totp: Totp,
    pub(crate) codes: Vec<RecoveryCode>,
}

#[derive(Serialize, Deserialize)]
struct Packed {
    secret: String,
    codes: Vec<String>,
}

impl SettingUp {
    /// A new one.
    pub(crate) fn generate() -> Self {
        let mut secret = [0; SECRET_LEN];
        SystemRng.fill(&mut secret);
        Self { totp: Totp::new(secret), codes: recovery_code::generate() }
    }

    /// For a form, which only this server opens for this user.
    pub(crate) fn seal(&self, app: &App, user_id: &str) -> String {
        let codes = self.codes.iter().map(ToString::to_string).collect();
        let packed = Packed { secret: base64url::encode(self.totp.secret()), codes };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&packed).expect("it has only string keys"));
        app.sealer.seal(&format!("{SETTING_UP}{user_id}"), &plain)
    }

    /// What came back in a form.
    pub(crate) fn open(app: &App, user_id: &str, sealed: &str) -> Option<Self> {
        let plain = app.sealer.open(&format!("{SETTING_UP}{user_id}"), sealed).ok()?;
        let packed: Packed = serde_json::from_slice(&plain).ok()?;
        let secret = <[u8; SECRET_LEN]>::try_from(base64url::decode(&packed.secret).ok()?.as_slice()).ok()?;
        let codes = packed.codes.iter().map(|text| RecoveryCode::parse(text)).collect::<Option<_>>()?;
        Some(Self { totp: Totp::new(secret), codes })
    }

    /// Whether this very app is what somebody has.
    pub(crate) fn is_there(&self, app: &App, factors: &Factors) -> bool {
        let stored = factors.totp().and_then(|one| open(app, &one.user_id, one.payload["sealed"].as_str()?));
        stored.is_some_and(|stored| symbolon_jose::ct_eq(stored.secret(), self.totp.secret()))
    }

    /// The app that showed a code of this step.
    pub(crate) fn credential(&self, app: &App, user_id: &str, step: u64, now: u64) -> Credential {
        let sealed = app.sealer.seal(&format!("{SEALED_FOR}{user_id}"), self.totp.secret());
        credential(user_id, &sealed, step, now)
    }
}

/// The secret again.
fn open(app: &App, user_id: &str, sealed: &str) -> Option<Totp> {
    let plain = app.sealer.open(&format!("{SEALED_FOR}{user_id}"), sealed).ok()?;
    <[u8; SECRET_LEN]>::try_from(plain.as_slice()).ok().map(Totp::new)
}

/// An app whose first code was of this step.
fn credential(user_id: &str, sealed: &str, step: u64, now: u64) -> Credential {
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
