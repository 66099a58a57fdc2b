//! What an entry is about (decision 6).

use std::fmt;

/// An id of its own kind, random, of 128 bits or more: a token that carries it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum IdKind {
    /// One token, by its `jti`.
    Jti = 1,
    /// All tokens of a session, by its `sid`.
    Sid = 2,
    /// All tokens of a user until now, by the revocation handle `rh`.
    Handle = 3,
}

/// A rule: it refuses tokens by what many have in common, most by when they were issued, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RuleKind {
    /// Tokens of a client, issued until the second of revocation.
    Client = 16,
    /// Tokens for an API, issued until then.
    Api = 17,
    /// Tokens that a key has signed, whenever.
    Key = 18,
    /// All tokens that were issued until then.
    All = 19,
}

/// Either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One of the set.
    Id(IdKind),
    /// One of the small table.
    Rule(RuleKind),
}

impl IdKind {
    /// In the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Jti, Self::Sid, Self::Handle];
}

impl RuleKind {
    /// In the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Client, Self::Api, Self::Key, Self::All];
}

impl Kind {
    /// The number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Id(kind) => kind as u8,
            Self::Rule(kind) => kind as u8,
        }
    }

    /// The kind of a number; `None` for one that this version does not know.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Id(IdKind::Jti),
            2 => Self::Id(IdKind::Sid),
            3 => Self::Id(IdKind::Handle),
            16 => Self::Rule(RuleKind::Client),
            17 => Self::Rule(RuleKind::Api),
            18 => Self::Rule(RuleKind::Key),
            19 => Self::Rule(RuleKind::All),
            _ => return None,
        })
    }

    /// The name that is hashed with the id.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id(IdKind::Jti) => "jti",
            Self::Id(IdKind::Sid) => "sid",
            Self::Id(IdKind::Handle) => "rh",
            Self::Rule(RuleKind::Client) => "client",
            Self::Rule(RuleKind::Api) => "api",
            Self::Rule(RuleKind::Key) => "key",
            Self::Rule(RuleKind::All) => "all",
        }
    }
}

impl From<IdKind> for Kind {
    fn from(kind: IdKind) -> Self {
        Self::Id(kind)
    }
}

impl From<RuleKind> for Kind {
    fn from(kind: RuleKind) -> Self {
        Self::Rule(kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_one_kind_or_none() {
        let known: Vec<(u8, &str)> =
            (0..=255).filter_map(|code| Kind::from_code(code).map(|kind| (kind.code(), kind.name()))).collect();
        let table = [(1, "jti"), (2, "sid"), (3, "rh"), (16, "client"), (17, "api"), (18, "key"), (19, "all")];
        assert_eq!(known, table);
        let all = IdKind::ALL.map(Kind::from).into_iter().chain(RuleKind::ALL.map(Kind::from));
        assert!(all.map(Kind::code).eq(table.map(|(code, _)| code)));
    }
}
