//! PEM and DER (RFC 7468, RFC 5958, RFC 5915, RFC 8017 A.1, RFC 8410, RFC 9881): what other tools write is read and comes out again
//! byte for byte, and what is not one key in one form is refused.

use symbolon_jose::jws::compact;
use symbolon_jose::{
    Algorithm, ContentEncryption, Error, Jwk, KeyCurve, KeyFormat, KeyManagement, SigningKey, VerifyingKey,
};

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("../vectors/pem/", $name, ".pem"))
    };
}

/// Type, algorithm, private forms as OpenSSL writes them, public form.
type Case = (&'static str, &'static str, Option<Algorithm>, &'static [(KeyFormat, &'static str)], &'static str);

const CASES: [Case; 9] = [
    (
        "EC",
        "P-256",
        Some(Algorithm::ES256),
        &[(KeyFormat::Pkcs8, pem!("ec_p256.pkcs8")), (KeyFormat::Sec1, pem!("ec_p256.sec1"))],
        pem!("ec_p256.spki"),
    ),
    (
        "EC",
        "P-384",
        Some(Algorithm::ES384),
        &[(KeyFormat::Pkcs8, pem!("ec_p384.pkcs8")), (KeyFormat::Sec1, pem!("ec_p384.sec1"))],
        pem!("ec_p384.spki"),
    ),
    (
        "EC",
        "P-521",
        Some(Algorithm::ES512),
        &[(KeyFormat::Pkcs8, pem!("ec_p521.pkcs8")), (KeyFormat::Sec1, pem!("ec_p521.sec1"))],
        pem!("ec_p521.spki"),
    ),
    ("OKP", "Ed25519", Some(Algorithm::EdDSA), &[(KeyFormat::Pkcs8, pem!("ed25519.pkcs8"))], pem!("ed25519.spki")),
    ("OKP", "X25519", None, &[(KeyFormat::Pkcs8, pem!("x25519.pkcs8"))], pem!("x25519.spki")),
    (
        "RSA",
        "",
        Some(Algorithm::RS256),
        &[(KeyFormat::Pkcs8, pem!("rsa.pkcs8")), (KeyFormat::Pkcs1, pem!("rsa.pkcs1"))],
        pem!("rsa.spki"),
    ),
    ("AKP", "", Some(Algorithm::MlDsa44), &[(KeyFormat::Pkcs8, pem!("ml_dsa_44.pkcs8"))], pem!("ml_dsa_44.spki")),
    ("AKP", "", Some(Algorithm::MlDsa65), &[(KeyFormat::Pkcs8, pem!("ml_dsa_65.pkcs8"))], pem!("ml_dsa_65.spki")),
    ("AKP", "", Some(Algorithm::MlDsa87), &[(KeyFormat::Pkcs8, pem!("ml_dsa_87.pkcs8"))], pem!("ml_dsa_87.spki")),
];

fn refused(pem: &str) -> Error {
    Jwk::from_pem(pem).unwrap_err()
}

/// The DER of a PEM, by another decoder.
fn der(pem: &str) -> Vec<u8> {
    use base64_simd::STANDARD;
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode_to_vec(text).unwrap()
}

/// One element of DER.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..=0x7f => vec![tag, len[1]],
        0x80..=0xff => vec![tag, 0x81, len[1]],
        _ => vec![tag, 0x82, len[0], len[1]],
    };
    [head, content.to_vec()].concat()
}

