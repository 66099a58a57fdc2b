//! Scopes: which one a route needs, said in a type or in a layer (RFC 6749 §3.3).

/// A scope that a handler needs, as a type. Made by [`scopes!`](crate::scopes).
pub trait RequiredScope: Send + Sync + 'static {
    /// The scope's name.
    const SCOPE: &'static str;
}

/// Whether `scope` is one scope token (RFC 6749 §3.3: `%x21 / %x23-5B / %x5D-7E`, at least one).
pub const fn is_scope_token(scope: &str) -> bool {
    let bytes = scope.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], 0x21 | 0x23..=0x5B | 0x5D..=0x7E) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

/// Declares scopes as types for [`Scoped`](crate::Scoped). A name that cannot be a scope does not compile.
///
/// ```
/// symbolon_guard::scopes! {
///     ReadDragons = "read:dragons",
///     pub TameDragons = "tame:dragons",
/// }
/// ```
///
/// ```compile_fail
/// symbolon_guard::scopes! { Two = "read:dragons tame:dragons" }
/// ```
#[macro_export]
macro_rules! scopes {
    ($($(#[$attribute:meta])* $visibility:vis $name:ident = $scope:literal),+ $(,)?) => {$(
        const _: () = assert!($crate::is_scope_token($scope), "not a scope: one word, no space, quote or backslash");

        $(#[$attribute])*
        #[doc = concat!("The scope `", $scope, "`.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility struct $name;

        impl $crate::RequiredScope for $name {
            const SCOPE: &'static str = $scope;
        }
    )+};
}

/// What a caller must have to pass.
#[derive(Debug, Clone)]
pub(crate) enum Requirement {
    /// At least one of these scopes.
    AnyScope(Vec<String>),
    /// A sign-in of this kind.
    Authentication(SignInNeeded),
    /// A signed URL, and no token.
    SignedUrl,
    /// This role.
    Role(String),
}

/// How a caller's user must have signed in (RFC 9470 §3).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignInNeeded {
    /// In one of these ways; in any, if there are none.
    pub acr_values: Vec<String>,
    /// At most so many seconds ago.
    pub max_age: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::is_scope_token;

    #[test]
    fn scope_tokens_are_single_printable_words() {
        for good in ["a", "read:dragons", "https://api.example.com/x", "!#[]~"] {
            assert!(is_scope_token(good), "{good}");
        }
        for bad in ["", " ", "a b", "a\"b", "a\\b", "a\u{7f}", "é", "a\n"] {
            assert!(!is_scope_token(bad), "{bad:?}");
        }
    }
}
