//! What the gateway asks the issuer: to sign somebody in (RFC 6749 §4.1, PKCE RFC 7636, pushed where that is offered, RFC 9126), for tokens, who a
//! person is, to forget a token (RFC 7009); and where people sign out (OpenID Connect RP-Initiated Logout 1.0 §2).

use std::collections::BTreeSet;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use symbolon_jose::jwt::{self, Policy};
use symbolon_oauth::pkce::CodeChallenge;
use symbolon_oauth::relying_party::id_token::{self, Expected};
use symbolon_oauth::relying_party::{Ended, IdTokenRefused, LogoutRefused, SignedIn, logout_token};
use symbolon_server::rng::SystemRng;
use url::Url;
use zeroize::Zeroizing;

use super::{Facts, Form, Provider, ProviderError, TIME};
use crate::config::Config;

/// A question to somebody, of which only the gateway knows the secrets.
#[derive(Debug)]
pub(crate) struct Questioned<'a> {
    /// Comes back unchanged.
    pub(crate) state: &'a str,
    /// Comes back in the ID token.
    pub(crate) nonce: &'a str,
    /// What will redeem the code.
    pub(crate) verifier: &'a str,
    /// What the page asked for besides, by names that it may choose.
    pub(crate) besides: Vec<(String, String)>,
}

/// What the token endpoint gave.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: Zeroizing<String>,
    token_type: String,
    #[serde(default = "a_minute")]
    pub(crate) expires_in: u64,
    pub(crate) refresh_token: Option<Zeroizing<String>>,
    pub(crate) id_token: Option<Zeroizing<String>>,
    pub(crate) scope: Option<String>,
}

