//! Assertions of trusted issuers (RFC 7521 §5.2, RFC 7523 §3): who somebody is, said by somebody else.
//!
//! Refuses one for another audience, one that is good for long, one without an id of its own, and tokens of another kind. The caller sees
//! to it that each counts once.

use serde::Deserialize;
use symbolon_jose::jwt::{self, Audience, Policy, is_same_type};
use symbolon_jose::{Error, VerifyingKeys};

use crate::actor::{Actor, MayAct};
use crate::context::Context;
use crate::registration::TrustedIssuer;
use crate::scope::Scope;

/// Difference of clocks allowed on what others issue.
const SKEW_SECS: u64 = 15;
const MAX_JTI_BYTES: usize = 256;
const MAX_SUB_BYTES: usize = 320;

/// An issuer that is registered, and its keys.
#[derive(Clone, Copy, Debug)]
pub struct Trusted<'a> {
    /// Its registration.
    pub issuer: &'a TrustedIssuer,
    /// Its keys ([`TrustedIssuer::keys`]).
    pub keys: &'a VerifyingKeys,
}

/// What a good assertion says.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// Who says it.
    pub issuer: String,
    /// Of whom; what that means, the issuer's registration tells.
    pub sub: String,
    /// At most what may be allowed, if it says so.
    pub scope: Option<Scope>,
    /// When it ends, Unix seconds.
    pub exp: u64,
    /// Who acts for its subject already.
    pub act: Option<Actor>,
    /// Who may.
    pub may_act: Option<MayAct>,
    /// What to remember: the same for the same issuer and `jti`.
    pub key: [u8; 32],
    /// How long to remember it, Unix seconds.
    pub remember_until: u64,
}

/// What is wrong with an assertion, in words for the client's developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssertionFailure(pub &'static str);

impl AssertionFailure {
    /// Used before.
    pub const REPLAYED: Self = Self("the assertion was used before");
    /// Its subject means nobody.
    pub const NOBODY: Self = Self("the assertion's sub is nobody here");
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    aud: Option<Audience>,
    #[serde(default)]
    jti: Option<String>,
    #[serde(default)]
    scope: Option<Scope>,
    #[serde(default)]
    act: Option<Actor>,
    #[serde(default)]
    may_act: Option<MayAct>,
}

/// Whose assertion it says it is, only to know whom to look up; the signature decides later.
#[must_use]
pub fn claimed_issuer(text: &str) -> Option<String> {
    let parts = jwt::decode_unverified(text).ok()?;
    parts.claims.get("iss")?.as_str().map(str::to_owned)
}

/// Verifies an assertion of that issuer.
///
/// # Errors
/// Everything that RFC 7523 §3 asks for and is not so.
pub fn verify(ctx: &Context<'_>, trusted: Option<Trusted<'_>>, text: &str) -> Result<Assertion, AssertionFailure> {
    let Trusted { issuer, keys } = trusted.ok_or(AssertionFailure("the assertion's iss is not trusted here"))?;
    // The audience is compared below, more strictly than the policy would.
    let policy = Policy::danger_any_audience(issuer.issuer.as_str()).leeway_secs(SKEW_SECS);
    let verified = jwt::verify::<Claims>(text, keys, &policy, ctx.now).map_err(|error| failure(&error))?;
    check_type(verified.typ())?;
    let exp = verified.exp().ok_or(AssertionFailure("the assertion has no exp"))?;
    if exp > ctx.now.saturating_add(issuer.max_lifetime_secs + SKEW_SECS) {
        return Err(AssertionFailure("the assertion's exp is too far in the future"));
    }
    if verified.iat().is_some_and(|iat| iat > ctx.now.saturating_add(SKEW_SECS) || iat > exp) {
        return Err(AssertionFailure("the assertion's iat is in the future"));
    }
    let Claims { sub, aud, jti, scope, act, may_act } = verified.into_claims();
    // RFC 7523 §3: "The JWT MUST contain an "aud" (audience) claim containing a value that identifies the authorization server".
    let is_for_us = match &aud {
        Some(Audience::One(name)) => name == ctx.issuer.as_str(),
        Some(Audience::Many(names)) => names.len() == 1 && names[0] == ctx.issuer.as_str(),
        None => false,
    };
    if !is_for_us {
        return Err(AssertionFailure("the assertion's aud must be this issuer and nobody else"));
    }
    let sub = sub.filter(|sub| (1..=MAX_SUB_BYTES).contains(&sub.len()) && !sub.contains('\0'));
    let sub = sub.ok_or(AssertionFailure("the assertion has no sub"))?;
    let jti = jti.filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len()));
    let jti = jti.ok_or(AssertionFailure("the assertion has no jti, or an endless one"))?;
    Ok(Assertion {
        key: symbolon_jose::sha256(format!("{}\0{jti}", issuer.issuer).as_bytes()),
        issuer: issuer.issuer.clone(),
        sub,
        scope,
        exp,
        act: act.map(|act| act.named_by(&issuer.issuer)),
        may_act,
        remember_until: exp.saturating_add(SKEW_SECS),
    })
}

