//! What clients may choose when they register themselves (RFC 7591 §5): one document of the registry, which the operator writes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};

use super::super::validate::Faults;
use super::super::{AuthMethod, ClientApi, RegistrationError};
use crate::grant::{Grant, IMPLICIT};
use crate::response_type::ResponseType;
use crate::scope::{self, Scope};

/// The policy. Without a document everything has its default.
///
/// ```
/// use symbolon_oauth::registration::dynamic::RegistrationPolicy;
/// let policy: RegistrationPolicy = serde_json::from_str(r#"{ "max_clients": 50 }"#).unwrap();
/// assert!(policy.grant_types.contains("authorization_code") && !policy.grant_types.contains("client_credentials"));
/// assert!(serde_json::from_str::<RegistrationPolicy>(r#"{ "max_client": 50 }"#).is_err(), "misspelt");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationPolicy {
    /// The grants a client may choose, by wire name.
    pub grant_types: BTreeSet<String>,
    /// The response types.
    pub response_types: BTreeSet<ResponseType>,
    /// How it may prove who it is.
    pub token_endpoint_auth_methods: BTreeSet<String>,
    /// The standard scopes it may ask for.
    pub scopes: Scope,
    /// The APIs it may ask for, and with which scopes.
    pub apis: Vec<ClientApi>,
    /// The types of authorization details it may ask for (RFC 9396 §10).
    pub authorization_details_types: BTreeSet<String>,
    /// Whether confidential clients must use PKCE; public ones must in any case.
    pub require_pkce: bool,
    /// How long a secret counts, in seconds; without, until it is replaced.
    pub client_secret_lifetime_secs: Option<u64>,
    /// How many clients there may be that registered themselves.
    pub max_clients: u32,
    /// How many registrations from one address in an hour, without an initial access token.
    pub registrations_per_hour: u32,
    /// Nobody is let in without a software statement.
    pub require_software_statement: bool,
    /// Who may vouch for software.
    pub software_statement_issuers: Vec<StatementIssuer>,
}

/// Somebody who vouches for software (RFC 7591 §2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementIssuer {
    /// The `iss` of its statements.
    pub issuer: String,
    /// Its public keys.
    pub jwks: Value,
}

impl StatementIssuer {
    pub(super) fn keys(&self) -> VerifyingKeys {
        let set = JwkSet::from_value(&self.jwks).unwrap_or_default();
        VerifyingKeys::from_jwks(&set, Algorithm::ASYMMETRIC)
    }
}

impl Default for RegistrationPolicy {
    fn default() -> Self {
        let grants = [Grant::AuthorizationCode, Grant::RefreshToken];
        Self {
            grant_types: grants.map(|grant| grant.name().to_owned()).into(),
            response_types: BTreeSet::from([ResponseType::Code]),
            token_endpoint_auth_methods: AuthMethod::ALL.iter().map(|method| method.name().to_owned()).collect(),
            scopes: scope::standard(),
            apis: Vec::new(),
            authorization_details_types: BTreeSet::new(),
            require_pkce: true,
            client_secret_lifetime_secs: None,
            max_clients: 1000,
            registrations_per_hour: 20,
            require_software_statement: false,
            software_statement_issuers: Vec::new(),
        }
    }
}

impl RegistrationPolicy {
    /// Says everything that is wrong with it.
    ///
    /// # Errors
    /// All faults found.
    pub fn validate(&self) -> Result<(), Vec<RegistrationError>> {
        let mut faults = Faults::default();
        for name in &self.grant_types {
            let known = name == IMPLICIT || Grant::from_name(name).is_some();
            faults.check_value(if known { Ok(()) } else { Err("is not a supported grant") }, "grant_types", name);
        }
        for name in &self.token_endpoint_auth_methods {
            let known = AuthMethod::ALL.iter().any(|method| method.name() == name);
            let result = if known { Ok(()) } else { Err("is not a supported method") };
            faults.check_value(result, "token_endpoint_auth_methods", name);
        }
        let standard = self.scopes.iter().all(|name| scope::STANDARD.contains(&name));
        faults.check(standard, "scopes", "only standard scopes; scopes of an API are listed under apis");
        let within = |secs: u64| (3600..=10 * 365 * 86_400).contains(&secs);
        faults.check(
            self.client_secret_lifetime_secs.is_none_or(within),
            "client_secret_lifetime_secs",
            "must be 1 hour to 10 years",
        );
        for issuer in &self.software_statement_issuers {
            let usable = !issuer.issuer.is_empty() && !issuer.keys().is_empty();
            let result = if usable { Ok(()) } else { Err("needs jwks with at least one public key for signatures") };
            faults.check_value(result, "software_statement_issuers", &issuer.issuer);
        }
        let trusts_somebody = !self.software_statement_issuers.is_empty();
        faults.check(
            trusts_somebody || !self.require_software_statement,
            "require_software_statement",
            "nobody could register: name software_statement_issuers",
        );
        faults.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(policy: Value) -> bool {
        serde_json::from_value::<RegistrationPolicy>(policy).is_ok_and(|policy| policy.validate().is_err())
    }

    #[test]
    fn the_default_is_sound_and_lets_nobody_act_without_a_user() {
        let policy = RegistrationPolicy::default();
        assert_eq!(policy.validate(), Ok(()));
        assert!(policy.apis.is_empty() && policy.require_pkce);
        assert!(!policy.grant_types.contains("client_credentials") && !policy.grant_types.contains(IMPLICIT));
    }

    #[test]
    fn what_no_client_could_use_is_refused() {
        for policy in [
            json!({ "grant_types": ["password"] }),
            json!({ "token_endpoint_auth_methods": ["magic"] }),
            json!({ "scopes": "openid read:dragons" }),
            json!({ "client_secret_lifetime_secs": 60 }),
            json!({ "require_software_statement": true }),
            json!({ "software_statement_issuers": [{ "issuer": "https://i.example", "jwks": { "keys": [] } }] }),
        ] {
            assert!(refused(policy.clone()), "{policy}");
        }
    }
}
