//! One spelling for what people sign in with (security 124): e-mail addresses and user names.
//!
//! Refused: the empty, the over-long, and characters that cannot be seen (control, white space inside,
//! zero-width, direction marks), because two names that look the same must be the same.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Most characters of an identifier: an address has at most 254 (RFC 5321 §4.5.3.1.3).
pub const MAX_IDENTIFIER_CHARS: usize = 320;

/// What somebody signs in with, in its one spelling: the key of the store's table of identifiers.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Identifier(String);

/// Why text is no identifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IdentifierProblem {
    /// Nothing but white space.
    Empty,
    /// White space inside, or a character that cannot be seen.
    Invisible,
    /// Not of the form `someone@host`.
    NotAnAddress,
    /// More than [`MAX_IDENTIFIER_CHARS`] characters.
    TooLong,
}

impl fmt::Display for IdentifierProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Invisible => "contains white space or a character that cannot be seen",
            Self::NotAnAddress => "is not an e-mail address",
            Self::TooLong => "is too long",
        })
    }
}

impl std::error::Error for IdentifierProblem {}

impl Identifier {
    /// Trims, normalises to NFKC and lower-cases. Letters that merely look alike (Latin and Cyrillic `a`)
    /// stay apart.
    pub fn parse(text: &str) -> Result<Self, IdentifierProblem> {
        // Before any work; normalising cannot make visible text of the allowed length harmful.
        if text.chars().nth(MAX_IDENTIFIER_CHARS).is_some() {
            return Err(IdentifierProblem::TooLong);
        }
        let folded: String = text.trim().nfkc().collect::<String>().to_lowercase();
        // Lower-casing can leave a form that composes again (İ becomes i and a dot above).
        let canonical: String = folded.nfkc().collect();
        if canonical.is_empty() {
            return Err(IdentifierProblem::Empty);
        }
        if canonical.chars().any(is_invisible) {
            return Err(IdentifierProblem::Invisible);
        }
        Ok(Self(canonical))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The canonical text, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address that could be one: as typed but trimmed, and as identifier.
///
/// Only mail can tell whether an address works; this catches what cannot be meant: no or two `@`, empty
/// parts, labels that no host name has. Quoted local parts are refused: nobody has one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EmailAddress {
    /// As typed, without the white space around it.
    pub as_typed: String,
    /// Its key.
    pub identifier: Identifier,
}

impl EmailAddress {
    /// Parses an address.
    pub fn parse(text: &str) -> Result<Self, IdentifierProblem> {
        let identifier = Identifier::parse(text)?;
        let (local, domain) = identifier.0.split_once('@').ok_or(IdentifierProblem::NotAnAddress)?;
        if !is_local_part(local) || !is_domain(domain) || identifier.0.len() > 254 {
            return Err(IdentifierProblem::NotAnAddress);
        }
        Ok(Self { as_typed: text.trim().to_owned(), identifier })
    }
}

/// `dot-atom` of RFC 5322 §3.2.3, with RFC 6532's letters beyond ASCII; at most 64 bytes (RFC 5321 §4.5.3.1.1).
fn is_local_part(local: &str) -> bool {
    let atom = |atom: &str| {
        !atom.is_empty() && atom.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_mark(c))
    };
    local.len() <= 64 && local.split('.').all(atom)
}

/// Host-name labels (RFC 1123 §2.1), with letters beyond ASCII; one label is enough for `localhost`.
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_alphanumeric() || is_mark(c))
    };
    domain.len() <= 253 && domain.split('.').all(label)
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{2800}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_identifier_are_one() {
        for spelling in ["Ada@Example.COM", " ada@example.com\n", "ａｄａ＠example.com", "ADA@EXAMPLE.COM"] {
            assert_eq!(Identifier::parse(spelling).unwrap().as_str(), "ada@example.com", "{spelling:?}");
        }
        assert_eq!(Identifier::parse("Stra\u{df}e"), Identifier::parse("stra\u{df}e"));
        assert_eq!(Identifier::parse("Ame\u{301}lie"), Identifier::parse("am\u{e9}lie"));
    }

    #[test]
    fn canonical_text_is_a_fixed_point() {
        for text in ["İstanbul", "ﬁnn", "Ǆ", "ada@example.com", "ΣΑΣ", "\u{1e9e}x"] {
            let once = Identifier::parse(text).unwrap();
            assert_eq!(Identifier::parse(once.as_str()).unwrap(), once, "{text}");
        }
    }

    #[test]
    fn letters_that_look_alike_stay_apart() {
        assert_ne!(Identifier::parse("ada"), Identifier::parse("аda"));
    }

    #[test]
    fn invisible_characters_are_refused() {
        for text in [
            "ad\u{200b}a",
            "a da",
            "ada\u{0}",
            "a\u{202e}da",
            "a\tda",
            "a\u{ad}da",
            "\u{feff}ada",
            "a\r\nda",
            "ad\u{3164}a",
        ] {
            assert_eq!(Identifier::parse(text), Err(IdentifierProblem::Invisible), "{text:?}");
        }
    }

    #[test]
    fn the_empty_and_the_over_long_are_refused() {
        assert_eq!(Identifier::parse("  "), Err(IdentifierProblem::Empty));
        assert_eq!(Identifier::parse(""), Err(IdentifierProblem::Empty));
        assert_eq!(Identifier::parse(&"a".repeat(321)), Err(IdentifierProblem::TooLong));
        assert!(Identifier::parse(&"a".repeat(320)).is_ok());
    }

    #[test]
    fn addresses_that_could_be_ones() {
        for good in [
            "ada@example.com",
            "a.b+c@sub.example.co",
            "o'hara@example.com",
            "admin@localhost",
            "用户@例子.公司",
            " Ada@Example.com ",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        let ada = EmailAddress::parse(" Ada@Example.com ").unwrap();
        assert_eq!((ada.as_typed.as_str(), ada.identifier.as_str()), ("Ada@Example.com", "ada@example.com"));
    }

    #[test]
    fn addresses_that_cannot_be_meant() {
        for bad in [
            "ada",
            "ada@",
            "@example.com",
            "ada@@example.com",
            "ada@exa@mple.com",
            "ada@example..com",
            "ada@.com",
            "ada@example.com.",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "ada@-example.com",
            "ada@example-.com",
            "ada@exam_ple.com",
            "\"ada\"@example.com",
            "ada@[127.0.0.1]",
            "ada,eve@example.com",
            "ada<eve@example.com>",
            "ada@example.com, eve@example.com",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
        assert!(EmailAddress::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
        assert!(EmailAddress::parse(&format!("a@{}.com", "b".repeat(64))).is_err());
        assert!(EmailAddress::parse("ada@example.com\r\nBcc: eve@example.com").is_err());
    }
}
