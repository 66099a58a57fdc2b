//! Who is signed in by a cookie: what an app is told of the access token that it cannot read, and the account behind it (mission P13).
//!
//! No standard. The shell has verified the token; this tells whether it still counts, and puts the person into the words that apps know:
//! OpenID Connect's, and Stormpath's for those that asked its `/user/current`.

use serde_json::{Map, Value};

use super::userinfo::{TokenFacts, still_counts};
use crate::access_token::AccessTokenClaims;
use crate::claims;
use crate::claims_request::ClaimsRequest;

/// The person of a token that counts, as userinfo would tell (OpenID Connect Core §5.3.2); nobody if it counts no more. Without `openid` in its
/// scope it is the `sub` alone.
#[must_use]
pub fn person(
    token: &AccessTokenClaims,
    facts: &TokenFacts,
    asked: Option<&ClaimsRequest>,
) -> Option<Map<String, Value>> {
    let user = still_counts(token, facts)?;
    let mut person = Map::from_iter([("sub".to_owned(), Value::from(token.sub.as_str()))]);
    if token.scope.contains("openid") {
        person.extend(claims::of(&user.profile, &token.scope));
        if let Some(asked) = asked {
            asked.fill(&mut person, &user.profile, &asked.userinfo);
        }
    }
    Some(person)
}

/// Names of an account at Stormpath, and the claims that say the same.
const NAMES: &[(&str, &[&str])] = &[
    ("email", &["email"]),
    ("fullName", &["name"]),
    ("givenName", &["given_name"]),
    ("middleName", &["middle_name"]),
    ("surname", &["family_name"]),
    ("username", &["preferred_username", "email"]),
];

/// The account of a [`person`]: the claims, the same under Stormpath's names, and the roles of the token. `href` is where it was asked for.
#[must_use]
pub fn account(href: &str, token: &AccessTokenClaims, person: Map<String, Value>) -> Map<String, Value> {
    let mut account = person;
    for (name, claims) in NAMES {
        if let Some(value) = claims.iter().find_map(|claim| account.get(*claim)).cloned() {
            account.insert((*name).to_owned(), value);
        }
    }
    if let Some(verified) = account.get("email_verified").and_then(Value::as_bool) {
        let status = if verified { "VERIFIED" } else { "UNVERIFIED" };
        account.insert("emailVerificationStatus".to_owned(), Value::from(status));
    }
    account.insert("href".to_owned(), Value::from(href));
    account.insert("status".to_owned(), Value::from("ENABLED"));
    account.insert("roles".to_owned(), Value::from(token.roles.clone()));
    account
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::userinfo::tests::{live, overtaken, token};
    use crate::scope::Scope;
    use serde_json::json;

    #[test]
    fn a_token_that_counts_tells_the_person_its_scope_allows() {
        let told = person(&token(), &live(), None).unwrap();
        assert_eq!(
            (&told["sub"], told.contains_key("email"), told.contains_key("name")),
            (&json!("usr_ada"), true, false)
        );
        let api_only = AccessTokenClaims { scope: Scope::parse("read:dragons").unwrap(), ..token() };
        assert_eq!(Value::from(person(&api_only, &live(), None).unwrap()), json!({ "sub": "usr_ada" }));
    }

    #[test]
    fn a_token_that_events_have_overtaken_is_nobodys() {
        for facts in overtaken() {
            assert_eq!(person(&token(), &facts, None), None, "{facts:?}");
        }
    }

    #[test]
    fn the_account_has_stormpaths_names() {
        let person = json!({ "sub": "usr_ada", "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.com", "email_verified": true });
        let Value::Object(person) = person else { unreachable!() };
        let account = Value::from(account("https://auth.example/user/current", &token(), person));
        for (name, value) in [
            ("href", "https://auth.example/user/current"),
            ("username", "ada@example.com"),
            ("email", "ada@example.com"),
            ("givenName", "Ada"),
            ("surname", "Lovelace"),
            ("fullName", "Ada Lovelace"),
            ("status", "ENABLED"),
            ("emailVerificationStatus", "VERIFIED"),
            ("sub", "usr_ada"),
        ] {
            assert_eq!(account[name], value, "{name}");
        }
        assert_eq!((&account["roles"], account.get("middleName")), (&json!(["admin"]), None));
    }
}
