//! A pending authorization request, carried by the browser.
//!
//! An unauthenticated GET leaves nothing behind on the server: until someone has signed in, the request
//! lives in a signed value in the form or URL, bound to the browser by its pre-session cookie (security
//! requirement 18) and to the moment the page was first shown (so that `prompt=login` and `max_age` can tell
//! whether the user really signed in again).

use serde::{Deserialize, Serialize};
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys, base64url};
use symbolon_oauth::authorize::{ObjectKind, Source};
use symbolon_oauth::{Issuer, Scope, UserCode};

/// How long a sign-in or consent page may stay open, in seconds.
pub const LIFETIME_SECS: u64 = 3_600;
/// How long a second factor may take, in seconds: to find the phone, or the paper.
pub const FACTOR_SECS: u64 = 900;
/// How long the redirect after a sign-in may take, in seconds: nobody reads anything in between.
pub const GO_ON_SECS: u64 = 300;
const TYP: &str = "symbolon-interaction+jwt";
const AUDIENCE: &str = "symbolon-interaction";

/// What a pending authorization request is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interaction {
    /// The parameters of the authorization request as a query: those that came in it or in a request object; of a pushed
    /// request only what names it.
    pub query: String,
    /// The request object that they came in, if they did: it is opened once, on arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectKind>,
    /// When the sign-in page was first shown, Unix seconds; `None` when the request found somebody signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_since: Option<u64>,
    /// The session whose account the sign-in page offered to go on with, if it did; once chosen, the one that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<String>,
    /// The code of a device, where that waits for the sign-in instead of an authorization request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_code: Option<String>,
    /// The page of ours that waits for the sign-in, where that is none of the above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_page: Option<OwnPage>,
    /// The languages its pages are asked for in (`ui_locales`), or the one that was chosen since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locales: Vec<String>,
    /// What this value is for: each step takes its own only.
    pub step: Step,
    iss: String,
    aud: String,
    /// Hash of the pre-session cookie of the browser that started it, base64url.
    browser: String,
    /// When this value expires, Unix seconds.
    exp: u64,
}

/// Where a pending request stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The page has been shown that asks whether a client that came over the back channel may have an account.
    Ciba {
        /// To the holder of this session.
        sid: String,
        /// Which question, by its hash in base64url.
        question: String,
        /// With this scope on it.
        scope: Scope,
    },
    /// The consent page has been shown.
    Consent {
        /// To the holder of this session.
        sid: String,
        /// With this scope on it.
        scope: Scope,
        /// For this API.
        audience: Option<String>,
    },
    /// The page has been shown that asks whether a device may have an account.
    Device {
        /// To the holder of this session.
        sid: String,
        /// For the device with this user code.
        user_code: String,
        /// With this scope on it.
        scope: Scope,
    },
    /// The page has been shown that asks for a code that was mailed, or would have been.
    EmailCode {
        /// Which one, by its hash in base64url.
        pending: String,
        /// To whom, as it was typed.
        identifier: String,
        /// Whether "keep me signed in" was ticked.
        keep: bool,
    },
    /// The first factor of a sign-in is proven, and another is asked for.
    Factor(Box<FirstFactor>),
    /// A sign-in for this request has made a session.
    GoOn {
        /// That session.
        sid: String,
    },
    /// The sign-in page has been shown, or the one for making an account.
    SignIn,
    /// The page has been shown that asks for the code that proves the address of a sign-up.
    SignUp {
        /// Which one, by its hash in base64url.
        pending: String,
    },
}

/// What is proven of a sign-in that is not complete. Each step checks the one before (security 134): this is signed, of this browser, and worth
/// nothing once the account has another revocation handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstFactor {
    /// Whose it is.
    pub user_id: String,
    /// The account's revocation handle then.
    pub handle: String,
    /// The methods that are proven.
    pub amr: Vec<String>,
    /// Whether "keep me signed in" was ticked.
    pub keep: bool,
    /// The sealed secret of an app that is being set up, where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting_up: Option<String>,
    /// The code that was mailed beside it, by its hash in base64url, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailed: Option<String>,
}

