//! What a header says that a verifier refuses, or does not listen to (RFC 7515 §4.1, RFC 7516 §4.1, RFC 8725).

use serde_json::{Map, Value};
use symbolon_jose::jwe::PBES2_MAX_COUNT;
use symbolon_jose::jwk::MAX_KID_LEN;
use symbolon_jose::jwt::is_same_type;
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, KeyManagement, base64url};

use super::{Reason, quoted};

/// Fewest rounds for a password (RFC 7518 §4.8.1.2), and fewest bytes of salt (§4.8.1.1).
const MIN_P2C: u64 = 1_000;
const MIN_SALT_LEN: usize = 8;

const MAKER: &str = "tell whoever made it; it has to be made anew";
const BY_THE_KEY: &str = "let the key decide how a token must be signed, never its header (RFC 8725 section 3.1)";
const OWN_KEYS: &str = "take keys only from your own configuration or from the issuer you know";

/// The header of a signed token.
pub(crate) fn signed(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    types(header, reasons);
    match header.get("alg").map(|alg| alg.as_str().unwrap_or_default()) {
        None => reasons.push(Reason::refused("alg_missing", "the header does not say how it is signed", MAKER)),
        Some(alg) if alg.eq_ignore_ascii_case("none") => {
            let text = "alg is none: it is not signed at all, and anyone can have written it";
            reasons.push(Reason::refused("alg_none", text, "never accept it, whatever else it says"));
        }
        Some(alg) => match Algorithm::from_name(alg) {
            Some(algorithm) if algorithm.is_symmetric() => reasons.push(Reason::look(
                "alg_symmetric",
                format!("{alg} signs with a shared secret: whoever can verify it can also make it"),
                "verify with the secret, never with a public key: symbolon token verify --secret-file FILE",
            )),
            Some(_) => {}
            None if KeyManagement::from_name(alg).is_some() => {
                let text = format!("{alg} is for encrypting, and this token has the three parts of a signed one");
                reasons.push(Reason::refused("alg_not_for_signing", text, MAKER));
            }
            None => reasons.push(unknown("alg_unknown", "alg", alg, Algorithm::ALL.iter().map(|it| it.name()))),
        },
    }
    if header.contains_key("enc") {
        let text = "the header has enc, as if it were encrypted; it is only signed";
        reasons.push(Reason::look("enc_not_encrypted", text, "do not mistake it for an encrypted token"));
    }
    encoding(header, reasons);
    critical(header, true, reasons);
    if is_proof(header) {
        proof_key(header, reasons);
    } else {
        keys(header, reasons);
    }
    kid(header, reasons);
    if !header.contains_key("typ") {
        reasons.push(Reason::look(
            "typ_missing",
            "no typ: nothing tells an access token from an ID token signed with the same key",
            "have its kind written into typ, such as at+jwt (RFC 8725 section 3.11)",
        ));
    }
}

/// The header of an encrypted token.
pub(crate) fn encrypted(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    types(header, reasons);
    match header.get("alg").map(|alg| alg.as_str().unwrap_or_default()) {
        None => reasons.push(Reason::refused("alg_missing", "the header does not say how the key is encrypted", MAKER)),
        Some("RSA1_5") => reasons.push(Reason::refused(
            "alg_rsa1_5",
            "RSA1_5 betrays its content to whoever may try often enough (Bleichenbacher's attack)",
            "have it encrypted with RSA-OAEP-256 or ECDH-ES+A256KW (RFC 8725 section 3.2)",
        )),
        Some(alg) => match KeyManagement::from_name(alg) {
            Some(management) => parameters(management, header, reasons),
            None => reasons.push(unknown("alg_unknown", "alg", alg, KeyManagement::ALL.iter().map(|it| it.name()))),
        },
    }
    match header.get("enc").map(|enc| enc.as_str().unwrap_or_default()) {
        None => {
            reasons.push(Reason::refused("enc_missing", "the header does not say how the content is encrypted", MAKER));
        }
        Some(enc) if ContentEncryption::from_name(enc).is_none() => {
            reasons.push(unknown("enc_unknown", "enc", enc, ContentEncryption::ALL.iter().map(|it| it.name())));
        }
        Some(_) => {}
    }
    match header.get("zip").and_then(Value::as_str) {
        Some("DEF") => reasons.push(Reason::refused(
            "zip",
            "the content is compressed: its length betrays what is inside, and unpacked it may be huge",
            "have it made without zip, or allow it: symbolon token decrypt --accept-zip (RFC 8725 section 3.6)",
        )),
        Some(zip) => {
            let text = format!("zip is {}, which no recipient here knows", quoted(zip));
            reasons.push(Reason::refused("zip_unknown", text, "have it made without zip"));
        }
        // Of the wrong type, or not there.
        None => {}
    }
    critical(header, false, reasons);
    keys(header, reasons);
    kid(header, reasons);
}

