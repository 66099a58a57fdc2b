//! What a client may turn the tokens and assertions of others into (RFC 8693, RFC 7523 §2.1). With no rule, into nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Client;
use super::validate::Faults;
use crate::grant::Grant;
use crate::scope::Scope;

/// Part of a [`Client`]'s document.
///
/// ```
/// use symbolon_oauth::registration::{ExchangeMode, GrantRules};
/// let rules: GrantRules = serde_json::from_str(
///     r#"{"token_exchange": [{"audience": "https://stock.example", "scopes": "read:stock", "subject_clients": ["shop"]}]}"#,
/// )?;
/// assert_eq!(rules.token_exchange[0].mode, ExchangeMode::Delegation);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRules {
    /// Which tokens it may exchange, and for what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_exchange: Vec<ExchangeRule>,
    /// Whose assertions it may show, and for what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jwt_bearer: Vec<BearerRule>,
}

/// One sort of exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRule {
    /// The API that the new token is for.
    pub audience: String,
    /// The most that it may allow there. Never more than the presented token allows.
    #[serde(default)]
    pub scopes: Scope,
    /// Clients whose tokens may be exchanged; itself only if it is among them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subject_clients: BTreeSet<String>,
    /// Trusted issuers whose tokens may be exchanged.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subject_issuers: BTreeSet<String>,
    /// Where the client is an API itself: presented access tokens must be for that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_audience: Option<String>,
    /// Whether the new token says who acts.
    #[serde(default)]
    pub mode: ExchangeMode,
}

/// Whether a new token says who acts (RFC 8693 §1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeMode {
    /// It does, always: who shows no actor token acts itself.
    #[default]
    Delegation,
    /// Only if an actor token is shown.
    Impersonation,
}

/// One sort of assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BearerRule {
    /// The trusted issuer.
    pub issuer: String,
    /// The API that the token is for.
    pub audience: String,
    /// The most that it may allow there.
    #[serde(default)]
    pub scopes: Scope,
}

impl Client {
    pub(super) fn check_grant_rules(&self, faults: &mut Faults) {
        let GrantRules { token_exchange, jwt_bearer } = &self.grant_rules;
        for grant in [Grant::TokenExchange, Grant::JwtBearer] {
            let used = self.may_use(grant);
            faults.check(
                !used || !self.is_public(),
                "grant_types",
                "token exchange and JWT bearer need a confidential client",
            );
            faults.check(
                !used || !self.gets_sessions(),
                "access_token_format",
                "what comes of an exchange or an assertion is no session: use jwt",
            );
        }
        let stays = |scopes: &Scope| scopes.contains("offline_access");
        for rule in token_exchange {
            let named = !rule.subject_clients.is_empty() || !rule.subject_issuers.is_empty();
            faults.check(named, "token_exchange", "a rule names whose tokens: subject_clients or subject_issuers");
            faults.check(!rule.audience.is_empty(), "token_exchange", "a rule names the API that the token is for");
            faults.check(!stays(&rule.scopes), "token_exchange", "an exchange brings no refresh token");
        }
        for rule in jwt_bearer {
            faults.check(
                !rule.audience.is_empty() && !rule.issuer.is_empty(),
                "jwt_bearer",
                "a rule names the issuer and the API that the token is for",
            );
            faults.check(!stays(&rule.scopes), "jwt_bearer", "an assertion brings no refresh token");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::AccessTokenFormat;
    use crate::testing::{machine, spa, third_party};
    use serde_json::{Value, json};

    fn with(client: Client, rules: Value) -> Client {
        let mut client = client;
        client.grant_types.extend([Grant::TokenExchange, Grant::JwtBearer].map(|grant| grant.name().to_owned()));
        Client { grant_rules: serde_json::from_value(rules).unwrap(), ..client }
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().unwrap_err();
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn nothing_is_allowed_by_default_and_rules_say_what_is() {
        assert_eq!(machine().grant_rules, GrantRules::default());
        let rules = json!({
            "token_exchange": [{"audience": "https://a.example", "subject_clients": ["spa"]}],
            "jwt_bearer": [{"issuer": "https://partner.example", "audience": "https://a.example", "scopes": "read"}],
        });
        let client = with(machine(), rules);
        assert_eq!(client.validate(), Ok(()));
        let written = serde_json::to_value(&client).unwrap();
        assert_eq!(serde_json::from_value::<Client>(written).unwrap(), client);
        assert!(client.extra.is_empty());
    }

    #[test]
    fn rfc8693_section_5_whoever_proves_nothing_exchanges_nothing() {
        faulty(&with(spa(), json!({})), "grant_types");
        let sessions = Client { access_token_format: AccessTokenFormat::Session, ..third_party() };
        faulty(&with(sessions, json!({})), "access_token_format");
    }

    #[test]
    fn rules_without_a_subject_or_with_refresh_tokens_are_refused() {
        for (member, rules) in [
            ("token_exchange", json!({"token_exchange": [{"audience": "https://a.example"}]})),
            ("token_exchange", json!({"token_exchange": [{"audience": "", "subject_clients": ["spa"]}]})),
            (
                "token_exchange",
                json!({"token_exchange": [{"audience": "a", "scopes": "offline_access", "subject_clients": ["spa"]}]}),
            ),
            ("jwt_bearer", json!({"jwt_bearer": [{"issuer": "", "audience": "a"}]})),
            ("jwt_bearer", json!({"jwt_bearer": [{"issuer": "i", "audience": "a", "scopes": "offline_access"}]})),
        ] {
            faulty(&with(machine(), rules), member);
        }
    }

    #[test]
    fn a_rule_with_a_member_nobody_knows_is_refused_rather_than_widened() {
        for rules in [
            json!({"token_exchange": [{"audience": "a", "subject_client": ["spa"]}]}),
            json!({"token_exchange": [{"audience": "a", "mode": "imposture"}]}),
            json!({"jwt_bearer": [{"issuer": "i", "audience": "a", "only_on": "monday"}]}),
        ] {
            assert!(serde_json::from_value::<GrantRules>(rules.clone()).is_err(), "{rules}");
        }
    }
}
