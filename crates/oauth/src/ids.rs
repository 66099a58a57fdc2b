//! Names of things: the issuer, clients, subjects, and random identifiers.
//!
//! A client identifier can never equal a user's `sub` (RFC 9700 §2.6, §4.15): every subject made here starts with
//! [`Subject::PREFIX`], and [`ClientId::parse`] refuses that prefix.

use std::fmt;

use serde::{Deserialize, Serialize};
use symbolon_jose::base64url;
use url::Url;

use crate::context::Rng;

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidName {
    /// Empty, longer than 255 bytes, or with characters outside printable ASCII.
    ClientId,
    /// A client identifier that could be taken for a user's.
    ClientIdLooksLikeSubject,
    /// Not an absolute http(s) URL at the root of its origin, or http beyond loopback (RFC 8414 §2).
    Issuer,
    /// Empty, longer than 255 bytes, or with characters outside printable ASCII (OpenID Connect Core §2).
    Subject,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientId => "client_id must be 1 to 255 printable ASCII characters without spaces",
            Self::ClientIdLooksLikeSubject => "client_id must not start like a user's identifier (usr_)",
            Self::Issuer => "issuer must be an https URL (http on loopback only) with no path beyond a trailing slash, no query, no fragment and no user name",
            Self::Subject => "sub must be 1 to 255 printable ASCII characters without spaces",
        })
    }
}

impl std::error::Error for InvalidName {}

/// The issuer: one exact string, with or without a trailing slash, compared byte for byte.
///
/// ```
/// use symbolon_oauth::Issuer;
/// let issuer = Issuer::parse("https://auth.example.com/")?;
/// assert_eq!(issuer.as_str(), "https://auth.example.com/");
/// assert_eq!(issuer.endpoint("/userinfo"), "https://auth.example.com/userinfo");
/// # Ok::<(), symbolon_oauth::InvalidName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(String);

impl Issuer {
    /// Takes the string as it is, or refuses it.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let url = Url::parse(text).map_err(|_| InvalidName::Issuer)?;
        let scheme_ok = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => false,
        };
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        // The URL parser forgives (upper case, blanks, backslashes); an issuer is compared as text and must be canonical already.
        let canonical = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
        if scheme_ok && bare && canonical { Ok(Self(text.to_owned())) } else { Err(InvalidName::Issuer) }
    }

    /// The exact string of the `iss` claim.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin, never with a trailing slash.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0.trim_end_matches('/')
    }

    /// The URL of a path under the issuer; `path` starts with a slash.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Plain HTTP on loopback: the development exception.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http://")
    }
}

/// Loopback by literal address or the name `localhost` (RFC 8252 §7.3, §8.3).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A client's identifier: printable ASCII, never shaped like a subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

impl ClientId {
    /// Takes the string as it is, or refuses it (RFC 6749 appendix A.1).
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if !is_plain_name(text) {
            return Err(InvalidName::ClientId);
        }
        if text.starts_with(Subject::PREFIX) {
            return Err(InvalidName::ClientIdLooksLikeSubject);
        }
        Ok(Self(text.to_owned()))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user's identifier, the `sub` of tokens: random, stable, never an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

impl Subject {
    /// What every generated subject starts with.
    pub const PREFIX: &'static str = "usr_";

    /// Takes an existing identifier, or refuses it.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if is_plain_name(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName::Subject) }
    }

    /// A new one of 128 random bits.
    #[must_use]
    pub fn generate(rng: &mut dyn Rng) -> Self {
        Self(format!("{}{}", Self::PREFIX, random_id(rng)))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An identifier of the form of a [`random_id`] for what a busy server makes many of: the second it was made in, then 96 random bits. Those
/// of one time are neighbours in a store's index, which then changes in one place and not in as many as there are new rows. Not for secrets.
///
/// ```
/// # use symbolon_oauth::{Rng, dated_id};
/// # struct Seeded(u8);
/// # impl Rng for Seeded { fn fill(&mut self, bytes: &mut [u8]) { for b in bytes { self.0 = self.0.wrapping_add(7); *b = self.0; } } }
/// let [one, other] = [1, 9].map(|seed| dated_id(1_800_000_000, &mut Seeded(seed)));
/// assert_eq!((one.len(), &one[..5]), (22, &other[..5]));
/// assert_ne!(one, other);
/// ```
#[must_use]
pub fn dated_id(now: u64, rng: &mut dyn Rng) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill(&mut bytes);
    let [.., a, b, c, d] = now.to_be_bytes();
    bytes[..4].copy_from_slice(&[a, b, c, d]);
    base64url::encode(&bytes)
}

/// 128 random bits in base64url: for identifiers, and for revocation handles.
#[must_use]
pub fn random_id(rng: &mut dyn Rng) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill(&mut bytes);
    base64url::encode(&bytes)
}

fn is_plain_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

macro_rules! text_newtype {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
        impl std::str::FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::parse(text)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
    )*};
}
text_newtype!(ClientId, Issuer, Subject);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestRng;

    #[test]
    fn issuers_of_both_spellings_are_kept_as_written() {
        for text in [
            "https://auth.example.com",
            "https://auth.example.com/",
            "https://auth.example.com:8443",
            "http://localhost:4400",
            "http://127.0.0.1:4400/",
            "http://[::1]:4400",
        ] {
            assert_eq!(Issuer::parse(text).map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn doubtful_issuers_are_refused() {
        for text in [
            "",
            "auth.example.com",
            "http://auth.example.com",
            "https://auth.example.com/tenant",
            "https://auth.example.com?x=1",
            "https://auth.example.com/#a",
            "https://u@auth.example.com",
            "https://AUTH.example.com",
            "https://auth.example.com:443",
            " https://auth.example.com",
            "https://auth.example.com//",
            "javascript:alert(1)",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
        ] {
            assert_eq!(Issuer::parse(text), Err(InvalidName::Issuer), "{text}");
        }
    }

    #[test]
    fn a_client_id_can_never_equal_a_subject() {
        let subject = Subject::generate(&mut TestRng::new(1));
        assert!(subject.as_str().starts_with("usr_"));
        assert_eq!(ClientId::parse(subject.as_str()), Err(InvalidName::ClientIdLooksLikeSubject));
    }

    #[test]
    fn names_with_blanks_controls_or_other_alphabets_are_refused() {
        for text in ["", "a b", "a\nb", "a\0", "ä", &"x".repeat(256)] {
            assert!(ClientId::parse(text).is_err(), "{text:?}");
            assert!(Subject::parse(text).is_err(), "{text:?}");
        }
    }
}
