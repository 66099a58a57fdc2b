//! A logout token, as a client verifies it (OpenID Connect Back-Channel Logout 1.0 §2.6).
//!
//! Refused: what is no logout token (`typ`, `events`), what could be an ID token (`nonce`), what names neither session nor person, and
//! what is older than two minutes.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};
use symbolon_jose::VerifyingKeys;
use symbolon_jose::jwt::{self, Policy};

use crate::logout_token::{LIFETIME_SECS, TYP};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Tolerated difference of clocks, seconds (specs rule 8).
const LEEWAY_SECS: u64 = 15;

/// What has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// This session, and of this person where one is named.
    Session {
        /// The session.
        sid: String,
        /// The person.
        sub: Option<String>,
    },
    /// All sessions of this person.
    Everything {
        /// The person.
        sub: String,
    },
}

impl Ended {
    /// Whether a session of `sub` and `sid` is among what has ended.
    pub fn covers(&self, sub: &str, sid: Option<&str>) -> bool {
        match self {
            Self::Session { sid: ended, sub: of } => sid == Some(ended) && of.as_deref().is_none_or(|of| of == sub),
            Self::Everything { sub: ended } => ended == sub,
        }
    }
}

/// Why a logout token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogoutRefused {
    /// The signature, the type, the issuer, the audience or the time.
    Token(symbolon_jose::Error),
    /// It names neither a session nor a person.
    NamesNobody,
    /// It has a `nonce`, which only an ID token has.
    Nonce,
    /// It does not say that a session has ended.
    OtherEvent,
}

impl fmt::Display for LogoutRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => error.fmt(f),
            Self::NamesNobody => f.write_str("the logout token names neither a session nor a person"),
            Self::Nonce => f.write_str("the logout token has a nonce"),
            Self::OtherEvent => f.write_str("the logout token is about another event"),
        }
    }
}

impl std::error::Error for LogoutRefused {}

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    sid: Option<String>,
    events: Option<Map<String, Value>>,
    nonce: Option<Value>,
}

/// Verifies `token` of `issuer`, meant for `client_id`.
///
/// # Errors
/// [`LogoutRefused`]; nothing has ended then.
pub fn verify(
    token: &str,
    keys: &VerifyingKeys,
    issuer: &str,
    client_id: &str,
    now: u64,
) -> Result<Ended, LogoutRefused> {
    let policy = Policy::new(issuer, client_id)
        .accept_type(TYP)
        .require("jti")
        .max_age_secs(LIFETIME_SECS)
        .leeway_secs(LEEWAY_SECS);
    let verified = jwt::verify::<Claims>(token, keys, &policy, now).map_err(LogoutRefused::Token)?;
    let Claims { sub, sid, events, nonce } = verified.into_claims();
    if !events.is_some_and(|events| events.get(EVENT).is_some_and(Value::is_object)) {
        return Err(LogoutRefused::OtherEvent);
    }
    // §2.6 rule 5: "Verify that the Logout Token does not contain a nonce Claim."
    if nonce.is_some() {
        return Err(LogoutRefused::Nonce);
    }
    match (sid, sub) {
        (Some(sid), sub) => Ok(Ended::Session { sid, sub }),
        (None, Some(sub)) => Ok(Ended::Everything { sub }),
        (None, None) => Err(LogoutRefused::NamesNobody),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey};

    use super::*;

    const ISSUER: &str = "https://auth.example";
    const NOW: u64 = 1_800_000_000;

    fn verified(typ: &str, change: &[(&str, Value)]) -> Result<Ended, LogoutRefused> {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let mut claims = json!({
            "iss": ISSUER, "aud": "app", "sub": "usr_ada", "sid": "s", "iat": NOW, "exp": NOW + 120, "jti": "j",
            "events": { EVENT: {} },
        });
        for (name, value) in change {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
                value => claims[*name] = value.clone(),
            }
        }
        let token = jwt::sign(&SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap(), typ, &claims).unwrap();
        let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::ES256).unwrap());
        verify(&token, &keys, ISSUER, "app", NOW)
    }

    #[test]
    fn what_has_ended_is_told() {
        let session = verified(TYP, &[]).unwrap();
        assert!(session.covers("usr_ada", Some("s")));
        for (sub, sid) in [("usr_ada", Some("t")), ("usr_bob", Some("s")), ("usr_ada", None)] {
            assert!(!session.covers(sub, sid), "{sub} {sid:?}");
        }
        let everything = verified(TYP, &[("sid", json!(null))]).unwrap();
        assert!(everything.covers("usr_ada", Some("t")) && !everything.covers("usr_bob", Some("s")));
    }

    #[test]
    fn backchannel_logout_section_2_6_everything_else_is_refused() {
        use LogoutRefused as R;
        for (typ, change, why) in [
            ("JWT", &[][..], R::Token(Error::TypeMismatch)),
            (TYP, &[("iss", json!("https://evil.example"))], R::Token(Error::IssuerMismatch)),
            (TYP, &[("aud", json!("other"))], R::Token(Error::AudienceMismatch)),
            (TYP, &[("exp", json!(NOW - 60))], R::Token(Error::Expired)),
            (TYP, &[("iat", json!(NOW - 300)), ("exp", json!(NOW + 600))], R::Token(Error::TooOld)),
            (TYP, &[("jti", json!(null))], R::Token(Error::ClaimMissing("jti"))),
            (TYP, &[("events", json!(null))], R::OtherEvent),
            (TYP, &[("events", json!({ "x": {} }))], R::OtherEvent),
            (TYP, &[("nonce", json!("n"))], R::Nonce),
            (TYP, &[("sub", json!(null)), ("sid", json!(null))], R::NamesNobody),
        ] {
            assert_eq!(verified(typ, change), Err(why), "{typ} {change:?}");
        }
    }
}
