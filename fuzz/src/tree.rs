//! JSON as it stands there, duplicate members and all: what the strict parser should think of a text, worked out another way.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use symbolon_jose::json::Limits;

/// A JSON value of which only the shape is kept.
pub enum Tree {
    /// In order, also those of the same name.
    Object(Vec<(String, Tree)>),
    /// In order.
    Array(Vec<Tree>),
    /// Anything else.
    Leaf,
}

impl Tree {
    /// Reads a text as serde_json does.
    pub fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// Whether some object has a name twice.
    pub fn has_duplicate(&self) -> bool {
        match self {
            Self::Object(members) => {
                let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                names.windows(2).any(|pair| pair[0] == pair[1])
                    || members.iter().any(|(_, value)| value.has_duplicate())
            }
            Self::Array(items) => items.iter().any(Self::has_duplicate),
            Self::Leaf => false,
        }
    }

    /// Whether depth and members are within `limits`.
    pub fn fits(&self, limits: Limits) -> bool {
        self.depth() <= limits.max_depth && self.most_members() <= limits.max_members
    }

    fn depth(&self) -> usize {
        let deepest = match self {
            Self::Object(members) => members.iter().map(|(_, value)| value.depth()).max(),
            Self::Array(items) => items.iter().map(Self::depth).max(),
            Self::Leaf => return 0,
        };
        1 + deepest.unwrap_or(0)
    }

    fn most_members(&self) -> usize {
        match self {
            Self::Object(members) => {
                members.iter().map(|(_, value)| value.most_members()).max().unwrap_or(0).max(members.len())
            }
            Self::Array(items) => items.iter().map(Self::most_members).max().unwrap_or(0),
            Self::Leaf => 0,
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Object(members))
    }
}