#[test]
fn keys_of_openssl_are_read_and_come_out_byte_for_byte() {
    for (kty, crv, algorithm, forms, public) in CASES {
        for &(format, text) in forms {
            let jwk = Jwk::from_pem(text).unwrap();
            assert_eq!((jwk.kty(), jwk.is_private()), (kty, true));
            assert_eq!(jwk.public_value().unwrap().get("crv").map_or("", |it| it.as_str().unwrap()), crv);
            assert_eq!(jwk.to_pem(format).unwrap().as_str(), text, "{kty} {crv} {format:?}");
            assert_eq!(*jwk.to_der(format).unwrap(), der(text), "{kty} {crv} {format:?}");
            assert_eq!(jwk.to_pem(KeyFormat::Spki).unwrap().as_str(), public, "{kty} {crv}");
            let again = Jwk::from_der(&der(text)).unwrap();
            assert_eq!(*again.to_private_json(), *jwk.to_private_json());

            let half = Jwk::from_pem(public).unwrap();
            assert!(!half.is_private());
            assert_eq!(half.thumbprint(), jwk.thumbprint());
            assert_eq!(Jwk::from_der(&der(public)).unwrap().thumbprint(), jwk.thumbprint());
            assert_eq!(half.to_pem(format).unwrap_err(), Error::KeyNotPrivate);
            let Some(algorithm) = algorithm else { continue };
            let token = compact::sign(&SigningKey::from_jwk(&jwk, algorithm).unwrap(), None, b"hello").unwrap();
            let key = VerifyingKey::from_jwk(&half, algorithm).unwrap();
            assert!(compact::Unverified::parse(&token).unwrap().verify(&key).is_ok(), "{kty} {crv}");
        }
    }
    let jwk = Jwk::from_pem(pem!("rsa.pkcs1_public")).unwrap();
    assert_eq!(jwk.to_pem(KeyFormat::Pkcs1Public).unwrap().as_str(), pem!("rsa.pkcs1_public"));
    assert_eq!(jwk.to_pem(KeyFormat::Spki).unwrap().as_str(), pem!("rsa.spki"));
    assert_eq!(Jwk::from_der(&der(pem!("rsa.pkcs1_public"))).unwrap().thumbprint(), jwk.thumbprint());
}

#[test]
fn an_ec_key_without_its_point_gets_it() {
    for (with, without) in [
        (pem!("ec_p256.sec1"), pem!("ec_p256.sec1_no_public")),
        (pem!("ec_p384.sec1"), pem!("ec_p384.sec1_no_public")),
        (pem!("ec_p521.sec1"), pem!("ec_p521.sec1_no_public")),
    ] {
        assert_ne!(with, without);
        assert_eq!(*Jwk::from_pem(without).unwrap().to_private_json(), *Jwk::from_pem(with).unwrap().to_private_json());
    }
}

#[test]
fn rfc_8410_section_10() {
    let one = Jwk::from_pem(pem!("rfc8410_v1")).unwrap();
    // The second version has an attribute and the public key, which must be its own.
    let two = Jwk::from_pem(pem!("rfc8410_v2")).unwrap();
    assert_eq!(*one.to_private_json(), *two.to_private_json());
    assert_eq!(one.thumbprint(), Jwk::from_pem(pem!("rfc8410_public")).unwrap().thumbprint());
    assert_eq!(one.to_pem(KeyFormat::Pkcs8).unwrap().as_str(), pem!("rfc8410_v1"));
    let mut changed = der(pem!("rfc8410_v2"));
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(Jwk::from_der(&changed).unwrap_err(), Error::KeyInconsistent);
}

/// PKCS#8 of version 2 with this public key, from one of version 1.
fn version_2(pkcs8: &[u8], public: &[u8]) -> Vec<u8> {
    let content = if pkcs8[1] == 0x82 { &pkcs8[4..] } else { &pkcs8[if pkcs8[1] == 0x81 { 3 } else { 2 }..] };
    assert_eq!(content[..3], [2, 1, 0]);
    tlv(0x30, &[&[2, 1, 1], &content[3..], &tlv(0x81, &[&[0], public].concat())].concat())
}

