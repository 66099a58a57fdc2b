//! Software statements (RFC 7591 §2.3): metadata that somebody else has signed, such as the maker of the software.
//!
//! Who may vouch is in the policy, each with keys that the operator gave: a header's own keys and addresses are not read. Refuses
//! statements without `iss`, of strangers, of another kind of token, expired ones, and a shared secret as a key.

use serde_json::{Map, Value};
use symbolon_jose::jwt::{self, Policy, is_same_type};

use super::RegistrationRefusal;
use super::policy::RegistrationPolicy;

/// Difference of clocks allowed on what others issue.
const SKEW_SECS: u64 = 15;

/// What a statement claims, if somebody who is trusted signed it.
///
/// # Errors
/// [`RegistrationRefusal::InvalidSoftwareStatement`] or [`RegistrationRefusal::UnapprovedSoftwareStatement`].
pub(super) fn claims(
    policy: &RegistrationPolicy,
    statement: &str,
    now: u64,
) -> Result<Map<String, Value>, RegistrationRefusal> {
    let invalid = RegistrationRefusal::InvalidSoftwareStatement;
    // Only to know whose keys to take; the signature decides.
    let parts = jwt::decode_unverified(statement).map_err(|_| invalid("the software statement is not a signed JWT"))?;
    // RFC 7591 §2.3: it "MUST contain an "iss" (issuer) claim denoting the party attesting to the claims".
    let iss = parts.claims.get("iss").and_then(Value::as_str);
    let iss = iss.ok_or(invalid("the software statement has no iss"))?;
    let issuer = policy.software_statement_issuers.iter().find(|issuer| issuer.issuer == iss).ok_or(
        RegistrationRefusal::UnapprovedSoftwareStatement("the issuer of the software statement is not trusted here"),
    )?;
    let rules = Policy::danger_any_audience(iss).danger_exp_optional().leeway_secs(SKEW_SECS);
    let verified = jwt::verify::<Map<String, Value>>(statement, &issuer.keys(), &rules, now);
    let verified = verified.map_err(|error| {
        if error.is_expired() {
            invalid("the software statement has expired")
        } else {
            invalid("the software statement is not signed by its issuer")
        }
    })?;
    let kind = |typ| ["JWT", "software-statement+jwt"].iter().any(|known| is_same_type(known, typ));
    if !verified.typ().is_none_or(kind) {
        return Err(invalid("the software statement is another kind of token"));
    }
    let mut claims = verified.into_claims();
    // §3.1.1: a statement says nothing of statements.
    claims.remove("software_statement");
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::super::policy::StatementIssuer;
    use super::*;
    use crate::testing::NOW;
    use serde_json::json;
    use symbolon_jose::{Algorithm, Jwk, SigningKey};

    const MAKER: &str = "https://maker.example";

    fn maker() -> (RegistrationPolicy, SigningKey) {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let jwks = json!({ "keys": [jwk.public_value().unwrap()] });
        let issuers = vec![StatementIssuer { issuer: MAKER.to_owned(), jwks }];
        let policy = RegistrationPolicy { software_statement_issuers: issuers, ..RegistrationPolicy::default() };
        (policy, SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap())
    }

    fn refused(policy: &RegistrationPolicy, statement: &str) -> &'static str {
        claims(policy, statement, NOW).expect_err("must be refused").code()
    }

    #[test]
    fn what_a_trusted_maker_signed_is_believed_rfc_7591_2_3() {
        let (policy, key) = maker();
        let statement = json!({ "iss": MAKER, "software_id": "s", "software_statement": "nested" });
        let found = claims(&policy, &jwt::sign(&key, "JWT", &statement).unwrap(), NOW).unwrap();
        assert_eq!((found["software_id"].as_str(), found.get("software_statement")), (Some("s"), None));
    }

    #[test]
    fn rfc7591_section_2_3_a_statement_must_say_who_attests() {
        let (policy, key) = maker();
        let nameless = jwt::sign(&key, "JWT", &json!({ "software_id": "s" })).unwrap();
        assert_eq!(refused(&policy, &nameless), "invalid_software_statement");
    }

    #[test]
    fn rfc7591_section_3_2_2_a_stranger_is_unapproved_and_a_forgery_invalid() {
        let (policy, key) = maker();
        let (_, other) = maker();
        let of = |key: &SigningKey, claims: Value| jwt::sign(key, "JWT", &claims).unwrap();
        let stranger = of(&key, json!({ "iss": "https://stranger.example" }));
        assert_eq!(refused(&policy, &stranger), "unapproved_software_statement");
        assert_eq!(refused(&RegistrationPolicy::default(), &stranger), "unapproved_software_statement");
        assert_eq!(refused(&policy, &of(&other, json!({ "iss": MAKER }))), "invalid_software_statement");
        assert_eq!(refused(&policy, &of(&key, json!({ "iss": MAKER, "exp": NOW - 16 }))), "invalid_software_statement");
        let access = jwt::sign(&key, "at+jwt", &json!({ "iss": MAKER })).unwrap();
        assert_eq!(refused(&policy, &access), "invalid_software_statement");
        for nonsense in ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert_eq!(refused(&policy, nonsense), "invalid_software_statement", "{nonsense}");
        }
    }

    #[test]
    fn rfc7591_section_2_3_unsigned_and_mac_statements_are_refused() {
        let (policy, _) = maker();
        let payload = symbolon_jose::base64url::encode(json!({ "iss": MAKER }).to_string().as_bytes());
        assert_eq!(refused(&policy, &format!("eyJhbGciOiJub25lIn0.{payload}.AAAA")), "invalid_software_statement");
        let mac = SigningKey::from_jwk(&Jwk::oct(&[7; 32], Algorithm::HS256).unwrap(), Algorithm::HS256).unwrap();
        let by_mac = jwt::sign(&mac, "JWT", &json!({ "iss": MAKER })).unwrap();
        assert_eq!(refused(&policy, &by_mac), "invalid_software_statement");
    }
}
