//! JSON serializations that must be refused (RFC 7515 §7.2, RFC 7516 §7.2, RFC 7797 §3), and what those accepted do not say.

use serde_json::{Value, json};
use symbolon_jose::jwe::{Header, compact, json as jwe};
use symbolon_jose::jws::{self, Encoding, json as jws_json};
use symbolon_jose::{Algorithm, ContentEncryption, Error, Jwk, KeyManagement, SigningKey, VerifyingKey, base64url};

use crate::support::{decrypting, encrypting, jwk, signing, tag, verifying};

const ENC: ContentEncryption = ContentEncryption::A128Gcm;

fn signed() -> Value {
    let key = signing(Algorithm::HS256);
    let signature = jws_json::Signature::new(&key).typ("JWT");
    let text = jws_json::sign_flattened(&signature, jws_json::Payload::Attached(b"hello"), Encoding::Base64url);
    serde_json::from_str(&text.unwrap()).unwrap()
}

fn signed_by(algorithms: &[Algorithm]) -> Value {
    let keys: Vec<_> = algorithms.iter().map(|algorithm| signing(*algorithm)).collect();
    let signatures: Vec<_> = keys.iter().map(jws_json::Signature::new).collect();
    let text = jws_json::sign_general(&signatures, jws_json::Payload::Attached(b"hello"), Encoding::Base64url);
    serde_json::from_str(&text.unwrap()).unwrap()
}

fn encrypted_for(algs: &[KeyManagement]) -> Value {
    let keys: Vec<_> = algs.iter().map(|alg| encrypting(*alg, ENC)).collect();
    let text = jwe::encrypt_general(&keys, &Header::default(), None, b"hello").unwrap();
    serde_json::from_str(&text).unwrap()
}

fn encrypted() -> Value {
    let key = encrypting(KeyManagement::A128Kw, ENC);
    serde_json::from_str(&jwe::encrypt_flattened(&key, &Header::default(), None, b"hello").unwrap()).unwrap()
}

/// With some members changed; `null` takes one away.
fn with(mut text: Value, changes: &Value) -> Value {
    let members = text.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    text
}

fn verify(text: &Value) -> Result<Vec<u8>, Error> {
    let text = text.to_string();
    let verified = jws_json::Unverified::parse(text.as_bytes())?.verify(&verifying(Algorithm::HS256))?;
    Ok(verified.payload().to_vec())
}

fn decrypt(text: &Value) -> Result<Vec<u8>, Error> {
    let decrypted = jwe::Encrypted::parse(text.to_string().as_bytes())?;
    Ok(decrypted.decrypt(&decrypting(KeyManagement::A128Kw, ENC))?.plaintext().to_vec())
}

fn protected(header: &Value) -> Value {
    base64url::encode(header.to_string().as_bytes()).into()
}

#[test]
fn what_is_made_is_accepted() {
    for text in [signed(), signed_by(&[Algorithm::HS256]), signed_by(&[Algorithm::ES256, Algorithm::HS256])] {
        assert_eq!(verify(&text).unwrap(), b"hello");
    }
    for text in
        [encrypted(), encrypted_for(&[KeyManagement::A256Kw, KeyManagement::A128Kw, KeyManagement::EcdhEsA128Kw])]
    {
        assert_eq!(decrypt(&text).unwrap(), b"hello");
    }
}

#[test]
fn a_text_is_general_or_flattened_and_never_both() {
    for member in ["protected", "header", "signature"] {
        let value = if member == "header" { json!({}) } else { signed()[member].clone() };
        let value = if value.is_null() { json!("AA") } else { value };
        let both = with(signed_by(&[Algorithm::HS256]), &json!({ member: value }));
        assert_eq!(verify(&both), Err(Error::NotJsonSerialization), "{member}");
    }
    for (member, value) in [("header", json!({})), ("encrypted_key", json!("AA"))] {
        let both = with(encrypted_for(&[KeyManagement::A128Kw]), &json!({ member: value }));
        assert_eq!(decrypt(&both), Err(Error::NotJsonSerialization), "{member}");
    }
}

