//! Request objects: the parameters of an authorization request as a JWT (RFC 9101, OpenID Connect Core §6).
//!
//! A signed object speaks for itself: what stands beside it does not count (RFC 9101 §6.3). An unsigned one proves nothing, so only
//! clients that are registered for `none` send one, and what it lacks is taken from beside it (Core §6.1). Refuses objects of another
//! client, for another server, of another kind of JWT, with a request inside the request, and every key but the client's own: what a
//! header says of keys is not read.

use serde_json::{Map, Value};
use symbolon_jose::json::{Limits, parse_strict};
use symbolon_jose::jwe::{self, DecryptingKeys};
use symbolon_jose::jwt::{self, Policy, Verified, is_same_type};
use symbolon_jose::{Algorithm, VerifyingKeys, base64url};
use zeroize::Zeroizing;

use crate::authorize::ObjectKind;
use crate::error::OAuthError;
use crate::ids::Issuer;
use crate::json::holds_nul;
use crate::params::Params;
use crate::profile::Demand;
use crate::registration::{Client, RequestObjectAlg};
use crate::shared_keys::SharedKeys;

/// The media type of a request object, and with it the `typ` (RFC 9101 §10.8).
pub const TYP: &str = "oauth-authz-req+jwt";

/// Difference of clocks allowed on what others issue.
const SKEW_SECS: u64 = 15;
/// How long the request of a client may count whose profile wants it signed, from its `nbf` on.
const LONGEST_SECS: u64 = 3_600;
/// The largest unsigned object; a signed one has the bound of every signed token.
const MAX_UNSIGNED_BYTES: usize = 16 * 1024;
/// Claims of the JWT itself, which are no parameters.
const OF_THE_JWT: &[&str] = &["aud", "exp", "iat", "iss", "jti", "nbf"];
/// RFC 9101 §4: "request and request_uri parameters MUST NOT be included in Request Objects". One with a `sub` could be shown as a
/// client assertion (§10.8).
const NEVER_INSIDE: &[&str] = &["request", "request_uri", "sub"];

const MALFORMED: OAuthError = OAuthError::RequestObjectInvalid("the request object is not well-formed");

/// The keys that a request object may need.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys<'a> {
    /// Those of its client ([`crate::client_auth::keys_of`]), which sign it.
    pub verifying: Option<&'a VerifyingKeys>,
    /// This server's own, to which it may be encrypted.
    pub decrypting: Option<&'a DecryptingKeys>,
    /// Those that the client's secret makes, for one that is registered for a MAC (OpenID Connect Core §6.1, §10.1).
    pub shared: &'a [SharedKeys],
}

/// Opens the request objects of one client.
#[derive(Clone, Copy, Debug)]
pub struct Opener<'a> {
    /// Whose they must be.
    pub client: &'a Client,
    /// The keys.
    pub keys: Keys<'a>,
    /// Whom they must be for.
    pub issuer: &'a Issuer,
    /// Unix seconds.
    pub now: u64,
}

