//! The records the port speaks in, one file per noun. Plain data; all times are Unix seconds.

mod account;
mod artefact;
mod audit;
mod condition;
mod credential;
mod delivery;
mod event_stream;
mod family;
pub(crate) mod place;
mod registry;
mod revocation;
mod session;
pub(crate) mod signal;
mod status;
mod throttle;
mod user;

use std::fmt;

pub use account::{ChangeEmail, ChangePassword, DeleteAccount, Deleted};
pub use artefact::{AnswerArtefact, AnsweredBy, Artefact, CodeFacts, CompleteSignUp, RedeemCode, Redeemed};
pub(crate) use audit::SETTLED_KEEP_SECS;
pub use audit::{AuditEvent, AuditRecord, Sweep, Swept};
pub use condition::{Condition, Connections, FileCondition, ServerCondition};
pub use credential::{Credential, NewCredentials, RemoveCredential, UseCredential};
pub use delivery::{
    Claim, Delivery, DeliveryOutcome, DeliveryState, ListDeliveries, NewDelivery, Retried, WaitingTarget,
    WhichDeliveries,
};
pub use event_stream::{
    EventFate, EventStream, NewStreamStatus, StatusBy, StatusChange, StreamChange, StreamStatus, Transmission,
    Verification, with_loss,
};
pub use family::{
    AlsoSession, Family, FamilyWanted, IssuedAccessToken, NewFamily, RefreshFacts, RefreshState, RefreshToken, Rotate,
    RotateExpect, Rotated, SessionValueFacts, TokenFacts, TokenQuery, UNNAMED_UNTIL,
};
pub use registry::{Body, Document, DocumentWrite, Expect, RegistryChanges};
pub(crate) use revocation::LEEWAY_SECS;
pub use revocation::{NewRevocation, Revocation, RevocationHead, RevocationKind};
pub use session::{Ended, NewSession, Session};
pub use status::{NewStatus, NewStatusList, StatusList, StatusPlace};
pub(crate) use throttle::Counter;
pub use throttle::{Attempt, ThrottleKey};
pub use user::{
    Change, Consent, ImportUsers, ImportedUser, ListUsers, NewUser, RolesSet, SignedOut, User, UserStatus, UserUpdate,
};

use serde::{Deserialize, Serialize};

/// The SHA-256 of a bearer secret: the only form in which the store ever sees one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash32(pub [u8; 32]);

impl Hash32 {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Hash32 {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<Hash32> for String {
    fn from(hash: Hash32) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash32 {
    type Error = &'static str;

    fn try_from(hex: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "a hash is 64 lower-case hexadecimal digits";
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(WRONG),
        };
        let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
            return Err(WRONG);
        };
        if pairs.len() != 32 {
            return Err(WRONG);
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Enough to tell two apart in a log, too little to be looked up.
impl fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash32({:02x}{:02x}{:02x}…)", self.0[0], self.0[1], self.0[2])
    }
}

/// What became of an effect that hands out a session or tokens on the strength of facts read earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// It is on record.
    Done,
    /// The user's revocation handle is no longer the one the facts had (password, roles or status changed in
    /// between): nothing was written; read the facts again and decide again, once.
    Changed,
    /// The user is blocked or deleted, or the session or family has ended: nothing was written.
    Gone,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The records, in the listing's order.
    pub items: Vec<T>,
    /// Pass as `after` to continue; `None` on the last page. Opaque.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_text_form() {
        let hash = Hash32(std::array::from_fn(|index| u8::try_from(index * 7).unwrap_or(0)));
        assert_eq!(Hash32::try_from(hash.to_string()), Ok(hash));
    }

    #[test]
    fn a_hash_of_wrong_form_is_refused() {
        let good = Hash32([0xab; 32]).to_string();
        for bad in
            [String::new(), good[1..].to_owned(), format!("{good}00"), good.to_uppercase(), good.replace('a', "g")]
        {
            assert!(Hash32::try_from(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_shows_too_little_to_look_up() {
        assert_eq!(format!("{:?}", Hash32([1; 32])), "Hash32(010101…)");
    }
}
