//! Response types (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Types §3 to §5): what the authorization endpoint itself answers with.
//!
//! A type is a set of words: "the order of values does not matter" (RFC 6749 §3.1.1), so any order means the same and one is told.
//! Tokens in the front channel are seen by whatever sees the browser (RFC 9700 §2.1.2): a client gets them only if its registration says so.

use serde::{Deserialize, Serialize};

use crate::response_mode::ResponseMode;

/// A response type, by its wire name in serde.
///
/// ```
/// use symbolon_oauth::ResponseType;
///
/// assert_eq!(ResponseType::from_name("token id_token"), Some(ResponseType::IdTokenToken));
/// assert_eq!(ResponseType::IdTokenToken.name(), "id_token token");
/// assert_eq!(ResponseType::from_name("code code"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum ResponseType {
    /// A code alone.
    Code,
    /// A code and an ID token.
    CodeIdToken,
    /// A code, an ID token and an access token.
    CodeIdTokenToken,
    /// A code and an access token.
    CodeToken,
    /// An ID token alone.
    IdToken,
    /// An ID token and an access token.
    IdTokenToken,
    /// Nothing but the news that it worked.
    None,
    /// An access token alone.
    Token,
}

impl ResponseType {
    /// Every type.
    pub const ALL: &'static [Self] = &[
        Self::Code,
        Self::CodeIdToken,
        Self::CodeIdTokenToken,
        Self::CodeToken,
        Self::IdToken,
        Self::IdTokenToken,
        Self::None,
        Self::Token,
    ];

    /// The wire value, its words in the order of the alphabet.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::CodeIdToken => "code id_token",
            Self::CodeIdTokenToken => "code id_token token",
            Self::CodeToken => "code token",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::None => "none",
            Self::Token => "token",
        }
    }

    /// The type of these words, in any order; none may be there twice.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut words: Vec<&str> = name.split(' ').collect();
        words.sort_unstable();
        let canonical = words.join(" ");
        Self::ALL.iter().copied().find(|known| known.name() == canonical)
    }

    /// Whether a code is in the answer.
    #[must_use]
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Code | Self::CodeIdToken | Self::CodeIdTokenToken | Self::CodeToken)
    }

    /// Whether an ID token is in the answer.
    #[must_use]
    pub const fn has_id_token(self) -> bool {
        matches!(self, Self::CodeIdToken | Self::CodeIdTokenToken | Self::IdToken | Self::IdTokenToken)
    }

    /// Whether an access token is in the answer.
    #[must_use]
    pub const fn has_token(self) -> bool {
        matches!(self, Self::CodeIdTokenToken | Self::CodeToken | Self::IdTokenToken | Self::Token)
    }

    /// Whether a token of either kind passes through the browser.
    #[must_use]
    pub const fn is_front_channel(self) -> bool {
        self.has_id_token() || self.has_token()
    }

    /// How the answer travels if the request does not say: "the fragment encoding" where there are tokens (Multiple Response Types §5).
    #[must_use]
    pub const fn default_mode(self) -> ResponseMode {
        if self.is_front_channel() { ResponseMode::Fragment } else { ResponseMode::Query }
    }
}

impl TryFrom<String> for ResponseType {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::from_name(&name).ok_or_else(|| format!("`{name}` is not a response type"))
    }
}

impl From<ResponseType> for &'static str {
    fn from(response_type: ResponseType) -> Self {
        response_type.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_words_does_not_matter_rfc_6749_3_1_1() {
        for (name, expected) in [
            ("code", ResponseType::Code),
            ("token id_token", ResponseType::IdTokenToken),
            ("id_token code", ResponseType::CodeIdToken),
            ("token code id_token", ResponseType::CodeIdTokenToken),
            ("none", ResponseType::None),
        ] {
            assert_eq!(ResponseType::from_name(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_no_set_of_known_words_is_no_type() {
        for name in [
            "",
            " ",
            "CODE",
            "code code",
            "code  token",
            " code",
            "code ",
            "code none",
            "none token",
            "code,token",
            "code\ttoken",
            "id_token id_token token",
            "saml",
        ] {
            assert_eq!(ResponseType::from_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_are_the_words_of_what_is_in_the_answer() {
        for response_type in ResponseType::ALL {
            let words: Vec<&str> = response_type.name().split(' ').collect();
            assert_eq!(response_type.has_code(), words.contains(&"code"));
            assert_eq!(response_type.has_id_token(), words.contains(&"id_token"));
            assert_eq!(response_type.has_token(), words.contains(&"token"));
            assert_eq!(ResponseType::from_name(response_type.name()), Some(*response_type));
            let json = serde_json::to_value(response_type).unwrap();
            assert_eq!(json, response_type.name());
            assert_eq!(serde_json::from_value::<ResponseType>(json).unwrap(), *response_type);
        }
        assert!(serde_json::from_value::<ResponseType>("code token code".into()).is_err());
    }

    #[test]
    fn where_there_are_tokens_the_default_is_the_fragment() {
        for response_type in ResponseType::ALL {
            let tokens = response_type.name().contains("token");
            assert_eq!(response_type.default_mode() == ResponseMode::Fragment, tokens, "{response_type:?}");
        }
    }
}
