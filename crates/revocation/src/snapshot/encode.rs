//! Making a snapshot.

use symbolon_jose::{SigningKey, base64url, sha256};

use super::read::{self, id_of};
use super::{Claims, MAGIC, MAX_HEAD_LEN, PAIR_LEN, TYPE};
use crate::entry::{RECORD_LEN, wire_time};
use crate::{Entry, Error, IdKind, Kind, is_epoch, signed};

/// What the head of a snapshot says.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotToSign<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The second in which the store confirmed the head.
    pub iat: u64,
    /// The log.
    pub epoch: &'a str,
    /// The number of the last entry that is in it. There may be later ones; reading one twice does no harm.
    pub seq: u64,
}

/// Room for the head in front of the body, so that the body need not move to other memory.
const USUAL_HEAD_LEN: usize = 4096;

/// Makes a snapshot of entries in any order; those that are sorted by fingerprint take less time. Of several about the same, one is
/// kept with the latest times.
///
/// ```
/// use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys};
/// use symbolon_revocation::{Entry, Fingerprint, IdKind, Snapshot, SnapshotToSign, snapshot};
///
/// let jwk = Jwk::generate(Algorithm::ES256)?;
/// let entry = Entry::new(IdKind::Jti, Fingerprint::of(IdKind::Jti, "t1"), 1_800_000_000, 1_800_000_900);
/// let head = SnapshotToSign { iss: "https://id.example", iat: 1_800_000_001, epoch: "Zk3v0Q", seq: 42 };
/// let bytes = snapshot::encode(&SigningKey::from_jwk(&jwk, Algorithm::ES256)?, &head, [entry])?;
///
/// let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::ES256)?);
/// let snapshot = Snapshot::verify(&bytes, &keys, "https://id.example", 1_800_000_001)?;
/// assert_eq!(snapshot.seq(), 42);
/// assert!(snapshot.ids(IdKind::Jti).eq([(entry.fingerprint, entry.forget_at)]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode(
    key: &SigningKey,
    head: &SnapshotToSign<'_>,
    entries: impl IntoIterator<Item = Entry>,
) -> Result<Vec<u8>, Error> {
    if !is_epoch(head.epoch) {
        return Err(Error::EpochInvalid);
    }
    let mut out = body(entries)?;
    let claims = Claims {
        iss: head.iss.to_owned(),
        iat: head.iat,
        epoch: head.epoch.to_owned(),
        seq: head.seq,
        sha256: base64url::encode(&sha256(&out)),
    };
    let payload = serde_json::to_vec(&claims).map_err(|_| symbolon_jose::Error::JsonShape)?;
    let head = signed::sign(key, TYPE, &payload)?;
    if head.len() > MAX_HEAD_LEN {
        return Err(Error::HeadTooLong);
    }
    let front = [MAGIC, &count(head.len())?[..], head.as_bytes()].concat();
    let len = out.len();
    out.resize(len + front.len(), 0);
    out.copy_within(..len, front.len());
    out[..front.len()].copy_from_slice(&front);
    Ok(out)
}

fn body(entries: impl IntoIterator<Item = Entry>) -> Result<Vec<u8>, Error> {
    let mut ids = IdKind::ALL.map(|_| Vec::new());
    let mut rules = Vec::new();
    for entry in entries {
        match entry.kind {
            Kind::Id(kind) => ids[kind as usize - 1].push(pair(&entry)),
            Kind::Rule(_) => rules.push(entry),
        }
    }
    let pairs: usize = ids.iter().map(Vec::len).sum();
    let mut out = Vec::with_capacity(USUAL_HEAD_LEN + 16 + pairs * PAIR_LEN + rules.len() * RECORD_LEN);
    for mut pairs in ids {
        sort(&mut pairs);
        out.extend(count(pairs.len())?);
        out.extend_from_slice(pairs.as_flattened());
    }
    merge_rules(&mut rules);
    out.extend(count(rules.len())?);
    out.extend(rules.iter().flat_map(Entry::record));
    Ok(out)
}

/// Fingerprint and second to forget it at.
fn pair(entry: &Entry) -> [u8; PAIR_LEN] {
    let mut pair = [0; PAIR_LEN];
    pair[..8].copy_from_slice(&entry.fingerprint.0.to_be_bytes());
    pair[8..].copy_from_slice(&wire_time(entry.forget_at).to_be_bytes());
    pair
}

fn sort(pairs: &mut Vec<[u8; PAIR_LEN]>) {
    if !pairs.is_sorted_by(|a, b| id_of(a) < id_of(b)) {
        // As numbers, which are quicker to compare than bytes.
        pairs.sort_unstable_by_key(read::pair);
        pairs.dedup_by(|later, kept| {
            id_of(later) == id_of(kept) && {
                *kept = *later;
                true
            }
        });
    }
}

fn merge_rules(rules: &mut Vec<Entry>) {
    rules.sort_unstable_by_key(|rule| (rule.kind, rule.fingerprint));
    rules.dedup_by(|one, kept| {
        (one.kind, one.fingerprint) == (kept.kind, kept.fingerprint) && {
            kept.revoked_at = kept.revoked_at.max(one.revoked_at);
            kept.forget_at = kept.forget_at.max(one.forget_at);
            true
        }
    });
}

fn count(len: usize) -> Result<[u8; 4], Error> {
    u32::try_from(len).map(u32::to_be_bytes).map_err(|_| Error::TooManyEntries)
}