#[test]
fn a_public_key_beside_a_private_one_must_be_its_own() {
    for (_, _, _, forms, public) in CASES {
        let private = der(forms[0].1);
        let jwk = Jwk::from_pem(public).unwrap();
        let spki = der(public);
        // Raw, or for RSA the structure of PKCS#1: what the bit string at the end of SPKI holds.
        let len = jwk.to_der(KeyFormat::Pkcs1Public).map_or_else(
            |_| {
                let value = jwk.public_value().unwrap();
                let bytes = |name: &str| value.get(name).map_or(0, |it| it.as_str().unwrap().len() * 3 / 4);
                bytes("x") + bytes("y") + bytes("pub") + usize::from(jwk.kty() == "EC")
            },
            |pkcs1| pkcs1.len(),
        );
        let own = &spki[spki.len() - len..];
        let again = Jwk::from_der(&version_2(&private, own)).unwrap();
        assert_eq!((again.thumbprint(), again.is_private()), (jwk.thumbprint(), true), "{}", jwk.kty());
        let mut other = own.to_vec();
        other[len / 2] ^= 1;
        assert_eq!(Jwk::from_der(&version_2(&private, &other)).unwrap_err(), Error::KeyInconsistent, "{}", jwk.kty());
        for wrong in [&b""[..], &own[1..]] {
            assert_eq!(Jwk::from_der(&version_2(&private, wrong)).unwrap_err(), Error::KeyInconsistent);
        }
    }
    // The point within the EC structure, too.
    let mut sec1 = der(pem!("ec_p256.sec1"));
    *sec1.last_mut().unwrap() ^= 1;
    assert_eq!(Jwk::from_der(&sec1).unwrap_err(), Error::PointOffCurve);
    let other = Jwk::generate(Algorithm::ES256).unwrap().to_der(KeyFormat::Sec1).unwrap();
    let len = sec1.len();
    sec1[len - 64..].copy_from_slice(&other[other.len() - 64..]);
    assert_eq!(Jwk::from_der(&sec1).unwrap_err(), Error::KeyInconsistent);
}

#[test]
fn what_is_no_key_of_ours_is_refused() {
    for (pem, why) in [
        (pem!("refused_encrypted.pkcs8"), Error::PemLabel),
        (pem!("refused_certificate"), Error::PemLabel),
        (pem!("refused_encrypted.pkcs1"), Error::PemInvalid),
        (pem!("refused_with_parameters.sec1"), Error::PemInvalid),
        (pem!("refused_rsa_pss.pkcs8"), Error::KeyTypeUnsupported),
        (pem!("refused_rsa_pss.spki"), Error::KeyTypeUnsupported),
        (pem!("refused_rsa_1024.pkcs8"), Error::RsaModulusSize),
        (pem!("refused_ed448.spki"), Error::KeyTypeUnsupported),
        (pem!("refused_x448.spki"), Error::KeyTypeUnsupported),
        (pem!("refused_secp256k1.pkcs8"), Error::CurveUnsupported),
        (pem!("refused_explicit.sec1"), Error::DerInvalid),
        (pem!("refused_explicit.spki"), Error::DerInvalid),
        (pem!("refused_compressed.sec1"), Error::DerInvalid),
        (pem!("refused_compressed.spki"), Error::DerInvalid),
    ] {
        assert_eq!(refused(pem), why, "{pem}");
    }
    for pem in [pem!("refused_encrypted.pkcs8"), pem!("refused_certificate"), pem!("refused_explicit.sec1")] {
        assert_eq!(Jwk::from_der(&der(pem)).unwrap_err(), Error::DerInvalid);
    }
}

