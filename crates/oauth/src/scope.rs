//! Scope: a set of names in the order asked for (RFC 6749 §3.3).
//!
//! Refuses characters the grammar does not know and lists so long that comparing them would cost something.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::OAuthError;

/// The standard scope values of OpenID Connect Core §5.4 and §11 that are supported here.
pub const STANDARD: &[&str] = &["openid", "profile", "email", "address", "phone", "offline_access"];

/// All of them.
pub(crate) fn standard() -> Scope {
    STANDARD.iter().copied().collect()
}

/// At most so many names in one scope.
pub const MAX_NAMES: usize = 100;
/// At most so many bytes in one scope.
pub const MAX_BYTES: usize = 4096;

/// A set of scope names, in the order they were asked for, each once.
///
/// ```
/// use symbolon_oauth::Scope;
/// let granted = Scope::parse("openid profile read:dragons")?;
/// assert!(granted.contains("openid"));
/// assert!(Scope::parse("openid")?.is_subset_of(&granted));
/// # Ok::<(), symbolon_oauth::OAuthError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    /// Nothing at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads a space-separated list; an empty one is allowed.
    ///
    /// # Errors
    /// [`OAuthError::ScopeMalformed`] beyond the grammar or the limits.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        if text.len() > MAX_BYTES {
            return Err(OAuthError::ScopeMalformed);
        }
        let mut names: Vec<String> = Vec::new();
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            if !is_scope_name(name) {
                return Err(OAuthError::ScopeMalformed);
            }
            if names.iter().any(|known| known == name) {
                continue;
            }
            if names.len() == MAX_NAMES {
                return Err(OAuthError::ScopeMalformed);
            }
            names.push(name.to_owned());
        }
        Ok(Self(names))
    }

    /// Whether `name` is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether every name here is in `other` too.
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.iter().all(|name| other.contains(name))
    }

    /// The names that `keep` says yes to.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.iter().filter(|name| keep(name)).map(str::to_owned).collect())
    }

    /// The names here that `other` lacks.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.filtered(|name| !other.contains(name))
    }

    /// Both together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.0.extend(other.minus(self).0);
        all
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    /// Collects names the program knows; duplicates and malformed ones are left out.
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut scope = Self::empty();
        for name in names {
            if is_scope_name(name) && !scope.contains(name) {
                scope.0.push(name.to_owned());
            }
        }
        scope
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`
#[must_use]
pub fn is_scope_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn order_is_kept_and_repetition_dropped() {
        let scope = Scope::parse("profile  openid profile").unwrap();
        assert_eq!(scope.to_string(), "profile openid");
        assert_eq!(serde_json::to_string(&scope).unwrap(), "\"profile openid\"");
    }

    #[test]
    fn characters_outside_the_grammar_are_refused() {
        for text in ["a\"b", "a\\b", "a\tb", "a\nb", "ä", "a\0", "a\u{7f}"] {
            assert_eq!(Scope::parse(text), Err(OAuthError::ScopeMalformed), "{text:?}");
        }
    }

    #[test]
    fn very_long_scopes_are_refused_before_they_cost_anything() {
        assert_eq!(Scope::parse(&"a ".repeat(3000)), Err(OAuthError::ScopeMalformed));
        let many: Vec<String> = (0..=MAX_NAMES).map(|n| format!("s{n}")).collect();
        assert_eq!(Scope::parse(&many.join(" ")), Err(OAuthError::ScopeMalformed));
    }

    #[test]
    fn comparison_is_case_sensitive() {
        assert!(!Scope::parse("OpenID").unwrap().contains("openid"));
    }

    #[test]
    fn set_operations() {
        let a = Scope::parse("a b").unwrap();
        let b = Scope::parse("b c").unwrap();
        assert_eq!(a.union(&b).to_string(), "a b c");
        assert_eq!(a.minus(&b).to_string(), "a");
        assert!(!a.is_subset_of(&b) && Scope::empty().is_subset_of(&a));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in "[!-~ ]{0,80}") {
            if let Ok(scope) = Scope::parse(&text) {
                prop_assert_eq!(Scope::parse(&scope.to_string()), Ok(scope));
            }
        }
    }
}
