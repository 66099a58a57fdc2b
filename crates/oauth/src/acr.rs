//! Levels of authentication (`acr`; OpenID Connect Core §2, RFC 9470): what a sign-in proves, read from how it was done.
//!
//! A level is not stored anywhere: it follows from the methods of the sign-in (`amr`, RFC 8176), so it cannot say more than happened. One
//! line for each level at the end of this file, the strongest first.

/// One level.
struct Level {
    /// The value of `acr`.
    name: &'static str,
    /// The methods that make it, all of them.
    methods: &'static [&'static str],
}

/// What a sign-in by these methods is worth; nothing if it is of no level that is known.
///
/// ```
/// use symbolon_oauth::acr;
/// assert_eq!(acr::of(&["pwd".to_owned()]), Some("urn:symbolon:acr:pwd"));
/// assert_eq!(acr::of(&[]), None);
/// ```
#[must_use]
pub fn of(amr: &[String]) -> Option<&'static str> {
    let used = |method: &&str| amr.iter().any(|one| one == method);
    LEVELS.iter().find(|level| level.methods.iter().all(&used)).map(|level| level.name)
}

/// Every level that somebody can reach here.
pub fn supported() -> impl Iterator<Item = &'static str> {
    LEVELS.iter().map(|level| level.name)
}

/// Whether somebody can reach one of these here.
#[must_use]
pub fn is_attainable(wanted: &[String]) -> bool {
    supported().any(|name| wanted.iter().any(|one| one == name))
}

const LEVELS: &[Level] = &[Level { name: "urn:symbolon:acr:pwd", methods: &["pwd"] }];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_reached_by_its_methods_and_by_nothing_else() {
        let with = |methods: &[&str]| of(&methods.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(with(&["pwd"]), Some("urn:symbolon:acr:pwd"));
        assert_eq!(with(&["otp", "pwd"]), Some("urn:symbolon:acr:pwd"));
        for other in [&[][..], &["otp"], &["PWD"], &["pwd "]] {
            assert_eq!(with(other), None, "{other:?}");
        }
    }

    #[test]
    fn what_nobody_knows_is_not_attainable() {
        assert!(is_attainable(&["x".to_owned(), "urn:symbolon:acr:pwd".to_owned()]));
        assert!(!is_attainable(&["x".to_owned()]) && !is_attainable(&[]));
    }
}
