//! `private_key_jwt`: an assertion signed with the client's key (RFC 7523 §3, as tightened by RFC 10070).
//!
//! The issuer is the only audience, as a plain string, and the expiry at most five minutes away: with anything looser, another server that names
//! our token endpoint as its own could talk the client into an assertion for us (CVE-2025-27370). Clients older than that rule have a switch of
//! their own, where their profile leaves it to them; whoever says `client-authentication+jwt` says that it knows the rule, and is held to it. Never
//! are there two audiences. Refuses a missing or used `jti` (CVE-2020-15222) and every algorithm but signatures.

use serde::Deserialize;
use symbolon_jose::jwt::{self, Audience, Policy, Verified, is_same_type};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};
use zeroize::Zeroizing;

use super::{AuthenticatedClient, Credentials, Proof};
use crate::context::Context;
use crate::endpoint::path;
use crate::error::{ClientAuthFailure, OAuthError, Presented};
use crate::params::Params;
use crate::profile::{BRIEF_SECS, Demand};
use crate::registration::{AuthMethod, Client};

pub(super) const NAME: &str = "private_key_jwt";

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// What an assertion says it is (RFC 10070).
const TYP: &str = "client-authentication+jwt";
/// Difference of clocks allowed on what others issue.
pub(super) const SKEW_SECS: u64 = 15;
const MAX_JTI_BYTES: usize = 256;

/// What an assertion may be signed with.
pub const SIGNING_ALGS: &[Algorithm] = Algorithm::ASYMMETRIC;

/// The claims of an assertion, with a signature or a MAC.
#[derive(Deserialize)]
pub(super) struct AssertionClaims {
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    aud: Option<Audience>,
    #[serde(default)]
    jti: Option<String>,
}

/// A good assertion that must not have been used before.
#[derive(Clone, Debug)]
#[must_use]
pub struct PendingAssertion<'c> {
    client: &'c Client,
    /// What to remember: the same for the same client and `jti`.
    pub key: [u8; 32],
    /// How long to remember it, Unix seconds.
    pub expires_at: u64,
}

/// Whether the replay memory saw a key for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstUse {
    /// It knew it already.
    No,
    /// It did not.
    Yes,
}

impl<'c> PendingAssertion<'c> {
    /// Turns into an authenticated client if this was the first use.
    ///
    /// # Errors
    /// The assertion was used before.
    pub fn remembered(self, first: FirstUse) -> Result<AuthenticatedClient<'c>, OAuthError> {
        match first {
            FirstUse::Yes => Ok(AuthenticatedClient { client: self.client }),
            FirstUse::No => Err(OAuthError::client_auth(ClientAuthFailure::AssertionReplayed, Presented::Body)),
        }
    }
}

/// Parses a client's registered keys, once, for the shell's snapshot: they sign its assertions and its request objects.
#[must_use]
pub fn keys_of(client: &Client) -> Option<VerifyingKeys> {
    let set = JwkSet::from_value(client.jwks.as_ref()?).ok()?;
    Some(VerifyingKeys::from_jwks(&set, SIGNING_ALGS))
}

pub(super) fn read(params: &Params) -> Result<Credentials, OAuthError> {
    let malformed = || OAuthError::client_auth(ClientAuthFailure::AssertionMalformed, Presented::Body);
    if params.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(malformed());
    }
    let assertion = params.get("client_assertion").ok_or_else(malformed)?;
    // Only to know whom to look up; the signature decides later.
    let parts = jwt::decode_unverified(assertion).map_err(|_| malformed())?;
    let sub =
        parts.claims.get("sub").and_then(|sub| sub.as_str()).filter(|sub| !sub.is_empty()).ok_or_else(malformed)?;
    if params.get("client_id").is_some_and(|client_id| client_id != sub) {
        return Err(OAuthError::ParameterInvalid("client_id"));
    }
    Ok(Credentials { client_id: sub.to_owned(), proof: Proof::Assertion(Zeroizing::new(assertion.to_owned())) })
}

