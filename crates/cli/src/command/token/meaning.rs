//! What the members of a header and the claims of a token mean, in words; and times by the calendar.

use serde_json::{Map, Value};
use symbolon_jose::Jwk;

use crate::output::text;
use crate::time;

/// Name, value and meaning of each member of a header.
pub(crate) fn header_rows(members: &Map<String, Value>, now: u64) -> Vec<Vec<String>> {
    rows(members, HEADER, now)
}

/// Name, value and meaning of each claim.
pub(crate) fn claim_rows(members: &Map<String, Value>, now: u64) -> Vec<Vec<String>> {
    rows(members, CLAIMS, now)
}

fn rows(members: &Map<String, Value>, meanings: &[(&str, &str)], now: u64) -> Vec<Vec<String>> {
    let row = |(name, value): (&String, &Value)| {
        let meaning = meanings.iter().find(|(known, _)| known == name).map_or(UNKNOWN, |(_, meaning)| meaning);
        vec![name.clone(), text(value), explained(name, value, meaning, now)]
    };
    members.iter().map(row).collect()
}

const UNKNOWN: &str = "no registered name: its meaning is between its maker and you";

/// The meaning; for times with the calendar, for keys with the thumbprint.
fn explained(name: &str, value: &Value, meaning: &str, now: u64) -> String {
    if matches!(name, "cnf" | "jwk" | "sub_jwk") {
        let jwk = if name == "cnf" { &value["jwk"] } else { value };
        // Of a shared secret the thumbprint would be a hash of the secret.
        return match Jwk::from_value(jwk).ok().filter(|jwk| jwk.kty() != "oct") {
            Some(jwk) => format!("{meaning}; thumbprint {}", jwk.thumbprint_base64url()),
            None => meaning.to_owned(),
        };
    }
    match time::numeric_date(value).filter(|_| TIMES.contains(&name)) {
        Some(unix) => format!("{meaning}: {}, {}", time::calendar(unix), time::distance(unix, now)),
        None => meaning.to_owned(),
    }
}

const TIMES: [&str; 6] = ["auth_time", "exp", "iat", "nbf", "toe", "updated_at"];

/// RFC 7515 §4.1, RFC 7516 §4.1, RFC 7518 §4, RFC 7797, RFC 7519 §5.3.
const HEADER: &[(&str, &str)] = &[
    ("alg", "how it claims to be signed or encrypted; a verifier decides by the key, not by this"),
    ("apu", "who agreed on the key: the sender"),
    ("apv", "with whom the key was agreed: the recipient"),
    ("aud", "a copy of the claim, readable without decrypting"),
    ("b64", "whether the payload stands there encoded"),
    ("crit", "extensions a verifier must understand or refuse"),
    ("cty", "what is inside: JWT is a token within the token"),
    ("enc", "how the content is encrypted"),
    ("epk", "the sender's key of this one token, to agree on a secret with"),
    ("iss", "a copy of the claim, readable without decrypting"),
    ("iv", "the starting value with which the content key was wrapped"),
    ("jku", "where it wants keys to be fetched; never to be followed"),
    ("jwk", "a key it brings along; never to be trusted"),
    ("kid", "which key it was signed with, or is encrypted to"),
    ("nonce", "a number the recipient asked for"),
    ("p2c", "how often the password is hashed; more makes guessing dearer"),
    ("p2s", "the salt with which the password is hashed"),
    ("sub", "a copy of the claim, readable without decrypting"),
    ("tag", "the seal on the wrapped content key"),
    ("typ", "what kind of token: at+jwt is an access token, JWT usually an ID token"),
    ("x5c", "a certificate it brings along; never to be trusted"),
    ("x5t", "hash of the certificate of the key"),
    ("x5t#S256", "hash of the certificate of the key"),
    ("x5u", "where it wants a certificate to be fetched; never to be followed"),
    ("zip", "the content was compressed before it was encrypted"),
];

