//! Changes to a list that name what goes and what comes, so that two operators who change different entries both get their way.

use serde::{Deserialize, Serialize};

/// Entries to remove and to add.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListChange {
    /// Added at the end, unless there already.
    #[serde(default)]
    pub add: Vec<String>,
    /// Removed.
    #[serde(default)]
    pub remove: Vec<String>,
}

impl ListChange {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// Applies it; tells which entry to remove was not there.
    pub(super) fn apply(&self, list: &mut Vec<String>) -> Result<(), String> {
        for entry in &self.remove {
            let before = list.len();
            list.retain(|present| present != entry);
            if list.len() == before {
                return Err(entry.clone());
            }
        }
        for entry in &self.add {
            if !list.contains(entry) {
                list.push(entry.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_and_go_and_a_misspelt_one_is_told() {
        let mut list = vec!["a".to_owned(), "b".to_owned()];
        let change = |add: &[&str], remove: &[&str]| ListChange {
            add: add.iter().map(ToString::to_string).collect(),
            remove: remove.iter().map(ToString::to_string).collect(),
        };
        change(&["c", "b"], &["a"]).apply(&mut list).unwrap();
        assert_eq!(list, ["b", "c"]);
        assert_eq!(change(&[], &["x"]).apply(&mut list), Err("x".to_owned()));
    }
}