/// Never a token of another kind.
fn check_type(typ: Option<&str>) -> Result<(), AssertionFailure> {
    if typ.is_none_or(|typ| is_same_type("JWT", typ)) {
        Ok(())
    } else {
        Err(AssertionFailure("the assertion's typ is that of another token"))
    }
}

fn failure(error: &Error) -> AssertionFailure {
    AssertionFailure(match error {
        Error::Expired => "the assertion has expired",
        Error::NotYetValid => "the assertion is not valid yet",
        Error::ClaimMissing("exp") => "the assertion has no exp",
        error if error.is_signature() || error.is_unknown_key() || *error == Error::AlgorithmMismatch => {
            "the assertion is not signed with a key of its issuer"
        }
        _ => "the assertion is not well-formed",
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::registration::SubjectRule;
    use crate::testing::{NOW, at};
    use serde_json::{Value, json};
    use symbolon_jose::{Algorithm, Jwk, SigningKey, base64url};

    pub(crate) const PARTNER: &str = "https://partner.example";

    struct World {
        issuer: TrustedIssuer,
        key: SigningKey,
    }

    fn world() -> World {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let jwks = json!({ "keys": [jwk.public_value().unwrap()] });
        let issuer = TrustedIssuer::new(PARTNER, "Partner", jwks, SubjectRule::LoginIdentifier);
        World { issuer, key: SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap() }
    }

    fn claims(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": PARTNER, "sub": "ada@example.com", "aud": "https://auth.example", "exp": NOW + 60, "iat": NOW, "jti": "j1"
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn shown(world: &World, text: &str) -> Result<Assertion, AssertionFailure> {
        let keys = world.issuer.keys().unwrap();
        at(NOW, |ctx| verify(ctx, Some(Trusted { issuer: &world.issuer, keys: &keys }), text))
    }

    fn said(world: &World, changes: &Value) -> Result<Assertion, AssertionFailure> {
        shown(world, &jwt::sign(&world.key, "JWT", &claims(changes)).unwrap())
    }

    #[test]
    fn a_good_assertion_says_who_somebody_is() {
        let world = world();
        let assertion = said(&world, &json!({"scope": "read", "act": {"sub": "app"}})).unwrap();
        assert_eq!((assertion.sub.as_str(), assertion.exp), ("ada@example.com", NOW + 60));
        assert_eq!((assertion.scope, assertion.remember_until), (Some(Scope::parse("read").unwrap()), NOW + 75));
        assert_eq!(assertion.act.unwrap().iss.as_deref(), Some(PARTNER));
        assert_eq!(said(&world, &json!({})).unwrap().key, assertion.key, "the same jti is the same key");
        assert_ne!(said(&world, &json!({"jti": "j2"})).unwrap().key, assertion.key);
    }

    #[test]
    fn rfc7523_section_3_point_1_iss_is_a_trusted_one() {
        let world = world();
        for changes in [json!({"iss": "https://elsewhere.example"}), json!({"iss": null}), json!({"iss": 1})] {
            assert!(said(&world, &changes).is_err(), "{changes}");
        }
        let text = jwt::sign(&world.key, "JWT", &claims(&json!({}))).unwrap();
        assert_eq!(claimed_issuer(&text).as_deref(), Some(PARTNER));
        assert_eq!(claimed_issuer("x.y.z"), None);
        let nobody = at(NOW, |ctx| verify(ctx, None, &text));
        assert_eq!(nobody, Err(AssertionFailure("the assertion's iss is not trusted here")));
    }

    #[test]
    fn rfc7523_section_3_point_2_sub_is_required() {
        let world = world();
        for changes in [json!({"sub": null}), json!({"sub": ""}), json!({"sub": 7}), json!({"sub": "s".repeat(321)})] {
            assert!(said(&world, &changes).is_err(), "{changes}");
        }
    }

    #[test]
    fn rfc7523_section_3_point_3_aud_is_this_issuer_and_nobody_else() {
        let world = world();
        let ours = "https://auth.example";
        assert!(said(&world, &json!({"aud": [ours]})).is_ok());
        for aud in [
            Value::Null,
            json!([]),
            json!("https://auth.example/"),
            json!("https://auth.example/oauth/token"),
            json!("https://elsewhere.example"),
            json!([ours, "https://elsewhere.example"]),
        ] {
            assert!(said(&world, &json!({"aud": aud})).is_err(), "{aud}");
        }
    }

    #[test]
    fn rfc7523_section_3_point_4_exp_is_required_ahead_and_near() {
        let world = world();
        for (exp, ok) in [(NOW - 16, false), (NOW - 14, true), (NOW + 315, true), (NOW + 316, false)] {
            assert_eq!(said(&world, &json!({"exp": exp, "iat": null})).is_ok(), ok, "{exp}");
        }
        assert!(said(&world, &json!({"exp": null})).is_err() && said(&world, &json!({"exp": "never"})).is_err());
        let mut longer = self::world();
        longer.issuer.max_lifetime_secs = 3_600;
        assert!(said(&longer, &json!({"exp": NOW + 3_600})).is_ok());
    }

    #[test]
    fn rfc7523_section_3_points_5_and_6_times_are_kept() {
        let world = world();
        assert!(said(&world, &json!({"nbf": NOW + 15, "iat": NOW + 15})).is_ok());
        for changes in [json!({"nbf": NOW + 16}), json!({"iat": NOW + 16}), json!({"iat": "now"})] {
            assert!(said(&world, &changes).is_err(), "{changes}");
        }
    }

    #[test]
    fn rfc7523_section_3_point_7_an_assertion_without_an_id_could_be_replayed() {
        let world = world();
        for jti in [Value::Null, json!(""), json!(1), json!("j".repeat(257))] {
            assert!(said(&world, &json!({"jti": jti})).is_err(), "{jti}");
        }
    }

    #[test]
    fn rfc7523_section_3_point_9_it_is_signed_by_its_issuer() {
        let (world, other) = (world(), self::world());
        assert!(shown(&world, &jwt::sign(&other.key, "JWT", &claims(&json!({}))).unwrap()).is_err());
        let secret = Jwk::oct(&[7; 32], Algorithm::HS256).unwrap();
        let hmac = SigningKey::from_jwk(&secret, Algorithm::HS256).unwrap();
        assert!(shown(&world, &jwt::sign(&hmac, "JWT", &claims(&json!({}))).unwrap()).is_err());
        let payload = base64url::encode(claims(&json!({})).to_string().as_bytes());
        assert!(shown(&world, &format!("eyJhbGciOiJub25lIn0.{payload}.")).is_err());
        for text in ["", "x", "a.b.c", "a.b.c.d.e"] {
            assert!(shown(&world, text).is_err(), "{text}");
        }
    }

    #[test]
    fn rfc8725_section_3_11_a_token_of_another_kind_is_no_assertion() {
        let world = world();
        for typ in ["at+jwt", "logout+jwt", "client-authentication+jwt", "dpop+jwt", "secevent+jwt"] {
            assert!(shown(&world, &jwt::sign(&world.key, typ, &claims(&json!({}))).unwrap()).is_err(), "{typ}");
        }
    }
}
