//! Why a request was turned away, and the one place that turns a cause into an answer (RFC 6750 §3.1).
//!
//! The caller learns the RFC's error code and nothing else: every 401 has the same body. The cause goes to `tracing` and to
//! [`Guard::on_reject`](crate::Guard::on_reject).

use std::fmt;

use http::StatusCode;

use symbolon_oauth::DpopFailure;

use crate::{revocation::Revoked, scope::SignInNeeded};

/// A request was turned away. `Display` gives the cause for the operator; it never holds a token or a key.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The request carries no bearer token in any place the guard reads.
    NoToken,
    /// The credentials cannot be read: a second `Authorization` header, characters no token has, two tokens.
    Malformed(Malformed),
    /// There is a token, and it does not count.
    InvalidToken(InvalidToken),
    /// The token is bound to a key, and the proof of it does not count (RFC 9449 §4.3). The caller is told which check failed.
    Dpop(DpopFailure),
    /// The token is good but was not granted one of these scopes.
    InsufficientScope {
        /// The scopes of which at least one is needed, separated by spaces.
        required: String,
    },
    /// The token is good, and its user would have to sign in again, or in a stronger way (RFC 9470).
    InsufficientAuthentication(SignInNeeded),
    /// The token is good but its subject does not have this role.
    MissingRole {
        /// The role that is needed.
        required: String,
    },
    /// The token is good, but this is only for signed URLs.
    NoSignedUrl,
    /// A state-changing request came with the cookie, and not from a page of an allowed origin.
    CrossSite,
    /// The form body is longer than the guard will read in search of a token.
    BodyTooLarge,
    /// The body broke off while the guard searched it for a token.
    BodyUnreadable,
    /// The issuer's keys could never be fetched, so no token can be judged.
    KeysUnavailable {
        /// After how many seconds another try is worth while.
        retry_after_secs: u64,
    },
    /// What is known of revocations is too old, and the guard was told to refuse then:
    /// [`WhenStale`](crate::WhenStale).
    RevocationsUnavailable {
        /// After how many seconds another try is worth while.
        retry_after_secs: u64,
    },
    /// The issuer could not be asked about a session value.
    SessionsUnavailable {
        /// After how many seconds another try is worth while.
        retry_after_secs: u64,
    },
    /// A handler asked for a caller on a route that no guard protects: a mistake in the wiring, not the caller's fault.
    NotGuarded,
}

/// What made the credentials unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// More than one `Authorization` header.
    TwoHeaders,
    /// The scheme is `Bearer` but what follows is not one `b64token` (RFC 6750 §2.1).
    NotOneToken,
    /// The token came twice, or in two places (RFC 6750 §2).
    TwoTokens,
}

/// Why a token does not count.
#[derive(Debug)]
#[non_exhaustive]
pub enum InvalidToken {
    /// Parsing, signature or claims failed.
    Jose(symbolon_jose::Error),
    /// No key of the issuer has the token's `kid` and algorithm.
    UnknownKey,
    /// The token is bound to a key (`cnf`, RFC 9449 §7.1) and was presented as if it were not.
    SenderConstrained,
    /// The token is bound to no key, though it was presented as if it were, or the API takes no others.
    NotBound,
    /// The token is bound to a certificate, and the connection has another, or none (RFC 8705 §3).
    OtherCertificate,
    /// The issuer has revoked the token, or something it depends on.
    Revoked(Revoked),
    /// The token's header says it is something other than an access token.
    OtherType,
    /// The issuer says that this session value does not count, or no longer.
    SessionEnded,
    /// The URL was signed for another resource or another method.
    OtherUrl,
    /// The URL was signed for a single use, and has been used.
    UsedUrl,
    /// The handler's own claims type does not fit the token.
    UnexpectedClaims,
}

/// What goes on the wire for a rejection.
pub(crate) struct Wire {
    pub(crate) status: StatusCode,
    /// The `error` attribute of the challenge; `None` leaves it out.
    pub(crate) error: Option<&'static str>,
    pub(crate) body: &'static str,
}

const UNAUTHORIZED: &str = r#"{"error":"unauthorized"}"#;
const FORBIDDEN: &str = r#"{"error":"forbidden"}"#;
const BAD_REQUEST: &str = r#"{"error":"invalid_request"}"#;

