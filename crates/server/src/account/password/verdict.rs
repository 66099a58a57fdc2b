//! Whether a password is the one on record, whichever system made the hash, and whether the hash is to be replaced.

use std::fmt;

use super::{
    Password, SALT_LEN,
    imported::OnRecord,
    pace::Pace,
    phc::{self, Memory, Parameters},
};
use crate::clock::Stopwatch;

/// What came of a verification.
#[derive(Clone, Eq, PartialEq)]
pub enum Verdict {
    /// The password is right.
    Match,
    /// The password is right; its hash was made under other settings, and this one should replace it.
    MatchNeedsRehash(String),
    /// The password is wrong, or there is no hash to compare it with.
    NoMatch,
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Match => "Match",
            Self::MatchNeedsRehash(_) => "MatchNeedsRehash(…)",
            Self::NoMatch => "NoMatch",
        })
    }
}

/// The hash on record, if there is one that can be read.
pub(super) fn on_record(stored: Option<&str>) -> Option<OnRecord> {
    let parsed = OnRecord::parse(stored?);
    if parsed.is_none() {
        tracing::error!("a stored password hash cannot be read; its owner cannot sign in until it is reset");
    }
    parsed
}

/// Compares a password with the hash on record. `None` when there is no memory to find out.
pub(super) fn verify(
    parameters: Parameters,
    password: &Password,
    stored: Option<&OnRecord>,
    fresh_salt: [u8; SALT_LEN],
    (memory, pace): (&mut Memory, &Pace),
) -> Option<Verdict> {
    let keep = match stored {
        None => {
            phc::hash(parameters, password, fresh_salt, memory)?;
            return Some(Verdict::NoMatch);
        }
        Some(OnRecord::Ours(phc)) => {
            let watch = Stopwatch::start();
            let right = phc.verify(password.bytes(), memory)?;
            if phc.parameters != parameters {
                pace.note(phc.parameters.cost(), watch.elapsed());
            }
            if !right {
                return Some(Verdict::NoMatch);
            }
            !phc.is_outdated(parameters)
        }
        Some(OnRecord::Theirs(imported)) => {
            let watch = Stopwatch::start();
            let right = imported.verify(password.bytes(), memory)?;
            pace.note(imported.cost(), watch.elapsed());
            if !right {
                return Some(Verdict::NoMatch);
            }
            // The rest of a password that was not looked at may be anything: a hash of it could shut its owner out.
            !imported.sees_all_of(password.bytes())
        }
    };
    if keep {
        return Some(Verdict::Match);
    }
    // No memory for the new hash: the sign-in stands, and the next one tries again.
    Some(phc::hash(parameters, password, fresh_salt, memory).map_or(Verdict::Match, Verdict::MatchNeedsRehash))
}
