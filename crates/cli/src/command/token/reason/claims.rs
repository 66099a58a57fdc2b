//! What claims say that a careful verifier refuses: times, issuer, audience, and what belongs to the kind of token
//! (RFC 7519 §4.1, RFC 8725 §3, RFC 9068 §2.2, RFC 9449 §4.2, RFC 8417 §2, OpenID Connect Core §2, OpenID Connect Back-Channel Logout
//! §2.4).

use serde_json::{Map, Value};
use symbolon_jose::jwt::is_same_type;

use super::{Reason, quoted};
use crate::time;

/// The tolerated difference of clocks, as `token verify` has it.
const LEEWAY_SECS: u64 = 30;
/// A longer life of an access token is worth a look.
const LONG_LIFE_SECS: u64 = 3_600;

const MAKER: &str = "tell whoever made it";
const CLOCKS: &str = "compare the clocks of both machines";
const LEEWAY: &str = "compare the clocks of both machines; up to 5m may be tolerated: symbolon token verify --leeway";

/// What kind of token it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    /// A security event (RFC 8417).
    Event,
    Id,
    Logout,
    Other,
    /// That the sender holds a key (RFC 9449).
    Proof,
}

impl Kind {
    /// By its `typ`, and where that says nothing by its claims.
    pub(crate) fn of(typ: Option<&str>, claims: &Map<String, Value>) -> Self {
        let says = |name| typ.is_some_and(|typ| is_same_type(typ, name));
        let has = |names: &[&str]| names.iter().any(|name| claims.contains_key(*name));
        // azp stands in access tokens of some servers, too, but not without what was granted.
        let of_id_token =
            || has(&["nonce", "at_hash", "c_hash"]) || has(&["azp"]) && !has(&["scope", "scp", "permissions"]);
        match typ {
            Some(_) if says("at+jwt") => Self::Access,
            Some(_) if says("dpop+jwt") => Self::Proof,
            Some(_) if says("logout+jwt") => Self::Logout,
            Some(_) if says("secevent+jwt") => Self::Event,
            None | Some("") if of_id_token() => Self::Id,
            Some(_) if says("JWT") && of_id_token() => Self::Id,
            _ => Self::Other,
        }
    }
}

/// Everything about the claims.
pub(crate) fn check(claims: &Map<String, Value>, kind: Kind, now: u64, reasons: &mut Vec<Reason>) {
    types(claims, reasons);
    times(claims, kind, now, reasons);
    if kind != Kind::Proof {
        parties(claims, reasons);
    }
    match kind {
        Kind::Access => access(claims, reasons),
        Kind::Event => event(claims, reasons),
        Kind::Id => id(claims, reasons),
        Kind::Logout => logout(claims, reasons),
        Kind::Other => {}
        Kind::Proof => proof(claims, reasons),
    }
}

/// A wrong type is refused and never counts as absent (CVE-2026-25537).
fn types(claims: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    for name in ["iss", "sub", "jti"] {
        if claims.get(name).is_some_and(|value| !value.is_string()) {
            reasons.push(Reason::refused("claim_type", format!("{name} is not a text"), MAKER));
        }
    }
    let is_audience = |aud: &Value| match aud {
        Value::String(_) => true,
        Value::Array(list) => list.iter().all(Value::is_string),
        _ => false,
    };
    if claims.get("aud").is_some_and(|aud| !is_audience(aud)) {
        reasons.push(Reason::refused("claim_type", "aud is neither a text nor a list of texts", MAKER));
    }
}

