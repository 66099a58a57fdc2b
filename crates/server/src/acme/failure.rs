//! Why no certificate came, in words for the operator, and what to do about it (RFC 8555 §6.7).

use std::fmt;

use serde::Deserialize;
use symbolon_store::StoreError;

use crate::outgoing::OutgoingError;

/// What an authority says (RFC 7807, RFC 8555 §6.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) detail: String,
    pub(super) subproblems: Vec<Problem>,
}

impl Problem {
    /// The name of an error that RFC 8555 knows: `badNonce`.
    pub(super) fn name(&self) -> &str {
        self.kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(&self.kind)
    }

    /// The reason itself: a compound problem has it in its first part (RFC 8555 §6.7.1).
    fn reason(&self) -> &Self {
        self.subproblems.first().filter(|_| self.name() == "compound").unwrap_or(self)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason();
        // Somebody else's text: on one line, and no longer than a line may be.
        let detail: String = reason.detail.chars().map(|it| if it.is_control() { ' ' } else { it }).take(300).collect();
        write!(f, "{detail} ({})", reason.name().chars().take(80).collect::<String>())
    }
}

/// Why an order came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// An answer is not what RFC 8555 says of it.
    Answer { url: String, why: String },
    /// Of the ways to prove control of the domain none is one of ours.
    NoWay { domain: String, offered: String },
    /// Another node went on with it, or the store did not take what was to be kept.
    Kept(StoreError),
    /// A key or a request could not be made.
    Made(String),
    /// The authority says no.
    Refused(Problem),
    /// It took too long.
    Slow,
    /// The authority could not see that the domain is ours.
    Unproven { domain: String, problem: Problem },
    /// Nobody answered.
    Unreachable { url: String, why: OutgoingError },
    /// What came is no certificate that could be shown.
    Unusable(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { url, why } => write!(f, "{url} does not answer as an ACME server does: {why}"),
            Self::NoWay { domain, offered } => {
                write!(
                    f,
                    "for {domain} the authority offers only {offered}, and this server answers tls-alpn-01 and http-01"
                )
            }
            Self::Kept(error) => write!(f, "what was ordered could not be kept: {error}"),
            Self::Made(why) => write!(f, "a key or a request could not be made: {why}"),
            Self::Refused(problem) => write!(f, "the authority refuses: {problem}"),
            Self::Slow => f.write_str("the authority did not finish in time"),
            Self::Unproven { domain, problem } => {
                write!(f, "the authority could not see that {domain} leads here: {problem}")
            }
            Self::Unreachable { url, why } => write!(f, "{url} cannot be reached: {why}"),
            Self::Unusable(why) => write!(f, "the certificate that came cannot be shown: {why}"),
        }
    }
}

impl Failure {
    /// What to do.
    pub(super) fn next_step(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "check acme.directory: it must be the authority's directory itself",
            Self::Kept(_) | Self::Made(_) | Self::Slow => {
                "nothing, if the next try succeeds; else look at the lines before"
            }
            Self::NoWay { .. } => {
                "order certificates with a program that can write DNS records, and set http.tls.cert and http.tls.key"
            }
            Self::Refused(problem) => of_problem(problem.reason().name()).unwrap_or(PASSES),
            Self::Unproven { problem, .. } => of_problem(problem.reason().name()).unwrap_or(NAMES),
            Self::Unreachable { why: OutgoingError::Refused(_), .. } => {
                "name the authority's network in outgoing.allow, if it is meant to be a private one"
            }
            Self::Unreachable { .. } => {
                "check acme.directory and the way out; a private authority's own certificate goes into outgoing.ca"
            }
            Self::Unusable(_) => "check acme.domains and the clock; tell the authority",
        }
    }
}

const NAMES: &str = "check that every name of acme.domains is in the public DNS, with the address of this server";
const PASSES: &str = "look up what the authority says; nothing, if it passes";

/// By the names of RFC 8555 §6.7.
fn of_problem(name: &str) -> Option<&'static str> {
    Some(match name {
        "caa" => "let the authority into the domain's CAA records",
        "connection" | "tls" => {
            "let everybody reach port 443 of the domain and lead it here with its TLS untouched; or set http.redirect and let them reach port 80"
        }
        "dns" => NAMES,
        "externalAccountRequired" => "set acme.external_account to what the authority gives its customers",
        "invalidContact" | "unsupportedContact" => "correct acme.contact",
        "rateLimited" => "wait; the authority says how long. Do not start anew with other data, which orders once more",
        "rejectedIdentifier" | "unsupportedIdentifier" => {
            "correct acme.domains: the authority has no certificate for such a name"
        }
        "unauthorized" | "incorrectResponse" => {
            "check that the domain's addresses, of IPv6 too, lead here and not to another server, and no proxy ends TLS before it"
        }
        "userActionRequired" => "read the authority's new terms of service and agree to them as it says",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(name: &str, detail: &str) -> Problem {
        let kind = format!("urn:ietf:params:acme:error:{name}");
        Problem { kind, detail: detail.to_owned(), subproblems: Vec::new() }
    }

    #[test]
    fn rfc8555_section_6_7_1_a_compound_problem_is_told_by_its_first_part() {
        let compound =
            Problem { subproblems: vec![problem("caa", "not us"), problem("dns", "gone")], ..problem("compound", "x") };
        let failure = Failure::Refused(compound);
        assert_eq!(failure.to_string(), "the authority refuses: not us (caa)");
        assert!(failure.next_step().contains("CAA"));
        assert_eq!(problem("compound", "x").to_string(), "x (compound)");
    }

    #[test]
    fn somebody_else_s_words_stay_on_one_line() {
        let long = problem("dns", &format!("a\nb\u{1b}{}", "x".repeat(1_000)));
        let told = long.to_string();
        assert!(told.starts_with("a b ") && told.len() < 320 && !told.contains('\n'), "{told}");
    }
}
