//! An issuer with its keys, and entries to tell apart.

use std::sync::LazyLock;

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys, base64url, jwt, sha256};
use symbolon_revocation::{Entry, Fingerprint, IdKind, Kind, RuleKind, SnapshotToSign, snapshot};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const EPOCH: &str = "Zk3v0Q";

pub(crate) struct Issuer {
    pub(crate) key: SigningKey,
    pub(crate) keys: VerifyingKeys,
}

impl Issuer {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let jwk = Jwk::generate(algorithm).unwrap();
        Self {
            key: SigningKey::from_jwk(&jwk, algorithm).unwrap(),
            keys: VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, algorithm).unwrap()),
        }
    }
}

/// The one that is meant.
pub(crate) static OURS: LazyLock<Issuer> = LazyLock::new(|| Issuer::new(Algorithm::ES256));

/// Another one.
pub(crate) static THEIRS: LazyLock<Issuer> = LazyLock::new(|| Issuer::new(Algorithm::ES256));

/// One entry of each kind.
pub(crate) fn one_of_each() -> Vec<Entry> {
    let kinds = IdKind::ALL.map(Kind::from).into_iter().chain(RuleKind::ALL.map(Kind::from));
    kinds.map(|kind| Entry::new(kind, Fingerprint::of(kind, "x"), NOW - 5, NOW + 900)).collect()
}

/// Claims of ours with some changed; `null` takes one out.
pub(crate) fn changed(mut claims: Value, changes: Value) -> Value {
    let claims_mut = claims.as_object_mut().unwrap();
    let Value::Object(changes) = changes else { panic!("an object") };
    for (name, value) in changes {
        if value.is_null() {
            claims_mut.remove(&name);
        } else {
            claims_mut.insert(name, value);
        }
    }
    claims
}

/// The payload of a compact JWS, for those who know whose it is.
pub(crate) fn payload(jws: &str) -> Value {
    serde_json::from_slice(&base64url::decode(jws.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

pub(crate) fn snapshot_of(entries: impl IntoIterator<Item = Entry>) -> Vec<u8> {
    let head = SnapshotToSign { iss: ISSUER, iat: NOW, epoch: EPOCH, seq: 42 };
    snapshot::encode(&OURS.key, &head, entries).unwrap()
}

/// A body under a head that is well signed, with some claims changed.
pub(crate) fn sealed(body: &[u8], typ: &str, changes: Value) -> Vec<u8> {
    let digest = base64url::encode(&sha256(body));
    let claims = json!({"iss": ISSUER, "iat": NOW, "epoch": EPOCH, "seq": 42, "sha256": digest});
    framed(&jwt::sign(&OURS.key, typ, &changed(claims, changes)).unwrap(), body)
}

/// Head and body as they stand in a snapshot.
pub(crate) fn framed(head: &str, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(head.len()).unwrap().to_be_bytes();
    [b"SYMREVO1", &len[..], head.as_bytes(), body].concat()
}

/// Numbers that look random and come out the same every time.
pub(crate) fn scattered(number: u64) -> u64 {
    let mixed = (number.wrapping_add(1)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ mixed >> 29
}

/// Each kind in turn.
pub(crate) fn kind_of(number: u64) -> IdKind {
    match number % 3 {
        0 => IdKind::Jti,
        1 => IdKind::Sid,
        _ => IdKind::Handle,
    }
}