#[test]
fn a_label_that_does_not_say_what_is_inside_is_refused() {
    let labels = ["PRIVATE KEY", "PUBLIC KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "RSA PUBLIC KEY"];
    for (text, own) in [
        (pem!("ec_p256.pkcs8"), "PRIVATE KEY"),
        (pem!("ec_p256.spki"), "PUBLIC KEY"),
        (pem!("ec_p256.sec1"), "EC PRIVATE KEY"),
        (pem!("rsa.pkcs8"), "PRIVATE KEY"),
        (pem!("rsa.spki"), "PUBLIC KEY"),
        (pem!("rsa.pkcs1"), "RSA PRIVATE KEY"),
        (pem!("rsa.pkcs1_public"), "RSA PUBLIC KEY"),
    ] {
        for label in labels {
            let relabelled = text.replace(&format!("{own}-----"), &format!("{label}-----"));
            assert_eq!(Jwk::from_pem(&relabelled).err(), (label != own).then_some(Error::DerInvalid), "{own} {label}");
        }
        for label in ["ENCRYPTED PRIVATE KEY", "CERTIFICATE", "EC PARAMETERS", "OPENSSH PRIVATE KEY", "X"] {
            let relabelled = text.replace(&format!("{own}-----"), &format!("{label}-----"));
            assert_eq!(refused(&relabelled), Error::PemLabel, "{own} {label}");
        }
    }
}

#[test]
fn a_text_that_is_not_one_pem_is_refused() {
    let text = pem!("ec_p256.spki");
    let lines: Vec<&str> = text.lines().collect();
    for broken in [
        String::new(),
        lines[1].to_owned(),
        lines[..3].join("\n"),
        lines[1..].join("\n"),
        format!("{text}{text}"),
        format!("{text}x"),
        text.replace("END PUBLIC", "END PRIVATE"),
        text.replacen("-----", "----", 1),
        text.replace(lines[1], &format!("{} ", lines[1])),
        text.replace(lines[1], &format!(" {}", lines[1])),
        text.replace(lines[1], &format!("{}\n", lines[1])),
        text.replace(lines[1], &lines[1][1..]),
        text.replace(lines[1], &format!("{}A", lines[1])),
        text.replace(lines[1], &lines[1].replace(['+', '/', 'A'], "-")),
        text.replace("==", "=").replace("\n-----END", "=x\n-----END"),
        text.replace("PUBLIC KEY-----\n", "PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"),
        format!(" {text}"),
        format!("\n{text}"),
        format!("Bag Attributes\n{text}"),
        format!(" {text}{text}"),
    ] {
        assert_eq!(refused(&broken), Error::PemInvalid, "{broken}");
    }
    assert_eq!(refused(&"A".repeat(100_000)), Error::KeyTooLong);
    assert_eq!(Jwk::from_der(&vec![0x30; 40_000]).unwrap_err(), Error::KeyTooLong);
    // RFC 7468 §3: the ends of lines are those of any system.
    assert!(Jwk::from_pem(&text.replace('\n', "\r\n")).is_ok());
    assert!(Jwk::from_pem(text.trim_end()).is_ok());
}

#[test]
fn trailing_bytes_and_other_spellings_of_der_are_refused() {
    for (_, _, _, forms, public) in CASES {
        for text in forms.iter().map(|(_, text)| *text).chain([public]) {
            let der = der(text);
            for trailing in [&[0][..], &[5, 0], &der] {
                assert_eq!(Jwk::from_der(&[&der[..], trailing].concat()).unwrap_err(), Error::DerInvalid);
            }
            for cut in [0, 1, 2, der.len() / 2, der.len() - 1] {
                assert_eq!(Jwk::from_der(&der[..cut]).unwrap_err(), Error::DerInvalid, "{cut}");
            }
            // A length in more bytes than it takes, and an indefinite one: BER, not DER.
            let (head, content) = match der[1] {
                0x82 => (vec![0x30, 0x83, 0, der[2], der[3]], &der[4..]),
                0x81 => (vec![0x30, 0x82, 0, der[2]], &der[3..]),
                len => (vec![0x30, 0x81, len], &der[2..]),
            };
            assert_eq!(Jwk::from_der(&[&head, content].concat()).unwrap_err(), Error::DerInvalid);
            assert_eq!(Jwk::from_der(&[&[0x30, 0x80], content, &[0, 0]].concat()).unwrap_err(), Error::DerInvalid);
        }
    }
}

#[test]
fn parameters_that_must_not_be_or_must_be_null_are_so() {
    // RFC 8410 §3, RFC 9881 §2: absent. RFC 4055 §1.2: NULL.
    let ed25519 = |parameters: &[u8]| {
        let identifier = tlv(0x30, &[&[6, 3, 0x2b, 0x65, 0x70], parameters].concat());
        let public = der(pem!("ed25519.spki"));
        Jwk::from_der(&tlv(0x30, &[identifier, public[public.len() - 35..].to_vec()].concat())).err()
    };
    assert_eq!(ed25519(&[]), None);
    assert_eq!(ed25519(&[5, 0]), Some(Error::DerInvalid));
    let rsa = der(pem!("rsa.spki"));
    let oid = &rsa[6..17];
    let bits = &rsa[19..];
    let with = |parameters: &[u8]| {
        let identifier = tlv(0x30, &[oid, parameters].concat());
        Jwk::from_der(&tlv(0x30, &[&identifier, bits].concat())).err()
    };
    assert_eq!(with(&[5, 0]), None);
    assert_eq!(with(&[]), Some(Error::DerInvalid));
    assert_eq!(with(&[0x30, 0]), Some(Error::DerInvalid));
}

#[test]
fn an_ml_dsa_key_has_its_seed_or_is_refused() {
    // RFC 9964 §4: it is the private key.
    let seed = der(pem!("ml_dsa_44.pkcs8"));
    let identifier = &seed[5..18];
    assert_eq!(identifier[..2], [0x30, 11]);
    let key = |inner: &[u8]| tlv(0x30, &[&[2, 1, 0], identifier, &tlv(4, inner)].concat());
    let bytes: Vec<u8> = (0..32).collect();
    assert!(Jwk::from_der(&key(&tlv(0x80, &bytes))).is_ok());
    for inner in [tlv(0x80, &bytes[1..]), tlv(0x80, &[]), tlv(4, &bytes), tlv(0xa0, &tlv(4, &bytes))] {
        assert_eq!(Jwk::from_der(&key(&inner)).unwrap_err(), Error::KeyMemberInvalid("priv"));
    }
    assert_eq!(refused(pem!("refused_ml_dsa_44.expanded")), Error::KeyMemberInvalid("priv"));
    for inner in [tlv(0x30, &[]), tlv(0x30, &tlv(4, &bytes)), tlv(0x30, &[tlv(4, &bytes), vec![5, 0]].concat())] {
        assert_eq!(Jwk::from_der(&key(&inner)).unwrap_err(), Error::DerInvalid);
    }
    assert_eq!(Jwk::from_der(&key(&[])).unwrap_err(), Error::DerInvalid);
}

#[test]
fn an_expanded_ml_dsa_key_beside_its_seed_must_be_its_own() {
    // RFC 9881 §6 and §8.2. OpenSSL writes both.
    for (both, seed) in [
        (pem!("ml_dsa_44.both"), pem!("ml_dsa_44.pkcs8")),
        (pem!("ml_dsa_65.both"), pem!("ml_dsa_65.pkcs8")),
        (pem!("ml_dsa_87.both"), pem!("ml_dsa_87.pkcs8")),
    ] {
        let jwk = Jwk::from_pem(both).unwrap();
        assert_eq!(jwk.to_pem(KeyFormat::Pkcs8).unwrap().as_str(), seed);
        let mut changed = der(both);
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(Jwk::from_der(&changed).unwrap_err(), Error::KeyInconsistent);
    }
}

#[test]
fn private_numbers_out_of_range_are_refused() {
    for number in [vec![0; 32], vec![0xff; 32], vec![1; 31], vec![1; 33], vec![]] {
        let oid = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        let sec1 = tlv(0x30, &[vec![2, 1, 1], tlv(4, &number), tlv(0xa0, &oid)].concat());
        assert_eq!(Jwk::from_der(&sec1).unwrap_err(), Error::KeyMemberInvalid("d"), "{number:?}");
    }
    for (oid, wrong) in [(0x70, 31), (0x70, 0), (0x6e, 31), (0x6e, 33)] {
        let identifier = tlv(0x30, &[6, 3, 0x2b, 0x65, oid]);
        let key = tlv(0x30, &[vec![2, 1, 0], identifier, tlv(4, &tlv(4, &vec![9; wrong]))].concat());
        assert_eq!(Jwk::from_der(&key).unwrap_err(), Error::KeyMemberInvalid("d"), "{oid} {wrong}");
    }
}

#[test]
fn a_curve_that_is_named_twice_is_the_same_curve() {
    // RFC 5915 §3: parameters may stand inside PKCS#8, too, and SEC1 of ours has them.
    const EC_PUBLIC_KEY: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const P384: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 0x22];
    let pkcs8 = |curve: &[u8], sec1: &str| {
        let algorithm = tlv(0x30, &[EC_PUBLIC_KEY, curve].concat());
        Jwk::from_der(&tlv(0x30, &[&[2, 1, 0], &algorithm[..], &tlv(4, &der(sec1))].concat()))
    };
    let same = pkcs8(P256, pem!("ec_p256.sec1")).unwrap();
    assert_eq!(same.thumbprint(), Jwk::from_pem(pem!("ec_p256.sec1")).unwrap().thumbprint());
    assert_eq!(pkcs8(P384, pem!("ec_p256.sec1")).unwrap_err(), Error::KeyInconsistent);
    assert_eq!(pkcs8(P256, pem!("ec_p384.sec1")).unwrap_err(), Error::KeyInconsistent);
}