/// RFC 6749 §5.1: "If omitted, the authorization server SHOULD provide the expiration time via other means". Soon is the safe guess.
fn a_minute() -> u64 {
    60
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Provider {
    /// Where to send the browser with a question.
    pub(crate) async fn question(&self, config: &Config, asked: &Questioned<'_>) -> Result<Url, ProviderError> {
        let facts = self.facts().await?;
        let mut form = Form::default();
        form.add("response_type", "code")
            .add("redirect_uri", &config.origin.at("/callback"))
            .add("scope", &whole_scope(config))
            .add("state", asked.state)
            .add("nonce", asked.nonce)
            .add("code_challenge", CodeChallenge::of(asked.verifier).as_str())
            .add("code_challenge_method", "S256");
        for audience in config.apis.iter().filter_map(|api| api.audience.as_deref()).collect::<BTreeSet<_>>() {
            form.add("resource", audience);
        }
        for (name, value) in &asked.besides {
            form.add(name, value);
        }
        let malformed = |_| ProviderError::Malformed("authorization endpoint");
        let mut url = Url::parse(&facts.metadata.authorization_endpoint).map_err(malformed)?;
        let query = match &facts.metadata.pushed_authorization_request_endpoint {
            None => {
                form.add("client_id", self.client_id());
                form.encoded()
            }
            Some(endpoint) => {
                let body = self.ask(endpoint, form).await?;
                let Pushed { request_uri } = serde_json::from_slice(&body)
                    .map_err(|_| ProviderError::Malformed("answer to a pushed request"))?;
                let mut query = Form::default();
                query.add("client_id", self.client_id()).add("request_uri", &request_uri);
                query.encoded()
            }
        };
        url.set_query(Some(&query));
        Ok(url)
    }

    /// Tokens for a code, the first of them for `audience`, and who has signed in.
    pub(crate) async fn redeem(
        &self,
        config: &Config,
        code: &str,
        asked: (&str, &str),
        audience: Option<&str>,
    ) -> Result<(Tokens, SignedIn), ProviderError> {
        let (verifier, nonce) = asked;
        let mut form = Form::default();
        form.add("grant_type", "authorization_code")
            .add("code", code)
            .add("redirect_uri", &config.origin.at("/callback"))
            .add("code_verifier", verifier);
        form.add_if("resource", audience);
        let tokens = self.tokens(form).await?;
        let id_token =
            tokens.id_token.as_deref().ok_or(ProviderError::Malformed("answer, which lacks an ID token,"))?;
        let mut who = self.who(id_token, Expected::Answer { nonce }).await?;
        who.claims.extend(self.userinfo(&tokens.access_token, &who.sub).await?);
        Ok((tokens, who))
    }

    /// New tokens for `audience`.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &str,
        audience: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Tokens, ProviderError> {
        let mut form = Form::default();
        form.add("grant_type", "refresh_token").add("refresh_token", refresh_token);
        form.add_if("resource", audience);
        form.add_if("scope", scope);
        self.tokens(form).await
    }

    /// Lets the issuer forget a refresh token, and what was born of it. That it could not be told is for the log.
    pub(crate) async fn revoke(&self, refresh_token: &str) -> Result<(), ProviderError> {
        let facts = self.facts().await?;
        let Some(endpoint) = &facts.metadata.revocation_endpoint else { return Ok(()) };
        let mut form = Form::default();
        form.add("token", refresh_token).add("token_type_hint", "refresh_token");
        self.ask(endpoint, form).await.map(drop)
    }

    /// Where people sign out of the issuer, too, and from where they come back to `back` with `state`.
    pub(crate) async fn farewell(&self, id_token: &str, back: &str, state: &str) -> Result<Option<Url>, ProviderError> {
        let facts = self.facts().await?;
        let Some(endpoint) = &facts.metadata.end_session_endpoint else { return Ok(None) };
        let mut url = Url::parse(endpoint).map_err(|_| ProviderError::Malformed("end_session_endpoint"))?;
        url.query_pairs_mut()
            .append_pair("client_id", self.client_id())
            .append_pair("post_logout_redirect_uri", back)
            .append_pair("state", state)
            .append_pair("id_token_hint", id_token);
        Ok(Some(url))
    }

    /// Whom an ID token is about, if it counts.
    pub(crate) async fn who(&self, id_token: &str, expected: Expected<'_>) -> Result<SignedIn, ProviderError> {
        let now = self.clock.now();
        let verify =
            |facts: &Facts| id_token::verify(id_token, &facts.keys, self.issuer(), self.client_id(), expected, now);
        let verified = match verify(&*self.facts().await?) {
            Err(IdTokenRefused::Token(symbolon_jose::Error::UnknownKey)) => verify(&*self.facts_anew().await?),
            verified => verified,
        };
        verified.map_err(ProviderError::IdToken)
    }

    /// What an access token for `audience` says, if it is a signed one of the issuer's (RFC 9068): for pages, which must not have it in their hands.
    pub(crate) async fn says(&self, access_token: &str, audience: Option<&str>) -> Option<Map<String, Value>> {
        let facts = self.facts().await.ok()?;
        let policy = match audience {
            Some(audience) => Policy::new(self.issuer(), audience),
            None => Policy::danger_any_audience(self.issuer()),
        };
        let policy = policy.accept_type("at+jwt");
        let verified = jwt::verify::<Map<String, Value>>(access_token, &facts.keys, &policy, self.clock.now()).ok()?;
        Some(verified.into_claims())
    }

    /// What has ended elsewhere, if the logout token counts.
    pub(crate) async fn ended(&self, logout_token: &str) -> Result<Ended, ProviderError> {
        let now = self.clock.now();
        let verify =
            |facts: &Facts| logout_token::verify(logout_token, &facts.keys, self.issuer(), self.client_id(), now);
        let verified = match verify(&*self.facts().await?) {
            Err(LogoutRefused::Token(symbolon_jose::Error::UnknownKey)) => verify(&*self.facts_anew().await?),
            verified => verified,
        };
        verified.map_err(ProviderError::LogoutToken)
    }

    /// What the issuer says of the person (OpenID Connect Core §5.3), who must be `sub`. An issuer without such an endpoint says nothing.
    async fn userinfo(&self, access_token: &str, sub: &str) -> Result<Map<String, Value>, ProviderError> {
        let facts = self.facts().await?;
        let Some(endpoint) = &facts.metadata.userinfo_endpoint else { return Ok(Map::new()) };
        let request = Request::get(endpoint.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, bearer(access_token))
            .body(Body::empty())
            .map_err(|_| ProviderError::Malformed("userinfo endpoint"))?;
        let (status, body) = self.http.exchange(request, TIME).await?;
        if status != StatusCode::OK {
            return Err(ProviderError::Away(format!("userinfo answered {status}")));
        }
        let claims: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|_| ProviderError::Malformed("userinfo"))?;
        // §5.3.2: "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token".
        if claims.get("sub").and_then(Value::as_str) != Some(sub) {
            return Err(ProviderError::IdToken(IdTokenRefused::OtherPerson));
        }
        Ok(claims)
    }

    async fn tokens(&self, form: Form) -> Result<Tokens, ProviderError> {
        let facts = self.facts().await?;
        let body = Zeroizing::new(self.ask(&facts.metadata.token_endpoint, form).await?.to_vec());
        let tokens: Tokens = serde_json::from_slice(&body).map_err(|_| ProviderError::Malformed("token answer"))?;
        // RFC 6749 §7.1: a client must not use a token of a type that it does not understand.
        if !tokens.token_type.eq_ignore_ascii_case("bearer") {
            return Err(ProviderError::Malformed("token type"));
        }
        Ok(tokens)
    }

    /// Posts a form with the gateway's proof; gives the answer, if it is a yes.
    async fn ask(&self, endpoint: &str, mut form: Form) -> Result<bytes::Bytes, ProviderError> {
        let mut headers = HeaderMap::new();
        let now = self.clock.now();
        self.proof
            .add(&self.client_id, self.issuer(), now, &mut SystemRng, &mut form, &mut headers)
            .map_err(|_| ProviderError::Malformed("key of the gateway"))?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let mut request = Request::post(endpoint)
            .body(Body::from(form.encoded()))
            .map_err(|_| ProviderError::Malformed("address of an endpoint"))?;
        request.headers_mut().extend(headers);
        let (status, body) = self.http.exchange(request, TIME).await?;
        if status.is_success() {
            return Ok(body);
        }
        let refusal = serde_json::from_slice::<Refusal>(&body).ok();
        match refusal.filter(|_| status.is_client_error()) {
            // It means "later", whatever the body says.
            _ if status == StatusCode::TOO_MANY_REQUESTS => Err(ProviderError::Away(format!("it answered {status}"))),
            Some(Refusal { error }) => Err(ProviderError::Refused(error)),
            None => Err(ProviderError::Away(format!("it answered {status}"))),
        }
    }
}

/// What the sign-in and all APIs need, each once.
fn whole_scope(config: &Config) -> String {
    let all = std::iter::once(config.scope.as_str()).chain(config.apis.iter().filter_map(|api| api.scope.as_deref()));
    let mut names: Vec<&str> = Vec::new();
    for name in all.flat_map(str::split_ascii_whitespace) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" ")
}

/// The header that opens an API; marked, so that nothing prints it.
pub(crate) fn bearer(access_token: &str) -> HeaderValue {
    let value = HeaderValue::try_from(format!("Bearer {access_token}"));
    let mut value = value.unwrap_or(HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}
