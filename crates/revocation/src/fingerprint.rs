//! What stands for an id in the feed: 64 bits of its hash.

use std::fmt;

use symbolon_jose::sha256;

use crate::Kind;

/// The first 8 bytes, big-endian, of SHA-256 over the kind's name, a colon and the id.
///
/// ```
/// use symbolon_revocation::{Fingerprint, IdKind, RuleKind};
///
/// // printf 'jti:abc' | sha256sum | head -c 16
/// assert_eq!(Fingerprint::of(IdKind::Jti, "abc").to_string(), "ba45ec15fb920260");
/// assert_ne!(Fingerprint::of(IdKind::Sid, "abc"), Fingerprint::of(IdKind::Jti, "abc"));
/// let everything = Fingerprint::of(RuleKind::All, "");
/// # let _ = everything;
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of an id.
    pub fn of(kind: impl Into<Kind>, id: &str) -> Self {
        /// Longer than any id of ours; others are rare and may cost an allocation.
        const USUAL_LEN: usize = 128;
        let name = kind.into().name();
        let (colon, len) = (name.len(), name.len() + 1 + id.len());
        let mut near = [0; USUAL_LEN];
        let hash = match near.get_mut(..len) {
            Some(text) => {
                text[..colon].copy_from_slice(name.as_bytes());
                text[colon] = b':';
                text[colon + 1..].copy_from_slice(id.as_bytes());
                sha256(text)
            }
            None => sha256([name, ":", id].concat().as_bytes()),
        };
        Self(hash[..8].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
    }
}

/// In hexadecimal.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IdKind, RuleKind};

    #[test]
    fn it_is_the_beginning_of_the_hash_of_name_colon_id() {
        for kind in IdKind::ALL.map(Kind::from).into_iter().chain(RuleKind::ALL.map(Kind::from)) {
            // Around the length from which it is put together elsewhere, and beyond ASCII.
            for id in [String::new(), "a".into(), "é".into(), "x".repeat(121), "x".repeat(124), "x".repeat(5000)] {
                let hash = sha256(format!("{kind}:{id}").as_bytes());
                let first = hash[..8].try_into().map(u64::from_be_bytes).unwrap();
                assert_eq!(Fingerprint::of(kind, &id), Fingerprint(first), "{kind} {}", id.len());
            }
        }
    }
}