pub(super) fn verify<'c>(
    ctx: &Context<'_>,
    client: &'c Client,
    keys: Option<&VerifyingKeys>,
    assertion: &str,
) -> Result<PendingAssertion<'c>, ClientAuthFailure> {
    if client.token_endpoint_auth_method != AuthMethod::PrivateKeyJwt {
        return Err(ClientAuthFailure::MethodNotRegistered);
    }
    let keys = keys.ok_or(ClientAuthFailure::AssertionSignature)?;
    let client_id = client.client_id.as_str();
    // The audience is compared below, more strictly than the policy would.
    let policy = Policy::danger_any_audience(client_id).leeway_secs(SKEW_SECS);
    let verified = jwt::verify::<AssertionClaims>(assertion, keys, &policy, ctx.now).map_err(failure)?;
    judge(ctx, client, verified)
}

/// What an assertion says, once the key that made it is the client's.
pub(super) fn judge<'c>(
    ctx: &Context<'_>,
    client: &'c Client,
    verified: Verified<AssertionClaims>,
) -> Result<PendingAssertion<'c>, ClientAuthFailure> {
    let client_id = client.client_id.as_str();
    let alg = verified.algorithm();
    // OpenID Connect Registration §2: "All Token Requests using these authentication methods from this Client MUST be rejected, if the JWT
    // is not signed with this algorithm."
    if client.metadata.token_endpoint_auth_signing_alg.is_some_and(|only| !alg.answers_to(only.name())) {
        return Err(ClientAuthFailure::AssertionAlgorithm);
    }
    let knows_the_rule = says_it_is_one(verified.typ())?;
    let strict =
        knows_the_rule || !client.legacy_assertion_audience || client.profile().demands(Demand::IssuerAudience);
    // A MAC gets here under a secret only.
    let under_secret = alg.is_symmetric() && client.profile().allows_auth_method(AuthMethod::ClientSecretJwt);
    if !under_secret && !client.profile().allows_alg(alg) {
        return Err(ClientAuthFailure::AssertionAlgorithm);
    }
    // FAPI 2.0 §5.3.2.1: what was issued more than 60 seconds from now is refused, and what was issued 10 from now is not.
    if verified.iat().is_some_and(|iat| iat > ctx.now.saturating_add(SKEW_SECS)) {
        return Err(ClientAuthFailure::AssertionExpiry);
    }
    let exp = verified.exp().ok_or(ClientAuthFailure::AssertionExpiry)?;
    let lifetime_secs = if strict { BRIEF_SECS } else { client.profile().assertion_secs() };
    if exp > ctx.now.saturating_add(lifetime_secs + SKEW_SECS) {
        return Err(ClientAuthFailure::AssertionExpiry);
    }
    let AssertionClaims { iss, sub, aud, jti } = verified.into_claims();
    if iss.as_deref() != Some(client_id) || sub.as_deref() != Some(client_id) {
        return Err(ClientAuthFailure::AssertionIssuer);
    }
    let for_us = if strict { is_issuer(ctx, aud.as_ref()) } else { is_ours(ctx, aud.as_ref()) };
    if !for_us {
        return Err(ClientAuthFailure::AssertionAudience);
    }
    let jti =
        jti.filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len())).ok_or(ClientAuthFailure::AssertionMalformed)?;
    let key = symbolon_jose::sha256(format!("{client_id}\0{jti}").as_bytes());
    Ok(PendingAssertion { client, key, expires_at: exp.saturating_add(SKEW_SECS) })
}

/// Whether it names its kind; clients older than RFC 10070 say `JWT` or nothing. Never a token of another kind.
fn says_it_is_one(typ: Option<&str>) -> Result<bool, ClientAuthFailure> {
    match typ {
        Some(typ) if is_same_type(TYP, typ) => Ok(true),
        Some(typ) if !is_same_type("JWT", typ) => Err(ClientAuthFailure::AssertionMalformed),
        _ => Ok(false),
    }
}

