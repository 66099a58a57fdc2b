//! What the tests of this crate share: a repeatable generator, a fixed time, clients, an API and a user.

use std::path::PathBuf;

use crate::acr::Levels;
use crate::certificate::{ClientCertificate, header};
use crate::claims::Profile;
use crate::client_auth::{self, AuthenticatedClient, Authentication, Credentials};
use crate::context::{Context, Lifetimes, Rng};
use crate::grant::Grant;
use crate::ids::{ClientId, Issuer};
use crate::issue::{UserFacts, UserStatus};
use crate::pairwise::Pairwise;
use crate::params::Params;
use crate::profile::SecurityProfile;
use crate::redirect_uri::{RegisteredRedirectUri, find_registered};
use crate::registration::{Api, AuthMethod, Client, ClientApi, SubjectType};
use crate::scope::Scope;
use crate::sign_up::SignUp;

/// The time it is.
pub(crate) const NOW: u64 = 1_800_000_000;
/// The identifier of the only API.
pub(crate) const API: &str = "http://localhost:4402";
/// The redirect URI of [`spa`].
pub(crate) const SPA_URI: &str = "https://spa.example/callback";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Not random at all: the same seed, the same bytes.
pub(crate) struct TestRng(u64);

impl TestRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Rng for TestRng {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // splitmix64
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = ((z ^ (z >> 31)) & 0xFF) as u8;
        }
    }
}

pub(crate) fn issuer() -> Issuer {
    Issuer::parse("https://auth.example").unwrap()
}

/// Runs `f` with a context of that time.
pub(crate) fn at<T>(now: u64, f: impl FnOnce(&mut Context<'_>) -> T) -> T {
    let issuer = issuer();
    let lifetimes = Lifetimes::default();
    let pairwise = names();
    let levels = Levels::default();
    let rng = &mut TestRng::new(now);
    let sign_up = SignUp::Off;
    f(&mut Context { now, issuer: &issuer, lifetimes, levels: &levels, pairwise: &pairwise, sign_up, rng })
}

/// What users are called towards clients with pairwise subjects.
pub(crate) fn names() -> Pairwise {
    Pairwise::new(&[7; 32]).unwrap()
}

/// The client, with pairwise subjects.
pub(crate) fn pairwise(mut client: Client) -> Client {
    client.subjects.subject_type = SubjectType::Pairwise;
    client
}

fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

/// A file of the folder `tests/certificates`.
pub(crate) fn certificate_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/certificates").join(name)
}

/// A certificate of that folder.
pub(crate) fn certificate(name: &str) -> ClientCertificate {
    let pem = std::fs::read_to_string(certificate_file(&format!("{name}.crt"))).unwrap();
    ClientCertificate::read(&header::read(&pem).unwrap()).unwrap()
}

/// A first-party browser client.
pub(crate) fn spa() -> Client {
    let mut client = Client::spa(id("spa"), "Dragons");
    client.first_party = true;
    client.redirect_uris = vec![SPA_URI.to_owned()];
    client
}

/// A third-party confidential client with the secret `s3cret`.
pub(crate) fn third_party() -> Client {
    let mut client = Client::web(id("third"), "Third");
    client.redirect_uris = vec!["https://third.example/cb".to_owned()];
    client.secrets = vec![crate::registration::SecretHash::of("s3cret", 0)];
    client.apis = vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read:dragons").unwrap() }];
    client
}

/// A service with the secret `s3cret`.
pub(crate) fn machine() -> Client {
    let mut client = Client::machine(id("machine"), "Machine");
    client.secrets = vec![crate::registration::SecretHash::of("s3cret", 0)];
    client.apis = vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read:dragons").unwrap() }];
    client
}

/// A confidential client of FAPI 2.0, and the key it signs with.
pub(crate) fn fapi2() -> (Client, symbolon_jose::SigningKey) {
    let jwk = symbolon_jose::Jwk::generate(symbolon_jose::Algorithm::ES256).unwrap();
    let mut client = Client::web(id("bank"), "Bank").with_profile(SecurityProfile::Fapi2);
    client.redirect_uris = vec!["https://bank.example/cb".to_owned()];
    client.jwks = Some(serde_json::json!({ "keys": [jwk.public_value().unwrap()] }));
    client.apis = vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read:dragons").unwrap() }];
    (client, symbolon_jose::SigningKey::from_jwk(&jwk, symbolon_jose::Algorithm::ES256).unwrap())
}

/// A third-party public client without redirect URIs, on devices without a browser.
pub(crate) fn tv() -> Client {
    let mut client = Client::native(id("tv"), "Television");
    client.grant_types = [Grant::DeviceCode, Grant::RefreshToken].map(|grant| grant.name().to_owned()).into();
    client.apis = vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read:dragons").unwrap() }];
    client
}

pub(crate) fn apis() -> Vec<Api> {
    vec![Api::new(API, "Dragons").with_scope("read:dragons", "See dragons").with_scope("write:dragons", "Feed dragons")]
}

/// An API with a type of authorization details.
pub(crate) fn payments() -> Api {
    let mut api = Api::new("https://pay.example", "Payments");
    api.authorization_details_types = serde_json::from_value(serde_json::json!([{
        "type": "payment", "title": "Pay once", "description": "Money leaves your account.", "fields": [
            { "name": "amount", "label": "Amount", "kind": "object", "required": true, "fields": [
                { "name": "currency", "label": "Currency", "required": true, "values": ["EUR", "CHF"] },
                { "name": "value", "kind": "number", "required": true },
            ] },
            { "name": "creditor", "label": "To", "required": true },
            { "name": "actions", "label": "May", "kind": "texts", "values": ["initiate", "status", "cancel"] },
        ],
    }]))
    .unwrap();
    api
}

/// [`third_party`], which may ask for payments.
pub(crate) fn payer() -> Client {
    let mut client = third_party();
    client.apis.push(ClientApi { audience: payments().identifier, scopes: Scope::empty() });
    client.security.authorization_details_types.insert("payment".to_owned());
    client
}

/// A redirect URI that is registered.
pub(crate) fn registered(uri: &str) -> RegisteredRedirectUri {
    let mut client = spa();
    client.redirect_uris = vec![uri.to_owned()];
    find_registered(&client, uri).unwrap()
}

pub(crate) fn user() -> UserFacts {
    UserFacts {
        id: "usr_ada".to_owned(),
        status: UserStatus::Active,
        revocation_handle: "handle-1".to_owned(),
        roles: vec!["admin".to_owned()],
        profile: Profile {
            email: Some("ada@example.com".to_owned()),
            email_verified: true,
            name: Some("Ada".to_owned()),
            ..Profile::default()
        },
    }
}

/// A client that has proven who it is, by the ordinary way.
pub(crate) fn authenticated(client: &Client) -> AuthenticatedClient<'_> {
    if client.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt {
        return AuthenticatedClient::believed(client);
    }
    let id = client.client_id.as_str();
    let form =
        if client.is_public() { vec![("client_id", id)] } else { vec![("client_id", id), ("client_secret", "s3cret")] };
    let credentials = Credentials::from_request(None, &Params::from_pairs(form).unwrap()).unwrap();
    let keys = client_auth::ClientKeys::default();
    match at(NOW, |ctx| client_auth::authenticate(ctx, Some(client), keys, None, &credentials)) {
        Ok(Authentication::Done(client)) => client,
        other => panic!("not authenticated: {other:?}"),
    }
}