/// A page of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnPage {
    /// What people have here, and the way to its parts.
    Account,
    /// What happened to an account.
    Activity,
    /// The apps that have something of an account.
    Apps,
    /// What waits for the person, asked over the back channel.
    Ciba,
    /// All that is kept of somebody, and the end of it.
    Data,
    /// The address of an account.
    Email,
    /// The proof of a new one, which its link in [`Interaction::query`] leads to.
    EmailConfirm,
    /// The password.
    Password,
    /// Who somebody is.
    Profile,
    /// How somebody signs in.
    Security,
    /// Where somebody is signed in.
    Sessions,
    /// The start page.
    Start,
}

impl OwnPage {
    /// Where it is.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Account => "/account",
            Self::Activity => "/account/activity",
            Self::Apps => "/account/apps",
            Self::Ciba => symbolon_oauth::endpoint::path::CIBA,
            Self::Data => "/account/data",
            Self::Email => "/account/email",
            Self::EmailConfirm => "/account/email/confirm",
            Self::Password => "/account/password",
            Self::Profile => "/account/profile",
            Self::Security => "/account/security",
            Self::Sessions => "/account/sessions",
            Self::Start => "/",
        }
    }

    /// Whether things are changed there that take an account over, so that whoever signs in for it shows everything they have (security 96).
    pub const fn takes_everything(self) -> bool {
        matches!(self, Self::Data | Self::Email | Self::EmailConfirm | Self::Password | Self::Security)
    }
}

/// The value is not ours, too old, or of another browser: the user must start again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InteractionLost;

impl Interaction {
    /// A request whose sign-in page is shown at `now` in the browser that holds the pre-session cookie `browser`.
    pub fn sign_in(issuer: &Issuer, query: impl Into<String>, browser: &str, now: u64) -> Self {
        Self {
            query: query.into(),
            object: None,
            sign_in_since: Some(now),
            offered: None,
            user_code: None,
            own_page: None,
            locales: Vec::new(),
            step: Step::SignIn,
            iss: issuer.as_str().to_owned(),
            aud: AUDIENCE.to_owned(),
            browser: fingerprint(browser),
            exp: now.saturating_add(LIFETIME_SECS),
        }
    }

    /// A device's code that was entered before anybody had signed in.
    pub fn device_sign_in(issuer: &Issuer, user_code: &UserCode, browser: &str, now: u64) -> Self {
        Self { user_code: Some(user_code.to_string()), ..Self::sign_in(issuer, "", browser, now) }
    }

    /// A look at what waits for whoever signs in now.
    pub fn ciba_sign_in(issuer: &Issuer, browser: &str, now: u64) -> Self {
        Self::own_page_sign_in(issuer, OwnPage::Ciba, browser, now)
    }

    /// A page of ours that is for whoever signs in now.
    pub fn own_page_sign_in(issuer: &Issuer, page: OwnPage, browser: &str, now: u64) -> Self {
        Self { own_page: Some(page), ..Self::sign_in(issuer, "", browser, now) }
    }

    /// The same, with a query for the page.
    #[must_use]
    pub fn leading_to(self, query: &str) -> Self {
        Self { query: query.to_owned(), ..self }
    }

    /// A visit to the server's own pages, by whoever makes an account there.
    pub fn own_sign_up(issuer: &Issuer, browser: &str, now: u64) -> Self {
        Self { own_page: Some(OwnPage::Start), ..Self::sign_in(issuer, "", browser, now) }
    }

    /// A question of a device, or of a client over the back channel, that is shown at `now`.
    pub fn own_question(issuer: &Issuer, browser: &str, now: u64, shown: Step) -> Self {
        Self { sign_in_since: None, step: shown, ..Self::sign_in(issuer, "", browser, now) }
    }

    /// A request whose consent page is shown at `now`; `sign_in_since` as it stood before.
    pub fn consent(
        issuer: &Issuer,
        query: impl Into<String>,
        browser: &str,
        now: u64,
        sign_in_since: Option<u64>,
        shown: Step,
    ) -> Self {
        Self { sign_in_since, step: shown, ..Self::sign_in(issuer, query, browser, now) }
    }