impl Rejection {
    /// The one table from cause to answer.
    pub(crate) const fn wire(&self) -> Wire {
        let (status, error, body) = match self {
            // RFC 6750 §3.1, last paragraph: no code when the request lacks any authentication information.
            Self::NoToken => (StatusCode::UNAUTHORIZED, None, UNAUTHORIZED),
            // RFC 6750 §3.1: invalid_token, 401.
            Self::InvalidToken(_) => (StatusCode::UNAUTHORIZED, Some("invalid_token"), UNAUTHORIZED),
            // RFC 9449 §7.1, §9: invalid_dpop_proof or use_dpop_nonce, 401.
            Self::Dpop(failure) => (StatusCode::UNAUTHORIZED, Some(failure.code()), UNAUTHORIZED),
            // RFC 6750 §3.1: invalid_request, 400.
            Self::Malformed(_) | Self::BodyUnreadable => {
                (StatusCode::BAD_REQUEST, Some("invalid_request"), BAD_REQUEST)
            }
            // RFC 6750 §3.1: insufficient_scope, 403. A role is a privilege beyond the token's, too.
            Self::InsufficientScope { .. } | Self::MissingRole { .. } => {
                (StatusCode::FORBIDDEN, Some("insufficient_scope"), FORBIDDEN)
            }
            // RFC 9470 §3: insufficient_user_authentication, 401.
            Self::InsufficientAuthentication(_) => {
                (StatusCode::UNAUTHORIZED, Some("insufficient_user_authentication"), UNAUTHORIZED)
            }
            // Not a matter of the token: no code of RFC 6750 says "not from there".
            Self::CrossSite | Self::NoSignedUrl => (StatusCode::FORBIDDEN, None, FORBIDDEN),
            // RFC 9110 §15.5.14.
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None, BAD_REQUEST),
            // RFC 9110 §15.6.4: the token may be fine, so 401 would make clients throw it away.
            Self::KeysUnavailable { .. } | Self::RevocationsUnavailable { .. } | Self::SessionsUnavailable { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, None, r#"{"error":"temporarily_unavailable"}"#)
            }
            // RFC 9110 §15.6.1.
            Self::NotGuarded => (StatusCode::INTERNAL_SERVER_ERROR, None, r#"{"error":"server_error"}"#),
        };
        Wire { status, error, body }
    }

    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        self.wire().status
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str("no bearer token"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::InvalidToken(invalid) => invalid.fmt(f),
            Self::Dpop(failure) => f.write_str(failure.text()),
            Self::InsufficientScope { required } => write!(f, "token lacks the scope (needs one of: {required})"),
            Self::InsufficientAuthentication(_) => f.write_str("the user's sign-in is too old, or not strong enough"),
            Self::MissingRole { required } => write!(f, "subject lacks the role {required}"),
            Self::NoSignedUrl => f.write_str("a token where only signed URLs are taken"),
            Self::CrossSite => {
                f.write_str("cookie on a state-changing request from another site, or without its page's token")
            }
            Self::BodyTooLarge => f.write_str("form body too long to search for a token"),
            Self::BodyUnreadable => f.write_str("form body broke off"),
            Self::KeysUnavailable { .. } => f.write_str("the issuer's keys could not be fetched"),
            Self::RevocationsUnavailable { .. } => f.write_str("what is known of revocations is too old"),
            Self::SessionsUnavailable { .. } => f.write_str("the issuer could not be asked about a session"),
            Self::NotGuarded => f.write_str("a handler asks for the caller but no guard layer covers its route"),
        }
    }
}

impl std::error::Error for Rejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InvalidToken(InvalidToken::Jose(source)) => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TwoHeaders => "more than one authorization header",
            Self::NotOneToken => "the bearer scheme is not followed by one token",
            Self::TwoTokens => "more than one token",
        })
    }
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jose(source) => source.fmt(f),
            Self::UnknownKey => f.write_str("no key of the issuer fits the token"),
            Self::SenderConstrained => f.write_str("a token bound to a key was presented as a plain bearer token"),
            Self::NotBound => f.write_str("the token is not bound to a key"),
            Self::OtherCertificate => f.write_str("the token is bound to another certificate than the connection's"),
            Self::Revoked(revoked) => revoked.fmt(f),
            Self::OtherType => f.write_str("the token is not an access token"),
            Self::SessionEnded => f.write_str("the session does not count, or no longer"),
            Self::OtherUrl => f.write_str("the URL was signed for another resource or method"),
            Self::UsedUrl => f.write_str("the signed URL has been used"),
            Self::UnexpectedClaims => f.write_str("the token's claims do not fit the handler's type"),
        }
    }
}

/// A guard cannot be built from what it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The address is not an absolute URL with a host, or carries a user, a query or a fragment.
    NotAUrl {
        /// What the address is for: `issuer`, `jwks url` or `public address`.
        what: &'static str,
        /// The address as given.
        value: String,
    },
    /// The address is neither `https` nor plain `http` on loopback.
    Insecure {
        /// What the address is for.
        what: &'static str,
        /// The address as given.
        value: String,
    },
    /// The audience is empty.
    EmptyAudience,
    /// This cannot be the name of a header.
    NotAHeader {
        /// The name as given.
        value: String,
    },
    /// The machine gives no secret to make nonces with.
    NoNonces,
    /// The machine gives no secret to sign URLs with.
    NoSecret,
    /// An environment variable is missing or not UTF-8.
    MissingVariable {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUrl { what, value } => {
                write!(f, "{what} `{value}` is not an absolute URL without user, query and fragment")
            }
            Self::Insecure { what, value } => {
                write!(f, "{what} `{value}` must be https (plain http only on loopback)")
            }
            Self::EmptyAudience => f.write_str("the audience is empty"),
            Self::NotAHeader { value } => write!(f, "`{value}` is no name of a header"),
            Self::NoNonces => f.write_str("no secret for nonces could be made"),
            Self::NoSecret => f.write_str("no secret for signed URLs could be made"),
            Self::MissingVariable { name } => write!(f, "set the environment variable {name}"),
        }
    }
}

impl std::error::Error for ConfigError {}
