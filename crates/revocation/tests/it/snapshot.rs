//! Snapshots (decision 6): what was written is read where it lies, and nothing else is.

use serde_json::json;
use symbolon_jose::{Error as Jose, base64url, sha256};
use symbolon_revocation::{Entry, Error, Fingerprint, IdKind, RuleKind, Snapshot, SnapshotToSign, snapshot};

use crate::support::{
    EPOCH, ISSUER, NOW, OURS, THEIRS, framed, kind_of, one_of_each, payload, scattered, sealed, snapshot_of,
};

/// No entry at all.
const EMPTY: [u8; 16] = [0; 16];

fn refused(bytes: &[u8]) -> Error {
    Snapshot::verify(bytes, &OURS.keys, ISSUER, NOW).unwrap_err()
}

fn refused_body(body: &[u8]) -> Error {
    refused(&sealed(body, snapshot::TYPE, json!({})))
}

#[test]
fn what_was_written_is_read_again_in_order() {
    let many = (0..5000).map(|n| Entry::new(kind_of(n), Fingerprint(scattered(n)), 0, NOW + n));
    let entries: Vec<Entry> = many.chain(one_of_each()).collect();
    let bytes = snapshot_of(entries.clone());
    let read = Snapshot::verify(&bytes, &OURS.keys, ISSUER, NOW).unwrap();
    assert_eq!((read.iat(), read.epoch(), read.seq(), read.len()), (NOW, EPOCH, 42, 5007));
    assert_eq!(read.position().to_string(), "Zk3v0Q.42");
    for kind in IdKind::ALL {
        let of_kind = entries.iter().filter(|entry| entry.kind == kind.into());
        let mut expected: Vec<_> = of_kind.map(|entry| (entry.fingerprint, entry.forget_at)).collect();
        expected.sort_unstable();
        assert!(read.ids(kind).eq(expected), "{kind:?}");
    }
    assert!(read.rules().eq(one_of_each().split_off(3)));
    assert_eq!(read.entries().count(), 5007);
    let again = snapshot_of(read.entries());
    assert_eq!(bytes[bytes.len() - 60_000..], again[again.len() - 60_000..], "in whatever order they come");
}

#[test]
fn its_bytes_are_those_of_the_decision() {
    let bytes = snapshot_of([
        Entry::new(IdKind::Handle, Fingerprint(9), 1, 0x0a0b_0c0d),
        Entry::new(IdKind::Jti, Fingerprint(0x0102_0304_0506_0708), 1, 0x1112_1314),
        Entry::new(RuleKind::Client, Fingerprint(5), 0x2122_2324, 0x3132_3334),
        Entry::new(IdKind::Jti, Fingerprint(7), 1, 2),
    ]);
    let len = u32::from_be_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let (head, body) = bytes[12..].split_at(len);
    let expected: &[&[u8]] = &[
        &[0, 0, 0, 2],
        &[0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2],
        &[1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14],
        &[0, 0, 0, 0],
        &[0, 0, 0, 1],
        &[0, 0, 0, 0, 0, 0, 0, 9, 0x0a, 0x0b, 0x0c, 0x0d],
        &[0, 0, 0, 1],
        &[16, 0, 0, 0, 0, 0, 0, 0, 5, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x33, 0x34],
    ];
    assert_eq!(body, expected.concat());
    assert_eq!(&bytes[..8], b"SYMREVO1");
    let digest = base64url::encode(&sha256(body));
    let claims = json!({"iss": ISSUER, "iat": NOW, "epoch": EPOCH, "seq": 42, "sha256": digest});
    assert_eq!(payload(str::from_utf8(head).unwrap()), claims);
}

#[test]
fn of_several_about_the_same_one_is_written_with_the_latest_times() {
    let (id, client) = (Fingerprint(1), Fingerprint(2));
    let bytes = snapshot_of([
        Entry::new(IdKind::Jti, id, 0, NOW + 5),
        Entry::new(IdKind::Jti, id, 0, NOW + 9),
        Entry::new(IdKind::Jti, id, 0, NOW + 7),
        Entry::new(IdKind::Sid, id, 0, NOW + 1),
        Entry::new(RuleKind::Client, client, NOW, NOW + 5),
        Entry::new(RuleKind::Client, client, NOW - 5, NOW + 7),
    ]);
    let read = Snapshot::verify(&bytes, &OURS.keys, ISSUER, NOW).unwrap();
    assert!(read.ids(IdKind::Jti).eq([(id, NOW + 9)]));
    assert!(read.ids(IdKind::Sid).eq([(id, NOW + 1)]));
    assert!(read.rules().eq([Entry::new(RuleKind::Client, client, NOW, NOW + 7)]));
}

#[test]
fn nothing_is_a_snapshot_too() {
    let bytes = snapshot_of([]);
    let read = Snapshot::verify(&bytes, &OURS.keys, ISSUER, NOW).unwrap();
    assert!(read.is_empty());
    assert_eq!(read.entries().count(), 0);
    assert!(bytes.ends_with(&EMPTY));
}

