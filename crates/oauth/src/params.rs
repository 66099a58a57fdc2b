//! Parameters of a request: `application/x-www-form-urlencoded` in a query or a body (RFC 6749 appendix B), or a flat JSON object.
//!
//! Refuses invalid percent-encoding, invalid UTF-8, NUL, too much of anything, and a parameter given twice (RFC 6749 §3.1,
//! §3.2; only `resource` may repeat, RFC 8707 §2, and `audience` in a token exchange, RFC 8693 §2.1). A parameter without a value counts as omitted. Order never matters.

use std::fmt;

use serde_json::Value;
use zeroize::Zeroize;

use crate::error::OAuthError;

/// At most so many bytes, encoded.
pub const MAX_BYTES: usize = 64 * 1024;
/// At most so many parameters.
pub const MAX_PARAMS: usize = 100;

/// The one parameter that may repeat (RFC 8707 §2).
const MAY_REPEAT: &str = "resource";

/// Decoded parameters. `Debug` shows names only: values may be secrets. Wiped when dropped.
///
/// ```
/// use symbolon_oauth::Params;
/// let params = Params::parse(b"grant_type=authorization_code&code=a%2Bb&scope=")?;
/// assert_eq!(params.get("code"), Some("a+b"));
/// assert_eq!(params.get("scope"), None);
/// assert!(Params::parse(b"code=1&code=2").is_err());
/// # Ok::<(), symbolon_oauth::OAuthError>(())
/// ```
#[derive(Clone, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    repeated: Vec<String>,
    /// What was asked for by name. Tests hold the lists of parameters to it (`endpoint/mod.rs`).
    #[cfg(test)]
    read: std::sync::Arc<std::sync::Mutex<std::collections::BTreeSet<String>>>,
}

impl Params {
    /// Reads a form body or query; a parameter given twice is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, OAuthError> {
        Self::parse_for_authorize(bytes)?.refuse_repeated()
    }

    /// Reads the parameters of an authorization request. Repetition is remembered, because whether it is told by a page or by
    /// redirect depends on which parameter it was: [`crate::authorize::validate`] refuses it.
    pub fn parse_for_authorize(bytes: &[u8]) -> Result<Self, OAuthError> {
        if bytes.len() > MAX_BYTES {
            return Err(OAuthError::ParametersTooLarge);
        }
        let mut params = Self::default();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let name = decode(&pair[..at])?;
            let value = decode(pair.get(at + 1..).unwrap_or_default())?;
            params.add(name, value)?;
        }
        Ok(params)
    }

    /// Reads a JSON object of strings (for clients that send JSON to the token endpoint, and for forms that a script draws). A number is its
    /// text, and `true` a ticked box; members of other types are ignored, as unknown parameters are.
    pub fn parse_json(bytes: &[u8]) -> Result<Self, OAuthError> {
        if bytes.len() > MAX_BYTES {
            return Err(OAuthError::ParametersTooLarge);
        }
        let object: serde_json::Map<String, Value> =
            crate::json::strict(bytes).ok_or(OAuthError::ParametersMalformed)?;
        let mut params = Self::default();
        for (name, value) in object {
            match value {
                Value::String(text) => params.add(name, text)?,
                Value::Number(number) => params.add(name, number.to_string())?,
                // As a box of a form: ticked, or not there.
                Value::Bool(true) => params.add(name, "true".to_owned())?,
                Value::Array(_) | Value::Bool(false) | Value::Null | Value::Object(_) => {}
            }
        }
        Ok(params)
    }

    /// From pairs that are already text, as tests and the shell have them.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, OAuthError> {
        let mut params = Self::default();
        for (name, value) in pairs {
            params.add(name.into(), value.into())?;
        }
        params.refuse_repeated()
    }

    /// The value, if there is one and it is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        #[cfg(test)]
        self.note(name);
        self.pairs.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value, or the refusal that names what is missing.
    pub fn require(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or(OAuthError::ParameterMissing(name))
    }

    /// Every value of a parameter that may repeat.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        #[cfg(test)]
        self.note(name);
        self.pairs
            .iter()
            .filter(move |(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether the parameter was given twice.
    #[must_use]
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.iter().any(|known| known == name)
    }

    /// The first parameter given twice.
    #[must_use]
    pub fn first_repeated(&self) -> Option<&str> {
        self.repeated.first().map(String::as_str)
    }

    /// All parameters, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parameters as a query string, to carry an authorization request through the sign-in pages.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.iter());
        query.finish()
    }

    fn add(&mut self, name: String, value: String) -> Result<(), OAuthError> {
        if self.pairs.len() == MAX_PARAMS {
            return Err(OAuthError::ParametersTooLarge);
        }
        if name != MAY_REPEAT && self.pairs.iter().any(|(known, _)| *known == name) && !self.is_repeated(&name) {
            self.repeated.push(name.clone());
        }
        self.pairs.push((name, value));
        Ok(())
    }

    #[cfg(test)]
    fn note(&self, name: &str) {
        self.read.lock().expect("no reader panics").insert(name.to_owned());
    }

    /// The names that were asked for, whether or not they were there.
    #[cfg(test)]
    pub(crate) fn read(&self) -> std::collections::BTreeSet<String> {
        self.read.lock().expect("no reader panics").clone()
    }

    fn refuse_repeated(self) -> Result<Self, OAuthError> {
        // RFC 8693 §2.1: "Multiple audience parameters may be used".
        let exchange = self.get("grant_type") == Some(crate::grant::token_exchange::NAME);
        let refused = self.repeated.iter().find(|name| !exchange || *name != "audience");
        match refused {
            Some(name) => Err(OAuthError::ParameterRepeated(name.to_owned())),
            None => Ok(self),
        }
    }
}

