//! Why an event or a snapshot is refused, or not made.

use std::fmt;

/// Why an event or a snapshot is refused, or not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The body of a snapshot is not the one whose digest was signed.
    BodyDigest,
    /// The numbers do not fit the entries: some are missing, or there are too many.
    EntryCount,
    /// The epoch is empty, too long, or has characters that do not belong there.
    EpochInvalid,
    /// The head of a snapshot is longer than we read.
    HeadTooLong,
    /// Made in the future.
    FromFuture,
    /// A snapshot has an entry where entries of other kinds belong.
    KindMisplaced,
    /// Another issuer's.
    IssuerMismatch,
    /// The signature, the header, or the JSON.
    Jose(symbolon_jose::Error),
    /// Not a snapshot: the first bytes are others.
    NotSnapshot,
    /// Fingerprints of a snapshot are not in ascending order.
    OrderInvalid,
    /// Entries that are not a multiple of 17 bytes.
    RecordLength,
    /// A snapshot goes on after its end.
    SnapshotTrailing,
    /// A snapshot ends before its end.
    SnapshotTruncated,
    /// More entries than one event may have, or than a count can say.
    TooManyEntries,
}

impl Error {
    /// No key at hand answers to the header: newer keys of the issuer may help.
    pub const fn is_unknown_key(self) -> bool {
        matches!(self, Self::Jose(error) if error.is_unknown_key())
    }

    const fn text(self) -> &'static str {
        match self {
            Self::BodyDigest => "the body is not the one that was signed",
            Self::EntryCount => "there are not as many entries as the numbers say",
            Self::EpochInvalid => "the epoch is malformed",
            Self::HeadTooLong => "the head of the snapshot is too long",
            Self::FromFuture => "iat is in the future",
            Self::KindMisplaced => "an id stands among the rules of the snapshot",
            Self::IssuerMismatch => "iss is not the expected issuer",
            Self::Jose(_) => "",
            Self::NotSnapshot => "not a snapshot of revocations",
            Self::OrderInvalid => "the fingerprints are not in ascending order",
            Self::RecordLength => "the entries are not a multiple of 17 bytes",
            Self::SnapshotTrailing => "bytes stand after the snapshot",
            Self::SnapshotTruncated => "the snapshot is cut off",
            Self::TooManyEntries => "there are too many entries",
        }
    }
}

impl From<symbolon_jose::Error> for Error {
    fn from(error: symbolon_jose::Error) -> Self {
        Self::Jose(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jose(error) => error.fmt(f),
            other => f.write_str(other.text()),
        }
    }
}

impl std::error::Error for Error {}
