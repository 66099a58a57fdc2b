//! Passkeys: the challenges of their ceremonies, what comes back of them in a form, and what is stored.
//!
//! A challenge is ours, bound to the browser by its cookie, to its purpose and to a time, and is used once: the store remembers which were. So a
//! page that is only looked at leaves nothing behind (security 135).

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use symbolon_factors::webauthn::authentication::Identified;
use symbolon_factors::webauthn::{
    Assertion, Attestation, Authenticated, Backup, CHALLENGE_LEN, Challenge, NewCredential, PublicKey, Registered,
    RelyingParty, UserVerification, WebAuthnError, authenticate, register,
};
use symbolon_jose::base64url;
use symbolon_oauth::second_factor::Enrolled;
use symbolon_oauth::{OAuthError, Params, Rng as _, random_id};
use symbolon_store::{Credential, Hash32, UseCredential, User, UserStatus};

use crate::app::App;
use crate::effects::store_failure;
use crate::rng::SystemRng;

/// How long a challenge is good, in seconds: as long as the sign-in page it stands on.
pub(crate) const LIFETIME_SECS: u64 = crate::interaction::LIFETIME_SECS;
/// Under which challenges are remembered.
const REMEMBERED: &str = "passkey_challenge";
const NONCE_LEN: usize = 8;
const TAG_LEN: usize = 16;

/// The server's key for challenges, and for nothing else.
#[derive(Clone, Debug)]
pub struct ChallengeKey(hmac::Key);

impl ChallengeKey {
    /// Takes 32 bytes derived for this purpose.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

/// What a challenge is for: one page's opens no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A new passkey.
    Create,
    /// A passkey after the password.
    Factor,
    /// A passkey alone.
    SignIn,
}

/// Why a ceremony failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A step of WebAuthn §7.1 or §7.2.
    Step(WebAuthnError),
    /// The form is not one of ours, or the challenge is too old or was used.
    Challenge,
    /// Nobody has this passkey, or its owner may not sign in.
    Unknown,
    /// The passkey was used elsewhere in the same moment.
    Raced,
    /// The very form by which this account got the passkey, once more.
    Repeated,
}

impl Refused {
    /// For the audit log.
    pub(crate) fn cause(self) -> String {
        match self {
            Self::Step(step) => step.to_string(),
            Self::Challenge => "the challenge is not ours, too old or used".to_owned(),
            Self::Unknown => "nobody who may sign in has this passkey".to_owned(),
            Self::Repeated => "the form was sent twice".to_owned(),
            Self::Raced => "the passkey was used elsewhere at once".to_owned(),
        }
    }
}

/// Who asks.
pub(crate) fn rp(app: &App) -> RelyingParty {
    let origin = app.issuer.origin();
    let host = url::Url::parse(app.issuer.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned));
    RelyingParty::new(host.unwrap_or_default(), origin)
}

/// A challenge for whoever holds the cookie `binding`.
pub(crate) fn challenge(app: &App, ceremony: Ceremony, binding: &str, now: u64) -> Challenge {
    let mut nonce = [0; NONCE_LEN];
    SystemRng.fill(&mut nonce);
    made(app, ceremony, binding, now.to_be_bytes(), nonce)
}

fn made(app: &App, ceremony: Ceremony, binding: &str, time: [u8; 8], nonce: [u8; NONCE_LEN]) -> Challenge {
    let label: &[u8] = match ceremony {
        Ceremony::Create => b"create",
        Ceremony::Factor => b"factor",
        Ceremony::SignIn => b"sign in",
    };
    let message = [b"symbolon passkey v1 ", label, b"\0", &time, &nonce, binding.as_bytes()].concat();
    let tag = hmac::sign(&app.challenges.0, &message);
    let mut bytes = [0; CHALLENGE_LEN];
    bytes[..8].copy_from_slice(&time);
    bytes[8..8 + NONCE_LEN].copy_from_slice(&nonce);
    bytes[8 + NONCE_LEN..].copy_from_slice(&tag.as_ref()[..TAG_LEN]);
    Challenge::new(bytes)
}

