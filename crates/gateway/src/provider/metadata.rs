//! What an issuer says of itself (OpenID Connect Discovery §3, §4.3; RFC 8414 §2).

use serde::Deserialize;
use symbolon_oauth::Issuer;
use symbolon_oauth::relying_party::callback::NamesItself;
use url::Url;

use super::ProviderError;
use crate::origin::is_loopback;

/// The endpoints that the gateway uses.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    pub(crate) revocation_endpoint: Option<String>,
    pub(crate) end_session_endpoint: Option<String>,
    /// RFC 9126.
    pub(crate) pushed_authorization_request_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Reads the document that `issuer` gave.
    ///
    /// # Errors
    /// One of another issuer, or with an endpoint that must not be called: tokens would travel open.
    pub(super) fn read(document: &[u8], issuer: &Issuer) -> Result<Self, ProviderError> {
        let metadata: Self =
            serde_json::from_slice(document).map_err(|_| ProviderError::Malformed("discovery document"))?;
        // Discovery §4.3: exactly the issuer that was asked, byte by byte.
        if metadata.issuer != issuer.as_str() {
            return Err(ProviderError::Malformed("discovery document, which is of another issuer,"));
        }
        let optional = [
            &metadata.userinfo_endpoint,
            &metadata.revocation_endpoint,
            &metadata.end_session_endpoint,
            &metadata.pushed_authorization_request_endpoint,
        ];
        let needed = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        let all = optional.into_iter().flatten().chain(needed);
        // An https issuer never leads back to plain http.
        let fits = |text: &String| {
            Url::parse(text).is_ok_and(|url| match url.scheme() {
                "https" => true,
                "http" => issuer.is_plain_http() && is_loopback(&url),
                _ => false,
            })
        };
        if all.into_iter().all(fits) { Ok(metadata) } else { Err(ProviderError::Malformed("list of endpoints")) }
    }

    /// Whether answers of its authorization endpoint say whose they are (RFC 9207 §3).
    pub(crate) fn names_itself(&self) -> NamesItself {
        if self.authorization_response_iss_parameter_supported { NamesItself::Always } else { NamesItself::Perhaps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(issuer: &str, change: (&str, serde_json::Value)) -> Result<Metadata, ProviderError> {
        let mut document = serde_json::json!({
            "issuer": "https://auth.example",
            "authorization_endpoint": "https://auth.example/authorize",
            "token_endpoint": "https://auth.example/oauth/token",
            "jwks_uri": "https://auth.example/jwks",
            "authorization_response_iss_parameter_supported": true,
        });
        document[change.0] = change.1;
        Metadata::read(document.to_string().as_bytes(), &Issuer::parse(issuer).unwrap())
    }

    #[test]
    fn only_the_issuers_own_document_with_safe_endpoints_is_taken() {
        let good = read("https://auth.example", ("x", 1.into())).unwrap();
        assert_eq!(good.names_itself(), NamesItself::Always);
        assert!(read("https://auth.example/", ("x", 1.into())).is_err());
        for (name, value) in [
            ("issuer", "https://evil.example"),
            ("token_endpoint", "http://auth.example/oauth/token"),
            ("token_endpoint", "http://localhost/oauth/token"),
            ("jwks_uri", "file:///etc/passwd"),
            ("end_session_endpoint", "javascript:alert(1)"),
            ("revocation_endpoint", "/relative"),
        ] {
            assert!(read("https://auth.example", (name, value.into())).is_err(), "{name} {value}");
        }
    }
}