#[test]
fn a_point_of_another_length_or_form_is_refused() {
    let spki = der(pem!("ec_p256.spki"));
    let (head, point) = spki.split_at(spki.len() - 65);
    assert_eq!((point[0], &head[head.len() - 3..]), (4, &[3, 66, 0][..]));
    let algorithm = &head[2..head.len() - 3];
    let with = |point: &[u8]| {
        Jwk::from_der(&tlv(0x30, &[algorithm, &tlv(3, &[&[0], point].concat())].concat())).map(|jwk| jwk.thumbprint())
    };
    assert_eq!(with(point), Ok(Jwk::from_der(&spki).unwrap().thumbprint()));
    let compressed = [&[2], &point[1..33]].concat();
    let hybrid = [&[6], &point[1..]].concat();
    for other in [&point[..64], &point[..33], &point[..1], &[], &[point, &[0]].concat(), &compressed, &hybrid, &[0]] {
        assert_eq!(with(other), Err(Error::DerInvalid), "{other:?}");
    }
}

#[test]
fn a_form_that_leaves_no_choice_of_algorithm_says_it() {
    for algorithm in [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87] {
        let pem = crate::support::jwk(algorithm).to_pem(KeyFormat::Pkcs8).unwrap();
        assert_eq!(Jwk::from_pem(&pem).unwrap().algorithm(), Some(algorithm));
    }
    assert_eq!(Jwk::from_pem(pem!("ec_p256.sec1")).unwrap().algorithm(), None);
}