/// The challenge that a form says it was given.
fn opened(app: &App, ceremony: Ceremony, binding: &str, text: &str, now: u64) -> Result<Challenge, Refused> {
    let bytes = base64url::decode(text).map_err(|_| Refused::Challenge)?;
    let (time, rest) = bytes.split_first_chunk::<8>().ok_or(Refused::Challenge)?;
    let (nonce, _) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Refused::Challenge)?;
    let challenge = made(app, ceremony, binding, *time, *nonce);
    let issued_at = u64::from_be_bytes(*time);
    let fresh = issued_at <= now && now < issued_at.saturating_add(LIFETIME_SECS);
    let ours = !binding.is_empty() && symbolon_jose::ct_eq(challenge.text().as_bytes(), text.as_bytes());
    if fresh && ours { Ok(challenge) } else { Err(Refused::Challenge) }
}

/// Uses a challenge up. After everything else was judged, so that a slip of the finger costs nothing.
async fn spend(app: &App, challenge: &Challenge, now: u64) -> Result<Result<(), Refused>, OAuthError> {
    let key = Hash32(symbolon_jose::sha256(challenge.text().as_bytes()));
    let first = app.store.remember_once(REMEMBERED, key, now.saturating_add(LIFETIME_SECS), now).await;
    Ok(if first.map_err(|error| store_failure(&error))? { Ok(()) } else { Err(Refused::Challenge) })
}

/// Bytes of a field.
fn field(params: &Params, name: &str) -> Result<Vec<u8>, Refused> {
    base64url::decode(params.get(name).unwrap_or_default()).map_err(|_| Refused::Challenge)
}

/// What a passkey adds to a sign-in.
pub(crate) fn adds(credential: &Credential) -> &'static Enrolled {
    match backup(credential) {
        Backup::SingleDevice => &Enrolled::PASSKEY,
        Backup::BackedUp | Backup::Eligible => &Enrolled::SYNCED_PASSKEY,
    }
}

/// What is known of its backup.
pub(crate) fn backup(credential: &Credential) -> Backup {
    match credential.payload["backup"].as_str() {
        Some("backed_up") => Backup::BackedUp,
        Some("eligible") => Backup::Eligible,
        _ => Backup::SingleDevice,
    }
}

const fn backup_name(backup: Backup) -> &'static str {
    match backup {
        Backup::BackedUp => "backed_up",
        Backup::Eligible => "eligible",
        Backup::SingleDevice => "single_device",
    }
}

/// What an authenticator says of a passkey that it made, for a challenge that is good at `now`.
fn attested(app: &App, params: &Params, binding: &str, now: u64) -> Result<(NewCredential, Challenge), Refused> {
    let challenge = opened(app, Ceremony::Create, binding, params.get("challenge").unwrap_or_default(), now)?;
    let (client_data, object) = (field(params, "client_data")?, field(params, "attestation")?);
    let response = Attestation { client_data_json: &client_data, attestation_object: &object };
    // It takes the place of a password: whoever holds it must be the one who may.
    let new = register(&rp(app), &challenge, UserVerification::Required, response).map_err(Refused::Step)?;
    Ok((new, challenge))
}

/// The passkey of this user that this very form has made before, whatever became of its challenge since.
pub(crate) async fn made_by(
    app: &App,
    user: &User,
    params: &Params,
    binding: &str,
) -> Result<Option<Credential>, OAuthError> {
    let challenge = base64url::decode(params.get("challenge").unwrap_or_default()).unwrap_or_default();
    let Some(issued_at) = challenge.first_chunk::<8>().map(|time| u64::from_be_bytes(*time)) else { return Ok(None) };
    let Ok((new, _)) = attested(app, params, binding, issued_at) else { return Ok(None) };
    let known = app.store.credential(Credential::PASSKEY, &new.id).await.map_err(|error| store_failure(&error))?;
    let own = known.filter(|(one, owner)| owner.id == user.id && issued_at <= one.created_at);
    Ok(own.map(|(one, _)| one))
}

