//! The server, the clients and the person that `../run.js` has made, and flows that several tests go through.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreGrantType, CoreIdTokenClaims, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    DeviceAuthorizationUrl, EndpointMaybeSet, EndpointSet, HttpRequest, HttpResponse, IntrospectionUrl, IssuerUrl,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl, RevocationUrl,
    Scope, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What `../run.js` says.
#[derive(Deserialize)]
pub struct World {
    pub issuer: IssuerUrl,
    person: String,
    redirect_uri: RedirectUrl,
    pub user: User,
    pub api: Api,
    clients: BTreeMap<String, Credential>,
}

/// The person who signs in.
#[derive(Deserialize)]
pub struct User {
    pub email: String,
    pub name: String,
}

/// The API, and the credential it introspects with.
#[derive(Deserialize)]
pub struct Api {
    pub id: String,
    pub secret: String,
    pub url: String,
}

#[derive(Deserialize)]
struct Credential {
    id: ClientId,
    secret: Option<ClientSecret>,
}

/// Read once.
pub static WORLD: LazyLock<World> = LazyLock::new(|| {
    let path = std::env::var("SYMBOLON_WORLD").expect("run by ../run.js, which says where the world is");
    serde_json::from_slice(&std::fs::read(path).expect("the world's file")).expect("the world as the tests know it")
});

/// Endpoints that the library takes one by one.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Endpoints {
    device_authorization_endpoint: DeviceAuthorizationUrl,
    introspection_endpoint: IntrospectionUrl,
    revocation_endpoint: RevocationUrl,
}

impl AdditionalProviderMetadata for Endpoints {}

type Metadata = ProviderMetadata<
    Endpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A client with every endpoint.
pub type Client = CoreClient<EndpointSet, EndpointSet, EndpointSet, EndpointSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The document and the key set, checked by the library.
pub static METADATA: LazyLock<Metadata> =
    LazyLock::new(|| Metadata::discover(&WORLD.issuer, &http).expect("discovery"));

/// Sends a request as it is; nothing is followed. The library revokes at https only, and the server here listens on loopback.
pub fn http(request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let (mut parts, body) = request.into_parts();
    let address = parts.uri.to_string();
    if let Some(rest) = address.strip_prefix("https://") {
        parts.uri = format!("http://{rest}").parse().map_err(ureq::http::Error::from)?;
    }
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let (parts, mut body) = agent.run(ureq::http::Request::from_parts(parts, body))?.into_parts();
    Ok(HttpResponse::from_parts(parts, body.read_to_vec()?))
}

/// Sends the person on an errand, and gives what they bring.
pub fn errand(name: &str, what: &Value) -> Value {
    let request = ureq::http::Request::post(format!("{}/{name}", WORLD.person))
        .header("content-type", "application/json")
        .body(serde_json::to_vec(what).expect("JSON"))
        .expect("a request");
    let answer = http(request).expect("the person's answer");
    assert_eq!(answer.status(), 200, "{}", String::from_utf8_lossy(answer.body()));
    serde_json::from_slice(answer.body()).expect("JSON")
}

/// One of the registered clients, sending its secret as it is registered to.
pub fn client(name: &str) -> Client {
    let Credential { id, secret } = &WORLD.clients[name];
    let auth = if name == "post" { AuthType::RequestBody } else { AuthType::BasicAuth };
    made(id.clone(), secret.clone()).set_auth_type(auth)
}

/// The API as the library's client, for introspection.
pub fn api() -> Client {
    made(ClientId::new(WORLD.api.id.clone()), Some(ClientSecret::new(WORLD.api.secret.clone())))
}

fn made(id: ClientId, secret: Option<ClientSecret>) -> Client {
    let endpoints = METADATA.additional_metadata();
    let revocation = endpoints.revocation_endpoint.as_str().replacen("http://", "https://", 1);
    CoreClient::from_provider_metadata(METADATA.clone(), id, secret)
        .set_redirect_uri(WORLD.redirect_uri.clone())
        .set_device_authorization_url(endpoints.device_authorization_endpoint.clone())
        .set_introspection_url(endpoints.introspection_endpoint.clone())
        .set_revocation_url(RevocationUrl::new(revocation).expect("a URL"))
}

/// An authorization request and what must be remembered of it.
pub struct Begun {
    pub url: String,
    pub state: CsrfToken,
    pub nonce: Nonce,
    pub verifier: PkceCodeVerifier,
}

/// The code flow with PKCE and everything one can ask for.
pub fn begin(client: &Client, more: &[(&'static str, &str)]) -> Begun {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .set_pkce_challenge(challenge)
        .add_extra_param("resource", WORLD.api.id.as_str());
    for scope in ["profile", "email", "offline_access", "read:dragons"] {
        request = request.add_scope(Scope::new(scope.to_owned()));
    }
    for (name, value) in more {
        request = request.add_extra_param(*name, (*value).to_owned());
    }
    let (url, state, nonce) = request.url();
    Begun { url: url.to_string(), state, nonce, verifier }
}

impl Begun {
    /// Goes through the hosted pages; gives what arrives at the redirect URI, its state and issuer checked.
    pub fn answer(&self) -> BTreeMap<String, String> {
        let brought = errand("sign-in", &json!({"url": self.url}));
        let back = brought["url"].as_str().unwrap_or_else(|| panic!("no answer but {brought}"));
        let back = openidconnect::url::Url::parse(back).expect("a URL");
        let answer: BTreeMap<String, String> = back.query_pairs().into_owned().collect();
        assert_eq!(answer["state"], *self.state.secret());
        assert_eq!(answer["iss"], WORLD.issuer.as_str());
        answer
    }

    pub fn code(&self) -> AuthorizationCode {
        AuthorizationCode::new(self.answer()["code"].clone())
    }
}

/// Signs in: tokens, and the claims of the ID token, verified.
pub fn signed_in(client: &Client) -> (CoreTokenResponse, CoreIdTokenClaims) {
    let begun = begin(client, &[]);
    let request = client.exchange_code(begun.code()).expect("a token endpoint");
    let tokens = request.set_pkce_verifier(begun.verifier).request(&http).expect("tokens");
    let claims = verified(client, &tokens, &begun.nonce);
    (tokens, claims)
}

/// Signature, issuer, audience, expiry, nonce, and the hash of the access token.
pub fn verified(client: &Client, tokens: &CoreTokenResponse, nonce: &Nonce) -> CoreIdTokenClaims {
    let token = tokens.id_token().expect("an ID token");
    let verifier = client.id_token_verifier();
    let claims = token.claims(&verifier, nonce).expect("valid claims").clone();
    if let Some(expected) = claims.access_token_hash() {
        let alg: &CoreJwsSigningAlgorithm = &token.signing_alg().expect("a known algorithm").clone();
        let key = token.signing_key(&verifier).expect("a key of the set");
        let hash = AccessTokenHash::from_token(tokens.access_token(), alg, key).expect("a hash");
        assert_eq!(hash, *expected);
    }
    claims
}

/// Asks the API with this token; gives the status.
pub fn call(token: &str) -> u16 {
    let request = ureq::http::Request::get(&WORLD.api.url).header("authorization", format!("Bearer {token}"));
    http(request.body(Vec::new()).expect("a request")).expect("an answer").status().as_u16()
}