impl Opener<'_> {
    /// The parameters of a request that came as the object `text`, with `beside` as the parameters next to it.
    ///
    /// # Errors
    /// [`OAuthError::RequestObjectInvalid`], or that something beside it contradicts it.
    pub fn open(&self, beside: &Params, text: &str) -> Result<(Params, ObjectKind), OAuthError> {
        if let Some(name) = ["client_id", "request", "request_uri"].into_iter().find(|name| beside.is_repeated(name)) {
            return Err(OAuthError::ParameterRepeated(name.to_owned()));
        }
        let decrypted = if is_encrypted(text) { Some(decrypted(self.keys, text)?) } else { None };
        let text = decrypted.as_ref().map_or(text, |inside| inside.as_str());
        let (claims, kind) = if text.ends_with('.') { self.unsigned(text)? } else { self.signed(text)? };
        if NEVER_INSIDE.iter().any(|name| claims.contains_key(*name)) {
            return Err(OAuthError::RequestObjectInvalid(
                "request, request_uri and sub must not be in a request object",
            ));
        }
        self.check_audience(claims.get("aud"))?;
        let inside = parameters(claims)?;
        // RFC 9101 §6.3, and Core §6.1 for response_type: "values ... MUST match those in the Request Object".
        let own = self.client.client_id.as_str();
        match (inside.get("client_id"), kind) {
            (Some(client_id), _) if client_id != own => {
                return Err(OAuthError::RequestObjectInvalid("the request object is another client's"));
            }
            (None, ObjectKind::Signed(_)) => {
                return Err(OAuthError::RequestObjectInvalid("client_id is missing in the request object"));
            }
            _ => {}
        }
        if let (Some(one), Some(other)) = (beside.get("response_type"), inside.get("response_type"))
            && one != other
        {
            return Err(OAuthError::RequestObjectInvalid("response_type differs inside and beside the request object"));
        }
        match kind {
            ObjectKind::Signed(_) => Ok((inside, kind)),
            ObjectKind::Unsigned => Ok((filled(&inside, beside)?, kind)),
        }
    }

    fn signed(&self, text: &str) -> Result<(Map<String, Value>, ObjectKind), OAuthError> {
        let registered = self.client.requests.request_object_signing_alg;
        let wrong_alg = OAuthError::RequestObjectInvalid("the client is registered for another algorithm");
        if registered == Some(RequestObjectAlg::Unsigned) {
            return Err(wrong_alg);
        }
        let verified = self.verified(text, registered)?;
        check_type(verified.typ())?;
        let alg = verified.algorithm();
        if !self.client.allows_request_object_alg(RequestObjectAlg::Signed(alg)) {
            return Err(wrong_alg);
        }
        if verified.iat().is_some_and(|iat| iat > self.now.saturating_add(SKEW_SECS)) {
            return Err(EXPIRED);
        }
        if self.client.profile().demands(Demand::SignedRequest) {
            self.check_life(verified.nbf(), verified.exp())?;
            if verified.claims().get("aud").is_none() {
                return Err(OAuthError::RequestObjectInvalid("aud of the request object is missing"));
            }
        }
        match registered {
            Some(RequestObjectAlg::Signed(only)) if !is_same(alg, only) => Err(wrong_alg),
            _ => Ok((verified.into_claims(), ObjectKind::Signed(alg))),
        }
    }

    /// With the client's public keys, or with its secret where it is registered for a MAC: what is registered chooses, never the header.
    fn verified(
        &self,
        text: &str,
        registered: Option<RequestObjectAlg>,
    ) -> Result<Verified<Map<String, Value>>, OAuthError> {
        // The audience is optional and compared by the caller; so is the expiry (RFC 9101 §4).
        let policy =
            Policy::danger_any_audience(self.client.client_id.as_str()).danger_exp_optional().leeway_secs(SKEW_SECS);
        let verify = |keys| jwt::verify(text, keys, &policy, self.now).map_err(|error| failure(&error));
        let no_keys = OAuthError::RequestObjectInvalid("the client has no keys to verify its request objects with");
        if !matches!(registered, Some(RequestObjectAlg::Signed(alg)) if alg.is_symmetric()) {
            return verify(self.keys.verifying.ok_or(no_keys)?);
        }
        // While one secret follows another, either may be the one.
        let mut live = self.keys.shared.iter().filter(|secret| secret.is_live(self.now));
        let first = live.next().ok_or(no_keys)?;
        live.fold(verify(first.verifying()), |found, secret| found.or_else(|_| verify(secret.verifying())))
    }

    /// FAPI 2.0 Message Signing §5.3.1, FAPI 1.0 Part 2 §5.2.2: "an nbf claim that is no longer than 60 minutes in the past" and "an exp claim
    /// that has a lifetime of no longer than 60 minutes after the nbf claim".
    fn check_life(&self, nbf: Option<u64>, exp: Option<u64>) -> Result<(), OAuthError> {
        let (Some(nbf), Some(exp)) = (nbf, exp) else {
            return Err(OAuthError::RequestObjectInvalid("nbf and exp of the request object are needed"));
        };
        if self.now > nbf.saturating_add(LONGEST_SECS) {
            return Err(OAuthError::RequestObjectInvalid(
                "nbf of the request object is more than 60 minutes in the past",
            ));
        }
        if exp > nbf.saturating_add(LONGEST_SECS) {
            return Err(OAuthError::RequestObjectInvalid(
                "exp of the request object is more than 60 minutes after nbf",
            ));
        }
        Ok(())
    }

    /// The only reader of `alg: none` in this server: it takes what a client registered for it could have put into the query as well.
    fn unsigned(&self, text: &str) -> Result<(Map<String, Value>, ObjectKind), OAuthError> {
        let allowed = self.client.allows_request_object_alg(RequestObjectAlg::Unsigned);
        if !allowed || self.client.requests.request_object_signing_alg != Some(RequestObjectAlg::Unsigned) {
            return Err(OAuthError::RequestObjectInvalid("the request object must be signed"));
        }
        let mut segments = text.split('.');
        let (Some(header), Some(payload), Some(""), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(MALFORMED);
        };
        if text.len() > MAX_UNSIGNED_BYTES {
            return Err(MALFORMED);
        }
        let mut header: Map<String, Value> = decoded(header, Limits::HEADER)?;
        let typ = header.remove("typ");
        let alg = header.remove("alg");
        if alg.as_ref().and_then(Value::as_str) != Some("none") || !header.is_empty() {
            return Err(MALFORMED);
        }
        check_type(typ.as_ref().map(|typ| typ.as_str().unwrap_or_default()))?;
        let claims = decoded(payload, Limits::CLAIMS)?;
        let iss = claims.get("iss");
        if iss.is_some_and(|iss| iss.as_str() != Some(self.client.client_id.as_str())) {
            return Err(OAuthError::RequestObjectInvalid("iss of the request object is not the client"));
        }
        self.check_times(&claims)?;
        Ok((claims, ObjectKind::Unsigned))
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<(), OAuthError> {
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(time) => time.as_u64().map(Some).ok_or(MALFORMED),
        };
        if time("exp")?.is_some_and(|exp| self.now >= exp.saturating_add(SKEW_SECS)) {
            return Err(EXPIRED);
        }
        for name in ["iat", "nbf"] {
            if time(name)?.is_some_and(|time| time > self.now.saturating_add(SKEW_SECS)) {
                return Err(EXPIRED);
            }
        }
        Ok(())
    }

    /// RFC 9101 §4: "The value of aud SHOULD be the value of the authorization server (AS) issuer". Absent is for us, too.
    fn check_audience(&self, aud: Option<&Value>) -> Result<(), OAuthError> {
        let ours = |name: &Value| name.as_str() == Some(self.issuer.as_str());
        let ok = match aud {
            None => true,
            Some(Value::Array(names)) => names.iter().any(ours),
            Some(name) => ours(name),
        };
        if ok { Ok(()) } else { Err(OAuthError::RequestObjectInvalid("aud of the request object is not this issuer")) }
    }
}

