//! JWK thumbprints (RFC 7638, RFC 8037 §2, RFC 9964 §6) and their URIs (RFC 9278).

use zeroize::Zeroizing;

use super::Jwk;
use crate::{base64url, sha256};

impl Jwk {
    /// SHA-256 thumbprint: the same for the private and the public half. Of a shared secret it is a hash of the secret, which is
    /// only safe to show if that was random (RFC 7638 §7).
    pub fn thumbprint(&self) -> [u8; 32] {
        let members = self.material.required_members();
        // Reserved in full: growing would leave copies behind, and for a shared secret this is the secret.
        let len: usize = members.iter().map(|(name, text)| name.len() + text.len() + 6).sum();
        let mut json = Zeroizing::new(String::with_capacity(len + 2));
        for (name, text) in &members {
            let before = if json.is_empty() { '{' } else { ',' };
            json.push(before);
            for part in ["\"", name, "\":\"", text, "\""] {
                json.push_str(part);
            }
        }
        json.push('}');
        sha256(json.as_bytes())
    }

    /// The thumbprint as base64url, the usual `kid`.
    pub fn thumbprint_base64url(&self) -> String {
        base64url::encode(&self.thumbprint())
    }

    /// The thumbprint as a URI: a name for the key wherever a URI is wanted (RFC 9278 §3).
    ///
    /// ```
    /// use symbolon_jose::{Algorithm, Error, Jwk};
    ///
    /// let jwk = Jwk::generate(Algorithm::Ed25519)?;
    /// let thumbprint = jwk.thumbprint_base64url();
    /// assert_eq!(jwk.thumbprint_uri(), format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{thumbprint}"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn thumbprint_uri(&self) -> String {
        format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}", self.thumbprint_base64url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7638_section_3_1() {
        let jwk = Jwk::from_slice(include_bytes!("../../tests/vectors/rfc7638/3_1.json")).unwrap();
        assert_eq!(jwk.thumbprint_base64url(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn rfc_8037_appendix_a_3() {
        let jwk =
            Jwk::from_slice(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
        let expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(jwk.unwrap().thumbprint_base64url(), expected);
    }
}