/// A wrong type is refused and never counts as absent.
fn types(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    for name in ["alg", "enc", "kid", "typ", "cty", "zip"] {
        if header.get(name).is_some_and(|value| !value.is_string()) {
            reasons.push(Reason::refused("header_type", format!("{name} in the header is not a text"), MAKER));
        }
    }
}

fn unknown<'n>(id: &'static str, member: &str, said: &str, names: impl Iterator<Item = &'n str> + Clone) -> Reason {
    let meant = names.clone().find(|name| name.eq_ignore_ascii_case(said));
    let hint = match meant {
        Some(name) => format!("names are case-sensitive: have {name} written"),
        None if member == "alg" => BY_THE_KEY.to_owned(),
        None => format!("have one of these used: {}", names.collect::<Vec<_>>().join(", ")),
    };
    Reason::refused(id, format!("{member} is {}, which no verifier here knows", quoted(said)), hint)
}

/// RFC 7797.
fn encoding(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    let Some(b64) = header.get("b64") else { return };
    if !b64.is_boolean() {
        reasons.push(Reason::refused("header_type", "b64 in the header is neither true nor false", MAKER));
        return;
    }
    let listed = header.get("crit").and_then(Value::as_array).is_some_and(|crit| crit.iter().any(|it| it == "b64"));
    if !listed {
        let text = "b64 stands in the header and crit does not say so: who does not know it reads another payload";
        reasons.push(Reason::refused("b64_not_critical", text, MAKER));
    } else if b64 == false {
        let text = "b64 is false: the payload is not encoded, which is not allowed for JWTs (RFC 7797 section 7)";
        reasons.push(Reason::refused("b64", text, "have a JWT made without b64"));
    } else {
        let text = "b64 says what is so anyway; for JWTs it is refused here";
        reasons.push(Reason::refused("b64", text, "have a JWT made without b64"));
    }
}

/// RFC 7515 §4.1.11.
fn critical(header: &Map<String, Value>, knows_b64: bool, reasons: &mut Vec<Reason>) {
    let Some(crit) = header.get("crit") else { return };
    let names: Option<Vec<&str>> = crit.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        reasons.push(Reason::refused("crit_invalid", "crit is not a list of names", MAKER));
        return;
    };
    for name in names.iter().filter(|name| !header.contains_key(**name)) {
        let text = format!("crit names {}, which does not stand in the header", quoted(name));
        reasons.push(Reason::refused("crit_invalid", text, MAKER));
    }
    for name in names.iter().filter(|name| !(knows_b64 && **name == "b64")) {
        let text = format!("crit demands that {} is understood, and no verifier here understands it", quoted(name));
        reasons.push(Reason::refused("crit_unknown", text, "use a verifier that does, or have it made without crit"));
    }
}

/// CVE-2018-0114: a key never comes out of the token it is to verify.
fn keys(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    for (name, brings) in [
        ("jwk", "the key it wants to be verified with"),
        ("jku", "the address of the keys it wants to be verified with"),
        ("x5c", "the certificate it wants to be verified with"),
        ("x5u", "the address of the certificate it wants to be verified with"),
    ] {
        if header.contains_key(name) {
            let text = format!("the header brings {brings} ({name}); here it is never used");
            reasons.push(Reason::look("key_in_header", text, OWN_KEYS));
        }
    }
}

/// A proof that its sender holds a key: the one kind of token that brings its own (RFC 9449 §4.2).
fn is_proof(header: &Map<String, Value>) -> bool {
    header.get("typ").and_then(Value::as_str).is_some_and(|typ| is_same_type(typ, "dpop+jwt"))
}

fn proof_key(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    if !header.contains_key("jwk") {
        let text = "a DPoP proof brings the public key it proves (jwk), and this one does not";
        reasons.push(Reason::refused("proof_key_missing", text, "have it made as RFC 9449 section 4.2 says"));
    }
}

fn kid(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    let Some(kid) = header.get("kid").and_then(Value::as_str) else { return };
    if kid.len() > MAX_KID_LEN {
        let text = format!("kid has {} bytes; more than {MAX_KID_LEN} are not looked up", kid.len());
        reasons.push(Reason::refused("kid_too_long", text, MAKER));
    }
    if kid.contains("..") || kid.contains(['\'', '"', ';', '|', '`', '\\']) || kid.chars().any(char::is_control) {
        let text = format!("kid is {}: such characters attack file names, SQL or shells", quoted(kid));
        reasons.push(Reason::look("kid_strange", text, "use kid only to compare it with the names of keys you have"));
    }
}