/// What was encrypted to this server (RFC 9101 §6.1): "The result is a signed Request Object", and is verified like any other.
/// What is wrong with it is not told apart.
fn decrypted(keys: Keys<'_>, text: &str) -> Result<Zeroizing<String>, OAuthError> {
    let keys = keys.decrypting.ok_or(OAuthError::RequestObjectInvalid("this server has no key to decrypt with"))?;
    let opened = jwe::compact::decrypt(text, keys).map_err(|_| NOT_DECRYPTED)?;
    // RFC 7519 §5.2: "In the case that nested signing or encryption is employed, this Header Parameter MUST be present".
    if !opened.cty().is_some_and(|cty| [TYP, "JWT"].iter().any(|accepted| is_same_type(accepted, cty))) {
        return Err(OAuthError::RequestObjectInvalid("cty of the encrypted request object must be JWT"));
    }
    let inside = std::str::from_utf8(opened.plaintext()).map_err(|_| NOT_DECRYPTED)?;
    // Encrypted once: nothing in it is worth opening again.
    if is_encrypted(inside) { Err(NOT_DECRYPTED) } else { Ok(Zeroizing::new(inside.to_owned())) }
}

/// The signed object inside an encrypted one, which says by its `kid` which key of the client verifies it; nothing if it is not encrypted or does
/// not open.
#[must_use]
pub fn inside(keys: Keys<'_>, text: &str) -> Option<Zeroizing<String>> {
    is_encrypted(text).then(|| decrypted(keys, text).ok())?
}

