//! Events of the stream (decision 6): what is signed is read again, and nothing else is.

use serde_json::{Value, json};
use symbolon_jose::jws::{Encoding, compact};
use symbolon_jose::{Algorithm, Error as Jose, base64url, jwt};
use symbolon_revocation::{Entry, Error, EventToSign, Fingerprint, IdKind, RECORD_LEN, event};

use crate::support::{EPOCH, ISSUER, Issuer, NOW, OURS, THEIRS, changed, one_of_each, payload};

fn signed(after: u64, entries: &[Entry]) -> Result<String, Error> {
    let seq = after + entries.len() as u64;
    event::sign(&OURS.key, &EventToSign { iss: ISSUER, iat: NOW, epoch: EPOCH, after, seq, entries })
}

/// The claims of an event with two entries, some changed, well signed.
fn altered(changes: Value) -> String {
    let claims = json!({"iss": ISSUER, "iat": NOW, "epoch": EPOCH, "after": 40, "seq": 42,
        "entries": base64url::encode(&[one_of_each()[0].record(), one_of_each()[6].record()].concat())});
    jwt::sign(&OURS.key, event::TYPE, &changed(claims, changes)).unwrap()
}

fn refused(jws: &str) -> Error {
    event::verify(jws, &OURS.keys, ISSUER, NOW).unwrap_err()
}

#[test]
fn what_was_signed_is_read_again() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
        let issuer = Issuer::new(algorithm);
        for entries in [one_of_each(), Vec::new(), one_of_each()[2..3].to_vec()] {
            let seq = 41 + entries.len() as u64;
            let to_sign = EventToSign { iss: ISSUER, iat: NOW, epoch: EPOCH, after: 41, seq, entries: &entries };
            let jws = event::sign(&issuer.key, &to_sign).unwrap();
            let read = event::verify(&jws, &issuer.keys, ISSUER, NOW).unwrap();
            assert_eq!((read.iat, read.epoch.as_str(), read.after, read.seq), (NOW, EPOCH, 41, seq), "{algorithm}");
            assert_eq!((read.entries, read.unknown), (entries, 0), "{algorithm}");
        }
    }
}