#[test]
fn up_to_sixteen_signatures_or_recipients_are_read_and_made_and_no_others() {
    let key = signing(Algorithm::HS256);
    let payload = jws_json::Payload::Attached(b"hello");
    for count in [0, 1, 16, 17] {
        let accepted = (1..=16).contains(&count);
        let one = signed_by(&[Algorithm::HS256])["signatures"][0].clone();
        let text = with(signed_by(&[Algorithm::HS256]), &json!({"signatures": vec![one; count]}));
        let expected = if accepted { Ok(b"hello".to_vec()) } else { Err(Error::SignatureCount) };
        assert_eq!(verify(&text), expected, "{count}");
        let many = vec![jws_json::Signature::new(&key); count];
        let made = jws_json::sign_general(&many, payload, Encoding::Base64url);
        assert_eq!(made.err(), expected.err(), "{count}");

        let text = encrypted_for(&[KeyManagement::A128Kw]);
        let one = text["recipients"][0].clone();
        let text = with(text, &json!({"recipients": vec![one; count]}));
        let expected = if accepted { Ok(b"hello".to_vec()) } else { Err(Error::RecipientCount) };
        assert_eq!(decrypt(&text), expected, "{count}");
        let many = vec![encrypting(KeyManagement::A128Kw, ENC); count];
        let made = jwe::encrypt_general(&many, &Header::default(), None, b"");
        assert_eq!(made.err(), expected.err(), "{count}");
    }
}