impl Drop for Params {
    fn drop(&mut self) {
        for (_, value) in &mut self.pairs {
            value.zeroize();
        }
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pairs, repeated: _, .. } = self;
        f.debug_set().entries(pairs.iter().map(|(name, _)| name)).finish()
    }
}

/// Percent-decoding that refuses what it cannot read, where browsers would guess.
pub(crate) fn decode(encoded: &[u8]) -> Result<String, OAuthError> {
    let plain = encoded.iter().take_while(|byte| !matches!(byte, b'+' | b'%')).count();
    let mut bytes = Vec::with_capacity(encoded.len());
    bytes.extend_from_slice(&encoded[..plain]);
    let mut rest = &encoded[plain..];
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let [high, low, tail @ ..] = rest else { return Err(OAuthError::ParametersMalformed) };
                bytes.push(hex(*high)? << 4 | hex(*low)?);
                rest = tail;
            }
            other => bytes.push(*other),
        }
    }
    if bytes.contains(&0) {
        return Err(OAuthError::ParametersMalformed);
    }
    String::from_utf8(bytes).map_err(|_| OAuthError::ParametersMalformed)
}

fn hex(digit: u8) -> Result<u8, OAuthError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(OAuthError::ParametersMalformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_parameter_given_twice_is_refused_even_when_equal() {
        for text in ["a=1&a=1", "a=1&b=2&a=", "a&a", "state=x&%73tate=y"] {
            assert!(matches!(Params::parse(text.as_bytes()), Err(OAuthError::ParameterRepeated(_))), "{text}");
        }
    }

    #[test]
    fn resource_may_repeat_rfc_8707() {
        let params = Params::parse(b"resource=a&resource=b").unwrap();
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_does_not_decode_is_refused_and_never_guessed() {
        for text in [
            &b"a=%"[..],
            b"a=%1",
            b"a=%zz",
            b"a=%ff",
            b"a=\xff",
            b"a=%c0%80",
            b"a=%ed%a0%80",
            b"a=%00",
            b"a=\0",
            b"%00=a",
        ] {
            assert_eq!(Params::parse(text).err(), Some(OAuthError::ParametersMalformed), "{text:?}");
        }
    }

    #[test]
    fn too_much_is_refused() {
        assert_eq!(Params::parse(&vec![b'a'; MAX_BYTES + 1]).err(), Some(OAuthError::ParametersTooLarge));
        let many: Vec<String> = (0..=MAX_PARAMS).map(|n| format!("p{n}=1")).collect();
        assert_eq!(Params::parse(many.join("&").as_bytes()).err(), Some(OAuthError::ParametersTooLarge));
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", Params::parse(b"client_secret=hunter2").unwrap());
        assert!(shown.contains("client_secret") && !shown.contains("hunter2"));
    }

    #[test]
    fn json_is_read_strictly_and_foreign_members_are_ignored() {
        let params = Params::parse_json(
            br#"{"grant_type":"refresh_token","nested":{"a":1},"list":["x"],"none":null,"n":5,"yes":true,"no":false}"#,
        )
        .unwrap();
        assert_eq!(params.get("grant_type"), Some("refresh_token"));
        assert_eq!(
            (params.get("nested"), params.get("list"), params.get("none"), params.get("n")),
            (None, None, None, Some("5"))
        );
        assert_eq!((params.get("yes"), params.get("no")), (Some("true"), None));
        for text in [&br#"{"a":"1","a":"2"}"#[..], b"[]", b"{", b"{}x", b"\xef\xbb\xbf{}", br#"{"a":"\u0000"}"#] {
            assert_eq!(Params::parse_json(text).err(), Some(OAuthError::ParametersMalformed), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Params::parse(&bytes);
            let _ = Params::parse_json(&bytes);
        }

        #[test]
        fn any_value_without_nul_comes_back_unchanged(value in "[^\0]{1,200}") {
            let encoded = Params::from_pairs([("state", value.clone())]).unwrap().to_query();
            let params = Params::parse(encoded.as_bytes()).unwrap();
            prop_assert_eq!(params.get("state"), Some(value.as_str()));
        }
    }
}