#[test]
fn a_point_of_low_order_or_off_the_curve_is_refused_in_der_too() {
    for (oid, point) in [(0x6e, [0; 32]), (0x70, [0; 32])] {
        let identifier = tlv(0x30, &[6, 3, 0x2b, 0x65, oid]);
        let spki = tlv(0x30, &[identifier, tlv(3, &[&[0][..], &point].concat())].concat());
        assert_eq!(Jwk::from_der(&spki).unwrap_err(), Error::PointLowOrder);
    }
    let mut spki = der(pem!("ec_p256.spki"));
    *spki.last_mut().unwrap() ^= 1;
    assert_eq!(Jwk::from_der(&spki).unwrap_err(), Error::PointOffCurve);
}

#[test]
fn keys_go_only_into_forms_that_have_room_for_them() {
    let secret = Jwk::generate(ContentEncryption::A256Gcm).unwrap();
    for &format in KeyFormat::ALL {
        assert!(secret.to_pem(format).is_err(), "{format:?}");
    }
    assert_eq!(secret.to_pem(KeyFormat::Pkcs8).unwrap_err(), Error::KeyIsSymmetric);
    assert_eq!(secret.to_pem(KeyFormat::Spki).unwrap_err(), Error::KeyIsSymmetric);
    let ec = Jwk::from_pem(pem!("ec_p256.pkcs8")).unwrap();
    assert_eq!(ec.to_pem(KeyFormat::Pkcs1).unwrap_err(), Error::KeyTypeUnsupported);
    assert_eq!(ec.to_pem(KeyFormat::Pkcs1Public).unwrap_err(), Error::KeyTypeUnsupported);
    let rsa = Jwk::from_pem(pem!("rsa.pkcs8")).unwrap();
    assert_eq!(rsa.to_pem(KeyFormat::Sec1).unwrap_err(), Error::KeyTypeUnsupported);
    let agreeing = Jwk::generate_on(KeyCurve::X25519, KeyManagement::EcdhEs).unwrap();
    assert_eq!(agreeing.to_pem(KeyFormat::Sec1).unwrap_err(), Error::KeyTypeUnsupported);
}