    /// The same, of a request that came from there.
    #[must_use]
    pub fn from_source(self, source: Source) -> Self {
        Self { object: source.object, ..self }
    }

    /// The same request, whose pages are in one of these languages if they can be.
    #[must_use]
    pub fn in_languages(self, locales: &[String]) -> Self {
        Self { locales: locales.to_vec(), ..self }
    }

    /// The same request, whose page offers to go on in this session (OpenID Connect Core §3.1.2.1, `select_account`).
    #[must_use]
    pub fn offering(self, sid: Option<String>) -> Self {
        Self { offered: sid, ..self }
    }

    /// The same request, after the person chose at `now` to go on in the session that was offered; nothing if none was.
    #[must_use]
    pub fn after_choice(self, now: u64) -> Option<Self> {
        let sid = self.offered.clone()?;
        let step = Step::GoOn { sid };
        Some(Self { sign_in_since: None, step, exp: now.saturating_add(GO_ON_SECS), ..self })
    }

    /// The session that was chosen, for a request that has gone on since.
    #[must_use]
    pub fn chosen(&self) -> Option<&str> {
        match &self.step {
            Step::Consent { sid, .. } | Step::GoOn { sid } => self.offered.as_deref().filter(|offered| offered == sid),
            Step::Ciba { .. }
            | Step::Device { .. }
            | Step::EmailCode { .. }
            | Step::Factor(_)
            | Step::SignIn
            | Step::SignUp { .. } => None,
        }
    }

    /// The same request, while mail is on its way that proves an address.
    #[must_use]
    pub fn proving(self, pending: String, now: u64) -> Self {
        Self { offered: None, step: Step::SignUp { pending }, exp: now.saturating_add(LIFETIME_SECS), ..self }
    }

    /// The same request, while a code is on its way that signs in.
    #[must_use]
    pub fn awaiting_code(self, pending: String, identifier: String, keep: bool, now: u64) -> Self {
        let step = Step::EmailCode { pending, identifier, keep };
        Self { offered: None, step, exp: now.saturating_add(LIFETIME_SECS), ..self }
    }

    /// The same request, back on the page where people sign in or up.
    #[must_use]
    pub fn back(self, now: u64) -> Self {
        Self { step: Step::SignIn, exp: now.saturating_add(LIFETIME_SECS), ..self }
    }

    /// The same request, whose person has proven a first factor at `now`.
    #[must_use]
    pub fn after_first_factor(self, first: FirstFactor, now: u64) -> Self {
        Self { step: Step::Factor(Box::new(first)), exp: now.saturating_add(FACTOR_SECS), ..self }
    }

    /// The same request, after the sign-in at `now` that made the session `sid`.
    #[must_use]
    pub fn after_sign_in(self, sid: &str, now: u64) -> Self {
        let step = Step::GoOn { sid: sid.to_owned() };
        Self { offered: None, step, exp: now.saturating_add(GO_ON_SECS), ..self }
    }
}

/// Signs and verifies interactions. HMAC under a key derived from the master key, so any node reads what
/// another wrote.
#[derive(Debug)]
pub struct InteractionKeys {
    signing: SigningKey,
    verifying: VerifyingKeys,
    policy: Policy,
}