/// RFC 7518 §4: what the algorithm needs in the header.
fn parameters(management: KeyManagement, header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    let name = management.name();
    let needed: &[&str] = match name {
        _ if name.starts_with("ECDH-ES") => &["epk"],
        _ if name.ends_with("GCMKW") => &["iv", "tag"],
        _ if management.is_password() => &["p2s", "p2c"],
        _ => &[],
    };
    for member in needed.iter().filter(|member| !header.contains_key(**member)) {
        let text = format!("{name} needs {member} in the header, and it is not there");
        reasons.push(Reason::refused("header_member_missing", text, MAKER));
    }
    if name.starts_with("ECDH-ES") {
        sender_key(header, reasons);
    }
    if management.is_password() {
        password(header, reasons);
    }
}

/// RFC 7518 §4.6.1.1: the public half of a key to agree with. A point that is none betrays the recipient's own key (RFC 8725 §3.4).
fn sender_key(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    let Some(epk) = header.get("epk") else { return };
    // A recipient reads no other members, so nothing in those speaks against it.
    let point: Value =
        ["kty", "crv", "x", "y"].iter().filter_map(|name| Some((*name, epk.get(name)?.clone()))).collect();
    let why = match Jwk::from_value(&point) {
        Err(why) => why.to_string(),
        Ok(_) if epk.get("d").is_some() => "its private half stands in it, too".to_owned(),
        Ok(_) => return,
    };
    reasons.push(Reason::refused("epk_invalid", format!("the sender's key (epk) is not one: {why}"), MAKER));
}