fn is_issuer(ctx: &Context<'_>, aud: Option<&Audience>) -> bool {
    matches!(aud, Some(Audience::One(name)) if name == ctx.issuer.as_str())
}

/// OpenID Connect Core §9: "The Audience SHOULD be the URL of the Authorization Server's Token Endpoint". RFC 9126 §2: "its issuer identifier,
/// token endpoint URL, or pushed authorization request endpoint URL"; CIBA Core §7.1 the same of its own. One of them, also as a list.
fn is_ours(ctx: &Context<'_>, aud: Option<&Audience>) -> bool {
    let name = match aud {
        Some(Audience::One(name)) => name,
        Some(Audience::Many(names)) if names.len() == 1 => &names[0],
        _ => return false,
    };
    let endpoints = [path::TOKEN, path::PUSHED_AUTHORIZATION, path::BACKCHANNEL_AUTHENTICATION];
    name == ctx.issuer.as_str() || endpoints.iter().any(|path| *name == ctx.issuer.endpoint(path))
}

pub(super) fn failure(error: symbolon_jose::Error) -> ClientAuthFailure {
    if error.is_expired() {
        ClientAuthFailure::AssertionExpiry
    } else if error.is_signature() || error.is_unknown_key() {
        ClientAuthFailure::AssertionSignature
    } else {
        ClientAuthFailure::AssertionMalformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::SecurityProfile;
    use crate::testing::{NOW, at, machine};
    use serde_json::{Value, json};
    use symbolon_jose::{Jwk, SigningKey};

    const ISSUER: &str = "https://auth.example";

    struct World {
        client: Client,
        key: SigningKey,
    }

    fn world() -> World {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let jwks = json!({ "keys": [jwk.public().unwrap().public_value().unwrap()] });
        let client = Client { token_endpoint_auth_method: AuthMethod::PrivateKeyJwt, jwks: Some(jwks), ..machine() };
        assert_eq!(client.validate(), Ok(()));
        World { client, key: SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap() }
    }

    fn claims(changes: &Value) -> Value {
        let mut claims =
            json!({ "iss": "machine", "sub": "machine", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "j1" });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn run_signed(world: &World, assertion: &str) -> Result<([u8; 32], u64), ClientAuthFailure> {
        let keys = keys_of(&world.client);
        at(NOW, |ctx| {
            verify(ctx, &world.client, keys.as_ref(), assertion).map(|pending| (pending.key, pending.expires_at))
        })
    }

    fn run_typed(world: &World, typ: &str, changes: &Value) -> Result<([u8; 32], u64), ClientAuthFailure> {
        run_signed(world, &jwt::sign(&world.key, typ, &claims(changes)).unwrap())
    }

    fn run(world: &World, changes: &Value) -> Result<([u8; 32], u64), ClientAuthFailure> {
        run_typed(world, "client-authentication+jwt", changes)
    }

    #[test]
    fn a_good_assertion_counts_once() {
        let world = world();
        let (key, expires_at) = run(&world, &json!({})).unwrap();
        assert_eq!(expires_at, NOW + 60 + 15);
        assert_eq!(run(&world, &json!({})).unwrap().0, key, "the same jti is the same key");
        assert_ne!(run(&world, &json!({"jti": "j2"})).unwrap().0, key);
        let pending = PendingAssertion { client: &world.client, key, expires_at };
        assert!(pending.clone().remembered(FirstUse::Yes).is_ok());
        let replayed = OAuthError::client_auth(ClientAuthFailure::AssertionReplayed, Presented::Body);
        assert_eq!(pending.remembered(FirstUse::No).err(), Some(replayed));
    }

    /// What is said to a client of this profile with the switch for old clients.
    fn judged(profile: SecurityProfile, typ: &str, aud: &Value) -> Result<(), ClientAuthFailure> {
        let mut world = world();
        world.client.security.security_profile = profile;
        world.client.legacy_assertion_audience = true;
        run_typed(&world, typ, &json!({ "aud": aud })).map(|_| ())
    }

    #[test]
    fn the_issuer_is_the_only_audience_rfc_10070_cve_2025_27370() {
        let refused = Err(ClientAuthFailure::AssertionAudience);
        let world = world();
        for aud in [json!([ISSUER]), json!(format!("{ISSUER}/oauth/token")), json!("https://evil.example")] {
            let answer = run_typed(&world, "JWT", &json!({"aud": aud})).map(|_| ());
            assert_eq!(answer, refused, "without the switch: {aud}");
        }
        for (profile, typ) in [
            (SecurityProfile::Oidc, TYP),
            (SecurityProfile::Ciba, TYP),
            (SecurityProfile::Fapi2, "JWT"),
            (SecurityProfile::Fapi2Signed, "JWT"),
        ] {
            assert_eq!(judged(profile, typ, &json!(ISSUER)), Ok(()), "{profile:?}");
            for aud in [
                json!([ISSUER]),
                json!([ISSUER, "https://evil.example"]),
                json!(format!("{ISSUER}/oauth/token")),
                json!(format!("{ISSUER}/")),
                json!("https://evil.example"),
                Value::Null,
                json!([]),
            ] {
                assert_eq!(judged(profile, typ, &aud), refused, "{profile:?} {typ} {aud}");
            }
        }
    }

    #[test]
    fn core_section_9_and_ciba_section_7_1_old_clients_name_one_of_our_endpoints() {
        for profile in [SecurityProfile::Oidc, SecurityProfile::Ciba, SecurityProfile::Fapi1] {
            for path in ["", "/oauth/token", "/oauth/par", "/oauth/bc-authorize"] {
                let ours = format!("{ISSUER}{path}");
                assert_eq!(judged(profile, "JWT", &json!(ours)), Ok(()), "{profile:?} {path}");
                assert_eq!(judged(profile, "JWT", &json!([ours])), Ok(()), "{profile:?} {path}");
                let two = json!([ours, "https://evil.example"]);
                assert_eq!(judged(profile, "JWT", &two), Err(ClientAuthFailure::AssertionAudience), "{path}");
            }
            for aud in [
                json!([ISSUER, format!("{ISSUER}/oauth/token")]),
                json!("https://evil.example/oauth/token"),
                json!(format!("{ISSUER}/oauth/revoke")),
                json!(format!("{ISSUER}/oauth/token/")),
                json!([]),
                Value::Null,
            ] {
                assert_eq!(judged(profile, "JWT", &aud), Err(ClientAuthFailure::AssertionAudience), "{aud}");
            }
        }
    }

    #[test]
    fn expiry_is_ahead_and_five_minutes_away_but_an_hour_for_old_clients() {
        let mut world = world();
        for (profile, old, secs) in [
            (SecurityProfile::Oidc, false, 300),
            (SecurityProfile::Oidc, true, 3_600),
            (SecurityProfile::Ciba, true, 300),
            (SecurityProfile::Fapi1, true, 300),
            (SecurityProfile::Fapi2, true, 300),
            (SecurityProfile::Fapi2Signed, true, 300),
        ] {
            world.client.security.security_profile = profile;
            world.client.legacy_assertion_audience = old;
            for (exp, ok) in [(NOW + secs + 15, true), (NOW - 14, true), (NOW + secs + 16, false), (NOW - 16, false)] {
                let result = run_typed(&world, "JWT", &json!({ "exp": exp })).map(|_| ());
                assert_eq!(result, if ok { Ok(()) } else { Err(ClientAuthFailure::AssertionExpiry) }, "{profile:?}");
            }
        }
        for changes in [json!({"exp": null}), json!({"exp": "never"}), json!({"nbf": NOW + 60})] {
            assert!(run(&world, &changes).is_err(), "{changes}");
        }
    }

    #[test]
    fn issuer_subject_and_jti_are_required_cve_2020_15222() {
        let world = world();
        for changes in [json!({"iss": "other"}), json!({"iss": null}), json!({"sub": "other"}), json!({"sub": null})] {
            assert!(run(&world, &changes).is_err(), "{changes}");
        }
        for changes in [json!({"jti": null}), json!({"jti": ""}), json!({"jti": 1}), json!({"jti": "j".repeat(257)})] {
            assert_eq!(run(&world, &changes), Err(ClientAuthFailure::AssertionMalformed), "{changes}");
        }
    }

    #[test]
    fn tokens_of_another_kind_are_refused() {
        let world = world();
        for typ in ["JWT", "jwt", "application/client-authentication+jwt"] {
            assert!(run_typed(&world, typ, &json!({})).is_ok(), "{typ}");
        }
        for typ in ["at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt"] {
            assert_eq!(run_typed(&world, typ, &json!({})), Err(ClientAuthFailure::AssertionMalformed), "{typ}");
        }
    }

    #[test]
    fn foreign_signatures_hmac_and_none_are_refused() {
        let (world, other) = (world(), self::world());
        let forged = jwt::sign(&other.key, "JWT", &claims(&json!({}))).unwrap();
        assert!(run_signed(&world, &forged).is_err());
        let hmac = SigningKey::from_jwk(&Jwk::oct(&[7; 32], Algorithm::HS256).unwrap(), Algorithm::HS256).unwrap();
        assert!(run_signed(&world, &jwt::sign(&hmac, "JWT", &claims(&json!({}))).unwrap()).is_err());
        let payload = symbolon_jose::base64url::encode(claims(&json!({})).to_string().as_bytes());
        assert!(run_signed(&world, &format!("eyJhbGciOiJub25lIn0.{payload}.")).is_err());
        assert_eq!(
            at(NOW, |ctx| verify(ctx, &world.client, None, &forged).err()),
            Some(ClientAuthFailure::AssertionSignature)
        );
    }

    #[test]
    fn openid_registration_section_2_only_the_registered_algorithm_counts() {
        let mut world = world();
        world.client.metadata.token_endpoint_auth_signing_alg = Some(Algorithm::ES256);
        assert!(run(&world, &json!({})).is_ok());
        world.client.metadata.token_endpoint_auth_signing_alg = Some(Algorithm::PS256);
        assert_eq!(run(&world, &json!({})), Err(ClientAuthFailure::AssertionAlgorithm));
    }

    #[test]
    fn a_client_registered_for_another_method_is_refused() {
        let mut world = world();
        world.client.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
        assert_eq!(run(&world, &json!({})), Err(ClientAuthFailure::MethodNotRegistered));
    }

    #[test]
    fn the_request_names_whom_to_look_up() {
        let world = world();
        let assertion = jwt::sign(&world.key, "JWT", &claims(&json!({}))).unwrap();
        let asked = |more: &[(&str, &str)]| {
            let form = [("client_assertion", assertion.as_str())].into_iter().chain(more.iter().copied());
            read(&Params::from_pairs(form).unwrap()).map(|credentials| credentials.client_id)
        };
        assert_eq!(asked(&[("client_assertion_type", ASSERTION_TYPE)]).as_deref(), Ok("machine"));
        let other = [("client_assertion_type", ASSERTION_TYPE), ("client_id", "other")];
        assert_eq!(asked(&other), Err(OAuthError::ParameterInvalid("client_id")));
        assert!(asked(&[]).is_err() && asked(&[("client_assertion_type", "saml")]).is_err());
        let nonsense = [("client_assertion", "x.y.z"), ("client_assertion_type", ASSERTION_TYPE)];
        assert!(read(&Params::from_pairs(nonsense).unwrap()).is_err());
    }
}
