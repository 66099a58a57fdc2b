//! A service that exchanges the tokens it is called with, and a partner whose word is taken.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};
use symbolon_oauth::Grant;
use symbolon_oauth::registration::SubjectRule;
use symbolon_server::admin::{Command, IssuerCommand, NewIssuer};

use super::{API, Answer, ISSUER, NOW, OTHER_API, World};

pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub const PARTNER: &str = "https://login.partner.example";

impl World {
    /// `other` may exchange tokens of `web` and of the trusted issuer for ones for [`OTHER_API`], scope `read`; `machine` may show the
    /// issuer's assertions at [`API`].
    pub async fn with_exchange(mode: &str) -> (Self, Partner) {
        let world = Self::new().await;
        let partner = Partner::trusted(&world, SubjectRule::LoginIdentifier).await;
        let rules = json!([{
            "audience": OTHER_API, "scopes": "read write", "subject_clients": ["web"], "subject_issuers": [PARTNER], "mode": mode
        }]);
        world
            .change_client("other", |client| {
                client.grant_types.insert(Grant::TokenExchange.name().to_owned());
                client.grant_rules.token_exchange = serde_json::from_value(rules).unwrap();
            })
            .await;
        let rules = json!([{ "issuer": PARTNER, "audience": API, "scopes": "read write" }]);
        world
            .change_client("machine", |client| {
                client.grant_types.insert(Grant::JwtBearer.name().to_owned());
                client.grant_rules.jwt_bearer = serde_json::from_value(rules).unwrap();
            })
            .await;
        (world, partner)
    }

    /// Exchanges a token as `other`.
    pub async fn exchange(&self, token: &Value, kind: &str, more: &[(&str, &str)]) -> Answer {
        let token = token.as_str().unwrap();
        let mut fields = vec![("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", kind)];
        fields.extend(more);
        self.token("other", &fields).await
    }

    /// Shows an assertion as `machine`.
    pub async fn assert_grant(&self, assertion: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![("grant_type", BEARER), ("assertion", assertion)];
        fields.extend(more);
        self.token("machine", &fields).await
    }
}

/// An issuer of its own.
pub struct Partner {
    key: SigningKey,
}

impl Partner {
    /// One that the operator trusts.
    pub async fn trusted(world: &World, subject: SubjectRule) -> Self {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let jwks = json!({ "keys": [jwk.public_value().unwrap()] });
        let new = NewIssuer {
            issuer: PARTNER.to_owned(),
            name: "Partner".to_owned(),
            jwks,
            subject,
            max_lifetime_secs: None,
        };
        world.carry_out(Command::Issuer(IssuerCommand::Add(new))).await;
        Self { key: SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap() }
    }

    /// An assertion about Ada, changed by these members.
    pub fn says(&self, jti: &str, changes: &Value) -> String {
        let mut claims = json!({
            "iss": PARTNER, "sub": "Ada@Example.com", "aud": ISSUER, "exp": NOW + 120, "iat": NOW, "jti": jti
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        jwt::sign(&self.key, "JWT", &claims).unwrap()
    }
}