fn password(header: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    match header.get("p2c").map(Value::as_u64) {
        Some(Some(count)) if count < MIN_P2C => reasons.push(Reason::refused(
            "p2c_too_small",
            format!("p2c is {count}: the password could be guessed at once"),
            format!("have it made with at least {MIN_P2C} rounds; some hundred thousand are advised"),
        )),
        Some(Some(count)) if count > u64::from(PBES2_MAX_COUNT) => reasons.push(Reason::refused(
            "p2c_too_large",
            format!("p2c is {count}: whoever tries the password would compute for very long (CVE-2023-50967)"),
            format!("have it made with at most {PBES2_MAX_COUNT} rounds"),
        )),
        Some(None) => reasons.push(Reason::refused("header_type", "p2c in the header is not a whole number", MAKER)),
        Some(Some(_)) | None => {}
    }
    let salt = header.get("p2s").and_then(Value::as_str).map(base64url::decode);
    if salt.is_some_and(|salt| salt.is_ok_and(|salt| salt.len() < MIN_SALT_LEN)) {
        let text = format!("the salt p2s has fewer than {MIN_SALT_LEN} bytes");
        reasons.push(Reason::refused("p2s_too_short", text, MAKER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::token::reason::Severity;
    use serde_json::json;
    use symbolon_jose::KeyCurve;

    fn reasons(of: fn(&Map<String, Value>, &mut Vec<Reason>), header: &Value) -> Vec<(&'static str, Severity)> {
        let mut reasons = Vec::new();
        of(header.as_object().unwrap(), &mut reasons);
        reasons.iter().map(|reason| (reason.id, reason.severity)).collect()
    }

    #[test]
    fn each_reason_of_a_signed_header_is_found() {
        use Severity::{Refused, WorthALook};
        for (header, id, severity) in [
            (json!({}), "alg_missing", Refused),
            (json!({"alg": "none"}), "alg_none", Refused),
            (json!({"alg": "nOnE"}), "alg_none", Refused),
            (json!({"alg": "es256"}), "alg_unknown", Refused),
            (json!({"alg": "ES256K"}), "alg_unknown", Refused),
            (json!({"alg": "RSA-OAEP"}), "alg_not_for_signing", Refused),
            (json!({"alg": "HS256"}), "alg_symmetric", WorthALook),
            (json!({"alg": ["ES256"]}), "header_type", Refused),
            (json!({"alg": "ES256", "kid": 7}), "header_type", Refused),
            (json!({"alg": "ES256", "enc": "A128GCM"}), "enc_not_encrypted", WorthALook),
            (json!({"alg": "ES256", "crit": []}), "crit_invalid", Refused),
            (json!({"alg": "ES256", "crit": ["exp"]}), "crit_invalid", Refused),
            (json!({"alg": "ES256", "crit": ["exp"], "exp": 1}), "crit_unknown", Refused),
            (json!({"alg": "ES256", "crit": ["b64"], "b64": false}), "b64", Refused),
            (json!({"alg": "ES256", "crit": ["b64"], "b64": true}), "b64", Refused),
            (json!({"alg": "ES256", "b64": false}), "b64_not_critical", Refused),
            (json!({"alg": "ES256", "crit": ["b64"], "b64": "false"}), "header_type", Refused),
            (json!({"alg": "ES256", "jwk": {}}), "key_in_header", WorthALook),
            (json!({"alg": "ES256", "jku": "https://x"}), "key_in_header", WorthALook),
            (json!({"alg": "ES256", "x5c": []}), "key_in_header", WorthALook),
            (json!({"alg": "ES256", "x5u": "https://x"}), "key_in_header", WorthALook),
            (json!({"alg": "ES256", "kid": "k".repeat(257)}), "kid_too_long", Refused),
            (json!({"alg": "ES256", "kid": "../../dev/null"}), "kid_strange", WorthALook),
            (json!({"alg": "ES256", "kid": "x' OR 1"}), "kid_strange", WorthALook),
            (json!({"alg": "ES256"}), "typ_missing", WorthALook),
        ] {
            assert!(reasons(signed, &header).contains(&(id, severity)), "{id}: {header}");
        }
        assert_eq!(reasons(signed, &json!({"alg": "ES256", "kid": "k1", "typ": "JWT"})), []);
        assert_eq!(reasons(signed, &json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": {}})), []);
        assert_eq!(reasons(signed, &json!({"alg": "ES256", "typ": "dpop+jwt"})), [("proof_key_missing", Refused)]);
    }

    #[test]
    fn each_reason_of_an_encrypted_header_is_found() {
        let password =
            |p2c: Value| json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": "AAAAAAAAAAA", "p2c": p2c});
        for (header, id) in [
            (json!({"enc": "A128GCM"}), "alg_missing"),
            (json!({"alg": "RSA1_5", "enc": "A128GCM"}), "alg_rsa1_5"),
            (json!({"alg": "ES256", "enc": "A128GCM"}), "alg_unknown"),
            (json!({"alg": "dir"}), "enc_missing"),
            (json!({"alg": "dir", "enc": "A512GCM"}), "enc_unknown"),
            (json!({"alg": "dir", "enc": "A128GCM", "zip": "DEF"}), "zip"),
            (json!({"alg": "dir", "enc": "A128GCM", "zip": "GZIP"}), "zip_unknown"),
            (json!({"alg": "dir", "enc": "A128GCM", "zip": true}), "header_type"),
            (json!({"alg": "dir", "enc": "A128GCM", "crit": ["b64"], "b64": true}), "crit_unknown"),
            (json!({"alg": "ECDH-ES", "enc": "A128GCM"}), "header_member_missing"),
            (json!({"alg": "A128GCMKW", "enc": "A128GCM", "iv": "AA"}), "header_member_missing"),
            (password(json!(999)), "p2c_too_small"),
            (password(json!(1_200_001)), "p2c_too_large"),
            (password(json!("many")), "header_type"),
            (json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": "AAAA", "p2c": 5000}), "p2s_too_short"),
            (json!({"alg": "dir", "enc": "A128GCM", "jwk": {}}), "key_in_header"),
        ] {
            assert!(reasons(encrypted, &header).iter().any(|(found, _)| *found == id), "{id}: {header}");
        }
        assert_eq!(reasons(encrypted, &password(json!(5000))), []);
        let agreed = |epk: Value| json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": epk});
        let ones = base64url::encode(&[1; 32]);
        let off_curve = json!({"kty": "EC", "crv": "P-256", "x": ones, "y": ones});
        let low_order = json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(&[0; 32])});
        for epk in [json!({}), json!("x"), json!(null), json!({"kty": "oct", "k": ones}), off_curve, low_order] {
            assert_eq!(reasons(encrypted, &agreed(epk.clone())), [("epk_invalid", Severity::Refused)], "{epk}");
        }
        for curve in [KeyCurve::P256, KeyCurve::X25519] {
            let jwk = Jwk::generate_on(curve, KeyManagement::EcdhEs).unwrap();
            assert_eq!(reasons(encrypted, &agreed(jwk.public_value().unwrap())), []);
            let private = serde_json::from_str(&jwk.to_private_json()).unwrap();
            assert_eq!(reasons(encrypted, &agreed(private)), [("epk_invalid", Severity::Refused)]);
        }
    }

    #[test]
    fn a_name_in_the_wrong_case_is_corrected() {
        let mut reasons = Vec::new();
        signed(json!({"alg": "rs256", "typ": "JWT"}).as_object().unwrap(), &mut reasons);
        assert_eq!(reasons[0].hint, "names are case-sensitive: have RS256 written");
    }
}
