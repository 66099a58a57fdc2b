//! How a client must send its authorization requests: pushed (RFC 9126 §6), as signed objects (RFC 9101 §10.5), by reference
//! (OpenID Connect Core §6.2). Nothing of it is so unless its registration says it.

use serde::{Deserialize, Serialize};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};

use super::validate::Faults;
use super::{Client, ClientKind};
use crate::pushed_request;
use crate::redirect_uri;
use crate::shared_keys::MAC_ALGS;

/// Longest registered `request_uri` (OpenID Connect Core §6.2: "SHOULD NOT exceed 512 ASCII characters").
const MAX_REQUEST_URI_BYTES: usize = 512;

/// Part of a [`Client`]'s document, with the members' names of the standards.
///
/// ```
/// use symbolon_oauth::registration::{Client, RequestRules};
/// use symbolon_oauth::ClientId;
/// let mut client = Client::web(ClientId::parse("web")?, "Web");
/// client.requests = RequestRules { require_pushed_authorization_requests: true, ..RequestRules::default() };
/// assert_eq!(serde_json::to_value(&client).unwrap()["require_pushed_authorization_requests"], true);
/// # Ok::<(), symbolon_oauth::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRules {
    /// It sends every request through the endpoint for pushed ones.
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// It signs every request.
    #[serde(default)]
    pub require_signed_request_object: bool,
    /// What its request objects must be signed with; `None` means any signature that one of its keys can make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<RequestObjectAlg>,
    /// From where request objects may be fetched, exact text. A fragment is the SHA-256 of what must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
}

/// What a request object is signed with. That it can be nothing at all is told here and nowhere else in this server.
///
/// ```
/// use symbolon_oauth::registration::RequestObjectAlg;
/// let alg: RequestObjectAlg = serde_json::from_str(r#""none""#).unwrap();
/// assert_eq!(alg, RequestObjectAlg::Unsigned);
/// assert!(serde_json::from_str::<RequestObjectAlg>(r#""None""#).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum RequestObjectAlg {
    /// With this.
    Signed(Algorithm),
    /// `none`: anybody could have written it, as anybody can write a query (OpenID Connect Core §6.1).
    Unsigned,
}

impl RequestObjectAlg {
    /// Every one that can be registered.
    pub fn all() -> impl Iterator<Item = Self> {
        Algorithm::ASYMMETRIC.iter().chain(MAC_ALGS).copied().map(Self::Signed).chain([Self::Unsigned])
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed(alg) => alg.name(),
            Self::Unsigned => "none",
        }
    }
}

impl TryFrom<String> for RequestObjectAlg {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::all().find(|alg| alg.name() == name).ok_or("no algorithm for request objects")
    }
}

impl From<RequestObjectAlg> for &'static str {
    fn from(alg: RequestObjectAlg) -> Self {
        alg.name()
    }
}

impl Client {
    pub(super) fn check_requests(&self, faults: &mut Faults) {
        let RequestRules {
            require_pushed_authorization_requests: _,
            require_signed_request_object,
            request_object_signing_alg,
            request_uris,
        } = &self.requests;
        faults.check(
            self.kind != ClientKind::Machine || self.requests == RequestRules::default(),
            "request_object_signing_alg",
            "a machine client makes no authorization requests",
        );
        let can_sign = |algs: &[Algorithm]| {
            let set = self.jwks.as_ref().and_then(|jwks| JwkSet::from_value(jwks).ok());
            self.jwks_uri().is_some() || set.is_some_and(|set| !VerifyingKeys::from_jwks(&set, algs).is_empty())
        };
        let has_key = match request_object_signing_alg {
            Some(RequestObjectAlg::Signed(alg)) if alg.is_symmetric() => self.can_share_keys(),
            Some(RequestObjectAlg::Signed(alg)) => can_sign(&[*alg]),
            Some(RequestObjectAlg::Unsigned) => true,
            None => !(*require_signed_request_object || self.must_sign_requests()) || can_sign(Algorithm::ASYMMETRIC),
        };
        faults.check(
            has_key,
            "jwks",
            "signed request objects need the client's public key for that algorithm, or for HMAC its secret",
        );
        faults.check(
            !require_signed_request_object || *request_object_signing_alg != Some(RequestObjectAlg::Unsigned),
            "request_object_signing_alg",
            "none is no signature, and requests must be signed",
        );
        for uri in request_uris {
            faults.check_value(check_request_uri(uri), "request_uris", uri);
        }
    }
}