#[test]
fn every_bit_that_is_flipped_is_noticed() {
    let bytes = snapshot_of(one_of_each());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert!(Snapshot::verify(&flipped, &OURS.keys, ISSUER, NOW).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn cut_off_anywhere_or_with_more_behind_it_is_noticed() {
    let bytes = snapshot_of(one_of_each());
    for len in 0..bytes.len() {
        assert!(Snapshot::verify(&bytes[..len], &OURS.keys, ISSUER, NOW).is_err(), "{len}");
    }
    let more = [&bytes[..], &[0]].concat();
    assert_eq!(refused(&more), Error::BodyDigest);
}

#[test]
fn a_body_that_does_not_hold_together_is_refused_although_it_was_signed() {
    let pair = |id: u8| [0, 0, 0, 0, 0, 0, 0, id, 0, 0, 0, 1];
    let none = [0; 4];
    let two = [&[0, 0, 0, 2][..], &pair(1), &pair(2), &none, &none, &none].concat();
    assert!(Snapshot::verify(&sealed(&two, snapshot::TYPE, json!({})), &OURS.keys, ISSUER, NOW).is_ok());
    for len in 0..two.len() {
        assert_eq!(refused_body(&two[..len]), Error::SnapshotTruncated, "{len}");
    }
    assert_eq!(refused_body(&[&two[..], &[0]].concat()), Error::SnapshotTrailing);
    for [first, second] in [[2, 1], [1, 1]] {
        let body = [&none[..], &[0, 0, 0, 2], &pair(first), &pair(second), &none, &none].concat();
        assert_eq!(refused_body(&body), Error::OrderInvalid, "{first} {second}");
    }
    for code in [1, 2, 3] {
        let body = [&EMPTY[..12], &[0, 0, 0, 1, code], &[0; 16]].concat();
        assert_eq!(refused_body(&body), Error::KindMisplaced, "{code}");
    }
}

#[test]
fn a_count_that_promises_more_than_there_is_costs_nothing() {
    for at in 0..4 {
        let mut body = EMPTY;
        body[at * 4..at * 4 + 4].copy_from_slice(&[255; 4]);
        assert_eq!(refused_body(&body), Error::SnapshotTruncated, "{at}");
    }
    let mut bytes = snapshot_of([]);
    bytes[8..12].copy_from_slice(&[255; 4]);
    assert_eq!(refused(&bytes), Error::HeadTooLong);
    bytes[8..12].copy_from_slice(&16_000_u32.to_be_bytes());
    assert_eq!(refused(&bytes), Error::SnapshotTruncated);
}

#[test]
fn rules_of_later_versions_are_passed_by_and_counted() {
    let rule = one_of_each()[4];
    let body = [&EMPTY[..12], &[0, 0, 0, 3], &[4; 17], &rule.record(), &[200; 17]].concat();
    let bytes = sealed(&body, snapshot::TYPE, json!({}));
    let read = Snapshot::verify(&bytes, &OURS.keys, ISSUER, NOW).unwrap();
    let mut rules = read.rules();
    assert_eq!(rules.by_ref().collect::<Vec<_>>(), [rule]);
    assert_eq!((rules.unknown(), read.len()), (2, 3));
}

#[test]
fn the_head_must_be_the_issuers_of_this_type_and_not_of_the_future() {
    let head = |changes| refused(&sealed(&EMPTY, snapshot::TYPE, changes));
    assert_eq!(head(json!({"iss": "https://id.example/"})), Error::IssuerMismatch);
    assert_eq!(head(json!({"iat": NOW + 31})), Error::FromFuture);
    assert_eq!(head(json!({"epoch": "a.b"})), Error::EpochInvalid);
    assert_eq!(head(json!({"sha256": "AAAA"})), Error::BodyDigest);
    assert_eq!(head(json!({"sha256": "="})), Error::Jose(Jose::Base64Padded));
    for claim in ["iss", "iat", "epoch", "seq", "sha256"] {
        assert_eq!(head(json!({claim: null})), Error::Jose(Jose::JsonShape), "{claim}");
    }
    let event = sealed(&EMPTY, "symbolon-revocations+jwt", json!({}));
    assert_eq!(refused(&event), Error::Jose(Jose::TypeMismatch));
    let ours = sealed(&EMPTY, snapshot::TYPE, json!({}));
    let theirs = Snapshot::verify(&ours, &THEIRS.keys, ISSUER, NOW).unwrap_err();
    assert!(theirs.is_unknown_key());
}

#[test]
fn what_is_no_snapshot_says_so() {
    for bytes in [&b""[..], b"SYMREVO", b"SYMREVO2\0\0\0\0", b"<html>"] {
        assert_eq!(refused(bytes), Error::NotSnapshot);
    }
    assert_eq!(refused(b"SYMREVO1\0\0\0"), Error::SnapshotTruncated);
    assert_eq!(refused(&framed("", &EMPTY)), Error::Jose(Jose::NotCompact));
    assert_eq!(refused(b"SYMREVO1\0\0\0\x01\xff"), Error::Jose(Jose::NotCompact));
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let head = SnapshotToSign { iss: ISSUER, iat: NOW, epoch: "a.b", seq: 42 };
    assert_eq!(snapshot::encode(&OURS.key, &head, []), Err(Error::EpochInvalid));
    let iss = "i".repeat(snapshot::MAX_HEAD_LEN);
    let head = SnapshotToSign { iss: &iss, epoch: EPOCH, ..head };
    assert_eq!(snapshot::encode(&OURS.key, &head, []), Err(Error::HeadTooLong));
}