/// RFC 7519 §4.1, RFC 7800, RFC 8417, RFC 8693, RFC 9068 §2.2, RFC 9396, RFC 9449, OpenID Connect Core §2 and §5.1, and ours.
const CLAIMS: &[(&str, &str)] = &[
    ("acr", "how strong the authentication was"),
    ("act", "who acts on behalf of the subject"),
    ("address", "postal address of the user"),
    ("amr", "how the user authenticated: pwd is a password"),
    ("at_hash", "ties the ID token to an access token"),
    ("ath", "ties the proof to an access token"),
    ("aud", "whom it is for; anyone else must refuse it"),
    ("auth_time", "when the user really authenticated"),
    ("authorization_details", "what exactly was granted"),
    ("azp", "the client it was issued to"),
    ("birthdate", "birthday of the user"),
    ("c_hash", "ties the ID token to a code"),
    ("client_id", "the client that asked for it"),
    ("cnf", "the key its bearer must prove to hold"),
    ("email", "e-mail address of the user"),
    ("email_verified", "whether the user has proven to receive mail there"),
    ("entitlements", "what the user may use"),
    ("events", "what has happened; a token with this reports and grants nothing"),
    ("exp", "refuse it from then on"),
    ("family_name", "family name of the user"),
    ("gender", "gender of the user"),
    ("given_name", "given name of the user"),
    ("groups", "groups of the user"),
    ("htm", "the HTTP method it is good for"),
    ("htu", "the URL it is good for"),
    ("iat", "when it was issued"),
    ("iss", "who says so; its keys must verify the signature"),
    ("jti", "the token's own id, by which it can be revoked"),
    ("locale", "language of the user"),
    ("may_act", "who may act on behalf of the subject"),
    ("middle_name", "middle name of the user"),
    ("name", "display name of the user"),
    ("nbf", "refuse it before"),
    ("nickname", "casual name of the user"),
    ("nonce", "ties the ID token to the client's request"),
    ("org_id", "the organization it is about"),
    ("permissions", "what the user may do there"),
    ("phone_number", "telephone number of the user"),
    ("phone_number_verified", "whether the user has proven to be reached there"),
    ("picture", "picture of the user"),
    ("preferred_username", "user name; may change"),
    ("profile", "page about the user"),
    ("rh", "the user's revocation handle, by which all tokens of the user can be revoked"),
    ("roles", "roles of the user"),
    ("s_hash", "ties the ID token to the client's state"),
    ("scope", "what the client was granted"),
    ("sid", "the browser session, by which it can be revoked"),
    ("sub", "whom it is about: the user's id, or the client's own"),
    ("sub_id", "whom it is about, by some other name"),
    ("sub_jwk", "the key that is its own issuer"),
    ("toe", "when what it reports happened"),
    ("txn", "the transaction it belongs to"),
    ("updated_at", "when the profile was last changed"),
    ("vot", "how sure one is of the identity"),
    ("website", "page of the user"),
    ("zoneinfo", "time zone of the user"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use symbolon_jose::Algorithm;

    #[test]
    fn times_are_explained_by_the_calendar_and_strange_ones_are_left_alone() {
        assert_eq!(explained("exp", &json!(60), "refuse", 0), "refuse: 1970-01-01 00:01:00Z, in 1m");
        assert_eq!(explained("exp", &json!("soon"), "refuse", 0), "refuse");
        assert_eq!(explained("exp", &json!(-5), "refuse", 0), "refuse");
        assert_eq!(explained("exp", &json!(60.5), "refuse", 0), "refuse: 1970-01-01 00:01:00Z, in 1m");
        assert_eq!(explained("custom", &json!(60), UNKNOWN, 0), UNKNOWN);
    }

    #[test]
    fn keys_are_named_by_their_thumbprint_and_shared_secrets_are_not() {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let (public, thumbprint) = (jwk.public_value().unwrap(), jwk.thumbprint_base64url());
        assert!(explained("jwk", &public, "a key", 0).ends_with(&thumbprint));
        assert!(explained("cnf", &json!({ "jwk": public }), "a key", 0).ends_with(&thumbprint));
        let secret = json!({ "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAA" });
        assert_eq!(explained("jwk", &secret, "a key", 0), "a key");
        assert_eq!(explained("cnf", &json!({ "jkt": "x" }), "a key", 0), "a key");
    }

    #[test]
    fn everything_has_a_meaning_also_what_nobody_knows() {
        let public = Jwk::generate(Algorithm::ES256).unwrap().public_value().unwrap();
        let members =
            json!({ "exp": 60, "jwk": public, "cnf": { "jwk": public }, "iat": 1, "other": 1, "alg": "ES256" });
        let members = members.as_object().unwrap();
        for row in [header_rows(members, 0), claim_rows(members, 0)].concat() {
            assert!(row[2].starts_with(char::is_alphabetic), "{row:?}");
        }
    }

    #[test]
    fn the_tables_are_in_order_and_say_each_thing_once() {
        for table in [HEADER, CLAIMS] {
            assert!(table.is_sorted_by(|(one, _), (other, _)| one < other));
        }
    }
}
