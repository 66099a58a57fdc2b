//! Signed backchannel authentication requests (CIBA Core 1.0 §7.1.1): all parameters in a JWT, which counts once.

use serde_json::{Map, Value};
use symbolon_jose::VerifyingKeys;
use symbolon_jose::jwt::{self, Policy, is_same_type};

use crate::client_auth;
use crate::context::Context;
use crate::error::OAuthError;
use crate::params::Params;
use crate::profile::Demand;
use crate::registration::Client;
use crate::request_object;

/// Difference of clocks allowed on what others issue.
const SKEW_SECS: u64 = 15;
/// A request object that is good for longer is refused.
const MAX_LIFETIME_SECS: u64 = 3_600;
const MAX_JTI_BYTES: usize = 256;

/// A signed request that holds, and must not have been sent before.
#[derive(Debug)]
pub struct SignedRequest {
    /// Its parameters.
    pub params: Params,
    /// What to remember: the same for the same client and `jti`.
    pub key: [u8; 32],
    /// How long to remember it, Unix seconds.
    pub remember_until: u64,
}

/// Takes the parameters out of `request`, if there is one. A client that is registered to sign must.
///
/// # Errors
/// Everything that §7.1.1 asks for and is not so.
pub fn open(
    ctx: &Context<'_>,
    client: &Client,
    keys: Option<&VerifyingKeys>,
    params: &Params,
) -> Result<Option<SignedRequest>, OAuthError> {
    let registered = client.backchannel.backchannel_authentication_request_signing_alg;
    let strict = client.profile().demands(Demand::SignedBackchannelRequest);
    let (Some(text), Some(alg)) = (params.get("request"), registered) else {
        return match (params.get("request"), registered) {
            (None, None) if !strict => Ok(None),
            (Some(_), _) => Err(invalid("the client is not registered to sign its requests")),
            (None, _) => Err(invalid("the client must sign its requests")),
        };
    };
    // "Authentication request parameters MUST NOT be present outside of the JWT"; beside it only who the client is.
    let beside = |name: &str| name == "request" || client_auth::PARAMETERS.contains(&name);
    if params.iter().any(|(name, _)| !beside(name)) {
        return Err(invalid("parameters beside a signed request belong into it"));
    }
    let keys = keys.ok_or(invalid("the client has no keys to verify its requests with"))?;
    let policy = Policy::new(client.client_id.as_str(), ctx.issuer.as_str()).leeway_secs(SKEW_SECS);
    let policy = policy.require("iat").require("nbf").require("jti");
    let verified = jwt::verify::<Map<String, Value>>(text, keys, &policy, ctx.now).map_err(|error| failure(&error))?;
    if verified.algorithm() != alg || !client.profile().allows_alg(alg) || !verified.typ().is_none_or(is_kind) {
        return Err(invalid("the request is signed with another algorithm, or is another kind of token"));
    }
    let (exp, iat) = (verified.exp().unwrap_or(0), verified.iat().unwrap_or(u64::MAX));
    let bound = ctx.now.saturating_add(SKEW_SECS);
    // FAPI-CIBA §5.2.2 counts from nbf on, CIBA itself leaves it to us.
    let is_long = strict && exp > verified.nbf().unwrap_or(0).saturating_add(MAX_LIFETIME_SECS);
    if iat > bound || is_long || exp > bound.saturating_add(MAX_LIFETIME_SECS) {
        return Err(invalid("the request was issued in the future, or is good for too long"));
    }
    let claims = verified.into_claims();
    let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len()));
    let jti = jti.ok_or(invalid("the request has no jti"))?;
    let key = symbolon_jose::sha256(format!("{}\0{jti}", client.client_id.as_str()).as_bytes());
    if ["request", "request_uri", "sub"].iter().any(|name| claims.contains_key(*name)) {
        return Err(invalid("request, request_uri and sub must not be in a signed request"));
    }
    let params = request_object::parameters(claims).map_err(|_| invalid("the request is not well-formed"))?;
    Ok(Some(SignedRequest { params, key, remember_until: exp.saturating_add(SKEW_SECS) }))
}

/// Never a token of another kind.
fn is_kind(typ: &str) -> bool {
    ["JWT", request_object::TYP].iter().any(|kind| is_same_type(kind, typ))
}

const fn invalid(why: &'static str) -> OAuthError {
    OAuthError::SignedRequestInvalid(why)
}

fn failure(error: &symbolon_jose::Error) -> OAuthError {
    use symbolon_jose::Error as E;
    invalid(match error {
        E::Expired | E::NotYetValid => "the request has expired or is not yet valid",
        E::ClaimMissing(_) => "the request lacks one of iss, aud, exp, iat, nbf and jti",
        E::IssuerMismatch => "iss of the request is not the client",
        error if error.is_signature() || error.is_unknown_key() || *error == E::AlgorithmMismatch => {
            "the request is not signed with a key of this client"
        }
        _ => "the request is not well-formed, or for somebody else",
    })
}
