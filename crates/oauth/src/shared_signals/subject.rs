//! Subject identifiers (RFC 9493, and the complex ones of Shared Signals Framework 1.0 §3.3): whom or what an event is about.

use serde::Serialize;

/// An identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "format", rename_all = "snake_case")]
pub enum SubjectId {
    /// Several that together mean one thing.
    Complex {
        /// The user.
        user: Box<SubjectId>,
        /// A session of theirs.
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<Box<SubjectId>>,
        /// An application they use.
        #[serde(skip_serializing_if = "Option::is_none")]
        application: Option<Box<SubjectId>>,
    },
    /// A user, as ID tokens name them (RFC 9493 §3.2.3).
    IssSub {
        /// The issuer.
        iss: String,
        /// The `sub`.
        sub: String,
    },
    /// Some id (RFC 9493 §3.2.4).
    Opaque {
        /// The id.
        id: String,
    },
}

impl SubjectId {
    /// An id.
    pub(super) fn opaque(id: &str) -> Self {
        Self::Opaque { id: id.to_owned() }
    }
}
