//! An issuer's feed of revocations under the forge's key, and what a set ought to hold.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKeys, base64url, sha256};
use symbolon_revocation::{Entry, Fingerprint, IdKind, Kind, RevocationSet};

use crate::forge;

/// Whose feed it is.
pub const ISSUER: &str = "https://id.example";

/// When it is.
pub const NOW: u64 = 1_800_000_000;

/// Times are known to the tick.
const TICK_SECS: u64 = 300;

/// What the forge signs verifies under these.
pub static KEYS: LazyLock<VerifyingKeys> = LazyLock::new(|| VerifyingKeys::single(forge::VERIFYING.clone()));

/// A key that signs.
pub static SIGNING: LazyLock<SigningKey> = LazyLock::new(|| {
    let jwk = Jwk::oct(b"another shared secret of the fuzzer, of 47 byte", Algorithm::HS256).expect("long enough");
    SigningKey::from_jwk(&jwk, Algorithm::HS256).expect("our own key")
});

/// The key that verifies what it signs.
pub static SIGNED: LazyLock<VerifyingKeys> = LazyLock::new(|| {
    let jwk = Jwk::oct(b"another shared secret of the fuzzer, of 47 byte", Algorithm::HS256).expect("long enough");
    let key = symbolon_jose::VerifyingKey::from_jwk(&jwk, Algorithm::HS256).expect("our own key");
    VerifyingKeys::single(key)
});

/// Claims under a good signature.
pub fn jws(typ: &str, claims: &[u8]) -> String {
    forge::compact_jws(json!({"alg": "HS256", "typ": typ}).to_string().as_bytes(), claims)
}

/// Whether the forge's own signature is on a compact JWS.
pub fn is_signed(jws: &str) -> bool {
    jws.rsplit_once('.').is_some_and(|(signed, signature)| forge::sign(signed) == signature)
}

/// A body under a good head.
pub fn snapshot(body: &[u8]) -> Vec<u8> {
    let digest = base64url::encode(&sha256(body));
    let claims = json!({"iss": ISSUER, "iat": NOW, "epoch": "fuzz", "seq": 7, "sha256": digest});
    let head = jws(symbolon_revocation::snapshot::TYPE, claims.to_string().as_bytes());
    let len = u32::try_from(head.len()).expect("a short head").to_be_bytes();
    [b"SYMREVO1", &len[..], head.as_bytes(), body].concat()
}

/// What a set ought to hold: until when each id, and which rules.
#[derive(Default)]
pub struct Model {
    ids: HashMap<(IdKind, Fingerprint), u64>,
    rules: BTreeSet<(Kind, Fingerprint)>,
}

impl Model {
    /// Of entries taken in at [`NOW`].
    pub fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let mut model = Self::default();
        for entry in entries.filter(|entry| entry.forget_at > NOW) {
            if let Kind::Id(kind) = entry.kind {
                let until = entry.forget_at.next_multiple_of(TICK_SECS);
                let known = model.ids.entry((kind, entry.fingerprint)).or_default();
                *known = until.max(*known);
            } else {
                model.rules.insert((entry.kind, entry.fingerprint));
            }
        }
        model
    }

    /// How many ids and rules.
    pub fn added(&self) -> (usize, usize) {
        (self.ids.len(), self.rules.len())
    }

    /// Lets days pass in the set, and looks at each of the ids.
    pub fn check(&self, set: &RevocationSet) {
        for now in (NOW..NOW + 6 * 72_000).step_by(72_000) {
            while !set.forget(now).is_round {}
            for (&(kind, id), until) in &self.ids {
                assert_eq!(set.contains(kind, id), *until > now, "{kind:?} {id}, {until}, at {now}");
            }
        }
    }
}
