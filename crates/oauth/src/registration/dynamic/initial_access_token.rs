//! Initial access tokens (RFC 7591 §3): what an operator hands to somebody who may register clients. Only the hash is kept.

use serde::{Deserialize, Serialize};

use super::super::SecretHash;

/// A token that lets programs register, as the registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialAccessToken {
    /// Its public name: in lists, and in the registrations it let in.
    pub id: String,
    /// For whom it is, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Its hash, when it was made, and when it ends.
    pub secret: SecretHash,
    /// How many clients it may still let in; `None` means any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
}

impl InitialAccessToken {
    /// Whether it lets somebody in.
    #[must_use]
    pub fn counts(&self, now: u64) -> bool {
        self.secret.is_live(now) && self.uses_left != Some(0)
    }

    /// What is left of it after one more client; nothing, if that was the last.
    #[must_use]
    pub fn used(&self) -> Option<Self> {
        match self.uses_left {
            None => Some(self.clone()),
            Some(left) if left > 1 => Some(Self { uses_left: Some(left - 1), ..self.clone() }),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_until_its_end_and_its_last_use() {
        let secret = SecretHash { expires_at: Some(100), ..SecretHash::of("t", 0) };
        let token = InitialAccessToken { id: "a".to_owned(), note: None, secret, uses_left: Some(2) };
        assert!(token.counts(99) && !token.counts(100));
        let last = token.used().unwrap();
        assert!(last.counts(99) && last.used().is_none());
        assert!(!InitialAccessToken { uses_left: Some(0), ..token.clone() }.counts(0));
        let endless = InitialAccessToken { uses_left: None, ..token };
        assert_eq!(endless.used(), Some(endless.clone()));
    }
}