fn times(claims: &Map<String, Value>, kind: Kind, now: u64, reasons: &mut Vec<Reason>) {
    let [exp, nbf, iat] = ["exp", "nbf", "iat"].map(|name| moment(name, claims, reasons));
    match exp {
        Some(exp) if now >= exp.saturating_add(LEEWAY_SECS) => reasons.push(Reason::refused(
            "expired",
            format!("it has expired, {} ({})", time::distance(exp, now), time::calendar(exp)),
            "get a new one; an app does so with its refresh token",
        )),
        Some(_) => {}
        // What reports or proves something does not grant anything.
        None if claims.contains_key("exp") || matches!(kind, Kind::Event | Kind::Logout | Kind::Proof) => {}
        None => {
            let text = "no exp: it would be good for ever, also for a thief";
            reasons.push(Reason::refused("exp_missing", text, "have it made with exp, some minutes ahead"));
        }
    }
    let later = |moment: Option<u64>| {
        let moment = moment.filter(|moment| *moment > now.saturating_add(LEEWAY_SECS))?;
        Some(format!("{}, {}", time::distance(moment, now), time::calendar(moment)))
    };
    if let Some(when) = later(nbf) {
        reasons.push(Reason::refused("not_yet_valid", format!("it is not valid yet (nbf): {when}"), LEEWAY));
    }
    // RFC 7519 §4.1.6 says how old it is, and not from when on it counts.
    if let Some(when) = later(iat) {
        reasons.push(Reason::look("iat_future", format!("it was issued in the future (iat): {when}"), CLOCKS));
    }
    let Some((exp, from)) = exp.zip(iat.or(nbf)) else { return };
    if exp <= from {
        let text = "it ends before it begins: exp is not later than iat or nbf";
        reasons.push(Reason::refused("exp_before_iat", text, MAKER));
    } else if exp - from > LONG_LIFE_SECS && kind != Kind::Id {
        reasons.push(Reason::look(
            "long_life",
            format!(
                "it lives for {}: whoever finds or steals it can use it that long",
                time::distance(exp, from).trim_start_matches("in ")
            ),
            "let access tokens live some minutes and refresh them",
        ));
    }
}

/// A time, if it is one; else why not.
fn moment(name: &str, claims: &Map<String, Value>, reasons: &mut Vec<Reason>) -> Option<u64> {
    let value = claims.get(name)?;
    if let Some(unix) = time::numeric_date(value) {
        return Some(unix);
    }
    let Some(number) = value.as_f64() else {
        let text = format!("{name} is not a number");
        let hint = "have it written as seconds since 1970, without quotes (RFC 7519 section 2)";
        reasons.push(Reason::refused("time_not_number", text, hint));
        return None;
    };
    let hint = if number > 0.0 { "it looks like milliseconds; have it written in seconds" } else { MAKER };
    let text = format!("{name} is before 1970 or after the year 9999");
    reasons.push(Reason::refused("time_out_of_range", text, hint));
    None
}

fn parties(claims: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    match claims.get("iss").map(|iss| iss.as_str().unwrap_or_default()) {
        None => {
            let text = "no iss: nobody says who issued it, so nobody knows whose keys must fit";
            reasons.push(Reason::refused("iss_missing", text, "have it made with iss, the URL of its issuer"));
        }
        Some(iss) if iss.starts_with("http://") && !local(iss) => {
            let text = format!("the issuer is {}: keys fetched without TLS are anybody's", quoted(iss));
            reasons.push(Reason::look("iss_not_https", text, "use an issuer with https"));
        }
        Some(_) => {}
    }
    let empty = |aud: &Value| aud.as_array().is_some_and(Vec::is_empty);
    if claims.get("aud").is_none_or(empty) {
        let text = "no aud: it says for nobody in particular, so any API might take it";
        reasons.push(Reason::refused("aud_missing", text, "have it made with aud, the URL of the API it is for"));
    }
}

fn local(url: &str) -> bool {
    let host = url.trim_start_matches("http://");
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|local| host.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}

/// RFC 9068 §2.2.
fn access(claims: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    // Of these, exp, iss and aud are missed in any token.
    let missing: Vec<&str> =
        ["sub", "client_id", "iat", "jti"].into_iter().filter(|name| !claims.contains_key(*name)).collect();
    if !missing.is_empty() {
        reasons.push(Reason::refused(
            "access_token_claims",
            format!("an access token (at+jwt) must also have {}", missing.join(", ")),
            "have it made as RFC 9068 section 2.2 says",
        ));
    }
}

/// RFC 9449 §4.2.
fn proof(claims: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    let missing: Vec<&str> =
        ["jti", "htm", "htu", "iat"].into_iter().filter(|name| !claims.contains_key(*name)).collect();
    if !missing.is_empty() {
        let text = format!("a DPoP proof must also have {}", missing.join(", "));
        reasons.push(Reason::refused("proof_claims", text, "have it made as RFC 9449 section 4.2 says"));
    }
}

