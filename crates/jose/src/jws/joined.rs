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
        let [typ, cty, kid] = members;
        let [typ_counts, cty_counts, kid_counts] = self.0;
        [typ.filter(|_| typ_counts), cty.filter(|_| cty_counts), kid.filter(|_| kid_counts)]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base64url;

    #[test]
    fn each_of_typ_cty_and_kid_counts_where_it_is_protected_whatever_else_is_there() {
        const NAMES: [&str; 3] = ["typ", "cty", "kid"];
        for protected in 0..8 {
            let there = |at: usize| protected >> at & 1 == 1;
            let header: Map<String, Value> =
                (0..3).filter(|at| there(*at)).map(|at| (NAMES[at].to_owned(), json!("x"))).collect();
            let encoded = base64url::encode(Value::Object(header).to_string().as_bytes());
            let (_, counts) = Joined::protected(Some(&encoded)).unwrap().into_text();
            for present in 0..8 {
                let value = |at: usize| (present >> at & 1 == 1).then(|| NAMES[at].to_owned());
                let expected = [0, 1, 2].map(|at| value(at).filter(|_| there(at)));
                assert_eq!(counts.only([0, 1, 2].map(value)), expected, "{protected} {present}");
            }
        }
    }
}