impl InteractionKeys {
    /// Keys of `issuer` from 32 secret bytes.
    pub fn new(issuer: &Issuer, secret: &[u8; 32]) -> Result<Self, symbolon_jose::Error> {
        let jwk = Jwk::oct(secret, Algorithm::HS256)?;
        Ok(Self {
            policy: Policy::new(issuer.as_str(), AUDIENCE).accept_type(TYP).leeway_secs(0),
            signing: SigningKey::from_jwk(&jwk, Algorithm::HS256)?,
            verifying: VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::HS256)?),
        })
    }

    /// The text form for a hidden field or URL.
    pub fn seal(&self, interaction: &Interaction) -> Result<String, symbolon_jose::Error> {
        jwt::sign(&self.signing, TYP, interaction)
    }

    /// Reads what [`InteractionKeys::seal`] made, for the browser that holds the pre-session cookie `browser`.
    pub fn open(&self, text: &str, browser: &str, now: u64) -> Result<Interaction, InteractionLost> {
        let interaction = self.open_anywhere(text, now)?;
        if symbolon_jose::ct_eq(interaction.browser.as_bytes(), fingerprint(browser).as_bytes()) {
            Ok(interaction)
        } else {
            Err(InteractionLost)
        }
    }

    /// Reads one whichever browser it belongs to, and though its time is over: good for telling which client was meant, in which language, and
    /// whether what it was to set up is there, and for nothing else.
    pub fn open_late(&self, text: &str) -> Result<Interaction, InteractionLost> {
        self.open_anywhere(text, 0)
    }

    fn open_anywhere(&self, text: &str, now: u64) -> Result<Interaction, InteractionLost> {
        let verified = jwt::verify::<Interaction>(text, &self.verifying, &self.policy, now);
        verified.map(jwt::Verified::into_claims).map_err(|_| InteractionLost)
    }
}

/// A browser, by its pre-session cookie: good for telling whether it is the same one.
pub(crate) fn fingerprint(cookie: &str) -> String {
    base64url::encode(&symbolon_jose::sha256(cookie.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer() -> Issuer {
        Issuer::parse("https://auth.example.com").unwrap()
    }

    fn keys() -> InteractionKeys {
        InteractionKeys::new(&issuer(), &[3; 32]).unwrap()
    }

    #[test]
    fn an_interaction_returns_to_its_own_browser_within_an_hour() {
        let interaction = Interaction::sign_in(&issuer(), "client_id=a&state=b%20c", "cookie", 1_000);
        let text = keys().seal(&interaction).unwrap();
        assert_eq!(keys().open(&text, "cookie", 1_000 + LIFETIME_SECS - 1), Ok(interaction));
    }

    #[test]
    fn another_browser_a_late_one_and_a_forged_one_are_refused() {
        let text = keys().seal(&Interaction::sign_in(&issuer(), "client_id=a", "cookie", 1_000)).unwrap();
        assert_eq!(keys().open(&text, "other", 1_001), Err(InteractionLost));
        assert_eq!(keys().open(&text, "cookie", 1_000 + LIFETIME_SECS), Err(InteractionLost));
        assert_eq!(
            InteractionKeys::new(&issuer(), &[4; 32]).unwrap().open(&text, "cookie", 1_001),
            Err(InteractionLost)
        );
        assert_eq!(keys().open("client_id=a", "cookie", 1_001), Err(InteractionLost));
        // What is late says still what it was about; what is forged does not.
        assert_eq!(keys().open_late(&text).unwrap().query, "client_id=a");
        assert_eq!(InteractionKeys::new(&issuer(), &[4; 32]).unwrap().open_late(&text), Err(InteractionLost));
    }

    #[test]
    fn only_what_was_offered_and_chosen_counts_as_chosen() {
        let shown = || Interaction::sign_in(&issuer(), "client_id=a", "cookie", 1_000);
        assert_eq!(shown().after_choice(1_001), None);
        let offered = || shown().offering(Some("sid".to_owned()));
        assert_eq!(offered().chosen(), None, "shown is not chosen");
        let chosen = offered().after_choice(1_001).unwrap();
        assert_eq!((chosen.chosen(), chosen.sign_in_since), (Some("sid"), None));
        assert_eq!(offered().after_sign_in("new", 1_001).chosen(), None);
        assert_eq!(offered().after_sign_in("sid", 1_001).chosen(), None, "whoever signs in has not chosen");
    }

    #[test]
    fn going_on_after_a_sign_in_has_minutes_not_an_hour() {
        let interaction = Interaction::sign_in(&issuer(), "client_id=a", "cookie", 1_000).after_sign_in("sid", 4_000);
        let text = keys().seal(&interaction).unwrap();
        assert_eq!(keys().open(&text, "cookie", 4_000 + GO_ON_SECS - 1), Ok(interaction));
        assert_eq!(keys().open(&text, "cookie", 4_000 + GO_ON_SECS), Err(InteractionLost));
    }
}
