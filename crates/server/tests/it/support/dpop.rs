//! A holder of a key, who proves it (RFC 9449).

use http::header::AUTHORIZATION;
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, base64url, jwt, sha256};
use symbolon_oauth::random_id;
use symbolon_server::rng::SystemRng;

use super::flow::VERIFIER;
use super::{Answer, CALLBACK, ISSUER, NOW, SPA_CALLBACK, World};

pub const DPOP: HeaderName = HeaderName::from_static("dpop");

/// A key and what it signs.
pub struct Prover(Jwk);

impl Prover {
    pub fn new() -> Self {
        Self(Jwk::generate(Algorithm::ES256).unwrap())
    }

    /// The key's thumbprint.
    pub fn jkt(&self) -> String {
        self.0.thumbprint_base64url()
    }

    /// A proof for the endpoint, with these claims changed, or left out where they are null.
    pub fn proof(&self, method: &str, path: &str, changes: &Value) -> String {
        let mut claims = json!({
            "jti": random_id(&mut SystemRng), "htm": method, "htu": format!("{ISSUER}{path}"), "iat": NOW
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        jwt::sign_with_jwk(&self.0, Algorithm::ES256, "dpop+jwt", &claims).unwrap()
    }

    /// A proof for the token endpoint.
    pub fn for_tokens(&self) -> String {
        self.proof("POST", "/oauth/token", &json!({}))
    }

    /// A proof for userinfo, beside the token.
    pub fn for_userinfo(&self, token: &str) -> String {
        self.proof("GET", "/userinfo", &json!({"ath": base64url::encode(&sha256(token.as_bytes()))}))
    }
}

impl World {
    /// Asks for tokens with this proof.
    pub async fn token_with(&self, client: &str, proof: &str, pairs: &[(&str, &str)]) -> Answer {
        self.post_as_with(client, "/oauth/token", pairs, &[(DPOP, proof)]).await
    }

    /// Redeems a code with this proof.
    pub async fn redeem_with(&self, client: &str, proof: &str, code: &str) -> Answer {
        let redirect_uri = if client == "spa" { SPA_CALLBACK } else { CALLBACK };
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.token_with(client, proof, &fields).await
    }

    /// Refreshes with this proof.
    pub async fn refresh_with(&self, client: &str, proof: &str, refresh_token: &str) -> Answer {
        self.token_with(client, proof, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Signs Ada in at `client` and redeems the code with this key.
    pub async fn bound_tokens(&self, client: &str, prover: &Prover) -> Value {
        let code = self.browser().code(client, "ada@example.com", &[("scope", "openid offline_access")]).await;
        let answer = self.redeem_with(client, &prover.for_tokens(), &code).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// `GET /userinfo` with a token and a proof.
    pub async fn userinfo_with(&self, token: &str, proof: &str) -> Answer {
        let shown = format!("DPoP {token}");
        self.send(Method::GET, "/userinfo", &[(AUTHORIZATION, &shown), (DPOP, proof)], None).await
    }
}
