//! Codes by mail: to sign in with, and as a last resort beside a password (security 119, 121, 123).
//!
//! Whether an account is there is looked up when the letter is made, never when it is asked for; only then is there a code. It has eight digits, works for
//! ten minutes from when it was sent, once, five guesses, and in the browser that asked for it only. An account is sent few letters, so few codes can be
//! guessed at: strangers who ask for letters cannot guess their way in, nor lock anybody out of guessing their own.
//!
//! Beside a password that was set by a link, which comes by the same mail, none is given for some days ([`StandIn::Later`]): a mailbox alone would be
//! enough otherwise.

use serde::{Deserialize, Serialize};
use serde_json::json;
use symbolon_jose::base64url;
use symbolon_oauth::{OAuthError, OpaqueToken, TokenKind};
use symbolon_store::{Artefact, Attempt, Conflict, Delivery, Hash32, Redeemed, StoreError, User, UserStatus};

use super::normalize::{EmailAddress, Identifier};
use super::password;
use super::reset::{self, Made};
use super::throttle::ThrottlePolicy;
use super::{locale, sign_up};
use crate::app::App;
use crate::config::MailedCodes;
use crate::effects::store_failure;
use crate::interaction::fingerprint;
use crate::mail::{Letter, ResetAsked, SignInAsked};
use crate::rng::SystemRng;
use crate::seal::{SealBroken, Sealer};
use crate::session::device;

/// How long a code works, in minutes, counted from when it is sent.
pub(crate) const MINUTES: u64 = 10;
/// How many digits it has.
pub(crate) const DIGITS: u32 = 8;
/// Where the link in a letter leads.
pub(crate) const LINK_PATH: &str = "/login/email/confirm";

/// For how many days a password that was set by a link has no code by mail beside it.
pub(crate) const WITHHELD_DAYS: u64 = 7;

/// Whether a code by mail may stand in for a factor that is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// Not before some days have passed.
    Later,
    /// None is mailed here, or not to this account.
    Never,
    /// It may.
    Now,
}

/// What waits for a code.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Mailed {
    /// What is typed.
    pub(crate) code: String,
    /// The browser that asked, by its pre-session cookie.
    pub(crate) browser: String,
    /// What waits for the sign-in there, sealed for it.
    pub(crate) interaction: Option<String>,
    /// Whether "keep me signed in" was ticked.
    pub(crate) keep: bool,
    /// The factor beside which it counts, or nothing for one that signs in by itself.
    pub(crate) beside: Option<String>,
    /// The address it goes to, and what the password was then (`revocation_handle`): it is for an account that has them still.
    #[serde(default)]
    holder: (String, String),
    /// The counters of the wish, which the right code gives its one attempt back.
    #[serde(default)]
    pub(crate) counted: Vec<String>,
}

/// One that can be used, and whose it is.
pub(crate) struct Found {
    hash: Hash32,
    pub(crate) user: User,
    pub(crate) mailed: Mailed,
}

impl Mailed {
    /// What is opened where nothing waits.
    fn nobodys() -> Self {
        Self {
            code: String::new(),
            browser: fingerprint(""),
            interaction: None,
            keep: false,
            beside: None,
            holder: (String::new(), String::new()),
            counted: Vec::new(),
        }
    }

    fn artefact(&self, sealer: &Sealer, hash: Hash32, user_id: &str, now: u64) -> Artefact {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(self).expect("it has only string keys"));
        Artefact {
            kind: Artefact::EMAIL_CODE.to_owned(),
            hash,
            family: None,
            client_id: None,
            user_id: Some(user_id.to_owned()),
            sid: None,
            created_at: now,
            expires_at: now.saturating_add(MINUTES * 60),
            redeemed_at: None,
            payload: json!({ "sealed": sealer.seal(&purpose(hash), &plain) }),
        }
    }

    fn open(sealer: &Sealer, artefact: &Artefact) -> Result<Self, SealBroken> {
        let text = artefact.payload["sealed"].as_str().unwrap_or_default();
        let plain = sealer.open(&purpose(artefact.hash), text)?;
        serde_json::from_slice(&plain).map_err(|_| SealBroken)
    }

    /// Whether the browser with this pre-session cookie is the one that asked.
    pub(crate) fn is_of(&self, browser: &str) -> bool {
        symbolon_jose::ct_eq(self.browser.as_bytes(), fingerprint(browser).as_bytes())
    }

    /// Whether the mailbox it went to is this user's still, with no new password since. What ends the codes of an account does not see one that
    /// is being made at that moment.
    fn is_to(&self, user: &User) -> bool {
        self.holder == holder(user)
    }

    fn fits(&self, typed: &str) -> bool {
        let digits: String = typed.chars().filter(|sign| !sign.is_whitespace() && *sign != '-').take(16).collect();
        symbolon_jose::ct_eq(digits.as_bytes(), self.code.as_bytes())
    }
}

