use super::*;
use crate::testing::NOW;
use proptest::prelude::*;
use serde_json::json;
use symbolon_jose::jwt;

const URI: &str = "https://auth.example/oauth/token";

/// RFC 9449 §4.1, figure 2, and §4.2, figure 4.
const TOKEN_PROOF: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFV",
    "ZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.",
    "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYy",
    "MjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
);
/// RFC 9449 §7.1, figure 13.
const RESOURCE_PROOF: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFV",
    "ZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.",
    "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJj",
    "ZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.",
    "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
);

fn expect() -> Expect<'static> {
    Expect { method: "POST", uri: URI, now: NOW, access_token: None, nonces: None }
}

fn key() -> Jwk {
    Jwk::generate(Algorithm::ES256).unwrap()
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({"jti": "j1", "htm": "POST", "htu": URI, "iat": NOW});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn made_by(key: &Jwk, changes: &Value) -> String {
    jwt::sign_with_jwk(key, Algorithm::ES256, TYP, &claims(changes)).unwrap()
}

fn made(changes: &Value) -> String {
    made_by(&key(), changes)
}

/// A proof with another header over the same claims, not signed anew.
fn with_header(proof: &str, change: impl FnOnce(&mut Value)) -> String {
    let (header, rest) = proof.split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap();
    change(&mut header);
    format!("{}.{rest}", base64url::encode(header.to_string().as_bytes()))
}

#[track_caller]
fn refused(proof: &str, failure: DpopFailure) {
    assert_eq!(check(proof, &expect()), Err(failure));
}

#[test]
fn the_examples_of_rfc_9449_4_2_and_7_1() {
    let expect = Expect {
        method: "POST",
        uri: "https://server.example.com/token",
        now: 1_562_262_616,
        access_token: None,
        nonces: None,
    };
    let proven = check(TOKEN_PROOF, &expect).unwrap();
    // RFC 9449 §6.1, figure 9.
    assert_eq!(proven.jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    let expect = Expect {
        method: "GET",
        uri: "https://resource.example.org/protectedresource",
        now: 1_562_262_618,
        access_token: Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
        nonces: None,
    };
    assert_eq!(check(RESOURCE_PROOF, &expect).map(|proven| proven.jkt), Ok(proven.jkt));
}

#[test]
fn a_proof_is_remembered_until_it_would_be_too_old_and_as_one_of_its_key() {
    let (one, other) = (key(), key());
    let proven = check(&made_by(&one, &json!({})), &expect()).unwrap();
    assert_eq!((proven.jkt.as_str(), proven.expires_at), (one.thumbprint_base64url().as_str(), NOW + 61));
    assert_eq!(check(&made_by(&one, &json!({"iat": NOW - 5})), &expect()).unwrap().once, proven.once, "the same jti");
    assert_ne!(check(&made_by(&one, &json!({"jti": "j2"})), &expect()).unwrap().once, proven.once);
    // Nobody can use up another's jti.
    assert_ne!(check(&made_by(&other, &json!({})), &expect()).unwrap().once, proven.once);
}

#[test]
fn every_listed_algorithm_works_and_no_other_rfc_9449_4_3_5() {
    for alg in ALGS {
        let key = Jwk::generate(*alg).unwrap();
        let proof = jwt::sign_with_jwk(&key, *alg, TYP, &claims(&json!({}))).unwrap();
        assert!(check(&proof, &expect()).is_ok(), "{alg}");
    }
    let key = Jwk::generate(Algorithm::MlDsa44).unwrap();
    let proof = jwt::sign_with_jwk(&key, Algorithm::MlDsa44, TYP, &claims(&json!({}))).unwrap();
    refused(&proof, DpopFailure::Algorithm);
    for alg in ["none", "HS256", "ES384", "es256", "dir"] {
        refused(&with_header(&made(&json!({})), |header| header["alg"] = json!(alg)), DpopFailure::Algorithm);
    }
}

#[test]
fn hmac_under_a_shown_secret_is_refused_rfc_9449_4_3_5() {
    let jwk = Jwk::oct(&[7; 32], Algorithm::HS256).unwrap();
    let key = symbolon_jose::SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    let proof = with_header(&jwt::sign(&key, TYP, &claims(&json!({}))).unwrap(), |header| {
        header["jwk"] = json!({"kty": "oct", "k": base64url::encode(&[7; 32])});
    });
    refused(&proof, DpopFailure::Algorithm);
}

#[test]
fn a_private_key_in_the_header_is_refused_rfc_9449_4_3_7() {
    for name in PRIVATE_MEMBERS {
        let proof = with_header(&made(&json!({})), |header| header["jwk"][name] = json!("AAAA"));
        refused(&proof, DpopFailure::KeyUnusable);
    }
}

#[test]
fn a_header_without_a_usable_key_is_refused_rfc_9449_4_2() {
    for jwk in [json!(null), json!("x"), json!({}), json!({"kty": "EC", "crv": "P-256"}), json!([])] {
        refused(&with_header(&made(&json!({})), |header| header["jwk"] = jwk), DpopFailure::KeyUnusable);
    }
    let without = with_header(&made(&json!({})), |header| drop(header.as_object_mut().unwrap().remove("jwk")));
    refused(&without, DpopFailure::KeyUnusable);
}

#[test]
fn another_key_than_the_signer_s_is_refused_rfc_9449_4_3_6() {
    let other = key().public_value().unwrap();
    refused(&with_header(&made(&json!({})), |header| header["jwk"] = other), DpopFailure::Signature);
    let (start, signature) = TOKEN_PROOF.rsplit_once('.').unwrap();
    let swapped = format!("{start}.{}{}{}", &signature[1..2], &signature[..1], &signature[2..]);
    refused(&swapped, DpopFailure::Signature);
}

#[test]
fn tokens_of_another_type_are_no_proofs_rfc_9449_4_3_4() {
    for typ in ["JWT", "at+jwt", "client-authentication+jwt", "logout+jwt", "dpop"] {
        let proof = jwt::sign_with_jwk(&key(), Algorithm::ES256, typ, &claims(&json!({}))).unwrap();
        refused(&proof, DpopFailure::Type);
    }
    for typ in ["DPoP+JWT", "application/dpop+jwt"] {
        let proof = jwt::sign_with_jwk(&key(), Algorithm::ES256, typ, &claims(&json!({}))).unwrap();
        assert!(check(&proof, &expect()).is_ok(), "{typ}");
    }
    let without = with_header(&made(&json!({})), |header| drop(header.as_object_mut().unwrap().remove("typ")));
    refused(&without, DpopFailure::Type);
}

#[test]
fn what_is_no_jwt_or_lacks_a_claim_is_refused_rfc_9449_4_3_3() {
    for text in ["", ".", "..", "a.b.c", "eyJ9.e30.", "{}"] {
        refused(text, DpopFailure::Malformed);
    }
    for changes in [
        json!({"jti": null}),
        json!({"jti": ""}),
        json!({"jti": 1}),
        json!({"jti": "j".repeat(257)}),
        json!({"htm": null}),
        json!({"htu": null}),
        json!({"htu": [URI]}),
        json!({"iat": null}),
        json!({"iat": NOW.to_string()}),
        json!({"iat": -1}),
        json!({"iat": 1e300}),
        json!({"ath": 1}),
        json!({"nonce": {}}),
    ] {
        refused(&made(&changes), DpopFailure::Malformed);
    }
    let crit = with_header(&made(&json!({})), |header| header["crit"] = json!(["x"]));
    refused(&crit, DpopFailure::Malformed);
}

#[test]
fn the_method_is_compared_exactly_rfc_9449_4_3_8() {
    for method in ["GET", "post", "Post", "POST ", ""] {
        refused(&made(&json!({"htm": method})), DpopFailure::MethodMismatch);
    }
}

#[test]
fn a_proof_for_another_place_is_refused_rfc_9449_4_3_9() {
    for htu in ["https://auth.example/userinfo", "https://evil.example/oauth/token", "http://auth.example/oauth/token"]
    {
        refused(&made(&json!({"htu": htu})), DpopFailure::UriMismatch);
    }
    assert!(check(&made(&json!({"htu": "https://AUTH.example:443/oauth/token?x=1#y"})), &expect()).is_ok());
}

#[test]
fn a_proof_counts_a_minute_rfc_9449_4_3_11() {
    for iat in [json!(NOW - 60), json!(NOW + 15), json!(1_799_999_999.75)] {
        assert!(check(&made(&json!({"iat": iat})), &expect()).is_ok(), "{iat}");
    }
    for iat in [NOW - 61, NOW + 16, 0] {
        refused(&made(&json!({"iat": iat})), DpopFailure::Time);
    }
}

#[test]
fn a_proof_that_sets_its_own_time_is_kept_to_it_rfc_7519_4_1_4() {
    let nonces = Nonces::new(&[1; 32]).unwrap();
    let nonce = nonces.at(NOW).unwrap();
    let by_nonce = Expect { nonces: Some(&nonces), ..expect() };
    for fine in [json!({"exp": NOW - 14}), json!({"exp": NOW + 9_999, "nbf": NOW + 15}), json!({"nbf": 0})] {
        assert!(check(&made(&fine), &expect()).is_ok(), "{fine}");
    }
    for (wrong, why) in [
        (json!({"exp": NOW - 15}), DpopFailure::Time),
        (json!({"exp": 0}), DpopFailure::Time),
        (json!({"nbf": NOW + 16}), DpopFailure::Time),
        (json!({"exp": NOW + 60, "nbf": NOW + 16}), DpopFailure::Time),
        (json!({"exp": "soon"}), DpopFailure::Malformed),
        (json!({"nbf": -1}), DpopFailure::Malformed),
    ] {
        refused(&made(&wrong), why);
        let mut with_nonce = wrong;
        with_nonce["nonce"] = json!(nonce);
        assert_eq!(check(&made(&with_nonce), &by_nonce), Err(why), "a nonce does not make it longer: {with_nonce}");
    }
    let mut nothing = claims(&json!({}));
    nothing["exp"] = Value::Null;
    let proof = jwt::sign_with_jwk(&key(), Algorithm::ES256, TYP, &nothing).unwrap();
    refused(&proof, DpopFailure::Malformed);
}

#[test]
fn the_proof_is_of_the_access_token_beside_it_rfc_9449_4_3_12() {
    let expect = Expect { access_token: Some("token"), ..expect() };
    let ath = base64url::encode(&sha256(b"token"));
    assert!(check(&made(&json!({"ath": ath})), &expect).is_ok());
    for ath in [json!(null), json!(base64url::encode(&sha256(b"tokem"))), json!(""), json!(format!("{ath}="))] {
        assert_eq!(check(&made(&json!({"ath": ath})), &expect), Err(DpopFailure::HashMismatch));
    }
}

#[test]
fn where_a_nonce_is_wanted_it_says_the_time_rfc_9449_4_3_10() {
    let nonces = Nonces::new(&[1; 32]).unwrap();
    let expect = Expect { nonces: Some(&nonces), ..expect() };
    let nonce = nonces.at(NOW).unwrap();
    // A client whose clock is wrong by an hour.
    let proven = check(&made(&json!({"nonce": nonce, "iat": NOW - 3600})), &expect).unwrap();
    assert_eq!(proven.expires_at, NOW + 120, "as long as the nonce");
    let old = nonces.at(NOW - 120).unwrap();
    for nonce in [json!(null), json!(""), json!(old), json!("1.x")] {
        assert_eq!(check(&made(&json!({"nonce": nonce})), &expect), Err(DpopFailure::NonceWanted));
    }
    assert_eq!(DpopFailure::NonceWanted.code(), "use_dpop_nonce");
}

#[test]
fn a_proof_of_another_key_does_not_open_a_bound_token() {
    let (one, other) = (key(), key());
    let proven = check(&made_by(&one, &json!({})), &expect()).unwrap();
    assert_eq!(proven.is_key_of(&proven.confirmation()), Ok(()));
    let bound = Confirmation::Jkt(other.thumbprint_base64url());
    assert_eq!(proven.is_key_of(&bound), Err(DpopFailure::KeyMismatch));
}

proptest! {
    #[test]
    fn no_text_is_a_proof_by_accident_and_none_makes_it_panic(text in any::<String>()) {
        prop_assert!(check(&text, &expect()).is_err());
    }

    /// Whichever character of a good proof is replaced, it is none any more.
    #[test]
    fn a_proof_changed_anywhere_is_refused(at in 0..TOKEN_PROOF.len(), with in "[A-Za-z0-9_.-]") {
        let uri = "https://server.example.com/token";
        let expect = Expect { uri, now: 1_562_262_616, ..expect() };
        let mut changed = TOKEN_PROOF.to_owned();
        changed.replace_range(at..=at, &with);
        prop_assume!(changed != TOKEN_PROOF);
        prop_assert!(check(&changed, &expect).is_err());
    }
}
