//! The authorization response, as a client reads it (RFC 6749 §4.1.2, §4.1.2.1; RFC 9207 §2.4).
//!
//! Refused: an answer to no question of this browser (`state`, RFC 6749 §10.12), one of another issuer (mix-up, RFC 9700 §4.4), one
//! that says two things. Only then does it count what it says.

use std::fmt;

use crate::params::Params;

/// What the issuer said in the redirect.
#[derive(Clone, PartialEq, Eq)]
pub enum Callback {
    /// A code, good once.
    Code(String),
    /// A no, by its wire code: `access_denied` and others.
    Declined(String),
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(_) => f.write_str("Code(…)"),
            Self::Declined(error) => f.debug_tuple("Declined").field(error).finish(),
        }
    }
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackRefused {
    /// Neither a code nor an error, or both, or one of them twice.
    Malformed,
    /// `iss` is another issuer's, or missing although the issuer always sends it.
    OtherIssuer,
    /// `state` is not the one that this browser was sent away with.
    OtherQuestion,
}

impl fmt::Display for CallbackRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the answer is neither a code nor an error",
            Self::OtherIssuer => "the answer is of another issuer",
            Self::OtherQuestion => "the answer is not to a question of this browser",
        })
    }
}

impl std::error::Error for CallbackRefused {}

/// Whether an issuer says in every answer who it is (`authorization_response_iss_parameter_supported`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamesItself {
    /// It does: an answer without `iss` is not its.
    Always,
    /// It may: what stands there must be right.
    Perhaps,
}

/// Reads the query of a redirect, to be the answer of `issuer` to the question with `state`.
///
/// # Errors
/// [`CallbackRefused`]; nothing of the answer may be used then.
pub fn read(query: &str, state: &str, issuer: &str, names_itself: NamesItself) -> Result<Callback, CallbackRefused> {
    let params = Params::parse(query.as_bytes()).map_err(|_| CallbackRefused::Malformed)?;
    let answered = params.get("state").ok_or(CallbackRefused::OtherQuestion)?;
    if !symbolon_jose::ct_eq(answered.as_bytes(), state.as_bytes()) {
        return Err(CallbackRefused::OtherQuestion);
    }
    // RFC 9207 §2.4: "Clients MUST … compare the result to the issuer identifier …, using simple string comparison".
    match (params.get("iss"), names_itself) {
        (Some(iss), _) if iss == issuer => {}
        (None, NamesItself::Perhaps) => {}
        _ => return Err(CallbackRefused::OtherIssuer),
    }
    match (params.get("code"), params.get("error")) {
        (Some(code), None) => Ok(Callback::Code(code.to_owned())),
        (None, Some(error)) => Ok(Callback::Declined(error.to_owned())),
        _ => Err(CallbackRefused::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://auth.example";

    fn of(query: &str) -> Result<Callback, CallbackRefused> {
        read(query, "s1", ISSUER, NamesItself::Always)
    }

    #[test]
    fn a_code_and_a_no_are_read() {
        assert_eq!(of("code=c&state=s1&iss=https%3A%2F%2Fauth.example"), Ok(Callback::Code("c".into())));
        let declined = of("error=access_denied&error_description=x&state=s1&iss=https%3A%2F%2Fauth.example");
        assert_eq!(declined, Ok(Callback::Declined("access_denied".into())));
        assert_eq!(read("code=c&state=s1", "s1", ISSUER, NamesItself::Perhaps), Ok(Callback::Code("c".into())));
    }

    #[test]
    fn rfc6749_section_10_12_a_forged_answer_is_refused() {
        for query in
            ["code=c&iss=https://auth.example", "code=c&state=&iss=https://auth.example", "code=c&state=s2", ""]
        {
            assert_eq!(of(query), Err(CallbackRefused::OtherQuestion), "{query}");
        }
    }

    #[test]
    fn rfc9207_section_2_4_an_answer_of_another_issuer_is_refused() {
        for query in
            ["code=c&state=s1", "code=c&state=s1&iss=https://evil.example", "code=c&state=s1&iss=https://auth.example/"]
        {
            assert_eq!(of(query), Err(CallbackRefused::OtherIssuer), "{query}");
        }
        let evil = read("code=c&state=s1&iss=https://evil.example", "s1", ISSUER, NamesItself::Perhaps);
        assert_eq!(evil, Err(CallbackRefused::OtherIssuer));
    }

    #[test]
    fn an_answer_that_says_two_things_says_nothing() {
        for query in ["code=c&error=e", "code=c&code=d", "x=y"] {
            assert_eq!(
                of(&format!("{query}&state=s1&iss=https://auth.example")),
                Err(CallbackRefused::Malformed),
                "{query}"
            );
        }
    }

    #[test]
    fn no_code_stands_in_debug_output() {
        assert_eq!(format!("{:?}", Callback::Code("secret".into())), "Code(…)");
    }
}
