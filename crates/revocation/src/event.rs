//! An event of the stream: new entries and the head of the log, signed.
//!
//! Refused: another issuer's, one from the future, numbers that leave a hole, more than [`MAX_ENTRIES`].

use serde::{Deserialize, Serialize};
use symbolon_jose::{SigningKey, VerifyingKeys, base64url};

use crate::entry::{Entry, RECORD_LEN, Records};
use crate::{Error, Position, is_epoch, signed};

/// The `typ` in the header.
pub const TYPE: &str = "symbolon-revocations+jwt";

/// Most entries in one event.
pub const MAX_ENTRIES: usize = 65_536;

/// The longest event, in bytes: [`MAX_ENTRIES`] twice in base64url, the other claims, and the longest signature.
pub const MAX_LEN: usize = 2 * 1024 * 1024;

/// What an event says.
#[derive(Clone, Copy, Debug)]
pub struct EventToSign<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The second in which the store confirmed the head.
    pub iat: u64,
    /// The log.
    pub epoch: &'a str,
    /// The number before the first entry.
    pub after: u64,
    /// The number of the last entry.
    pub seq: u64,
    /// In the order of their numbers.
    pub entries: &'a [Entry],
}

/// An event that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The second in which the store confirmed the head.
    pub iat: u64,
    /// The log.
    pub epoch: String,
    /// The number before the first entry. What a reader has must reach it, or there is a hole.
    pub after: u64,
    /// The number of the last entry.
    pub seq: u64,
    /// In the order of their numbers, without those of unknown kinds.
    pub entries: Vec<Entry>,
    /// How many were of kinds that this version does not know.
    pub unknown: u64,
}

#[derive(Deserialize, Serialize)]
struct Claims {
    iss: String,
    iat: u64,
    epoch: String,
    after: u64,
    seq: u64,
    #[serde(default, deserialize_with = "signed::present", skip_serializing_if = "Option::is_none")]
    entries: Option<String>,
}

impl Event {
    /// Where a reader is who has taken it in.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch.clone(), seq: self.seq }
    }
}

/// Signs an event. What [`verify`] would refuse is not signed.
///
/// ```
/// use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys};
/// use symbolon_revocation::{Entry, EventToSign, Fingerprint, IdKind, event};
///
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let entry = Entry::new(IdKind::Jti, Fingerprint::of(IdKind::Jti, "t1"), 1_800_000_000, 1_800_000_900);
/// let (iss, iat) = ("https://id.example", 1_800_000_001);
/// let event = EventToSign { iss, iat, epoch: "Zk3v0Q", after: 41, seq: 42, entries: &[entry] };
/// let jws = event::sign(&SigningKey::from_jwk(&jwk, Algorithm::ES256)?, &event)?;
///
/// let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::ES256)?);
/// let event = event::verify(&jws, &keys, iss, iat)?;
/// assert_eq!(event.entries, [entry]);
/// assert_eq!(event.position().to_string(), "Zk3v0Q.42");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign(key: &SigningKey, event: &EventToSign<'_>) -> Result<String, Error> {
    let EventToSign { iss, iat, epoch, after, seq, entries } = *event;
    check_count(after, seq, entries.len())?;
    if !is_epoch(epoch) {
        return Err(Error::EpochInvalid);
    }
    let records = (!entries.is_empty()).then(|| {
        let mut records = Vec::with_capacity(entries.len() * RECORD_LEN);
        records.extend(entries.iter().flat_map(Entry::record));
        base64url::encode(&records)
    });
    let claims = Claims { iss: iss.to_owned(), iat, epoch: epoch.to_owned(), after, seq, entries: records };
    let payload = serde_json::to_vec(&claims).map_err(|_| symbolon_jose::Error::JsonShape)?;
    let jws = signed::sign(key, TYPE, &payload)?;
    if jws.len() > MAX_LEN { Err(symbolon_jose::Error::TokenTooLong.into()) } else { Ok(jws) }
}

/// Verifies an event of `issuer`. That its `iat` is not older than the newest one seen, and that it follows on what is known, is for
/// the caller to see, who knows it.
pub fn verify(jws: &str, keys: &VerifyingKeys, issuer: &str, now: u64) -> Result<Event, Error> {
    let Claims { iss, iat, epoch, after, seq, entries } = signed::verify(jws, keys, TYPE, MAX_LEN)?;
    signed::check_head(&iss, issuer, iat, now, &epoch)?;
    let bytes = entries.map_or(Ok(Vec::new()), |text| base64url::decode(&text))?;
    let mut records = Records::new(&bytes)?;
    check_count(after, seq, bytes.len() / RECORD_LEN)?;
    let entries = records.by_ref().collect();
    Ok(Event { iat, epoch, after, seq, entries, unknown: records.unknown() })
}

/// Entries are numbered without holes, those of unknown kinds, too.
fn check_count(after: u64, seq: u64, entries: usize) -> Result<(), Error> {
    if entries > MAX_ENTRIES {
        Err(Error::TooManyEntries)
    } else if seq.checked_sub(after) != u64::try_from(entries).ok() {
        Err(Error::EntryCount)
    } else {
        Ok(())
    }
}