#[test]
fn the_claims_are_those_of_the_decision() {
    let entry = Entry::new(IdKind::Sid, Fingerprint(0x0102_0304_0506_0708), 0x1112_1314, 0x2122_2324);
    let jws = signed(41, &[entry]).unwrap();
    let record = [2, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24];
    let claims = json!({"iss": ISSUER, "iat": NOW, "epoch": EPOCH, "after": 41, "seq": 42,
        "entries": base64url::encode(&record)});
    assert_eq!(payload(&jws), claims);
    let header: Value = serde_json::from_slice(&base64url::decode(jws.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(header["typ"], "symbolon-revocations+jwt");
    let heartbeat = payload(&signed(42, &[]).unwrap());
    assert_eq!(heartbeat, json!({"iss": ISSUER, "iat": NOW, "epoch": EPOCH, "after": 42, "seq": 42}));
}

#[test]
fn it_is_a_compact_jws_like_any_other() {
    let jws = signed(0, &one_of_each()).unwrap();
    let key = OURS.keys.iter().next().unwrap();
    let verified = compact::Unverified::parse(&jws).unwrap().verify(key).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(verified.payload()).unwrap(), payload(&jws));
}

#[test]
fn every_bit_that_is_flipped_is_noticed() {
    let jws = signed(41, &one_of_each()[..1]).unwrap().into_bytes();
    for at in 0..jws.len() {
        for bit in 0..8 {
            let mut flipped = jws.clone();
            flipped[at] ^= 1 << bit;
            if let Ok(text) = str::from_utf8(&flipped) {
                assert!(event::verify(text, &OURS.keys, ISSUER, NOW).is_err(), "bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
fn a_key_that_is_not_there_can_be_looked_for_and_a_bad_signature_cannot() {
    let heartbeat = EventToSign { iss: ISSUER, iat: NOW, epoch: EPOCH, after: 0, seq: 0, entries: &[] };
    assert!(refused(&event::sign(&THEIRS.key, &heartbeat).unwrap()).is_unknown_key());
    let (ours, another) = (signed(0, &[]).unwrap(), signed(1, &one_of_each()).unwrap());
    let ((start, _), (_, other)) = (ours.rsplit_once('.').unwrap(), another.rsplit_once('.').unwrap());
    let error = refused(&format!("{start}.{other}"));
    assert_eq!(error, Error::Jose(Jose::SignatureInvalid));
    assert!(!error.is_unknown_key());
}

#[test]
fn another_type_of_token_is_no_event() {
    let claims = payload(&signed(0, &[]).unwrap());
    for typ in ["JWT", "at+jwt", "symbolon-revocation-snapshot+jwt"] {
        let jws = jwt::sign(&OURS.key, typ, &claims).unwrap();
        assert_eq!(refused(&jws), Error::Jose(Jose::TypeMismatch), "{typ}");
    }
    let untyped = compact::sign(&OURS.key, None, claims.to_string().as_bytes()).unwrap();
    assert_eq!(refused(&untyped), Error::Jose(Jose::TypeMissing));
    let long_name = jwt::sign(&OURS.key, "application/symbolon-revocations+jwt", &claims).unwrap();
    assert!(event::verify(&long_name, &OURS.keys, ISSUER, NOW).is_ok(), "RFC 7515 §4.1.9");
}

#[test]
fn a_payload_that_was_signed_unencoded_is_no_event() {
    let claims = payload(&signed(0, &[]).unwrap()).to_string();
    let detached = compact::sign_detached(&OURS.key, Some(event::TYPE), claims.as_bytes(), Encoding::Unencoded);
    let jws = detached.unwrap().replace("..", &format!(".{}.", base64url::encode(claims.as_bytes())));
    assert_eq!(refused(&jws), Error::Jose(Jose::B64Unsupported));
}

#[test]
fn the_issuer_is_compared_byte_by_byte() {
    for iss in ["https://id.example/", "https://ID.example", "", "https://id.example.evil"] {
        assert_eq!(refused(&altered(json!({"iss": iss}))), Error::IssuerMismatch, "{iss}");
    }
}

#[test]
fn an_event_of_the_future_is_refused_beyond_the_leeway() {
    assert!(event::verify(&altered(json!({"iat": NOW + 30})), &OURS.keys, ISSUER, NOW).is_ok());
    assert_eq!(refused(&altered(json!({"iat": NOW + 31}))), Error::FromFuture);
    assert_eq!(refused(&altered(json!({"iat": u64::MAX}))), Error::FromFuture);
    let old = event::verify(&altered(json!({"iat": 0})), &OURS.keys, ISSUER, NOW).unwrap();
    assert_eq!(old.iat, 0, "how old is too old the caller knows");
    assert!(event::verify(&altered(json!({})), &OURS.keys, ISSUER, u64::MAX).is_ok());
}

#[test]
fn numbers_that_leave_a_hole_are_refused() {
    for (after, seq) in [(41, 42), (39, 42), (42, 42), (42, 40), (0, u64::MAX), (u64::MAX, 1)] {
        assert_eq!(refused(&altered(json!({"after": after, "seq": seq}))), Error::EntryCount, "{after} {seq}");
    }
    assert_eq!(refused(&altered(json!({"entries": null}))), Error::EntryCount);
    let entries = &one_of_each();
    let event = EventToSign { iss: ISSUER, iat: NOW, epoch: EPOCH, after: 0, seq: 3, entries };
    assert_eq!(event::sign(&OURS.key, &event), Err(Error::EntryCount), "nor are they signed");
    assert_eq!(event::sign(&OURS.key, &EventToSign { after: 9, seq: 2, ..event }), Err(Error::EntryCount));
}

#[test]
fn kinds_of_later_versions_are_passed_by_and_counted() {
    let unknown = [[0; RECORD_LEN], [4; RECORD_LEN], [255; RECORD_LEN]].concat();
    let wire = [unknown, one_of_each()[1].record().to_vec()].concat();
    let jws = altered(json!({"seq": 44, "entries": base64url::encode(&wire)}));
    let event = event::verify(&jws, &OURS.keys, ISSUER, NOW).unwrap();
    assert_eq!((event.entries, event.unknown), (vec![one_of_each()[1]], 3));
    assert_eq!((event.after, event.seq), (40, 44), "they have numbers, too");
}

#[test]
fn what_is_malformed_behind_a_good_signature_is_refused() {
    assert_eq!(refused(&altered(json!({"entries": base64url::encode(&[1; 33])}))), Error::RecordLength);
    for (changes, error) in [
        (json!({"entries": "AQ=="}), Jose::Base64Padded),
        (json!({"entries": 17}), Jose::JsonShape),
        (json!({"entries": ["AQ"]}), Jose::JsonShape),
        (json!({"iss": null}), Jose::JsonShape),
        (json!({"iat": null}), Jose::JsonShape),
        (json!({"iat": "1800000000"}), Jose::JsonShape),
        (json!({"iat": 1.5}), Jose::JsonShape),
        (json!({"iat": -1}), Jose::JsonShape),
        (json!({"epoch": null}), Jose::JsonShape),
        (json!({"after": null}), Jose::JsonShape),
        (json!({"seq": null}), Jose::JsonShape),
        (json!({"seq": 1e30}), Jose::JsonShape),
    ] {
        assert_eq!(refused(&altered(changes.clone())), Error::Jose(error), "{changes}");
    }
    for epoch in ["", "a.b", "a b", "ä", &"e".repeat(65)] {
        assert_eq!(refused(&altered(json!({"epoch": epoch}))), Error::EpochInvalid, "{epoch:?}");
        let event = EventToSign { iss: ISSUER, iat: NOW, epoch, after: 0, seq: 0, entries: &[] };
        assert_eq!(event::sign(&OURS.key, &event), Err(Error::EpochInvalid), "nor is it signed");
    }
    let sign = |payload: &str| compact::sign(&OURS.key, Some(event::TYPE), payload.as_bytes()).unwrap();
    let claims = payload(&altered(json!({}))).to_string();
    let null = claims.replace(r#""entries":"#, r#""entries":null,"x":"#);
    assert_eq!(refused(&sign(&null)), Error::Jose(Jose::JsonShape), "absent is not null");
    let twice = claims.replace(r#""seq":42"#, r#""seq":42,"seq":42"#);
    assert_eq!(refused(&sign(&twice)), Error::Jose(Jose::JsonDuplicateMember));
    let more = claims.replace(r#""seq":42"#, r#""seq":42,"later":{"version":[2]}"#);
    assert!(event::verify(&sign(&more), &OURS.keys, ISSUER, NOW).is_ok(), "claims of later versions are passed by");
}

#[test]
fn text_that_is_no_compact_jws_is_refused() {
    let jws = signed(0, &[]).unwrap();
    for text in ["", ".", "..", "a.b", "a.b.c.d", "{}", &format!("{jws}.x"), &jws.replace('.', ".."), &jws[1..]] {
        assert!(matches!(refused(text), Error::Jose(_)), "{text}");
    }
    for (white, at) in [(" ", 0), ("\n", jws.len()), ("=", jws.len())] {
        let mut text = jws.clone();
        text.insert_str(at, white);
        assert!(event::verify(&text, &OURS.keys, ISSUER, NOW).is_err(), "{white:?} at {at}");
    }
}

#[test]
fn an_event_is_bounded_in_entries_and_in_bytes() {
    let entries = vec![one_of_each()[0]; event::MAX_ENTRIES + 1];
    let jws = signed(0, &entries[1..]).unwrap();
    assert!(jws.len() < event::MAX_LEN);
    let read = event::verify(&jws, &OURS.keys, ISSUER, NOW).unwrap();
    assert_eq!((read.entries.len(), read.seq), (65_536, 65_536));
    assert_eq!(signed(0, &entries), Err(Error::TooManyEntries));

    let iss = "i".repeat(event::MAX_LEN);
    let event = EventToSign { iss: &iss, iat: NOW, epoch: EPOCH, after: 0, seq: 0, entries: &[] };
    assert_eq!(event::sign(&OURS.key, &event), Err(Error::Jose(Jose::TokenTooLong)), "nor is it signed");
    assert_eq!(refused(&"a".repeat(event::MAX_LEN + 1)), Error::Jose(Jose::TokenTooLong));
}