/// A new passkey out of a form.
pub(crate) async fn created(
    app: &App,
    user: &User,
    params: &Params,
    binding: &str,
    now: u64,
) -> Result<Result<Credential, Refused>, OAuthError> {
    let (new, challenge) = match attested(app, params, binding, now) {
        Ok(judged) => judged,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(refused) = spend(app, &challenge, now).await? {
        let is_theirs = made_by(app, user, params, binding).await?.is_some();
        return Ok(Err(if is_theirs { Refused::Repeated } else { refused }));
    }
    let platform = params.get("attachment") == Some("platform");
    let payload = json!({
        "public_key": new.public_key.as_jwk(),
        "backup": backup_name(new.backup),
        "aaguid": base64url::encode(&new.aaguid),
        "attachment": if platform { "platform" } else { "cross-platform" },
    });
    Ok(Ok(Credential {
        id: random_id(&mut SystemRng),
        user_id: user.id.clone(),
        kind: Credential::PASSKEY.to_owned(),
        key: Some(new.id),
        name: String::new(),
        payload,
        counter: new.sign_count.into(),
        created_at: now,
        last_used_at: None,
    }))
}

/// Who has signed in with a passkey, and how.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The account.
    pub(crate) user: User,
    /// What it adds.
    pub(crate) enrolled: Enrolled,
}

/// Judges an assertion out of a form and notes the use. `user` is who it must be, if that is known already.
pub(crate) async fn shown(
    app: &App,
    user: Option<&User>,
    params: &Params,
    binding: &str,
    now: u64,
) -> Result<Result<Shown, Refused>, OAuthError> {
    let failed = |error| store_failure(&error);
    let Ok(id) = field(params, "credential") else { return Ok(Err(Refused::Challenge)) };
    let found = app.store.credential(Credential::PASSKEY, &id).await.map_err(failed)?;
    let found =
        found.filter(|(_, owner)| owner.status == UserStatus::Active && user.is_none_or(|it| it.id == owner.id));
    let Some((credential, owner)) = found else { return Ok(Err(Refused::Unknown)) };
    let (challenge, done) = match judge(app, &credential, user, params, (binding, now)) {
        Ok(judged) => judged,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(refused) = spend(app, &challenge, now).await? {
        return Ok(Err(refused));
    }
    let mut payload: Value = credential.payload.clone();
    payload["backup"] = backup_name(done.backup).into();
    let showing = UseCredential {
        id: credential.id.clone(),
        expect: credential.counter,
        counter: done.sign_count.into(),
        payload: Some(payload),
        now,
    };
    if !app.store.use_credential(showing).await.map_err(failed)? {
        return Ok(Err(Refused::Raced));
    }
    Ok(Ok(Shown { user: owner, enrolled: adds(&credential).clone() }))
}

fn judge(
    app: &App,
    credential: &Credential,
    user: Option<&User>,
    params: &Params,
    (binding, now): (&str, u64),
) -> Result<(Challenge, Authenticated), Refused> {
    let (ceremony, identified, verification) = match user {
        Some(_) => (Ceremony::Factor, Identified::Before, UserVerification::Discouraged),
        None => (Ceremony::SignIn, Identified::ByAssertion, UserVerification::Required),
    };
    let challenge = opened(app, ceremony, binding, params.get("challenge").unwrap_or_default(), now)?;
    let (client_data, data) = (field(params, "client_data")?, field(params, "authenticator_data")?);
    let (signature, handle) = (field(params, "signature")?, field(params, "user_handle")?);
    let key = credential.payload["public_key"].as_str().unwrap_or_default();
    let public_key = PublicKey::from_jwk(key).map_err(Refused::Step)?;
    let registered = Registered {
        user_handle: credential.user_id.as_bytes(),
        user: identified,
        public_key: &public_key,
        sign_count: u32::try_from(credential.counter).unwrap_or(u32::MAX),
        backup: backup(credential),
    };
    let assertion = Assertion {
        client_data_json: &client_data,
        authenticator_data: &data,
        signature: &signature,
        user_handle: Some(&*handle).filter(|handle| !handle.is_empty()),
    };
    let done = authenticate(&rp(app), &challenge, verification, registered, assertion).map_err(Refused::Step)?;
    Ok((challenge, done))
}
