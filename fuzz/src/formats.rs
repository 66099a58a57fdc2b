//! Keys in PEM and DER, there and back.

use symbolon_jose::{Error, Jwk, KeyFormat};

/// Every format writes the key or says that it is not for it; what is written is read again as the key, or as its public half.
pub fn come_back(jwk: &Jwk) {
    let whole = jwk.to_private_json();
    let read = Jwk::from_slice(whole.as_bytes()).expect("it was written by us");
    assert_eq!(read.to_private_json(), whole, "by way of a JWK");
    let public = jwk.public().expect("no secret is written in DER").to_private_json();
    for format in KeyFormat::ALL {
        let is_public = matches!(format, KeyFormat::Pkcs1Public | KeyFormat::Spki);
        let der = match read.to_der(*format) {
            Ok(der) => der,
            Err(why) => {
                assert!(matches!(why, Error::KeyTypeUnsupported | Error::KeyNotPrivate), "{format:?}: {why}");
                assert!(*format != KeyFormat::Spki && (*format != KeyFormat::Pkcs8 || !jwk.is_private()));
                continue;
            }
        };
        let pem = read.to_pem(*format).expect("what has a DER has a PEM");
        let expected = if is_public { &public } else { &whole };
        for again in [Jwk::from_der(&der), Jwk::from_pem(&pem)] {
            let again = again.expect("it was written by us");
            assert_eq!(again.to_private_json(), *expected, "{format:?}");
            assert_eq!(again.to_der(*format).expect("it was read from this format"), der);
        }
    }
}

/// The keys that PEM finds in these bytes, under every label there is.
pub fn labelled(der: &[u8]) -> Vec<Jwk> {
    let read = |format: &KeyFormat| Jwk::from_pem(&pem(format.label(), der)).ok();
    KeyFormat::ALL.iter().filter_map(read).collect()
}

/// RFC 7468 §2, strictly as §3 has it.
fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
            let letter = |place: usize| char::from(ALPHABET[bits >> (18 - 6 * place) & 63]);
            text.extend((0..4).map(|place| if place <= group.len() { letter(place) } else { '=' }));
        }
        text.push('\n');
    }
    text + "-----END " + label + "-----\n"
}