/// RFC 8417 §2.2.
fn event(claims: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    let missing: Vec<&str> = ["iat", "jti", "events"].into_iter().filter(|name| !claims.contains_key(*name)).collect();
    if !missing.is_empty() {
        let text = format!("a security event must also have {}", missing.join(", "));
        reasons.push(Reason::refused("event_claims", text, "have it made as RFC 8417 section 2.2 says"));
    }
}

/// OpenID Connect Core §2 and §3.1.3.7.
fn id(claims: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    let missing: Vec<&str> = ["sub", "iat"].into_iter().filter(|name| !claims.contains_key(*name)).collect();
    if !missing.is_empty() {
        let text = format!("an ID token must also have {}", missing.join(", "));
        reasons.push(Reason::refused("id_token_claims", text, "have it made as OpenID Connect Core section 2 says"));
    }
    if !claims.contains_key("nonce") {
        let text = "no nonce: the client cannot tell that this ID token answers its own request";
        reasons.push(Reason::look("nonce_missing", text, "have the client send a nonce and compare it"));
    }
    let several = claims.get("aud").and_then(Value::as_array).filter(|list| list.len() > 1);
    match (several, claims.get("azp").and_then(Value::as_str)) {
        (Some(_), None) => {
            let text = "an ID token for several audiences must say in azp for which client it is";
            reasons.push(Reason::refused("azp_missing", text, MAKER));
        }
        (Some(list), Some(azp)) if !list.iter().any(|aud| aud == azp) => {
            let text = format!("azp is {}, which is none of the audiences", quoted(azp));
            reasons.push(Reason::look("azp_not_in_aud", text, "check for which client it was made"));
        }
        (Some(_), Some(_)) => {
            let text = "an ID token for several audiences: each of them can use it at the others";
            reasons.push(Reason::look("several_audiences", text, "trust all of them, or have it made for one"));
        }
        (None, _) => {}
    }
}