const NOT_DECRYPTED: OAuthError =
    OAuthError::RequestObjectInvalid("the encrypted request object does not open with a key of this server");

/// A JWE in compact form has five parts (RFC 7516 §3.1).
fn is_encrypted(text: &str) -> bool {
    text.matches('.').count() == 4
}

const EXPIRED: OAuthError = OAuthError::RequestObjectInvalid("the request object has expired or is not yet valid");

fn is_same(one: Algorithm, other: Algorithm) -> bool {
    one.answers_to(other.name())
}

/// As RFC 9101 §10.8 says, or as OpenID Connect Core had it: never a token of another kind.
fn check_type(typ: Option<&str>) -> Result<(), OAuthError> {
    let accepted = |typ| [TYP, "JWT"].iter().any(|accepted| is_same_type(accepted, typ));
    if typ.is_none_or(accepted) {
        Ok(())
    } else {
        Err(OAuthError::RequestObjectInvalid("typ of the request object is that of another token"))
    }
}

fn failure(error: &symbolon_jose::Error) -> OAuthError {
    use symbolon_jose::Error as E;
    match error {
        E::Expired | E::NotYetValid => EXPIRED,
        E::ClaimMissing("iss") | E::IssuerMismatch => {
            OAuthError::RequestObjectInvalid("iss of the request object is not the client")
        }
        error if error.is_signature() || error.is_unknown_key() || *error == E::AlgorithmMismatch => {
            OAuthError::RequestObjectInvalid("the request object is not signed with a key of this client")
        }
        _ => MALFORMED,
    }
}

fn decoded(segment: &str, limits: Limits) -> Result<Map<String, Value>, OAuthError> {
    let bytes = base64url::decode(segment).map_err(|_| MALFORMED)?;
    parse_strict(&bytes, limits).map_err(|_| MALFORMED)
}

/// RFC 9101 §4: "Parameter names and string values MUST be included as JSON strings … numerical values MUST be included as JSON
/// numbers". What is an object or a list elsewhere, such as `claims`, is JSON text as a parameter.
pub(crate) fn parameters(claims: Map<String, Value>) -> Result<Params, OAuthError> {
    let mut pairs = Vec::with_capacity(claims.len());
    for (name, value) in claims {
        if OF_THE_JWT.contains(&name.as_str()) {
            continue;
        }
        match value {
            Value::String(text) => pairs.push((name, text)),
            Value::Number(number) => pairs.push((name, number.to_string())),
            Value::Array(names) if name == "resource" => {
                for one in names {
                    let Value::String(text) = one else { return Err(MALFORMED) };
                    pairs.push((name.clone(), text));
                }
            }
            Value::Array(_) | Value::Object(_) => {
                let text = value.to_string();
                if holds_nul(text.as_bytes()) {
                    return Err(MALFORMED);
                }
                pairs.push((name, text));
            }
            Value::Bool(_) | Value::Null => {}
        }
    }
    if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(MALFORMED);
    }
    Params::from_pairs(pairs)
}

/// What the object lacks, from beside it. What is empty inside counts as omitted, there as everywhere.
fn filled(inside: &Params, beside: &Params) -> Result<Params, OAuthError> {
    let is_new = |name: &str| !["request", "request_uri"].contains(&name) && inside.get(name).is_none();
    let said = inside.iter().filter(|(_, value)| !value.is_empty());
    Params::from_pairs(said.chain(beside.iter().filter(|(name, _)| is_new(name))))
}

#[cfg(test)]
mod tests;
