//! The state table of refresh tokens (RFC 9700 §4.14.2): what a presented token's past says about who presents it.
//!
//! | presented | within the grace of its rotation | later |
//! | --- | --- | --- |
//! | the current token | rotates | rotates |
//! | a superseded token, its successor unused | the same successor again | a lost answer: the successor dies, a new one takes its place |
//! | a superseded token, its successor used | the same successor again | theft: family and session end |
//! | a token that was replaced unused (dead) | theft | theft |
//!
//! So ten tabs that refresh at once all go on, a lost answer costs nothing, and a stolen token is found out. Dead is as telling as
//! superseded: if a thief used the old token first, the owner is the one who comes with the dead one.

/// Whether a successor has been used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// Still the family's current token.
    Unused {
        /// SHA-256 of it.
        hash: [u8; 32],
    },
    /// Superseded itself, or dead.
    Used,
}

/// What became of the presented token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// The family's current one.
    Current,
    /// Replaced before it was ever used.
    Dead,
    /// Rotated away.
    Superseded {
        /// When its present successor was made, Unix seconds.
        at: u64,
        /// What became of that.
        successor: Successor,
    },
}

/// What the state table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A lost answer: the unused successor dies, a new one takes its place.
    ReplaceSuccessor {
        /// SHA-256 of the one that dies.
        unused_hash: [u8; 32],
    },
    /// A new successor.
    Rotate,
    /// The successor already made, again.
    SameSuccessor,
    /// Family and session end.
    Theft,
}

/// The state table alone.
#[must_use]
pub fn verdict(state: TokenState, now: u64, grace_secs: u64) -> Verdict {
    match state {
        TokenState::Current => Verdict::Rotate,
        // A clock that went backwards is within the grace, not theft.
        TokenState::Superseded { at, .. } if now < at.saturating_add(grace_secs) => Verdict::SameSuccessor,
        TokenState::Superseded { successor: Successor::Unused { hash }, .. } => {
            Verdict::ReplaceSuccessor { unused_hash: hash }
        }
        TokenState::Dead | TokenState::Superseded { successor: Successor::Used, .. } => Verdict::Theft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    const UNUSED: Successor = Successor::Unused { hash: [7; 32] };

    #[test]
    fn the_state_table() {
        let superseded = |secs_ago, successor| TokenState::Superseded { at: NOW - secs_ago, successor };
        for (state, grace, expected) in [
            (TokenState::Current, 10, Verdict::Rotate),
            (TokenState::Current, 0, Verdict::Rotate),
            (superseded(0, UNUSED), 10, Verdict::SameSuccessor),
            (superseded(9, UNUSED), 10, Verdict::SameSuccessor),
            (superseded(9, Successor::Used), 10, Verdict::SameSuccessor),
            (superseded(10, UNUSED), 10, Verdict::ReplaceSuccessor { unused_hash: [7; 32] }),
            (superseded(10, Successor::Used), 10, Verdict::Theft),
            (superseded(86_400, UNUSED), 10, Verdict::ReplaceSuccessor { unused_hash: [7; 32] }),
            (superseded(0, UNUSED), 0, Verdict::ReplaceSuccessor { unused_hash: [7; 32] }),
            (superseded(0, Successor::Used), 0, Verdict::Theft),
            (superseded(59, Successor::Used), 60, Verdict::SameSuccessor),
            (TokenState::Dead, 10, Verdict::Theft),
            (TokenState::Superseded { at: NOW + 5, successor: Successor::Used }, 10, Verdict::SameSuccessor),
        ] {
            assert_eq!(verdict(state, NOW, grace), expected, "{state:?}, grace {grace}");
        }
    }
}
