//! The registry: small versioned JSON documents (clients, APIs, roles, keys, settings). Their insides are the server's.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// One document of the registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is, such as `client`.
    pub kind: String,
    /// Unique within its kind.
    pub id: String,
    /// The registry version that wrote it: it never repeats, not even after delete and re-creation.
    pub revision: u64,
    /// The content, which the store does not look into, but for what it has to know of a [`Document::CLIENT`].
    pub body: Body,
}

impl Document {
    /// A client: the id is its client id. The streams of one with `first_party` are told of everybody; of one that is `disabled`, of
    /// nobody.
    pub const CLIENT: &str = "client";
    /// Of how many versions it is known what changed.
    pub const CHANGES_KEPT: u64 = 10_000;
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body may hold sealed keys and secret hashes.
        let Self { kind, id, revision, body: _ } = self;
        f.debug_struct("Document")
            .field("kind", kind)
            .field("id", id)
            .field("revision", revision)
            .finish_non_exhaustive()
    }
}

/// The content of a [`Document`]: JSON as it is stored, which is read by whoever knows its shape.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(Box<str>);

impl Body {
    /// Content as it is stored.
    pub fn from_text(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// What it says.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.0)
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The text itself, taken out.
    pub fn into_text(self) -> Box<str> {
        self.0
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

/// What is not the same as at an earlier version of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryChanges {
    /// The version it is now. It counts the successful writes; 0 is the empty registry.
    pub version: u64,
    /// Documents that are new or different, as they are now.
    pub documents: Vec<Document>,
    /// Kind and id of what is not there any more, and perhaps never was.
    pub removed: Vec<(String, String)>,
}

/// One change to the registry.
#[derive(Clone)]
pub enum DocumentWrite {
    /// Creates or replaces a document.
    Put {
        /// What it is.
        kind: String,
        /// Unique within its kind.
        id: String,
        /// The new content.
        body: Value,
        /// What must be there before.
        expect: Expect,
    },
    /// Removes a document; [`Expect::Any`] tolerates its absence.
    Delete {
        /// What it is.
        kind: String,
        /// Unique within its kind.
        id: String,
        /// What must be there before.
        expect: Expect,
    },
}

impl fmt::Debug for DocumentWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, kind, id, expect) = match self {
            Self::Put { kind, id, expect, body: _ } => ("Put", kind, id, expect),
            Self::Delete { kind, id, expect } => ("Delete", kind, id, expect),
        };
        f.debug_struct(name).field("kind", kind).field("id", id).field("expect", expect).finish_non_exhaustive()
    }
}

/// What a write insists on finding: the guard against lost updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No such document.
    Absent,
    /// Whatever is there, or nothing.
    Any,
    /// The document in exactly this revision.
    Revision(u64),
}
