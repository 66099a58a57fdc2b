//! Levels of authentication (`acr`; OpenID Connect Core §2, RFC 9470): what a sign-in proves, read from how it was done and how long ago.
//!
//! A level is not stored with a session: it follows from the methods of the sign-in (`amr`, RFC 8176), so it cannot say more than happened.
//! Which levels there are, and what they are called, is the operator's: `phr=hwk`, `2=pwd+otp`, `recent=pwd@15m`, the strongest first. A
//! level that stands there twice is reached in either way. One that nobody can reach is not taken, so that none is promised.

use std::fmt;

/// The methods by which somebody can sign in here; one line each.
const METHODS: &[&str] = &[EMAIL, HWK, MFA, OTP, PWD, SWK, USER];
/// A code or link that was mailed. RFC 8176 has no value for it, and none that is there fits: `otp` is a one-time password of RFC 4226 or RFC 6238,
/// and a mailbox is not a factor of its own beside a password (NIST SP 800-63B-4 §3.1.3.1), so `mfa` does not come with it.
pub const EMAIL: &str = "email";
/// A key that never leaves its device: a passkey that says so of itself.
pub const HWK: &str = "hwk";
/// More than one factor, whichever they were.
pub const MFA: &str = "mfa";
/// A one-time password of an authenticator app.
pub const OTP: &str = "otp";
/// A password.
pub const PWD: &str = "pwd";
/// A key that software keeps: a passkey that can be on several devices.
pub const SWK: &str = "swk";
/// Somebody was there and touched the authenticator.
pub const USER: &str = "user";

/// The longest name of a level, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// The levels there are, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels(Vec<Level>);

/// One way to reach a level.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    /// The value of `acr`.
    name: String,
    /// The methods that make it, all of them.
    methods: Vec<String>,
    /// How long after the sign-in it holds; for as long as the session does, if nothing is said.
    max_age_secs: Option<u64>,
}

/// What is wrong with a level as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LevelError {
    /// After the `@` stands no length of time.
    Age(String),
    /// Nobody can sign in like that here.
    Method(String),
    /// The name could not be asked for: `acr_values` are separated by spaces.
    Name(String),
    /// There is no `=` with a name before it and methods behind it.
    Shape(String),
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age(why) => write!(f, "the age after `@`: {why}"),
            Self::Method(method) => {
                write!(f, "nobody can sign in here by `{method}`; what there is: {}", METHODS.join(", "))
            }
            Self::Name(name) => write!(f, "`{name}` must be printable ASCII without spaces, quotes and backslashes"),
            Self::Shape(text) => write!(f, "`{text}` is no level; write one as \"NAME=METHOD+METHOD\""),
        }
    }
}

impl std::error::Error for LevelError {}

/// How a sign-in was done.
#[derive(Clone, Copy, Debug)]
pub struct Performed<'a> {
    /// By what means (RFC 8176).
    pub amr: &'a [String],
    /// How long ago; `None` if it is in the future, which is no sign-in of any age.
    pub age_secs: Option<u64>,
}

impl Levels {
    /// Reads levels, the strongest first. `secs` reads a length of time.
    ///
    /// # Errors
    /// What is wrong with the first that is none.
    pub fn parse<'t>(
        texts: impl IntoIterator<Item = &'t str>,
        secs: impl Fn(&str) -> Result<u64, String>,
    ) -> Result<Self, LevelError> {
        texts.into_iter().map(|text| Level::parse(text, &secs)).collect::<Result<_, _>>().map(Self)
    }

    /// What a sign-in is worth: the strongest level it is of.
    ///
    /// ```
    /// use symbolon_oauth::acr::{Levels, Performed};
    /// let levels = Levels::parse(["recent=pwd@10s", "known=pwd"], |_| Ok(10)).unwrap();
    /// let amr = ["pwd".to_owned()];
    /// let performed = |age_secs| Performed { amr: &amr, age_secs };
    /// assert_eq!(levels.of(performed(Some(3))), Some("recent"));
    /// assert_eq!(levels.of(performed(Some(11))), Some("known"));
    /// ```
    #[must_use]
    pub fn of(&self, performed: Performed<'_>) -> Option<&str> {
        self.0.iter().find(|level| level.is_reached(performed)).map(|level| level.name.as_str())
    }

    /// The first of the wanted levels that a sign-in is of (OpenID Connect Core §3.1.2.1: they are in "order of preference").
    #[must_use]
    pub fn first_of<'w>(&self, wanted: &'w [String], performed: Performed<'_>) -> Option<&'w str> {
        let reached = |name: &&String| self.0.iter().any(|level| level.name == **name && level.is_reached(performed));
        wanted.iter().find(reached).map(String::as_str)
    }

    /// Every level that somebody can reach here.
    pub fn supported(&self) -> impl Iterator<Item = &str> {
        let is_first = |index: usize, name: &str| self.0.iter().position(|level| level.name == name) == Some(index);
        let names = self.0.iter().enumerate();
        names.filter(move |(index, level)| is_first(*index, &level.name)).map(|(_, level)| level.name.as_str())
    }

    /// Whether somebody can reach one of these here.
    #[must_use]
    pub fn is_attainable(&self, wanted: &[String]) -> bool {
        self.0.iter().any(|level| wanted.contains(&level.name))
    }
}

impl Default for Levels {
    fn default() -> Self {
        let level = |method: &str| Level {
            name: format!("urn:symbolon:acr:{method}"),
            methods: vec![method.to_owned()],
            max_age_secs: None,
        };
        Self(vec![level(MFA), level(PWD)])
    }
}

