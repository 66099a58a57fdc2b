//! Proof Key for Code Exchange (RFC 7636), S256 only.
//!
//! Refuses `plain`, a missing method (which would mean plain), malformed challenges and verifiers, and a verifier for a code
//! that had no challenge: leaving the challenge out must not help (CVE-2024-23647, RFC 9700 §4.8.2).

use serde::{Deserialize, Serialize};
use symbolon_jose::base64url;

use crate::error::OAuthError;

/// `code_challenge`: the base64url of a SHA-256, always S256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeChallenge(String);

/// Proof that the one who redeems is the one who asked, or that the client need not prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PkceVerified;

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method` of an authorization request; `None` if neither is there.
    pub fn from_request(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, OAuthError> {
        match (challenge, method) {
            (None, None) => Ok(None),
            (Some(challenge), Some("S256")) => Self::parse(challenge).map(Some),
            (Some(_), _) => Err(OAuthError::CodeChallengeMethodUnsupported),
            (None, Some(_)) => Err(OAuthError::CodeChallengeMissing),
        }
    }

    /// Takes a challenge that is the canonical base64url of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        match base64url::decode(text) {
            Ok(digest) if digest.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(OAuthError::CodeChallengeMalformed),
        }
    }

    /// The challenge of a verifier, as a client computes it.
    #[must_use]
    pub fn of(verifier: &str) -> Self {
        Self(base64url::encode(&symbolon_jose::sha256(verifier.as_bytes())))
    }

    /// The text of the parameter.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CodeChallenge {
    type Error = OAuthError;
    fn try_from(text: String) -> Result<Self, OAuthError> {
        Self::parse(&text)
    }
}

impl From<CodeChallenge> for String {
    fn from(challenge: CodeChallenge) -> Self {
        challenge.0
    }
}

/// Compares a verifier with the challenge bound to the code (RFC 7636 §4.6).
///
/// ```
/// use symbolon_oauth::pkce::{CodeChallenge, verify};
/// // RFC 7636 appendix B
/// let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")?;
/// assert!(verify(Some(&challenge), Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).is_ok());
/// assert!(verify(Some(&challenge), None).is_err());
/// # Ok::<(), symbolon_oauth::OAuthError>(())
/// ```
///
/// # Errors
/// A missing, malformed, wrong or uncalled-for verifier.
pub fn verify(challenge: Option<&CodeChallenge>, verifier: Option<&str>) -> Result<PkceVerified, OAuthError> {
    match (challenge, verifier) {
        (None, None) => Ok(PkceVerified),
        (None, Some(_)) => Err(OAuthError::VerifierUnexpected),
        (Some(_), None) => Err(OAuthError::VerifierMissing),
        (Some(challenge), Some(verifier)) => {
            let matches = is_verifier(verifier)
                && symbolon_jose::ct_eq(CodeChallenge::of(verifier).0.as_bytes(), challenge.0.as_bytes());
            if matches { Ok(PkceVerified) } else { Err(OAuthError::VerifierMismatch) }
        }
    }
}

/// `code-verifier = 43*128unreserved` (RFC 7636 §4.1)
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn rfc_7636_appendix_b() {
        assert_eq!(CodeChallenge::of(VERIFIER).as_str(), CHALLENGE);
    }

    #[test]
    fn plain_and_missing_method_are_refused() {
        for method in [None, Some("plain"), Some("s256"), Some("S512")] {
            assert_eq!(
                CodeChallenge::from_request(Some(CHALLENGE), method),
                Err(OAuthError::CodeChallengeMethodUnsupported)
            );
        }
        assert_eq!(CodeChallenge::from_request(None, Some("S256")), Err(OAuthError::CodeChallengeMissing));
        assert_eq!(CodeChallenge::from_request(None, None), Ok(None));
    }

    #[test]
    fn challenges_that_are_no_sha_256_are_refused() {
        for text in [
            "",
            "short",
            &"A".repeat(44),
            &format!("{CHALLENGE}="),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
        ] {
            assert_eq!(CodeChallenge::parse(text), Err(OAuthError::CodeChallengeMalformed), "{text}");
        }
    }

    #[test]
    fn wrong_empty_case_changed_and_malformed_verifiers_are_refused() {
        let challenge = CodeChallenge::of(VERIFIER);
        for verifier in [
            "",
            "x",
            &VERIFIER.to_lowercase(),
            &VERIFIER[1..],
            &format!("{VERIFIER}A"),
            &format!("{VERIFIER}\0"),
            CHALLENGE,
        ] {
            assert_eq!(verify(Some(&challenge), Some(verifier)), Err(OAuthError::VerifierMismatch), "{verifier}");
        }
    }

    #[test]
    fn a_verifier_outside_the_grammar_is_refused_even_if_its_hash_fits() {
        for verifier in ["short", &"a".repeat(129), &"ä".repeat(43), &" ".repeat(43)] {
            assert_eq!(verify(Some(&CodeChallenge::of(verifier)), Some(verifier)), Err(OAuthError::VerifierMismatch));
        }
    }

    #[test]
    fn leaving_the_challenge_out_does_not_help_cve_2024_23647() {
        assert_eq!(verify(None, Some(VERIFIER)), Err(OAuthError::VerifierUnexpected));
        assert_eq!(verify(Some(&CodeChallenge::of(VERIFIER)), None), Err(OAuthError::VerifierMissing));
    }
}