/// A server answers there, over TLS (OpenID Connect Core §6.2). A fragment is "the base64url-encoded SHA-256 hash".
fn check_request_uri(uri: &str) -> Result<(), &'static str> {
    if uri.len() > MAX_REQUEST_URI_BYTES {
        return Err("is longer than 512 bytes");
    }
    if uri.starts_with(pushed_request::PREFIX) {
        return Err("is one of this server's own");
    }
    let (address, fragment) = uri.split_once('#').map_or((uri, None), |(address, rest)| (address, Some(rest)));
    let is_hash = |text: &str| symbolon_jose::base64url::decode(text).is_ok_and(|hash| hash.len() == 32);
    if fragment.is_some_and(|fragment| !is_hash(fragment)) {
        return Err("may have only the SHA-256 of the request object as its fragment");
    }
    redirect_uri::check_registration(address, ClientKind::Web)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::AuthMethod;
    use crate::testing::{machine, third_party};
    use serde_json::json;
    use symbolon_jose::Jwk;

    fn with(rules: serde_json::Value) -> Client {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let jwks = json!({ "keys": [jwk.public_value().unwrap()] });
        Client { jwks: Some(jwks), requests: serde_json::from_value(rules).unwrap(), ..third_party() }
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().unwrap_err();
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn what_a_client_can_keep_to_is_taken() {
        let hash = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        for rules in [
            json!({"require_pushed_authorization_requests": true, "require_signed_request_object": true}),
            json!({"request_object_signing_alg": "ES256", "require_signed_request_object": true}),
            json!({"request_object_signing_alg": "none"}),
            json!({"request_uris": ["https://app.example/ro", format!("https://app.example/ro#{hash}"), "http://127.0.0.1:1/ro"]}),
        ] {
            assert_eq!(with(rules.clone()).validate(), Ok(()), "{rules}");
        }
    }

    #[test]
    fn what_it_could_not_keep_to_is_refused() {
        faulty(&with(json!({"request_object_signing_alg": "PS256"})), "jwks");
        let none_and_signed = json!({"request_object_signing_alg": "none", "require_signed_request_object": true});
        faulty(&with(none_and_signed), "request_object_signing_alg");
        let keyless = Client { jwks: None, ..with(json!({"require_signed_request_object": true})) };
        faulty(&keyless, "jwks");
        let mut of_machine = machine();
        of_machine.requests.require_pushed_authorization_requests = true;
        faulty(&of_machine, "request_object_signing_alg");
        faulty(
            &Client {
                token_endpoint_auth_method: AuthMethod::PrivateKeyJwt,
                ..with(json!({"request_object_signing_alg": "HS256"}))
            },
            "jwks",
        );
        for alg in ["HS1", "NONE", "RSA1_5", ""] {
            assert!(serde_json::from_value::<RequestRules>(json!({ "request_object_signing_alg": alg })).is_err());
        }
    }

    #[test]
    fn a_request_uri_leads_to_a_server_over_tls_core_6_2() {
        for uri in [
            "http://app.example/ro",
            "https://user@app.example/ro",
            "https://app.example/ro#top",
            "https://app.example/ro#",
            "https://app.example/*",
            "javascript:alert(1)",
            "com.example.app:/ro",
            "file:///etc/passwd",
            "urn:ietf:params:oauth:request_uri:x",
            &format!("https://app.example/{}", "x".repeat(512)),
        ] {
            faulty(&with(json!({ "request_uris": [uri] })), "request_uris");
        }
    }

    #[test]
    fn the_members_stand_in_the_document_itself_and_those_unknown_survive() {
        let client =
            with(json!({"require_pushed_authorization_requests": true, "request_object_signing_alg": "ES256"}));
        let mut body = serde_json::to_value(&client).unwrap();
        assert_eq!(body["request_object_signing_alg"], "ES256");
        body["tomorrow"] = json!(1);
        let read: Client = serde_json::from_value(body.clone()).unwrap();
        assert_eq!((&read.requests, read.extra.len()), (&client.requests, 1));
        assert_eq!(serde_json::to_value(read).unwrap(), body);
        // As older versions wrote it.
        for member in
            ["require_pushed_authorization_requests", "require_signed_request_object", "request_object_signing_alg"]
        {
            body.as_object_mut().unwrap().remove(member);
        }
        assert_eq!(serde_json::from_value::<Client>(body).unwrap().requests, RequestRules::default());
    }
}
