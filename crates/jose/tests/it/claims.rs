//! What a policy demands of claims (RFC 7519 §4.1, RFC 8725 §3.7–3.12).

use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_jose::jwt::{self, Claims, MAX_LEEWAY_SECS, Policy};
use symbolon_jose::{Algorithm, Error};

use crate::support::{
    AUDIENCE, ISSUER, NOW, SECRET, claims, forge, hs256_keys, policy, signing, verify_claims, verify_text,
};

fn refused(changes: Value) -> Error {
    verify_claims(&claims(changes), &policy()).unwrap_err()
}

fn at(changes: Value, now: u64, policy: &Policy) -> Option<Error> {
    verify_text(&claims(changes).to_string(), policy, now).err()
}

#[test]
fn good_claims_pass() {
    let verified = verify_claims(&claims(json!({"jti": "1", "nbf": NOW, "iat": NOW, "x": [1]})), &policy()).unwrap();
    assert_eq!((verified.sub.as_deref(), verified.jti.as_deref()), (Some("ada"), Some("1")));
    assert_eq!((verified.exp(), verified.nbf(), verified.iat()), (Some(NOW + 600), Some(NOW), Some(NOW)));
    assert_eq!(verified.extra["x"], json!([1]));
    assert_eq!(verified.claims().aud, AUDIENCE.into());
}

#[test]
fn the_issuer_is_one_exact_string() {
    // Rows 21, 22, 23.
    for iss in [
        json!("https://id.example/"),
        json!("https://id.exampl"),
        json!("https://id.example.evil"),
        json!("HTTPS://ID.EXAMPLE"),
        json!("example"),
        json!(""),
        json!(" https://id.example"),
    ] {
        assert_eq!(refused(json!({"iss": iss})), Error::IssuerMismatch, "{iss}");
    }
    for iss in [json!([ISSUER]), json!([ISSUER, "https://evil.example"]), json!({"0": ISSUER}), json!(1), json!(true)] {
        assert_eq!(refused(json!({"iss": iss})), Error::ClaimInvalid("iss"), "{iss}");
    }
    assert_eq!(refused(json!({"iss": null})), Error::ClaimMissing("iss"));
}

#[test]
fn the_audience_is_a_string_or_an_array_of_strings() {
    // Row 24, CVE-2020-26160.
    for aud in [json!([AUDIENCE]), json!(["https://other.example", AUDIENCE])] {
        assert!(verify_claims(&claims(json!({"aud": aud})), &policy()).is_ok(), "{aud}");
    }
    for aud in
        [json!("https://other.example"), json!(["https://other.example"]), json!("https://api.example/"), json!([""])]
    {
        assert_eq!(refused(json!({"aud": aud})), Error::AudienceMismatch, "{aud}");
    }
    for aud in [json!([AUDIENCE, 1]), json!([[AUDIENCE]]), json!({"a": AUDIENCE}), json!(1), json!(true), json!([null])]
    {
        assert_eq!(refused(json!({"aud": aud})), Error::ClaimInvalid("aud"), "{aud}");
    }
    assert_eq!(refused(json!({"aud": []})), Error::ClaimMissing("aud"));
    assert_eq!(refused(json!({"aud": null})), Error::ClaimMissing("aud"));
}

#[test]
fn several_audiences_may_be_accepted_but_none_never_is() {
    let policy = policy().or_audience("https://second.example");
    assert!(verify_claims(&claims(json!({"aud": "https://second.example"})), &policy).is_ok());
    assert!(verify_claims(&claims(json!({})), &policy).is_ok());
    let error = verify_claims(&claims(json!({"aud": "https://third.example"})), &policy).unwrap_err();
    assert_eq!(error, Error::AudienceMismatch);
    let any = Policy::danger_any_audience(ISSUER);
    assert!(verify_claims(&claims(json!({"aud": "whoever"})), &any).is_ok());
    assert!(verify_claims(&claims(json!({"aud": [1]})), &any).is_err(), "a wrong type is wrong even unasked");
}