#[test]
fn duplicate_members_are_refused_at_every_place_of_a_serialization() {
    let signed = signed_by(&[Algorithm::HS256]).to_string();
    for (from, to) in [
        (r#"{"payload":"#, r#"{"payload":"AA","payload":"#),
        (r#""signature":""#, r#""signature":"AA","signature":""#),
        (r#"{"payload":"#, r#"{"x":[{"y":1,"y":2}],"payload":"#),
        (r#""signature":""#, r#""header":{"x":1,"x":1},"signature":""#),
    ] {
        let text = signed.replacen(from, to, 1);
        assert_ne!(text, signed);
        assert_eq!(jws_json::Unverified::parse(text.as_bytes()).unwrap_err(), Error::JsonDuplicateMember, "{text}");
    }
    let encrypted = encrypted_for(&[KeyManagement::A128Kw]).to_string();
    for (from, to) in [
        (r#""iv":""#, r#""iv":"AA","iv":""#),
        (r#""encrypted_key":""#, r#""encrypted_key":"AA","encrypted_key":""#),
        (r#""alg":"A128KW""#, r#""alg":"A128KW","alg":"A128KW""#),
        (r#""iv":""#, r#""unprotected":{"x":1,"x":1},"iv":""#),
    ] {
        let text = encrypted.replacen(from, to, 1);
        assert_ne!(text, encrypted);
        assert_eq!(jwe::Encrypted::parse(text.as_bytes()).unwrap_err(), Error::JsonDuplicateMember, "{text}");
    }
    let twice = base64url::encode(br#"{"alg":"HS256","alg":"HS256"}"#);
    assert_eq!(verify(&with(self::signed(), &json!({"protected": twice}))), Err(Error::JsonDuplicateMember));
    let twice = base64url::encode(br#"{"alg":"A128KW","enc":"A128GCM","enc":"A128GCM"}"#);
    assert_eq!(decrypt(&with(self::encrypted(), &json!({"protected": twice}))), Err(Error::JsonDuplicateMember));
}

#[test]
fn members_of_the_wrong_type_are_refused() {
    for member in ["payload", "protected", "signature"] {
        for value in [json!(1), json!([]), json!({}), json!(true)] {
            assert_eq!(verify(&with(signed(), &json!({ member: value }))), Err(Error::JsonShape), "{member}");
        }
        let null = signed().to_string().replacen('{', &format!(r#"{{"{member}":null,"#), 1);
        let null = null.replace(&format!(r#","{member}":""#), r#","x":""#);
        assert_eq!(jws_json::Unverified::parse(null.as_bytes()).unwrap_err(), Error::JsonShape, "{member}");
    }
    for member in
        ["protected", "unprotected", "recipients", "header", "encrypted_key", "aad", "iv", "ciphertext", "tag"]
    {
        assert_eq!(decrypt(&with(encrypted(), &json!({ member: 1 }))), Err(Error::JsonShape), "{member}");
    }
    for text in ["[]", "null", "1", r#""x""#] {
        assert_eq!(jws_json::Unverified::parse(text.as_bytes()).unwrap_err(), Error::JsonShape);
        assert_eq!(jwe::Encrypted::parse(text.as_bytes()).unwrap_err(), Error::JsonShape);
    }
    for (text, why) in [(&b""[..], Error::JsonSyntax), (b"{}{}", Error::JsonTrailing), (b"\xff", Error::JsonNotUtf8)] {
        assert_eq!(jws_json::Unverified::parse(text).unwrap_err(), why);
        assert_eq!(jwe::Encrypted::parse(text).unwrap_err(), why);
    }
}

#[test]
fn members_that_must_be_there_are_missed() {
    assert_eq!(verify(&with(signed(), &json!({"signature": null}))), Err(Error::NotJsonSerialization));
    assert_eq!(verify(&with(signed(), &json!({"payload": null}))), Err(Error::PayloadMisplaced));
    assert_eq!(verify(&with(signed(), &json!({"protected": null, "header": {}}))), Err(Error::AlgorithmMissing));
    assert_eq!(verify(&with(signed(), &json!({"protected": null}))), Err(Error::AlgorithmMissing));
    assert_eq!(verify(&json!({})), Err(Error::NotJsonSerialization));
    assert_eq!(decrypt(&json!({})), Err(Error::NotJsonSerialization));
    assert_eq!(decrypt(&with(encrypted(), &json!({"ciphertext": null}))), Err(Error::NotJsonSerialization));
    assert_eq!(decrypt(&with(encrypted(), &json!({"protected": null}))), Err(Error::AlgorithmMissing));
    // RFC 7515 §7.2.1, RFC 7516 §7.2.1: where it is empty it must be absent.
    let header = json!({"alg": "HS256"});
    assert_eq!(verify(&with(signed(), &json!({"protected": ""}))), Err(Error::JsonSyntax));
    assert_eq!(verify(&with(signed(), &json!({"protected": "", "header": header}))), Err(Error::JsonSyntax));
    let header = json!({"alg": "A128KW", "enc": "A128GCM"});
    assert_eq!(decrypt(&with(encrypted(), &json!({"protected": "", "header": header}))), Err(Error::JsonSyntax));
    assert_eq!(decrypt(&with(encrypted(), &json!({"aad": ""}))), Err(Error::NotJsonSerialization));
}

#[test]
fn other_spellings_of_every_part_are_refused() {
    for (change, why) in [("=", Error::Base64Padded), ("\n", Error::Base64Surrounded), ("*", Error::Base64Invalid)] {
        for member in ["protected", "signature"] {
            let value = format!("{}{change}", signed()[member].as_str().unwrap());
            assert_eq!(verify(&with(signed(), &json!({ member: value }))), Err(why), "{member}");
        }
        // The payload is what was signed, and read only after that: another spelling of it has another signature.
        let payload = format!("{}{change}", signed()["payload"].as_str().unwrap());
        let text = with(signed(), &json!({ "payload": payload }));
        assert_eq!(verify(&text), Err(Error::SignatureInvalid));
        let protected = text["protected"].as_str().unwrap();
        let secret: Value = serde_json::from_str(&jwk(Algorithm::HS256).to_private_json()).unwrap();
        let secret = base64url::decode(secret["k"].as_str().unwrap()).unwrap();
        let tag = tag(&format!("{protected}.{payload}"), &secret);
        assert_eq!(verify(&with(text, &json!({ "signature": tag }))), Err(why), "signed");
        for member in ["protected", "encrypted_key", "iv", "ciphertext", "tag"] {
            let value = format!("{}{change}", encrypted()[member].as_str().unwrap());
            assert_eq!(decrypt(&with(encrypted(), &json!({ member: value }))), Err(why), "{member}");
        }
        let aad = format!("QUJD{change}");
        assert_eq!(decrypt(&with(encrypted(), &json!({ "aad": aad }))), Err(why), "aad");
    }
    // Row 11: "QQ" and "QR" must not both stand for one signature.
    assert_eq!(decrypt(&with(encrypted(), &json!({"aad": "QR"}))), Err(Error::Base64NotCanonical));
}

#[test]
fn headers_must_be_disjoint() {
    for name in ["alg", "kid", "typ"] {
        let text = with(signed(), &json!({"header": { name: "HS256" }}));
        assert_eq!(verify(&text), Err(Error::HeaderNotDisjoint), "{name}");
    }
    for place in ["unprotected", "header"] {
        for name in ["alg", "enc", "kid"] {
            let text = with(encrypted(), &json!({ place: { name: "A128KW" }}));
            assert_eq!(decrypt(&text), Err(Error::HeaderNotDisjoint), "{place} {name}");
        }
    }
    let both = with(encrypted(), &json!({"unprotected": {"x": 1}, "header": {"x": 1}}));
    assert_eq!(decrypt(&both), Err(Error::HeaderNotDisjoint));
    // We do not make them either.
    let key = signing(Algorithm::HS256);
    let signature = jws_json::Signature::new(&key).unprotected("alg", "HS256");
    let refused = jws_json::sign_flattened(&signature, jws_json::Payload::Attached(b""), Encoding::Base64url);
    assert_eq!(refused.unwrap_err(), Error::HeaderNotDisjoint);
}

#[test]
fn an_unprotected_header_is_written_as_it_is_read() {
    let key = |kid: Option<&str>| {
        let jwk = Jwk::oct(crate::support::SECRET, Algorithm::HS256).unwrap();
        let jwk = match kid {
            Some(kid) => jwk.with_kid(kid),
            None => jwk,
        };
        (SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap(), VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap())
    };
    let sign = |key: &SigningKey, name: &str, value: Value| {
        let signature = jws_json::Signature::new(key).unprotected(name, value);
        jws_json::sign_flattened(&signature, jws_json::Payload::Attached(b"hello"), Encoding::Base64url)
    };
    let ((unnamed, verifying), (named, _)) = (key(None), key(Some("k")));
    // RFC 7515 A.6 names its keys so.
    for (name, value) in [("kid", json!("2010-12-29")), ("typ", json!("JWT")), ("x", json!({"y": [1]}))] {
        let text = sign(&unnamed, name, value).unwrap();
        let verified = jws_json::Unverified::parse(text.as_bytes()).unwrap().verify(&verifying).unwrap();
        assert_eq!(verified.payload(), b"hello", "{name}");
    }
    let deep = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    for (name, value, why) in [
        ("alg", json!("HS256"), Error::HeaderNotDisjoint),
        ("kid", json!("k"), Error::HeaderNotDisjoint),
        ("crit", json!(["exp"]), Error::CritInvalid),
        ("b64", json!(false), Error::B64NotCritical),
        ("typ", json!(1), Error::HeaderInvalid),
        ("x", json!("x".repeat(4_096)), Error::HeaderTooLong),
        ("x", deep(8), Error::JsonTooDeep),
        // Deep enough only within the whole text.
        ("x", deep(7), Error::JsonTooDeep),
    ] {
        assert_eq!(sign(&named, name, value).unwrap_err(), why, "{name}");
    }
    let many = (0..40).fold(jws_json::Signature::new(&named), |it, n| it.unprotected(format!("x{n}"), n));
    let refused = jws_json::sign_flattened(&many, jws_json::Payload::Attached(b""), Encoding::Base64url).unwrap_err();
    assert_eq!(refused, Error::JsonTooManyMembers);
}

#[test]
fn crit_b64_and_zip_count_only_where_they_are_protected() {
    let unprotected = |header: Value| verify(&with(signed(), &json!({ "header": header })));
    assert_eq!(unprotected(json!({"crit": ["exp"], "exp": 1})), Err(Error::CritInvalid));
    assert_eq!(unprotected(json!({"b64": false})), Err(Error::B64NotCritical));
    assert_eq!(unprotected(json!({"b64": true})), Err(Error::B64NotCritical));
    assert_eq!(unprotected(json!({"b64": false, "crit": ["b64"]})), Err(Error::CritInvalid));
    let inside = |header: Value| verify(&with(signed(), &json!({"protected": protected(&header), "header": {"x": 1}})));
    assert_eq!(inside(json!({"alg": "HS256", "crit": ["exp"], "exp": 1})), Err(Error::CritUnsupported));
    assert_eq!(inside(json!({"alg": "HS256", "b64": false})), Err(Error::B64NotCritical));
    assert_eq!(inside(json!({"alg": "HS256", "b64": "false"})), Err(Error::HeaderInvalid));
    for place in ["unprotected", "header"] {
        let zip = with(encrypted(), &json!({ place: {"zip": "DEF"}}));
        assert_eq!(decrypt(&zip), Err(Error::HeaderMemberInvalid("zip")), "{place}");
        let crit = with(encrypted(), &json!({ place: {"crit": ["exp"], "exp": 1}}));
        assert_eq!(decrypt(&crit), Err(Error::CritInvalid), "{place}");
    }
    let crit = protected(&json!({"alg": "A128KW", "enc": "A128GCM", "crit": ["exp"], "exp": 1}));
    assert_eq!(decrypt(&with(encrypted(), &json!({"protected": crit}))), Err(Error::CritUnsupported));
    let mut general = encrypted_for(&[KeyManagement::A128Kw]);
    general["protected"] = protected(&json!({"enc": "A128GCM", "crit": ["exp"], "exp": 1}));
    assert_eq!(decrypt(&general), Err(Error::CritUnsupported));
}

#[test]
fn typ_and_cty_say_nothing_where_they_are_not_protected() {
    // RFC 8725 §3.11: whoever relies on the type must not be told one that anybody can write.
    let key = signing(Algorithm::HS256);
    let signature = jws_json::Signature::new(&key);
    let text =
        jws_json::sign_flattened(&signature, jws_json::Payload::Attached(b"hello"), Encoding::Base64url).unwrap();
    let text: Value = serde_json::from_str(&text).unwrap();
    let text = with(text, &json!({"header": {"typ": "at+jwt", "cty": "JWT"}})).to_string();
    let verified = jws_json::Unverified::parse(text.as_bytes()).unwrap().verify(&verifying(Algorithm::HS256)).unwrap();
    assert_eq!((verified.typ(), verified.cty()), (None, None));
    let text = signed().to_string();
    let verified = jws_json::Unverified::parse(text.as_bytes()).unwrap().verify(&verifying(Algorithm::HS256)).unwrap();
    assert_eq!(verified.typ(), Some("JWT"));
    for place in ["unprotected", "header"] {
        let text = with(encrypted(), &json!({ place: {"typ": "at+jwt", "cty": "JWT"}})).to_string();
        let decrypted = jwe::Encrypted::parse(text.as_bytes()).unwrap();
        let decrypted = decrypted.decrypt(&decrypting(KeyManagement::A128Kw, ENC)).unwrap();
        assert_eq!((decrypted.typ(), decrypted.cty()), (None, None), "{place}");
    }
}

#[test]
fn texts_that_are_signed_and_encrypted_at_once_are_neither() {
    // RFC 7516 §9: one looks at `ciphertext`, the next at `payload`, and they read two different texts.
    let mut both = signed();
    both.as_object_mut().unwrap().extend(encrypted().as_object().unwrap().clone());
    both["protected"] = signed()["protected"].clone();
    assert_eq!(verify(&both), Err(Error::Encrypted));
    both["protected"] = encrypted()["protected"].clone();
    assert_eq!(decrypt(&both), Err(Error::NotEncrypted));
    let signatures = with(encrypted(), &json!({"signatures": []}));
    assert_eq!(decrypt(&signatures), Err(Error::NotEncrypted));
    assert_eq!(decrypt(&signed()), Err(Error::NotEncrypted));
    assert_eq!(verify(&encrypted()), Err(Error::Encrypted));
}

#[test]
fn polyglots_of_compact_and_json_are_refused_in_every_reader() {
    // CVE-2022-39227.
    let token = jws::compact::sign(&signing(Algorithm::HS256), None, b"hello").unwrap();
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three segments") };
    let polyglot = format!(
        r#"{{"{header}.{payload}.{signature}":0,"protected":"{header}","payload":"AA","signature":"{signature}"}}"#
    );
    assert_eq!(jws::compact::Unverified::parse(&polyglot).unwrap_err(), Error::NotCompact);
    let refused = jws_json::Unverified::parse(polyglot.as_bytes()).unwrap().verify(&verifying(Algorithm::HS256));
    assert_eq!(refused.unwrap_err(), Error::SignatureInvalid);
    let token = compact::encrypt(&encrypting(KeyManagement::A128Kw, ENC), &Header::default(), b"hello").unwrap();
    for (polyglot, compact_says, json_says) in [
        (format!(r#"{{"{token}":0}}"#), Error::NotCompact, Error::NotJsonSerialization),
        (format!("{token}{{}}"), Error::Base64Invalid, Error::JsonSyntax),
        (format!(r#""{token}""#), Error::Base64Invalid, Error::JsonShape),
    ] {
        let read = compact::Encrypted::parse(&polyglot);
        let refused = read.and_then(|it| it.decrypt(&decrypting(KeyManagement::A128Kw, ENC))).unwrap_err();
        assert_eq!(refused, compact_says, "{polyglot}");
        assert_eq!(jwe::Encrypted::parse(polyglot.as_bytes()).unwrap_err(), json_says, "{polyglot}");
    }
}

#[test]
fn where_the_key_of_one_is_the_content_key_there_is_no_other_recipient() {
    // RFC 7518 §4.5, §4.6: others would learn the shared secret.
    for alg in [KeyManagement::Dir, KeyManagement::EcdhEs] {
        let keys = [encrypting(alg, ENC), encrypting(KeyManagement::A128Kw, ENC)];
        for keys in [&keys[..], &[keys[1].clone(), keys[0].clone()], &[keys[0].clone(), keys[0].clone()]] {
            let refused = jwe::encrypt_general(keys, &Header::default(), None, b"").unwrap_err();
            assert_eq!(refused, Error::OneRecipientOnly, "{alg}");
        }
        let mut alone = encrypted_for(&[alg]);
        assert_eq!(jwe::Encrypted::parse(alone.to_string().as_bytes()).unwrap().recipients().len(), 1);
        let other = json!({"header": {"alg": "A128KW"}, "encrypted_key": "AAAA"});
        alone["recipients"].as_array_mut().unwrap().push(other);
        assert_eq!(decrypt(&alone), Err(Error::OneRecipientOnly), "{alg}");
    }
}

#[test]
fn all_recipients_have_one_enc() {
    let keys = [encrypting(KeyManagement::A128Kw, ENC), encrypting(KeyManagement::A256Kw, ContentEncryption::A256Gcm)];
    let refused = jwe::encrypt_general(&keys, &Header::default(), None, b"").unwrap_err();
    assert_eq!(refused, Error::ContentEncryptionMismatch);
    let mut text = encrypted_for(&[KeyManagement::A128Kw, KeyManagement::A256Kw]);
    text.as_object_mut().unwrap().remove("protected");
    text["recipients"][0]["header"]["enc"] = "A128GCM".into();
    text["recipients"][1]["header"]["enc"] = "A256GCM".into();
    assert_eq!(decrypt(&text), Err(Error::HeaderMemberInvalid("enc")));
}

#[test]
fn signatures_that_disagree_about_b64_are_refused() {
    let payload = jws_json::Payload::Attached(b"hello");
    let make = |algorithm, encoding| {
        let key = signing(algorithm);
        let text = jws_json::sign_general(&[jws_json::Signature::new(&key)], payload, encoding).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let mut text = make(Algorithm::HS256, Encoding::Base64url);
    let other = make(Algorithm::ES256, Encoding::Unencoded)["signatures"][0].clone();
    text["signatures"].as_array_mut().unwrap().push(other);
    assert_eq!(verify(&text), Err(Error::B64Disagrees));
}

#[test]
fn unencoded_payloads_that_could_be_read_two_ways_are_refused() {
    // RFC 7797 §5.2, §8.
    let key = signing(Algorithm::HS256);
    for payload in ["a.b", "tab\t", "line\n", "é", "\u{7f}"] {
        let refused = jws::compact::sign_unencoded(&key, None, payload).unwrap_err();
        assert_eq!(refused, Error::PayloadNotPlain, "{payload:?}");
    }
    assert_eq!(jws::compact::sign_unencoded(&key, None, "").unwrap_err(), Error::PayloadMisplaced);
    let token = jws::compact::sign_unencoded(&key, None, "hello").unwrap();
    assert_eq!(jws::compact::Unverified::parse(&token).unwrap_err(), Error::B64Unsupported);
    assert_eq!(jws::compact::Unverified::parse_detached(&token, b"hello").unwrap_err(), Error::PayloadMisplaced);
    let encoded = jws::compact::sign(&key, None, b"hello").unwrap();
    assert_eq!(jws::compact::Unverified::parse_unencoded(&encoded).unwrap_err(), Error::PayloadMisplaced);
    let bytes = jws_json::Payload::Attached(b"\xff");
    let refused = jws_json::sign_flattened(&jws_json::Signature::new(&key), bytes, Encoding::Unencoded).unwrap_err();
    assert_eq!(refused, Error::JsonNotUtf8);
    // The same bytes signed one way do not verify the other way.
    let detached = jws::compact::sign_detached(&key, None, b"hello", Encoding::Unencoded).unwrap();
    let header = encoded.split('.').next().unwrap();
    let mixed = format!("{header}..{}", detached.rsplit_once('.').unwrap().1);
    let unverified = jws::compact::Unverified::parse_detached(&mixed, b"hello").unwrap();
    assert_eq!(unverified.verify(&verifying(Algorithm::HS256)).unwrap_err(), Error::SignatureInvalid);
}

#[test]
fn signatures_of_other_lengths_and_zeros_are_refused_in_json_too() {
    let mut text = signed_by(&[Algorithm::ES256]);
    let verify = |text: &Value| {
        let text = text.to_string();
        jws_json::Unverified::parse(text.as_bytes()).unwrap().verify(&verifying(Algorithm::ES256)).map(drop)
    };
    assert_eq!(verify(&text), Ok(()));
    for (signature, why) in [
        (vec![], Error::SignatureLength),
        (vec![1; 63], Error::SignatureLength),
        (vec![1; 65], Error::SignatureLength),
        (vec![1; 5_000], Error::SignatureLength),
        (vec![0; 64], Error::SignatureZero),
        ([vec![0; 32], vec![1; 32]].concat(), Error::SignatureZero),
        (vec![1; 64], Error::SignatureInvalid),
    ] {
        text["signatures"][0]["signature"] = base64url::encode(&signature).into();
        assert_eq!(verify(&text), Err(why));
    }
}

#[test]
fn a_signature_that_does_not_verify_is_not_hidden_by_another_algorithm() {
    let mut text = signed_by(&[Algorithm::HS256, Algorithm::ES256]);
    for signature in text["signatures"].as_array_mut().unwrap() {
        let header = base64url::decode(signature["protected"].as_str().unwrap()).unwrap();
        let alg = serde_json::from_slice::<Value>(&header).unwrap()["alg"].clone();
        signature["protected"] = protected(&json!({ "alg": alg }));
    }
    assert_eq!(verify(&text), Err(Error::SignatureInvalid));
}

#[test]
fn what_our_readers_would_refuse_as_too_long_is_not_written() {
    let (key, bytes) = (signing(Algorithm::HS256), vec![0; 64 * 1024 / 4 * 3]);
    let signature = jws_json::Signature::new(&key);
    let payload = jws_json::Payload::Attached(&bytes);
    for text in [
        jws_json::sign_flattened(&signature, payload, Encoding::Base64url),
        jws_json::sign_general(std::slice::from_ref(&signature), payload, Encoding::Base64url),
        jwe::encrypt_flattened(&encrypting(KeyManagement::A128Kw, ENC), &Header::default(), None, &bytes),
        jwe::encrypt_general(&[encrypting(KeyManagement::A128Kw, ENC)], &Header::default(), None, &bytes),
    ] {
        assert_eq!(text.unwrap_err(), Error::TokenTooLong);
    }
    // A detached payload has any length.
    let detached = jws_json::Payload::Detached(&bytes);
    let text = jws_json::sign_flattened(&signature, detached, Encoding::Base64url).unwrap();
    let verified = jws_json::Unverified::parse_detached(text.as_bytes(), &bytes).unwrap();
    assert_eq!(verified.verify(&verifying(Algorithm::HS256)).unwrap().payload(), bytes);
    let long = "t".repeat(4096);
    let refused = jws_json::sign_flattened(&signature.clone().typ(&long), detached, Encoding::Base64url).unwrap_err();
    assert_eq!(refused, Error::HeaderTooLong);
    let text = json!({"payload": "A".repeat(64 * 1024), "signature": "AA"}).to_string();
    assert_eq!(jws_json::Unverified::parse(text.as_bytes()).unwrap_err(), Error::JsonTooLong);
    assert_eq!(jwe::Encrypted::parse(text.as_bytes()).unwrap_err(), Error::JsonTooLong);
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(8), "]".repeat(8));
    assert_eq!(jws_json::Unverified::parse(deep.as_bytes()).unwrap_err(), Error::JsonTooDeep);
    assert_eq!(jwe::Encrypted::parse(deep.as_bytes()).unwrap_err(), Error::JsonTooDeep);
}

#[test]
fn a_header_that_is_too_long_only_when_all_is_joined_is_not_written() {
    let algs = [KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw];
    let keys = algs.map(|alg| encrypting(alg, ENC));
    let long = "t".repeat(3_950);
    for header in
        [Header { apu: Some(&[0; 3_000]), ..Header::default() }, Header { typ: Some(&long), ..Header::default() }]
    {
        assert_eq!(jwe::encrypt_general(&keys, &header, None, b"").unwrap_err(), Error::HeaderTooLong);
        assert_eq!(jwe::encrypt_flattened(&keys[0], &header, None, b"").unwrap_err(), Error::HeaderTooLong);
    }
    let short = "t".repeat(3_000);
    let header = Header { typ: Some(&short), ..Header::default() };
    let text = jwe::encrypt_general(&keys, &header, None, b"hello").unwrap();
    let decrypted = jwe::Encrypted::parse(text.as_bytes()).unwrap().decrypt(&decrypting(algs[1], ENC)).unwrap();
    assert_eq!((decrypted.plaintext(), decrypted.typ()), (&b"hello"[..], Some(short.as_str())));
}

#[test]
fn keys_of_other_names_verify_and_decrypt_nothing() {
    let jwk = crate::support::jwk(Algorithm::HS256).clone().with_kid("another");
    let text = signed().to_string();
    let unverified = jws_json::Unverified::parse(text.as_bytes()).unwrap();
    let key = symbolon_jose::VerifyingKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    assert_eq!(unverified.verify(&key).unwrap_err(), Error::UnknownKey);
    let other = Jwk::generate(Algorithm::ES256).unwrap().with_kid("HS256");
    let key = symbolon_jose::VerifyingKey::from_jwk(&other, Algorithm::ES256).unwrap();
    assert_eq!(unverified.verify(&key).unwrap_err(), Error::AlgorithmMismatch);
    assert!(SigningKey::from_jwk(&other, Algorithm::HS256).is_err());
    let encrypted = jwe::Encrypted::parse(encrypted().to_string().as_bytes()).unwrap();
    assert_eq!(encrypted.decrypt(&decrypting(KeyManagement::A256Kw, ENC)).unwrap_err(), Error::UnknownKey);
}
