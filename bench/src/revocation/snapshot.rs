//! A snapshot of 10 million ids: making it, verifying it, taking it in. Beside it the hash alone that is needed twice.

use std::hint::black_box;

use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys, sha256};
use symbolon_revocation::{Entry, RevocationSet, Snapshot, SnapshotToSign, snapshot};

use super::{IDS, NOW, entry, ratio};
use crate::Failure;
use crate::clock::Stopwatch;
use crate::figure::Figure;

const ISSUER: &str = "https://auth.example.com";

/// Of each: the fastest counts.
const TIMES: u32 = 5;

/// To take one in, in seconds.
const MERGE_BUDGET_S: f64 = 2.0;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let jwk = Jwk::generate(Algorithm::ES256)?;
    let key = SigningKey::from_jwk(&jwk, Algorithm::ES256)?;
    let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::ES256)?);
    let head = SnapshotToSign { iss: ISSUER, iat: NOW, epoch: "bench", seq: IDS };
    let entries: Vec<Entry> = (0..IDS).map(entry).collect();

    let (unsorted, bytes) = fastest(|| Ok(snapshot::encode(&key, &head, entries.iter().copied())?))?;
    let (verify, read) = fastest(|| Ok(Snapshot::verify(&bytes, &keys, ISSUER, NOW)?))?;
    drop(entries);
    let entries: Vec<Entry> = read.entries().collect();
    let (sorted, _) = fastest(|| Ok(snapshot::encode(&key, &head, entries.iter().copied())?))?;
    drop(entries);
    let (hash, _) = fastest(|| Ok(sha256(black_box(&bytes))))?;
    let (merge, set) = fastest(|| {
        let set = RevocationSet::new();
        let added = set.merge(&read, NOW);
        if added.ids == read.len() { Ok(set) } else { Err("ids are missing".into()) }
    })?;
    let (again, _) = fastest(|| Ok(set.merge(&read, NOW)))?;
    Ok(vec![
        Figure::reported("revocation.snapshot.size", ratio(bytes.len() as u64, 1_000_000), "MB"),
        Figure::reported("revocation.snapshot.hash", hash, "s"),
        Figure::reported("revocation.snapshot.encode", unsorted, "s"),
        Figure::reported("revocation.snapshot.encode.sorted", sorted, "s"),
        Figure::reported("revocation.snapshot.verify", verify, "s"),
        Figure::at_most("revocation.snapshot.merge", merge, "s", MERGE_BUDGET_S),
        Figure::reported("revocation.snapshot.merge.again", again, "s"),
        Figure::at_most("revocation.snapshot.merge.bytes", ratio(set.memory_bytes() as u64, IDS), "bytes", 16.0),
    ])
}

/// Seconds of the fastest of some runs, and what one of them made.
fn fastest<T>(mut run: impl FnMut() -> Result<T, Failure>) -> Result<(f64, T), Failure> {
    let mut timed = || {
        let watch = Stopwatch::start();
        run().map(|made| (watch.elapsed().as_secs_f64(), made))
    };
    let (mut best, mut made) = timed()?;
    for _ in 1..TIMES {
        drop(made);
        let time;
        (time, made) = timed()?;
        best = best.min(time);
    }
    Ok((best, made))
}
