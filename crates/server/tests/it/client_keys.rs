//! Clients' keys by reference (`jwks_uri`): fetched from a real HTTPS server of the client's, kept, fetched again when they change, and never
//! from where a server must not look (specs rule 9).

use serde_json::{Value, json};
use symbolon_jose::jwe::{DecryptingKey, DecryptingKeys};
use symbolon_jose::jwk::Purpose;
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, ContentEncryption, Jwk, JwkSet, KeyManagement, SigningKey, VerifyingKeys};
use symbolon_oauth::AuthMethod;
use symbolon_server::config::KeyFetches;

use crate::support::answers::everything;
use crate::support::client::param;
use crate::support::key_server::{KeyServer, allowed};
use crate::support::requests::{object, object_url};
use crate::support::{Answer, ISSUER, World};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ADA: &str = "ada@example.com";

/// The client `machine`, whose keys are on a server of its own.
struct Far {
    world: World,
    server: KeyServer,
    key: Jwk,
}

fn key(kid: &str) -> Jwk {
    Jwk::generate(Algorithm::ES256).unwrap().with_kid(kid)
}

async fn enrol(world: &World, client: &str, uri: &str) {
    world
        .change_client(client, |client| {
            client.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            client.secrets = Vec::new();
            client.metadata.jwks_uri = Some(uri.to_owned());
        })
        .await;
}

impl Far {
    async fn new() -> Self {
        Self::of(World::with(allowed).await).await
    }

    /// In a world that is there.
    async fn of(world: World) -> Self {
        let key = key("first");
        let server = KeyServer::new(&[&key]).await;
        enrol(&world, "machine", &server.uri()).await;
        Self { world, server, key }
    }

    async fn proves(&self, key: &Jwk, jti: &str) -> bool {
        let answer = send(&self.world, key, jti).await;
        if answer.status != 200 {
            answer.is_error(401, "invalid_client");
        }
        answer.status == 200
    }
}