#[test]
fn times_are_judged_to_the_second() {
    let strict = policy().leeway_secs(0);
    assert_eq!(at(json!({"exp": NOW + 1}), NOW, &strict), None);
    assert_eq!(at(json!({"exp": NOW}), NOW, &strict), Some(Error::Expired));
    assert_eq!(at(json!({"nbf": NOW}), NOW, &strict), None);
    assert_eq!(at(json!({"nbf": NOW + 1}), NOW, &strict), Some(Error::NotYetValid));
    let lenient = policy();
    assert_eq!(at(json!({"exp": NOW - 59}), NOW, &lenient), None);
    assert_eq!(at(json!({"exp": NOW - 60}), NOW, &lenient), Some(Error::Expired));
    assert_eq!(at(json!({"nbf": NOW + 60}), NOW, &lenient), None);
    assert_eq!(at(json!({"nbf": NOW + 61}), NOW, &lenient), Some(Error::NotYetValid));
}

#[test]
fn leeway_is_capped() {
    let greedy = policy().leeway_secs(u64::MAX);
    assert_eq!(at(json!({"exp": NOW - MAX_LEEWAY_SECS + 1}), NOW, &greedy), None);
    assert_eq!(at(json!({"exp": NOW - MAX_LEEWAY_SECS}), NOW, &greedy), Some(Error::Expired));
}

#[test]
fn exp_is_required() {
    assert_eq!(refused(json!({"exp": null})), Error::ClaimMissing("exp"));
    let optional = policy().danger_exp_optional();
    assert_eq!(at(json!({"exp": null}), NOW, &optional), None);
    assert_eq!(at(json!({"exp": 1}), NOW, &optional), Some(Error::Expired));
    let hint = policy().danger_accept_expired();
    assert_eq!(at(json!({"exp": 1}), NOW, &hint), None);
    assert_eq!(at(json!({"exp": "1"}), NOW, &hint), Some(Error::ClaimNotNumber("exp")));
}