impl Level {
    fn parse(text: &str, secs: &impl Fn(&str) -> Result<u64, String>) -> Result<Self, LevelError> {
        // The last one: a name may be a URI with a query.
        let (name, how) = text.trim().rsplit_once('=').ok_or_else(|| LevelError::Shape(text.to_owned()))?;
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(fits) {
            return Err(LevelError::Name(name.to_owned()));
        }
        let (methods, age) = how.split_once('@').map_or((how, None), |(methods, age)| (methods, Some(age)));
        let methods: Vec<String> = methods.split('+').map(str::to_owned).collect();
        if let Some(unknown) = methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            return Err(LevelError::Method(unknown.clone()));
        }
        let max_age_secs = age.map(secs).transpose().map_err(LevelError::Age)?;
        Ok(Self { name: name.to_owned(), methods, max_age_secs })
    }

    fn is_reached(&self, performed: Performed<'_>) -> bool {
        let young = self.max_age_secs.is_none_or(|most| performed.age_secs.is_some_and(|age| age <= most));
        young && self.methods.iter().all(|method| performed.amr.contains(method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(texts: &[&str]) -> Result<Levels, LevelError> {
        let secs = |text: &str| text.strip_suffix('s').and_then(|text| text.parse().ok()).ok_or("no time".to_owned());
        Levels::parse(texts.iter().copied(), secs)
    }

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    /// As if all of these methods were to be had.
    fn level(name: &str, methods: &[&str], max_age_secs: Option<u64>) -> Level {
        Level { name: name.to_owned(), methods: texts(methods), max_age_secs }
    }

    #[test]
    fn a_level_is_reached_by_its_methods_and_by_nothing_else() {
        let levels = Levels::default();
        let with = |methods: &[&str]| levels.of(Performed { amr: &texts(methods), age_secs: None }).map(str::to_owned);
        assert_eq!(with(&["pwd"]).as_deref(), Some("urn:symbolon:acr:pwd"));
        assert_eq!(with(&["otp", "pwd"]).as_deref(), Some("urn:symbolon:acr:pwd"));
        assert_eq!(with(&["pwd", "otp", "mfa"]).as_deref(), Some("urn:symbolon:acr:mfa"));
        assert_eq!(with(&["hwk", "user", "mfa"]).as_deref(), Some("urn:symbolon:acr:mfa"));
        for other in [&[][..], &["otp"], &["PWD"], &["pwd "]] {
            assert_eq!(with(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_strongest_level_counts_and_each_way_to_it() {
        let all = [
            level("phr", &["hwk"], None),
            level("2", &["pwd", "otp"], None),
            level("2", &["hwk"], None),
            level("1", &["pwd"], Some(60)),
        ];
        let levels = Levels(all.into());
        let of = |amr: &[&str], age_secs| levels.of(Performed { amr: &texts(amr), age_secs }).map(str::to_owned);
        assert_eq!(of(&["hwk"], Some(0)).as_deref(), Some("phr"));
        assert_eq!(of(&["otp", "pwd"], Some(9999)).as_deref(), Some("2"));
        assert_eq!(of(&["pwd"], Some(60)).as_deref(), Some("1"));
        for age_secs in [Some(61), None] {
            assert_eq!(of(&["pwd"], age_secs), None, "{age_secs:?}");
        }
        assert_eq!(levels.supported().collect::<Vec<_>>(), ["phr", "2", "1"]);
        // A stronger sign-in is of the weaker level too, and the client's order counts.
        let hwk = texts(&["hwk"]);
        let performed = Performed { amr: &hwk, age_secs: Some(0) };
        assert_eq!(levels.first_of(&texts(&["1", "2", "phr"]), performed), Some("2"));
        assert_eq!(levels.first_of(&texts(&["1", "x"]), performed), None);
    }

    #[test]
    fn what_nobody_knows_is_not_attainable() {
        let levels = Levels::default();
        assert!(levels.is_attainable(&texts(&["x", "urn:symbolon:acr:pwd"])));
        assert!(!levels.is_attainable(&texts(&["x"])) && !levels.is_attainable(&[]));
    }

    #[test]
    fn levels_are_read_as_they_are_written() {
        let read = levels(&["https://x.example/?level=2=pwd@60s", "1=pwd"]).unwrap();
        let expected = vec![level("https://x.example/?level=2", &["pwd"], Some(60)), level("1", &["pwd"], None)];
        assert_eq!(read, Levels(expected));
        assert_eq!(levels(&[]).unwrap().supported().count(), 0);
    }

    #[test]
    fn what_cannot_be_reached_asked_for_or_read_is_no_level() {
        let error = |text: &str| levels(&[text]).unwrap_err();
        assert_eq!(error("phr=face"), LevelError::Method("face".to_owned()));
        assert_eq!(error("1=pwd+"), LevelError::Method(String::new()));
        assert_eq!(error("1=PWD"), LevelError::Method("PWD".to_owned()));
        assert_eq!(error("1"), LevelError::Shape("1".to_owned()));
        for name in ["", "a b", "a\"b", "a\\b", "ä", "a\nb"] {
            assert_eq!(error(&format!("{name}=pwd")), LevelError::Name(name.to_owned()));
        }
        assert!(matches!(error("1=pwd@soon"), LevelError::Age(_)));
        assert!(matches!(error(&format!("{}=pwd", "x".repeat(201))), LevelError::Name(_)));
    }
}
