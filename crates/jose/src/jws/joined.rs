//! The header of a JSON serialization: what is protected and what anybody can change, in one (RFC 7515 §4, RFC 7516 §4).

use serde_json::{Map, Value};

use super::header::{decode, shape};
use crate::Error;
use crate::json::{self, Limits};

/// The union of a protected header and unprotected ones, in which no name stands twice.
#[derive(Clone)]
pub(crate) struct Joined {
    members: Map<String, Value>,
    protected: Protected,
}

impl Joined {
    /// Begins with the protected header. RFC 7515 §7.2.1: it is absent and not empty where there is none.
    pub(crate) fn protected(encoded: Option<&str>) -> Result<Self, Error> {
        let members: Map<String, Value> = match encoded {
            Some(encoded) => json::parse_strict(&decode(encoded)?, Limits::HEADER).map_err(shape)?,
            None => Map::new(),
        };
        let protected = Protected(["typ", "cty", "kid"].map(|name| members.contains_key(name)));
        Ok(Self { members, protected })
    }

    /// Joins an unprotected header. What `protected_only` names must not stand there, each for its own reason.
    pub(crate) fn join(
        mut self,
        unprotected: Map<String, Value>,
        protected_only: &[(&str, Error)],
    ) -> Result<Self, Error> {
        if let Some((_, why)) = protected_only.iter().find(|(name, _)| unprotected.contains_key(*name)) {
            return Err(*why);
        }
        for (name, value) in unprotected {
            if self.members.insert(name, value).is_some() {
                return Err(Error::HeaderNotDisjoint);
            }
        }
        Ok(self)
    }

    /// The whole as one text, and what of it is protected.
    pub(crate) fn into_text(self) -> (String, Protected) {
        (Value::Object(self.members).to_string(), self.protected)
    }
}

/// Whether `typ`, `cty` and `kid`, which are asked for once a text is trusted, stand where nobody could change them.
#[derive(Clone, Copy)]
pub(crate) struct Protected([bool; 3]);

impl Protected {
    /// `typ`, `cty` and `kid` where they are protected.
    pub(crate) fn only(self, members: [Option<String>; 3]) -> [Option<String>; 3] {
        let mut protected = self.0.into_iter();
        members.map(|member| member.filter(|_| protected.next() == Some(true)))
    }
}
