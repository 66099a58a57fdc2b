//! Why a client was not registered, and what it is told (RFC 7591 §3.2.2).

use std::fmt;

use super::super::RegistrationError;

/// Longest `error_description`.
const MAX_TEXT_CHARS: usize = 400;

/// Why a registration was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationRefusal {
    /// A member is not what it must be, or not what the operator lets clients choose.
    InvalidClientMetadata(String),
    /// A redirect URI is not what it must be.
    InvalidRedirectUri(String),
    /// The software statement cannot be read, or who signed it is not who it says.
    InvalidSoftwareStatement(&'static str),
    /// The software statement is of nobody who is trusted here, or there is none where one is needed.
    UnapprovedSoftwareStatement(&'static str),
}

impl RegistrationRefusal {
    /// The registered error code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidClientMetadata(_) => "invalid_client_metadata",
            Self::InvalidRedirectUri(_) => "invalid_redirect_uri",
            Self::InvalidSoftwareStatement(_) => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement(_) => "unapproved_software_statement",
        }
    }

    /// "Human-readable ASCII text" for the client's developer.
    #[must_use]
    pub fn description(&self) -> String {
        let text = match self {
            Self::InvalidClientMetadata(text) | Self::InvalidRedirectUri(text) => text.as_str(),
            Self::InvalidSoftwareStatement(text) | Self::UnapprovedSoftwareStatement(text) => text,
        };
        // What was sent may stand in it: nothing of it becomes more than text.
        let plain = |c: char| if c.is_ascii_graphic() && !matches!(c, '"' | '\\') || c == ' ' { c } else { '?' };
        text.chars().map(|c| if c == '"' { '\'' } else { plain(c) }).take(MAX_TEXT_CHARS).collect()
    }

    pub(super) fn member(name: &str, problem: &str) -> Self {
        let text = format!("{name}: {problem}");
        if name == "redirect_uris" { Self::InvalidRedirectUri(text) } else { Self::InvalidClientMetadata(text) }
    }
}

/// The first fault decides the code; all are told, by the names that the client knows (RFC 7591 §2, §2.2).
impl From<Vec<RegistrationError>> for RegistrationRefusal {
    fn from(faults: Vec<RegistrationError>) -> Self {
        let of_uris = faults.iter().all(|fault| fault.member == "redirect_uris");
        let told = |fault: &RegistrationError| match (fault.member, &fault.value) {
            ("name", _) => format!("client_name: {}", fault.problem),
            ("localized", Some(member)) => format!("{member}: {}", fault.problem),
            _ => fault.to_string(),
        };
        let texts: Vec<String> = faults.iter().map(told).collect();
        let text = texts.join("; ");
        if of_uris { Self::InvalidRedirectUri(text) } else { Self::InvalidClientMetadata(text) }
    }
}

impl fmt::Display for RegistrationRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.description())
    }
}

impl std::error::Error for RegistrationRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7591_section_3_2_2_the_description_is_ascii_whatever_was_sent() {
        let refusal = RegistrationRefusal::member("contacts", "\"ünï\\\n\u{202e}\" is no text");
        assert_eq!(refusal.description(), "contacts: '?n????' is no text");
        assert_eq!(refusal.code(), "invalid_client_metadata");
        let long = RegistrationRefusal::member("contacts", &"x".repeat(9_000));
        assert_eq!(long.description().len(), MAX_TEXT_CHARS);
    }

    #[test]
    fn rfc7591_section_3_2_2_redirect_uris_have_a_code_of_their_own() {
        let fault = |member| RegistrationError { member, value: None, problem: "no" };
        let code = |faults: Vec<RegistrationError>| RegistrationRefusal::from(faults).code();
        assert_eq!(code(vec![fault("redirect_uris"), fault("redirect_uris")]), "invalid_redirect_uri");
        assert_eq!(code(vec![fault("redirect_uris"), fault("jwks")]), "invalid_client_metadata");
    }
}