/// Whether a code by mail may stand in for a factor of this user.
pub(crate) async fn stand_in(app: &App, user: &User, now: u64) -> Result<StandIn, OAuthError> {
    if app.config().factors.email == MailedCodes::Off || !app.mail.is_on() || !user.email_verified {
        return Ok(StandIn::Never);
    }
    let found = app.store.artefact(Artefact::PASSWORD_BY_LINK, password_name(&user.id, user.password_changed_at)).await;
    let found = found.map_err(|error| store_failure(&error))?;
    Ok(if found.is_some_and(|one| now < one.expires_at) { StandIn::Later } else { StandIn::Now })
}

/// Notes that the password this user is about to have was set by a link. Another password has another name, and is not meant.
pub(crate) async fn note_link(app: &App, user_id: &str, now: u64) -> Result<(), StoreError> {
    let note = Artefact {
        kind: Artefact::PASSWORD_BY_LINK.to_owned(),
        hash: password_name(user_id, Some(now)),
        family: None,
        client_id: None,
        user_id: Some(user_id.to_owned()),
        sid: None,
        created_at: now,
        expires_at: now.saturating_add(WITHHELD_DAYS * 86_400),
        redeemed_at: None,
        payload: json!({}),
    };
    match app.store.put_artefact(note).await {
        // Two in one second are one.
        Ok(()) | Err(StoreError::Conflict(Conflict::Exists)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A password, by whose it is and since when.
fn password_name(user_id: &str, since: Option<u64>) -> Hash32 {
    let name = format!("password\0{user_id}\0{}", since.unwrap_or_default());
    Hash32(symbolon_jose::sha256(name.as_bytes()))
}

/// A code that was asked for beside a password, and what waits for it. Its name opens nothing.
pub(crate) fn beside_password(app: &App, user: &User, browser: &str, now: u64) -> (String, Letter, Artefact) {
    let hash = Hash32(OpaqueToken::generate(TokenKind::EmailCode, &mut SystemRng).hash());
    let code = sign_up::draw_digits(&mut SystemRng, DIGITS);
    let beside = Some(user.revocation_handle.clone());
    let (browser, counted) = (fingerprint(browser), Vec::new());
    let mailed =
        Mailed { code: code.clone(), browser, interaction: None, keep: false, beside, holder: holder(user), counted };
    let letter = Letter::SecondStepCode { code, minutes: MINUTES };
    (sign_up::name(hash), letter, mailed.artefact(&app.sealer, hash, &user.id, now))
}

fn holder(user: &User) -> (String, String) {
    (user.email.clone().unwrap_or_default(), user.revocation_handle.clone())
}

/// The letter to whoever owns the account, with a fresh code in it. Nothing if there is no such account, if it is blocked or has no address, or if its
/// owner has been sent enough. Where nobody has proven the address and there is a password, somebody else may know it and wait for the owner of the
/// mailbox to come: a code would let both in, so it is a link for a new password, which ends the other's sessions.
pub(crate) async fn letter(
    app: &App,
    asked: &SignInAsked,
    delivery: &Delivery,
    now: u64,
) -> Result<Option<Made>, StoreError> {
    let Ok(identifier) = Identifier::parse(&asked.identifier) else { return Ok(None) };
    let user = app.store.user_by_identifier(identifier.as_str()).await?;
    let Some(user) = user.filter(|user| user.status == UserStatus::Active) else { return Ok(None) };
    let Some(Ok(address)) = user.email.as_deref().map(EmailAddress::parse) else { return Ok(None) };
    let Ok(link) = OpaqueToken::parse(TokenKind::EmailCode, &asked.link) else { return Ok(None) };
    // An account that was shut waits for a new password, whoever reads that mailbox.
    if !user.email_verified && user.password_hash.is_some() || password::is_shut(&user) {
        let asked = ResetAsked {
            interaction: asked.interaction.clone(),
            device: asked.device.clone(),
            ..ResetAsked::of(asked.identifier.clone())
        };
        return reset::letter(app, &asked, delivery, now).await;
    }
    // Once for a wish, however often it is tried.
    if delivery.attempts <= 1 {
        let device = asked.device.as_deref().and_then(|cookie| device::check(&app.device, cookie, &user.id));
        // For the account or for a device that it knows, so that strangers do not use up its owner's.
        let keys = vec![ThrottlePolicy::email_code_mail_key(&user.id, device)];
        if let Attempt::Wait { .. } = app.attempts.begin(keys, now).await? {
            tracing::warn!(user_id = user.id, "a code was not mailed: this account was sent several already");
            return Ok(None);
        }
    }
    let fresh = Mailed {
        code: sign_up::draw_digits(&mut SystemRng, DIGITS),
        browser: asked.browser.clone(),
        interaction: asked.interaction.clone(),
        keep: asked.keep,
        beside: None,
        holder: holder(&user),
        counted: asked.counted.clone(),
    };
    let hash = Hash32(link.hash());
    let code = match app.store.put_artefact(fresh.artefact(&app.sealer, hash, &user.id, now)).await {
        Ok(()) => fresh.code,
        // Made before, for a letter that did not get out: the same again.
        Err(StoreError::Conflict(Conflict::Exists)) => {
            let made = app.store.artefact(Artefact::EMAIL_CODE, hash).await?;
            let made = made.filter(|made| made.user_id.as_ref() == Some(&user.id));
            match made.map(|made| Mailed::open(&app.sealer, &made)) {
                // Whoever has the name now, or another mailbox, is not whom it was made for.
                Some(Ok(made)) if made.is_to(&user) => made.code,
                _ => return Ok(None),
            }
        }
        Err(error) => return Err(error),
    };
    let link = app.issuer.endpoint(&format!("{LINK_PATH}?code={}", link.reveal()));
    let letter = Letter::SignInCode { code, link, minutes: MINUTES };
    Ok(Some(Made { letter, address, locale: locale(&user).map(str::to_owned) }))
}

/// What waits by this name, while it can be used and its account may sign in, with the mailbox and the password it was made for.
pub(crate) async fn find(app: &App, hash: Hash32, now: u64) -> Result<Option<Found>, OAuthError> {
    let failed = |error| store_failure(&error);
    let found = app.store.artefact(Artefact::EMAIL_CODE, hash).await.map_err(failed)?;
    let found = found.filter(|one| one.redeemed_at.is_none() && now < one.expires_at);
    // Where there is nothing, as much is done for nobody, so that the time it takes tells no accounts apart (security 123).
    let is_there = found.is_some();
    let artefact = found.unwrap_or_else(|| Mailed::nobodys().artefact(&app.sealer, hash, "", now));
    let mailed = Mailed::open(&app.sealer, &artefact).map_err(|_| {
        tracing::error!("a mailed code cannot be read");
        OAuthError::ServerError
    })?;
    let user = app.store.user(artefact.user_id.as_deref().unwrap_or_default()).await.map_err(failed)?;
    let user = user.filter(|user| is_there && user.status == UserStatus::Active && mailed.is_to(user));
    let user = user.filter(|user| !password::is_shut(user));
    Ok(user.map(|user| Found { hash, user, mailed }))
}

impl Found {
    /// Whether this is the code, typed in the browser that asked, for a sign-in of its own.
    pub(crate) fn signs_in(&self, browser: &str, typed: &str) -> bool {
        self.mailed.beside.is_none() && self.mailed.is_of(browser) && self.mailed.fits(typed)
    }

    /// Whether it is, beside the password of this user as they are now.
    pub(crate) fn completes(&self, user: &User, browser: &str, typed: &str) -> bool {
        let is_theirs = self.user.id == user.id && self.mailed.beside.as_ref() == Some(&user.revocation_handle);
        is_theirs && self.mailed.is_of(browser) && self.mailed.fits(typed)
    }

    /// Uses it up; tells whether nobody was first.
    pub(crate) async fn redeem(&self, app: &App, now: u64) -> Result<bool, OAuthError> {
        let redeemed = app.store.redeem_artefact(Artefact::EMAIL_CODE, self.hash, now).await;
        redeemed.map(|redeemed| redeemed == Redeemed::Done).map_err(|error| store_failure(&error))
    }
}

fn purpose(hash: Hash32) -> String {
    format!("email code {}", base64url::encode(hash.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::MasterKey;

    fn sealer(seed: u8) -> Sealer {
        MasterKey::from_text(&base64url::encode(&[seed; 32]), "test").unwrap().sealer()
    }

    fn mailed() -> Mailed {
        Mailed { code: "27182818".into(), browser: fingerprint("cookie"), ..Mailed::nobodys() }
    }

    #[test]
    fn only_the_code_fits_however_people_group_its_digits() {
        for right in ["27182818", "2718 2818", "2718-2818", " 27182818\n"] {
            assert!(mailed().fits(right), "{right:?}");
        }
        for wrong in ["", "27182819", "272718281", "271828180", "０7182818", "2718281"] {
            assert!(!mailed().fits(wrong), "{wrong:?}");
        }
        assert!(mailed().is_of("cookie") && !mailed().is_of("other") && !mailed().is_of(""));
    }

    #[test]
    fn what_is_kept_shows_no_code_and_opens_in_its_own_place_only() {
        let artefact = mailed().artefact(&sealer(1), Hash32([7; 32]), "usr_ada", 1_000);
        assert!(!artefact.payload.to_string().contains("2718"));
        assert_eq!(artefact.expires_at, 1_600);
        assert_eq!(Mailed::open(&sealer(1), &artefact).unwrap().code, "27182818");
        assert!(Mailed::open(&sealer(2), &artefact).is_err());
        assert!(Mailed::open(&sealer(1), &Artefact { hash: Hash32([8; 32]), ..artefact }).is_err());
    }
}
