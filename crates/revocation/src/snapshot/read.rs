//! Reading a snapshot, where it lies: nothing of the body is copied.

use symbolon_jose::{Error as JoseError, VerifyingKeys, base64url, sha256};

use super::{Claims, MAGIC, MAX_HEAD_LEN, PAIR_LEN, TYPE};
use crate::entry::{RECORD_LEN, Records};
use crate::{Entry, Error, Fingerprint, IdKind, Kind, Position, signed};

/// A snapshot that was verified from its first to its last byte. It may be as long as the memory of who fetched it allows.
#[derive(Clone, Debug)]
pub struct Snapshot<'a> {
    iat: u64,
    epoch: String,
    seq: u64,
    ids: [&'a [[u8; PAIR_LEN]]; 3],
    rules: &'a [[u8; RECORD_LEN]],
}

impl<'a> Snapshot<'a> {
    /// Verifies a snapshot of `issuer`. That its `iat` is not older than the newest one seen is for the caller to see, who knows it.
    pub fn verify(bytes: &'a [u8], keys: &VerifyingKeys, issuer: &str, now: u64) -> Result<Self, Error> {
        let mut rest = Rest(bytes.strip_prefix(MAGIC).ok_or(Error::NotSnapshot)?);
        let len = rest.count()?;
        if len > MAX_HEAD_LEN {
            return Err(Error::HeadTooLong);
        }
        let head = std::str::from_utf8(rest.take(len)?).map_err(|_| JoseError::NotCompact)?;
        let Claims { iss, iat, epoch, seq, sha256: digest } = signed::verify(head, keys, TYPE, MAX_HEAD_LEN)?;
        signed::check_head(&iss, issuer, iat, now, &epoch)?;
        if base64url::decode(&digest)? != sha256(rest.0) {
            return Err(Error::BodyDigest);
        }
        let mut ids: [&[[u8; PAIR_LEN]]; 3] = [&[]; 3];
        for pairs in &mut ids {
            *pairs = rest.array()?;
            if !pairs.is_sorted_by(|a, b| id_of(a) < id_of(b)) {
                return Err(Error::OrderInvalid);
            }
        }
        let rules = rest.array()?;
        if !rest.0.is_empty() {
            return Err(Error::SnapshotTrailing);
        }
        if Records::of(rules).any(|entry| matches!(entry.kind, Kind::Id(_))) {
            return Err(Error::KindMisplaced);
        }
        Ok(Self { iat, epoch, seq, ids, rules })
    }

    /// The second in which the store confirmed the head.
    pub fn iat(&self) -> u64 {
        self.iat
    }

    /// The log.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The number of the last entry that is in it.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Where a reader is who has taken it in.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch.clone(), seq: self.seq }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.ids.iter().map(|pairs| pairs.len()).sum::<usize>() + self.rules.len()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ids of a kind, each with the second to forget it at, ascending.
    pub fn ids(&self, kind: IdKind) -> impl ExactSizeIterator<Item = (Fingerprint, u64)> + use<'a> {
        self.pairs(kind).iter().map(pair)
    }

    /// The rules. When all are read it tells how many there were of unknown kinds.
    pub fn rules(&self) -> Records<'a> {
        Records::of(self.rules)
    }

    /// All entries that this version knows. When an id was revoked a snapshot does not say: it is 0.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<'a> {
        let pairs = IdKind::ALL.map(|kind| (kind, self.pairs(kind)));
        let of_kind = |(kind, pairs): (IdKind, &'a [[u8; PAIR_LEN]])| {
            pairs.iter().map(pair).map(move |(fingerprint, forget_at)| Entry::new(kind, fingerprint, 0, forget_at))
        };
        pairs.into_iter().flat_map(of_kind).chain(self.rules())
    }

    fn pairs(&self, kind: IdKind) -> &'a [[u8; PAIR_LEN]] {
        self.ids[kind as usize - 1]
    }
}

/// Fingerprint and second to forget it at.
pub(super) fn pair(pair: &[u8; PAIR_LEN]) -> (Fingerprint, u64) {
    let [.., a, b, c, d] = *pair;
    (id_of(pair), u32::from_be_bytes([a, b, c, d]).into())
}

pub(super) fn id_of(pair: &[u8; PAIR_LEN]) -> Fingerprint {
    Fingerprint(pair.first_chunk().copied().map_or(0, u64::from_be_bytes))
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Error::SnapshotTruncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn count(&mut self) -> Result<usize, Error> {
        let (count, rest) = self.0.split_first_chunk().ok_or(Error::SnapshotTruncated)?;
        self.0 = rest;
        usize::try_from(u32::from_be_bytes(*count)).map_err(|_| Error::SnapshotTruncated)
    }

    /// A count and as many pieces, all of which must be there.
    fn array<const LEN: usize>(&mut self) -> Result<&'a [[u8; LEN]], Error> {
        let len = self.count()?.checked_mul(LEN).ok_or(Error::SnapshotTruncated)?;
        let (pieces, _) = self.take(len)?.as_chunks();
        Ok(pieces)
    }
}