#[test]
fn times_of_the_wrong_type_are_errors_and_not_absent() {
    // Rows 9, 10: CVE-2026-25537, negative timestamps that wrap around.
    let not_numbers = [r#""1900000000""#, "1e400", "null", "true", "[]", "[1900000000]", "{}", r#""""#];
    let out_of_range =
        ["-1", "-0.5", "-9223372036854775808", "18446744073709551615", "18446744073709551616", "253402300800", "1e300"];
    let not_numbers = not_numbers.map(|text| (text, Error::ClaimNotNumber as fn(&'static str) -> Error));
    let texts = not_numbers.into_iter().chain(out_of_range.map(|text| (text, Error::ClaimOutOfRange as fn(_) -> _)));
    let texts: Vec<_> = texts.collect();
    for name in ["exp", "nbf", "iat"] {
        for (text, why) in &texts {
            let payload = claims(json!({ name: null })).to_string().replacen('{', &format!(r#"{{"{name}":{text},"#), 1);
            let error = verify_text(&payload, &policy(), NOW).unwrap_err();
            assert_eq!(
                error,
                why(match name {
                    "exp" => "exp",
                    "nbf" => "nbf",
                    _ => "iat",
                }),
                "{payload}"
            );
        }
    }
}

#[test]
fn fractions_are_dropped() {
    for (text, seconds) in [("1800000000.999", NOW), ("1.8e9", NOW), ("253402300799", 253_402_300_799)] {
        let payload = claims(json!({"exp": null})).to_string().replacen('{', &format!(r#"{{"exp":{text},"#), 1);
        let verified = verify_text(&payload, &policy(), 0).unwrap();
        assert_eq!((verified.exp(), verified.claims().exp), (Some(seconds), Some(seconds)), "{text}");
    }
    assert_eq!(at(json!({"exp": 1_800_000_000.9}), NOW, &policy().leeway_secs(0)), Some(Error::Expired));
}

#[test]
fn an_age_limit_needs_iat() {
    // Row 12.
    let policy = policy().max_age_secs(300).leeway_secs(0);
    assert_eq!(at(json!({}), NOW, &policy), Some(Error::ClaimMissing("iat")));
    assert_eq!(at(json!({"iat": NOW - 300}), NOW, &policy), None);
    assert_eq!(at(json!({"iat": NOW - 301}), NOW, &policy), Some(Error::TooOld));
    assert_eq!(at(json!({"iat": NOW}), NOW, &policy), None);
    assert_eq!(at(json!({"iat": NOW + 1}), NOW, &policy), Some(Error::NotYetValid));
}

#[test]
fn required_claims_are_required_by_their_exact_name() {
    // Checklist 71: look-alikes do not count.
    let policy = policy().require("sid");
    for changes in
        [json!({}), json!({"SID": "1"}), json!({"ѕid": "1"}), json!({"sid ": "1"}), json!({"x": {"sid": "1"}})]
    {
        assert_eq!(at(changes, NOW, &policy), Some(Error::ClaimMissing("sid")));
    }
    assert_eq!(at(json!({"sid": "1"}), NOW, &policy), None);
    for changes in [json!({"exp": null, "EXP": NOW + 1}), json!({"exp": null, "ехр": NOW + 1})] {
        assert_eq!(at(changes, NOW, &policy), Some(Error::ClaimMissing("sid")));
    }
    let look_alike = json!({"exp": null, "ехр": NOW + 600, "Exp": NOW + 600});
    assert_eq!(refused(look_alike), Error::ClaimMissing("exp"));
}

#[test]
fn the_type_is_compared_as_a_media_type() {
    let policy = policy().accept_type("at+jwt");
    let verify = |header: Value| {
        let token = forge(&header.to_string(), &claims(json!({})).to_string(), SECRET);
        jwt::verify::<Claims>(&token, &hs256_keys(), &policy, NOW).err()
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+JWT"] {
        assert_eq!(verify(json!({"alg": "HS256", "typ": typ})), None, "{typ}");
    }
    for typ in ["JWT", "at+jwt ", "at", "application/application/at+jwt", "text/at+jwt", "logout+jwt", "dpop+jwt", ""] {
        assert_eq!(verify(json!({"alg": "HS256", "typ": typ})), Some(Error::TypeMismatch), "{typ}");
    }
    assert_eq!(verify(json!({"alg": "HS256"})), Some(Error::TypeMissing));
}

#[test]
fn claims_are_an_object() {
    for payload in ["[]", "null", "1", r#""x""#, "[1,2]"] {
        assert_eq!(verify_text(payload, &policy(), NOW).unwrap_err(), Error::ClaimsNotObject, "{payload}");
        let token = forge(r#"{"alg":"HS256"}"#, payload, SECRET);
        let any = jwt::verify::<Value>(&token, &hs256_keys(), &policy(), NOW).unwrap_err();
        assert_eq!(any, Error::ClaimsNotObject, "{payload}");
        let option = jwt::verify::<Option<Claims>>(&token, &hs256_keys(), &policy(), NOW).unwrap_err();
        assert_eq!(option, Error::ClaimsNotObject, "{payload}");
    }
    for payload in ["", "{", "\u{feff}{}", "not json"] {
        assert_eq!(verify_text(payload, &policy(), NOW).unwrap_err(), Error::JsonSyntax, "{payload}");
    }
    for payload in ["{}{}", "{} x"] {
        assert_eq!(verify_text(payload, &policy(), NOW).unwrap_err(), Error::JsonTrailing, "{payload}");
    }
}

#[test]
fn registered_claims_are_checked_whatever_the_callers_type_reads() {
    #[derive(Debug, Deserialize)]
    struct Nothing {}
    let token = |changes| forge(r#"{"alg":"HS256"}"#, &claims(changes).to_string(), SECRET);
    let verify = |token: &str| jwt::verify::<Nothing>(token, &hs256_keys(), &policy(), NOW);
    assert_eq!(verify(&token(json!({}))).unwrap().exp(), Some(NOW + 600));
    assert_eq!(verify(&token(json!({"exp": 1}))).unwrap_err(), Error::Expired);
    assert_eq!(verify(&token(json!({"aud": "other"}))).unwrap_err(), Error::AudienceMismatch);
    assert_eq!(verify(&token(json!({"sub": 1}))).unwrap_err(), Error::ClaimInvalid("sub"));
}

#[test]
fn callers_types_get_their_claims() {
    #[derive(Debug, Deserialize)]
    struct Newtype(String);
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Ada,
    }
    #[derive(Debug, Deserialize)]
    struct Mine {
        iss: Newtype,
        sub: Kind,
        aud: jwt::Audience,
        exp: f64,
        iat: Option<i64>,
        nbf: Option<u32>,
        #[serde(default)]
        roles: Vec<String>,
    }
    let payload = claims(json!({"aud": ["x", AUDIENCE], "iat": 7, "roles": ["admin"]})).to_string();
    let token = forge(r#"{"alg":"HS256"}"#, &payload, SECRET);
    let mine = jwt::verify::<Mine>(&token, &hs256_keys(), &policy(), NOW).unwrap().into_claims();
    assert_eq!((mine.iss.0.as_str(), mine.sub, mine.iat, mine.nbf), (ISSUER, Kind::Ada, Some(7), None));
    assert!(mine.aud.contains("x") && mine.exp > 0.0);
    assert_eq!(mine.roles, ["admin"]);
    let value = jwt::verify::<Value>(&token, &hs256_keys(), &policy(), NOW).unwrap().into_claims();
    assert_eq!(value, serde_json::from_str::<Value>(&payload).unwrap());
}

#[test]
fn a_custom_claim_cannot_take_the_place_of_a_registered_one() {
    // Row 106: at signing, where the two would stand side by side.
    let mut mine = Claims { sub: Some("ada".into()), ..Claims::default() };
    mine.extra.insert("sub".into(), "root".into());
    let signed = jwt::sign(&signing(Algorithm::HS256), "JWT", &mine);
    assert_eq!(signed.unwrap_err(), Error::JsonDuplicateMember);
}

#[test]
fn escaped_text_is_compared_as_what_it_means() {
    let payload = claims(json!({"iss": null})).to_string().replacen('{', r#"{"iss":"https:\/\/id.exampl\u0065","#, 1);
    assert!(verify_text(&payload, &policy(), NOW).is_ok());
}

#[test]
fn a_registered_claim_can_be_required_and_is_seen_also_where_it_is_the_only_one() {
    let lax = || Policy::danger_any_audience(ISSUER).danger_exp_optional();
    for name in ["aud", "exp", "iat", "jti", "nbf", "sub"] {
        let value = match name {
            "aud" | "jti" | "sub" => json!("x"),
            _ => json!(NOW),
        };
        let without = json!({"iss": ISSUER}).to_string();
        let with = json!({"iss": ISSUER, name: value}).to_string();
        let policy = lax().require(name);
        assert_eq!(verify_text(&without, &policy, NOW).unwrap_err(), Error::ClaimMissing(name));
        assert!(verify_text(&with, &policy, NOW).is_ok(), "{name}");
    }
    let only = json!({"iss": ISSUER}).to_string();
    assert!(verify_text(&only, &lax().require("iss"), NOW).is_ok());
}

#[test]
fn registered_texts_are_texts_also_where_the_type_does_not_look() {
    for name in ["iss", "jti", "sub"] {
        for wrong in [json!(1), json!(["x"]), json!({})] {
            let token = forge(r#"{"alg":"HS256"}"#, &claims(json!({ name: wrong })).to_string(), SECRET);
            let verified = jwt::verify::<serde::de::IgnoredAny>(&token, &hs256_keys(), &policy(), NOW);
            assert_eq!(verified.unwrap_err(), Error::ClaimInvalid(name));
        }
    }
}

#[test]
fn only_application_may_be_left_out_of_a_type_and_only_before_the_last_slash() {
    // RFC 7515 §4.1.9.
    let typed = |typ: &str, accepted: &'static str| {
        let header = json!({"alg": "HS256", "typ": typ}).to_string();
        let token = forge(&header, &claims(json!({})).to_string(), SECRET);
        jwt::verify::<Claims>(&token, &hs256_keys(), &policy().accept_type(accepted), NOW).err()
    };
    assert_eq!(typed("application/a/b", "application/a/b"), None);
    assert_eq!(typed("application/a/b", "a/b"), Some(Error::TypeMismatch));
    assert_eq!(typed("twelve-bytesat+jwt", "at+jwt"), Some(Error::TypeMismatch), "as long as application/");
    assert_eq!(typed("message/http", "http"), Some(Error::TypeMismatch));
}

#[test]
fn escapes_in_claims_mean_what_they_stand_for() {
    let escaped = |changes: Value| claims(changes).to_string().replace('/', r"\/").replace("ada", r"\u0061da");
    for aud in [json!(AUDIENCE), json!([AUDIENCE, "b"])] {
        let verified = verify_text(&escaped(json!({"aud": aud, "jti": "a/b"})), &policy(), NOW).unwrap();
        assert_eq!((verified.iss.as_deref(), verified.sub.as_deref()), (Some(ISSUER), Some("ada")));
        assert!(verified.aud.contains(AUDIENCE));
        assert_eq!(verified.jti.as_deref(), Some("a/b"));
    }
}