async fn send(world: &World, key: &Jwk, jti: &str) -> Answer {
    let now = world.clock.now();
    let claims = json!({ "iss": "machine", "sub": "machine", "aud": ISSUER, "exp": now + 60, "jti": jti });
    let assertion = jwt::sign(&SigningKey::from_jwk(key, Algorithm::ES256).unwrap(), "JWT", &claims).unwrap();
    let fields =
        [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", &assertion)];
    world.post_with("", "/oauth/token", &fields).await
}

#[tokio::test]
async fn keys_are_fetched_once_and_kept() {
    let far = Far::new().await;
    assert_eq!(far.server.asked(), 0, "nothing is fetched before it is needed");
    for jti in ["a", "b", "c"] {
        assert!(far.proves(&far.key, jti).await);
    }
    assert_eq!(far.server.asked(), 1);
}

#[tokio::test]
async fn many_at_once_share_one_fetch() {
    let far = Far::new().await;
    let sends = (0..8).map(|at| {
        let (world, key) = (&far.world, &far.key);
        async move { send(world, key, &format!("once-{at}")).await }
    });
    for answer in join(sends).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(far.server.asked(), 1);
}

async fn join<F: Future<Output = Answer>>(requests: impl Iterator<Item = F>) -> Vec<Answer> {
    let requests: Vec<_> = requests.map(Box::pin).collect();
    let (count, left) = (requests.len(), std::cell::RefCell::new(requests));
    crate::support::protocol::futures(count, || left.borrow_mut().pop().unwrap()).await
}

/// OpenID Connect Core §10.1.1: "The verifier knows to go back to the jwks_uri location to re-retrieve the keys when it sees an
/// unfamiliar kid value."
#[tokio::test]
async fn core_section_10_1_1_an_unfamiliar_kid_sends_the_server_back_to_the_keys() {
    let far = Far::new().await;
    assert!(far.proves(&far.key, "a").await);
    let second = key("second");
    far.server.has(&[&second]);
    assert!(far.proves(&second, "b").await, "at once, whatever the time");
    assert_eq!(far.server.asked(), 2);
    assert!(!far.proves(&far.key, "c").await, "what the client has taken away does not count");
}

/// Anybody can send an invented `kid`: specs rule 9, "at a bounded rate".
#[tokio::test]
async fn invented_kids_do_not_become_a_flood_of_fetches() {
    let far = Far::new().await;
    assert!(far.proves(&far.key, "a").await);
    for at in 0..20 {
        assert!(!far.proves(&key(&format!("invented-{at}")), &format!("x-{at}")).await);
    }
    assert_eq!(far.server.asked(), 1 + 5);
    assert!(far.proves(&far.key, "b").await, "the client itself is not harmed");
    far.world.advance(10);
    let second = key("second");
    far.server.has(&[&far.key, &second]);
    assert!(far.proves(&second, "c").await, "one more after ten seconds");
}

#[tokio::test]
async fn how_often_unknown_keys_are_fetched_is_the_operators_to_say() {
    let world = World::with(|config| {
        allowed(config);
        config.throttle.client_keys = KeyFetches { free: 1, refill_secs: 60 };
    })
    .await;
    let far = Far::of(world).await;
    assert!(far.proves(&far.key, "a").await);
    for at in 0..3 {
        assert!(!far.proves(&key(&format!("invented-{at}")), &format!("x-{at}")).await);
    }
    assert_eq!(far.server.asked(), 1 + 1);
    far.world.advance(59);
    assert!(!far.proves(&key("invented"), "y").await);
    assert_eq!(far.server.asked(), 1 + 1);
    far.world.advance(1);
    assert!(!far.proves(&key("invented"), "z").await);
    assert_eq!(far.server.asked(), 1 + 2);
}

#[tokio::test]
async fn a_fetch_that_fails_keeps_the_old_keys_for_a_day_and_no_longer() {
    let far = Far::new().await;
    assert!(far.proves(&far.key, "a").await);
    far.server.answers("503 Service Unavailable", "", "");
    far.world.advance(86_400 - 1);
    assert!(far.proves(&far.key, "b").await, "old, but the best there is");
    far.world.advance(1);
    assert!(!far.proves(&far.key, "c").await, "too old to be believed");
    far.server.has(&[&far.key]);
    far.world.advance(120);
    assert!(far.proves(&far.key, "d").await, "and back again");
}

#[tokio::test]
async fn while_the_server_is_away_it_is_not_asked_for_every_request() {
    let far = Far::new().await;
    far.server.answers("500 Internal Server Error", "", "");
    for at in 0..5 {
        assert!(!far.proves(&far.key, &format!("a-{at}")).await);
    }
    assert_eq!(far.server.asked(), 1);
    far.server.has(&[&far.key]);
    far.world.advance(1);
    assert!(far.proves(&far.key, "b").await);
}

#[tokio::test]
async fn redirects_errors_and_what_is_no_public_key_set_bring_nothing() {
    let far = Far::new().await;
    let elsewhere = KeyServer::new(&[&far.key]).await;
    let good = json!({ "keys": [far.key.public_value().unwrap()] }).to_string();
    let private = json!({ "keys": [far.key.public_value().unwrap(), { "kty": "oct", "k": "A".repeat(43) }] });
    let cases = [
        ("302 Found", format!("location: {}\r\n", elsewhere.uri()), String::new()),
        ("307 Temporary Redirect", format!("location: {}\r\n", elsewhere.uri()), good.clone()),
        ("404 Not Found", String::new(), good.clone()),
        ("204 No Content", String::new(), String::new()),
        ("200 OK", String::new(), "<html></html>".to_owned()),
        ("200 OK", String::new(), r#"{"keys":[]}"#.to_owned()),
        ("200 OK", String::new(), private.to_string()),
        ("200 OK", String::new(), format!("{good}{}", " ".repeat(70_000))),
    ];
    for (at, (status, headers, body)) in cases.iter().enumerate() {
        far.server.answers(status, headers, body);
        assert!(!far.proves(&far.key, &format!("bad-{at}")).await, "{status}");
        far.world.advance(3600);
    }
    assert_eq!((far.server.asked(), elsewhere.asked()), (cases.len(), 0));
    far.server.has(&[&far.key]);
    assert!(far.proves(&far.key, "good").await);
}

/// What never ends is cut off; nobody else waits for it.
#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let far = Far::new().await;
    far.server.drips("{\"keys\":[");
    let (slow, other) = tokio::join!(send(&far.world, &far.key, "a"), far.world.token("web", &[("grant_type", "x")]));
    slow.is_error(401, "invalid_client");
    other.is_error(400, "unsupported_grant_type");
}

/// Security 112, 113: a client must not make this server look where nobody outside can.
#[tokio::test]
async fn private_addresses_are_refused_unless_the_operator_allows_them() {
    let world = World::new().await;
    let key = key("first");
    let server = KeyServer::new(&[&key]).await;
    let near = server.uri();
    for uri in [
        near.as_str(),
        "https://127.0.0.1/jwks.json",
        "https://[::1]/jwks.json",
        "https://10.0.0.1/jwks.json",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/jwks.json",
    ] {
        enrol(&world, "machine", uri).await;
        send(&world, &key, "a").await.is_error(401, "invalid_client");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_brings_no_keys() {
    let world = World::with(|config| {
        allowed(config);
        config.outgoing.ca = None;
    })
    .await;
    let key = key("first");
    let server = KeyServer::new(&[&key]).await;
    enrol(&world, "machine", &server.uri()).await;
    send(&world, &key, "a").await.is_error(401, "invalid_client");
    assert_eq!(server.asked(), 0);
}

/// Who does not exist, is switched off or proves itself otherwise causes no fetch.
#[tokio::test]
async fn nothing_is_fetched_for_whom_it_could_not_prove() {
    let far = Far::new().await;
    far.world.change_client("machine", |client| client.disabled = true).await;
    assert!(!far.proves(&far.key, "a").await);
    far.world
        .change_client("machine", |client| {
            client.disabled = false;
            client.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
        })
        .await;
    assert!(!far.proves(&far.key, "b").await);
    assert_eq!(far.server.asked(), 0);
}

/// RFC 9101 §6.2.
#[tokio::test]
async fn request_objects_are_verified_with_fetched_keys() {
    let world = World::with(allowed).await;
    let key = key("first");
    let server = KeyServer::new(&[&key]).await;
    world.change_client("web", |client| client.metadata.jwks_uri = Some(server.uri())).await;
    let signing = SigningKey::from_jwk(&key, Algorithm::ES256).unwrap();
    let url = object_url("web", &object(&signing, "web", &[]), &[]);
    let mut browser = world.browser();
    let page = browser.get(&url).await;
    let answer = browser.sign_in(&page, ADA, crate::support::PASSWORD).await;
    assert!(answer.param("code").is_some(), "{answer:?}");
    assert_eq!(server.asked(), 1);
    let foreign = SigningKey::from_jwk(&self::key("foreign"), Algorithm::ES256).unwrap();
    let refused = world.browser().get(&object_url("web", &object(&foreign, "web", &[]), &[])).await;
    assert!(refused.status != 200 && refused.status != 303 || refused.param("code").is_none(), "{refused:?}");
}

async fn read(world: &World, pair: &Jwk, token: &str) -> Value {
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    let keys = VerifyingKeys::from_jwks(&JwkSet::from_slice(jwks.as_bytes()).unwrap(), Algorithm::ASYMMETRIC);
    let enc = [ContentEncryption::A128CbcHs256];
    let key = DecryptingKey::from_jwk(pair, KeyManagement::EcdhEsA256Kw, &enc).unwrap();
    let policy = Policy::new(ISSUER, "web").accept_type("JWT");
    let decrypting = DecryptingKeys::single(key);
    jwt::decrypt_then_verify::<Value>(token, &decrypting, &keys, &policy, world.clock.now()).unwrap().into_claims()
}

/// OpenID Connect Registration §2, JARM §3: the keys to encrypt to are where the client says they are.
#[tokio::test]
async fn id_tokens_and_answers_are_encrypted_to_fetched_keys() {
    let world = World::with(allowed).await;
    let alg = KeyManagement::EcdhEsA256Kw;
    let pair = Jwk::generate(alg).unwrap().with_purpose(Purpose::Encryption).unwrap();
    let server = KeyServer::new(&[&pair]).await;
    world
        .change_client("web", |client| {
            everything(client);
            client.metadata.jwks_uri = Some(server.uri());
            client.responses.id_token_encrypted_response_alg = Some(alg);
            client.responses.authorization_encrypted_response_alg = Some(alg);
        })
        .await;
    let more = [("response_type", "code id_token"), ("response_mode", "fragment.jwt")];
    let answer = world.authorized(&mut world.browser(), "web", ADA, &more).await;
    let claims = read(&world, &pair, &param(answer.location(), "response").unwrap()).await;
    let id_token = claims["id_token"].as_str().unwrap();
    assert_eq!(read(&world, &pair, id_token).await["nonce"], "n-0S6_WzA2Mj");
    let tokens = world.tokens("web", ADA).await;
    assert_eq!(read(&world, &pair, tokens["id_token"].as_str().unwrap()).await["aud"], "web");
    assert_eq!(server.asked(), 1);
}

/// Nothing goes out in the clear because a key could not be had.
#[tokio::test]
async fn without_the_key_nothing_is_sent_unencrypted() {
    let world = World::with(allowed).await;
    let signing = key("first");
    let server = KeyServer::new(&[&signing]).await;
    world
        .change_client("web", |client| {
            client.metadata.jwks_uri = Some(server.uri());
            client.responses.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEsA256Kw);
        })
        .await;
    let code = world.browser().code("web", ADA, &[]).await;
    let answer = world.redeem("web", &code).await;
    answer.is_error(500, "server_error");
    assert!(!answer.body.contains("id_token\""));
}