/// OpenID Connect Back-Channel Logout §2.4.
fn logout(claims: &Map<String, Value>, reasons: &mut Vec<Reason>) {
    let missing: Vec<&str> =
        ["iat", "exp", "jti", "events"].into_iter().filter(|name| !claims.contains_key(*name)).collect();
    if !missing.is_empty() {
        let text = format!("a logout token must also have {}", missing.join(", "));
        reasons.push(Reason::refused("logout_token_claims", text, MAKER));
    }
    if !["sub", "sid"].iter().any(|name| claims.contains_key(*name)) {
        let text = "a logout token must say with sub or sid whose sessions end";
        reasons.push(Reason::refused("logout_token_claims", text, MAKER));
    }
    if claims.contains_key("nonce") {
        let text = "a logout token must not have a nonce: it could pass for an ID token";
        reasons.push(Reason::refused("nonce_forbidden", text, MAKER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::token::reason::Severity;
    use serde_json::json;

    const NOW: u64 = 1_000_000;

    fn reasons(typ: Option<&str>, claims: &Value) -> Vec<(&'static str, Severity)> {
        let claims = claims.as_object().unwrap();
        let mut reasons = Vec::new();
        check(claims, Kind::of(typ, claims), NOW, &mut reasons);
        reasons.iter().map(|reason| (reason.id, reason.severity)).collect()
    }

    /// Good claims with some of them changed; null removes one.
    fn with(changes: &Value) -> Value {
        let mut claims = json!({"iss": "https://i", "aud": "https://a", "sub": "s", "exp": NOW + 600, "iat": NOW - 5});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let kept = claims.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
        Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    #[test]
    fn good_claims_give_no_reason() {
        assert_eq!(reasons(Some("JWT"), &with(&json!({}))), []);
        assert_eq!(reasons(Some("at+jwt"), &with(&json!({"client_id": "c", "jti": "j"}))), []);
        assert_eq!(reasons(None, &with(&json!({"nonce": "n"}))), []);
        assert_eq!(reasons(None, &with(&json!({"exp": 1_000_600.5, "nbf": NOW + 29}))), []);
        assert_eq!(reasons(None, &with(&json!({"iss": "http://localhost:4400"}))), []);
        let of_auth0 = json!({"azp": "c", "scope": "openid read", "aud": ["https://a", "https://i/userinfo"]});
        assert_eq!(reasons(Some("JWT"), &with(&of_auth0)), []);
        let proof = json!({"jti": "j", "htm": "GET", "htu": "https://a/x", "iat": NOW});
        assert_eq!(reasons(Some("dpop+jwt"), &proof), []);
        let event = json!({"iss": "https://i", "aud": "https://a", "jti": "j", "iat": NOW, "events": {}});
        assert_eq!(reasons(Some("secevent+jwt"), &event), []);
    }

    #[test]
    fn each_reason_of_any_token_is_found() {
        use Severity::{Refused, WorthALook};
        for (changes, id, severity) in [
            (json!({"exp": NOW - 30}), "expired", Refused),
            (json!({"exp": null}), "exp_missing", Refused),
            (json!({"exp": "1000600"}), "time_not_number", Refused),
            (json!({"exp": true}), "time_not_number", Refused),
            (json!({"exp": -1}), "time_out_of_range", Refused),
            (json!({"exp": 1_000_600_000_000_u64}), "time_out_of_range", Refused),
            (json!({"exp": 1e300}), "time_out_of_range", Refused),
            (json!({"nbf": NOW + 31}), "not_yet_valid", Refused),
            (json!({"iat": NOW + 31}), "iat_future", WorthALook),
            (json!({"iat": NOW + 10, "exp": NOW + 5}), "exp_before_iat", Refused),
            (json!({"iat": NOW, "exp": NOW + 3601}), "long_life", WorthALook),
            (json!({"iss": null}), "iss_missing", Refused),
            (json!({"iss": "http://example.com"}), "iss_not_https", WorthALook),
            (json!({"iss": "http://localhost.example.com"}), "iss_not_https", WorthALook),
            (json!({"aud": null}), "aud_missing", Refused),
            (json!({"aud": []}), "aud_missing", Refused),
            (json!({"aud": [1]}), "claim_type", Refused),
            (json!({"aud": {"a": true}}), "claim_type", Refused),
            (json!({"sub": 7}), "claim_type", Refused),
        ] {
            let found = reasons(None, &with(&changes));
            assert!(found.contains(&(id, severity)), "{id}: {changes}: {found:?}");
        }
    }

    #[test]
    fn each_reason_of_a_kind_is_found() {
        for (typ, changes, id) in [
            (Some("at+jwt"), json!({}), "access_token_claims"),
            (Some("application/AT+JWT"), json!({}), "access_token_claims"),
            (None, json!({"nonce": "n", "sub": null}), "id_token_claims"),
            (Some("JWT"), json!({"at_hash": "h"}), "nonce_missing"),
            (None, json!({"nonce": "n", "aud": ["a", "b"]}), "azp_missing"),
            (None, json!({"nonce": "n", "aud": ["a", "b"], "azp": "c"}), "azp_not_in_aud"),
            (None, json!({"nonce": "n", "aud": ["a", "b"], "azp": "a"}), "several_audiences"),
            (Some("dpop+jwt"), json!({}), "proof_claims"),
            (Some("secevent+jwt"), json!({"jti": "j"}), "event_claims"),
            (None, json!({"azp": "c", "aud": ["a", "b"]}), "azp_not_in_aud"),
            (Some("logout+jwt"), json!({}), "logout_token_claims"),
            (Some("logout+jwt"), json!({"sub": null}), "logout_token_claims"),
            (Some("logout+jwt"), json!({"nonce": "n"}), "nonce_forbidden"),
        ] {
            let found = reasons(typ, &with(&changes));
            assert!(found.iter().any(|(found, _)| *found == id), "{id}: {changes}: {found:?}");
        }
        let found = reasons(Some("at+jwt"), &json!({}));
        assert_eq!(found.iter().filter(|(id, _)| *id == "access_token_claims").count(), 1);
    }

    #[test]
    fn what_is_missing_is_named() {
        let claims = with(&json!({"jti": "j"}));
        let mut reasons = Vec::new();
        check(claims.as_object().unwrap(), Kind::Access, NOW, &mut reasons);
        assert_eq!(reasons[0].text, "an access token (at+jwt) must also have client_id");
    }
}
