//! Clients that prove themselves by certificates, and tokens that are bound to them (RFC 8705), on the listener that asks for
//! certificates and behind a proxy that hands them on (RFC 9440).

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, Method};
use http_body_util::Full;
use serde_json::{Value, json};
use symbolon_oauth::AuthMethod;
use symbolon_server::Config;

use crate::support::certificates::{VERSIONS, header, reports, thumbprint, tls, with_certificates};
use crate::support::client::{exchange_over, form};
use crate::support::flow::{VERIFIER, basic};
use crate::support::protocol::claims;
use crate::support::{API, Answer, CALLBACK, SECRET, SPA_CALLBACK, World};

const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");

/// Makes the tokens of a client certificate-bound.
async fn bind(world: &World, client: &str) {
    world.change_client(client, |client| client.certificate.tls_client_certificate_bound_access_tokens = true).await;
}

#[tokio::test]
async fn rfc8705_section_2_1_a_certificate_of_the_authority_gets_the_named_client_its_token() {
    let world = World::with_certificates().await;
    for names in [&["client"][..], &["deep", "intermediate"]] {
        let answer = world.token_over(names, "reports").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["token_type"], "Bearer");
        assert_eq!(claims(&answer.json()["access_token"]).get("cnf"), None, "it is registered for no bound tokens");
    }
}

#[tokio::test]
async fn rfc8705_section_2_1_every_other_certificate_is_refused_with_the_same_words() {
    let world = World::with_certificates().await;
    let mut answers = Vec::new();
    for names in [&[][..], &["stranger"], &["other"], &["expired"], &["of-server"], &["self"], &["deep"]] {
        let answer = world.token_over(names, "reports").await;
        answer.is_error(401, "invalid_client");
        answers.push(answer.body);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "who asks does not learn which check failed");
    world.token_over(&["client"], "nobody").await.is_error(401, "invalid_client");
    world.token_over(&["client"], "own").await.is_error(401, "invalid_client");
    world.token_over(&["client"], "machine").await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc8705_section_2_1_a_certificate_counts_until_its_last_second_and_no_longer() {
    let world = World::with_certificates().await;
    world.advance(101 * 365 * 86_400);
    world.token_over(&["client"], "reports").await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc8705_section_2_2_a_self_signed_certificate_counts_by_its_registered_key() {
    let world = World::with_certificates().await;
    for name in ["self", "self-again"] {
        assert_eq!(world.token_over(&[name], "own").await.status, 200, "{name}");
    }
    world.token_over(&["other"], "own").await.is_error(401, "invalid_client");
    world.token_over(&["self"], "reports").await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc8705_section_2_a_certificate_is_no_second_method_and_no_secret_s_substitute() {
    let world = World::with_certificates().await;
    let pairs =
        [("grant_type", "client_credentials"), ("client_id", "machine"), ("client_secret", SECRET), ("audience", API)];
    assert_eq!(world.post_over(&["client"], "/oauth/token", &pairs).await.status, 200);
    let with_secret = [("grant_type", "client_credentials"), ("client_id", "reports"), ("client_secret", SECRET)];
    world.post_over(&["client"], "/oauth/token", &with_secret).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc8705_section_2_both_versions_of_tls_prove_the_possession_of_the_key() {
    let world = World::with_certificates().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let tls = tls(&["client"], &[version]);
        let body = form(&[("grant_type", "client_credentials"), ("client_id", "reports"), ("audience", API)]);
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        // Twice: a session that is taken up again is still the certificate's.
        for _ in 0..2 {
            let answer = world.over(&tls, Method::POST, "/oauth/token", &headers, Some(body.clone())).await.unwrap();
            assert_eq!(answer.status, 200, "{version:?}: {}", answer.body);
        }
    }
}

/// Somebody else's certificate is public; its key is not.
#[tokio::test]
async fn rfc8705_section_2_1_a_certificate_without_its_key_ends_the_handshake() {
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::sign::CertifiedKey;
    use std::sync::Arc;

    #[derive(Debug)]
    struct Thief(Arc<CertifiedKey>);
    impl rustls::client::ResolvesClientCert for Thief {
        fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
        fn has_certs(&self) -> bool {
            true
        }
    }

    let world = World::with_certificates().await;
    let key = PrivateKeyDer::from_pem_file(crate::support::certificates::file("other.key")).unwrap();
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let stolen = Arc::new(CertifiedKey::new(crate::support::certificates::chain(&["client"]), key));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = rustls::RootCertStore::empty();
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/one.crt");
        roots.add(rustls::pki_types::CertificateDer::from_pem_file(fixture).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let config =
            builder.with_root_certificates(roots).with_client_cert_resolver(Arc::new(Thief(Arc::clone(&stolen))));
        let tls = Arc::new(config);
        let body = form(&[("grant_type", "client_credentials"), ("client_id", "reports"), ("audience", API)]);
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        let answer = world.over(&tls, Method::POST, "/oauth/token", &headers, Some(body)).await;
        assert!(answer.is_err(), "{version:?}: {answer:?}");
    }
}

#[tokio::test]
async fn rfc8705_section_3_a_bound_token_names_its_certificate_and_introspection_says_so() {
    let world = World::with_certificates().await;
    bind(&world, "reports").await;
    let answer = world.token_over(&["client"], "reports").await.json();
    assert_eq!(answer["token_type"], "Bearer");
    let cnf = json!({ "x5t#S256": thumbprint("client") });
    assert_eq!(claims(&answer["access_token"])["cnf"], cnf);
    let asked = [("token", answer["access_token"].as_str().unwrap()), ("client_id", "reports")];
    let told = world.post_over(&["client"], "/oauth/introspect", &asked).await.json();
    assert_eq!((&told["active"], &told["cnf"], &told["token_type"]), (&json!(true), &cnf, &json!("Bearer")));
}

#[tokio::test]
async fn rfc8705_section_3_4_a_client_of_bound_tokens_gets_none_without_a_certificate() {
    let world = World::with_certificates().await;
    bind(&world, "machine").await;
    let pairs =
        [("grant_type", "client_credentials"), ("client_id", "machine"), ("client_secret", SECRET), ("audience", API)];
    world.post_over(&[], "/oauth/token", &pairs).await.is_error(400, "invalid_request");
    let bound = world.post_over(&["self"], "/oauth/token", &pairs).await;
    assert_eq!(claims(&bound.json()["access_token"])["cnf"], json!({ "x5t#S256": thumbprint("self") }));
}

/// Signs Ada in at the ordinary address, and redeems the code at the other one.
async fn signed_in(world: &World, names: &[&str], client: &str) -> Answer {
    let scope = [("scope", "openid offline_access")];
    let mut browser = world.tls_browser();
    let code = browser.code(client, "ada@example.com", &scope).await;
    let redirect_uri = if client == "spa" { SPA_CALLBACK } else { CALLBACK };
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code.as_str()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    if client == "web" {
        pairs.push(("client_secret", SECRET));
    }
    world.post_over(names, "/oauth/token", &pairs).await
}

#[tokio::test]
async fn rfc8705_section_3_userinfo_takes_a_bound_token_over_its_certificate_only() {
    let world = World::with_certificates().await;
    bind(&world, "web").await;
    let token = signed_in(&world, &["self"], "web").await.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.userinfo_over(&["self"], "Bearer", &token).await.status, 200);
    for (names, scheme) in
        [(&["self-again"][..], "Bearer"), (&["client"], "Bearer"), (&[], "Bearer"), (&["self"], "DPoP")]
    {
        let answer = world.userinfo_over(names, scheme, &token).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].as_str()),
            (401, Some("invalid_token")),
            "{names:?} {scheme}"
        );
        assert!(answer.header("www-authenticate").contains("invalid_token"));
    }
}

#[tokio::test]
async fn rfc8705_section_4_a_public_client_refreshes_with_the_certificate_it_began_with() {
    let world = World::with_certificates().await;
    bind(&world, "spa").await;
    let first = signed_in(&world, &["self"], "spa").await;
    assert_eq!(first.status, 200, "{}", first.body);
    let refresh = |names: &'static [&'static str], token: Value| {
        let world = &world;
        async move {
            let pairs =
                [("grant_type", "refresh_token"), ("client_id", "spa"), ("refresh_token", token.as_str().unwrap())];
            world.post_over(names, "/oauth/token", &pairs).await
        }
    };
    let token = first.json()["refresh_token"].clone();
    refresh(&["self-again"], token.clone()).await.is_error(400, "invalid_grant");
    refresh(&["client"], token.clone()).await.is_error(400, "invalid_grant");
    refresh(&[], token.clone()).await.is_error(400, "invalid_request");
    // Who was refused was not the owner, and has ended nothing.
    let next = refresh(&["self"], token).await;
    assert_eq!(next.status, 200, "{}", next.body);
    assert_eq!(claims(&next.json()["access_token"])["cnf"], json!({ "x5t#S256": thumbprint("self") }));
}

#[tokio::test]
async fn rfc8705_section_4_a_confidential_client_s_refresh_token_is_its_own_whatever_its_certificate() {
    let world = World::with_certificates().await;
    bind(&world, "web").await;
    let first = signed_in(&world, &["self"], "web").await.json();
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", "web"),
        ("client_secret", SECRET),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
    ];
    let renewed = world.post_over(&["self-again"], "/oauth/token", &pairs).await;
    assert_eq!(claims(&renewed.json()["access_token"])["cnf"], json!({ "x5t#S256": thumbprint("self-again") }));
}

#[tokio::test]
async fn rfc8705_section_5_the_other_address_is_announced_and_the_usual_one_asks_nobody() {
    let world = World::with_certificates().await;
    let document = world.metadata();
    let port = world.running.app.config().mtls.listen.as_ref().unwrap().port().unwrap();
    let alias = document["mtls_endpoint_aliases"]["token_endpoint"].as_str().unwrap();
    assert_eq!(alias, format!("https://localhost:{port}/oauth/token"));
    assert_eq!(document["token_endpoint"], "https://localhost/oauth/token");
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], json!(true));
    let methods = document["token_endpoint_auth_methods_supported"].to_string();
    assert!(methods.contains("\"tls_client_auth\"") && methods.contains("self_signed_tls_client_auth"), "{methods}");

    // A client that has a certificate and is not asked for it shows none.
    let tls = tls(&["client"], VERSIONS);
    let body = form(&[("grant_type", "client_credentials"), ("client_id", "reports"), ("audience", API)]);
    let request = http::Request::post("/oauth/token").header(HOST, "localhost");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Full::from(body)).unwrap();
    exchange_over(world.address(), &tls, request).await.unwrap().is_error(401, "invalid_client");
}

#[tokio::test]
async fn the_other_address_has_the_endpoints_of_programs_and_no_pages() {
    let world = World::with_certificates().await;
    let tls = tls(&[], VERSIONS);
    for path in ["/authorize", "/login", "/setup", "/device", "/"] {
        let answer = world.over(&tls, Method::GET, path, &[], None).await.unwrap();
        assert_eq!(answer.status, 404, "{path}");
    }
    let keys = world.over(&tls, Method::GET, "/.well-known/openid-configuration", &[], None).await.unwrap();
    assert_eq!(keys.status, 200);
}

#[tokio::test]
async fn rfc8705_section_3_3_without_a_place_for_certificates_nothing_is_said_of_them() {
    let world = World::new().await;
    let document = world.metadata();
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], json!(false));
    assert!(!document.to_string().contains("tls_client_auth") && document.get("mtls_endpoint_aliases").is_none());
    assert!(world.running.mtls_address.is_none());
}

#[tokio::test]
async fn rfc8705_section_5_a_proof_may_name_either_address() {
    let world = World::with_certificates().await;
    let base = world.metadata()["mtls_endpoint_aliases"]["token_endpoint"].as_str().unwrap().to_owned();
    let prover = crate::support::dpop::Prover::new();
    let pairs = [("grant_type", "client_credentials"), ("audience", API)];
    for (htu, status) in
        [(base.as_str(), 200), ("https://localhost/oauth/token", 200), ("https://localhost:1/oauth/token", 400)]
    {
        let proof = prover.proof("POST", "/oauth/token", &json!({ "htu": htu }));
        let authorization = basic("machine", SECRET);
        let headers = [
            (CONTENT_TYPE, "application/x-www-form-urlencoded"),
            (AUTHORIZATION, authorization.as_str()),
            (crate::support::dpop::DPOP, proof.as_str()),
        ];
        let tls = tls(&[], VERSIONS);
        let answer = world.over(&tls, Method::POST, "/oauth/token", &headers, Some(form(&pairs))).await.unwrap();
        assert_eq!(answer.status, status, "{htu}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_client_of_bound_tokens_that_sends_a_proof_is_told_so() {
    let world = World::with_certificates().await;
    bind(&world, "reports").await;
    let prover = crate::support::dpop::Prover::new();
    let proof = prover.proof("POST", "/oauth/token", &json!({"htu": "https://localhost/oauth/token"}));
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (crate::support::dpop::DPOP, proof.as_str())];
    let body = form(&[("grant_type", "client_credentials"), ("client_id", "reports"), ("audience", API)]);
    let answer = world.over(&tls(&["client"], VERSIONS), Method::POST, "/oauth/token", &headers, Some(body)).await;
    answer.unwrap().is_error(400, "invalid_request");
}

// Behind a proxy.

fn behind_proxy(config: &mut Config) {
    config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    config.mtls.header = Some(CLIENT_CERT);
    config.mtls.ca = Some(crate::support::certificates::file("authority.crt"));
}

async fn handed_on(world: &World, headers: &[(HeaderName, &str)]) -> Answer {
    let mut all = vec![(CONTENT_TYPE, "application/x-www-form-urlencoded")];
    all.extend(headers.iter().cloned());
    let body = form(&[("grant_type", "client_credentials"), ("client_id", "reports"), ("audience", API)]);
    world.send(Method::POST, "/oauth/token", &all, Some(body)).await
}

#[tokio::test]
async fn rfc9440_section_2_the_named_proxy_s_word_counts() {
    let world = World::with(behind_proxy).await;
    world.put_client(&reports()).await;
    bind(&world, "reports").await;
    let (own, deep) = (header("client"), header("deep"));
    let answer = handed_on(&world, &[(CLIENT_CERT, &own)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(claims(&answer.json()["access_token"])["cnf"], json!({ "x5t#S256": thumbprint("client") }));
    let chain = HeaderName::from_static("client-cert-chain");
    assert_eq!(handed_on(&world, &[(CLIENT_CERT, &deep), (chain, &header("intermediate"))]).await.status, 200);
    handed_on(&world, &[(CLIENT_CERT, &deep)]).await.is_error(401, "invalid_client");
    // The usual addresses take them: there are no others.
    assert!(world.metadata().get("mtls_endpoint_aliases").is_none());
    assert_eq!(world.metadata()["tls_client_certificate_bound_access_tokens"], json!(true));
}

#[tokio::test]
async fn rfc9440_section_2_2_what_is_not_one_certificate_is_none() {
    let world = World::with(behind_proxy).await;
    world.put_client(&reports()).await;
    let own = header("client");
    let stranger = header("stranger");
    for headers in [
        &[][..],
        &[(CLIENT_CERT, own.as_str()), (CLIENT_CERT, own.as_str())],
        &[(CLIENT_CERT, &own[..own.len() - 1])],
        &[(CLIENT_CERT, "")],
        &[(CLIENT_CERT, ":YWJj:")],
        &[(CLIENT_CERT, stranger.as_str())],
        &[(HeaderName::from_static("x-client-cert"), own.as_str())],
    ] {
        handed_on(&world, headers).await.is_error(401, "invalid_client");
    }
}

#[tokio::test]
async fn rfc9440_section_4_the_header_of_anybody_else_names_nobody() {
    let own = header("client");
    let stranger = World::with(|config| {
        behind_proxy(config);
        config.http.trusted_proxies = vec!["10.0.0.7".parse().unwrap()];
    })
    .await;
    stranger.put_client(&reports()).await;
    handed_on(&stranger, &[(CLIENT_CERT, &own)]).await.is_error(401, "invalid_client");
    // Not even beside a certificate on the connection.
    let asked = World::with(|config| {
        with_certificates(config);
        config.mtls.header = Some(CLIENT_CERT);
        config.http.trusted_proxies = vec!["10.0.0.7".parse().unwrap()];
    })
    .await;
    asked.put_client(&reports()).await;
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (CLIENT_CERT, own.as_str())];
    let body = form(&[("grant_type", "client_credentials"), ("client_id", "reports"), ("audience", API)]);
    let answer = asked.over(&tls(&["other"], VERSIONS), Method::POST, "/oauth/token", &headers, Some(body)).await;
    answer.unwrap().is_error(401, "invalid_client");
    assert_eq!(asked.token_over(&["client"], "reports").await.status, 200);
}

#[tokio::test]
async fn without_the_setting_no_header_is_looked_at() {
    let world = World::with(|config| {
        behind_proxy(config);
        config.mtls = symbolon_server::config::Mtls::default();
    })
    .await;
    world.put_client(&reports()).await;
    handed_on(&world, &[(CLIENT_CERT, &header("client"))]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn every_endpoint_with_clients_knows_them_by_their_certificates() {
    let world = World::with_certificates().await;
    world
        .change_client("web", |client| {
            client.token_endpoint_auth_method = AuthMethod::TlsClientAuth;
            client.certificate.tls_client_auth_subject_dn = Some("CN=reports,O=Example\\, Inc.,C=DE".to_owned());
            client.secrets.clear();
        })
        .await;
    let challenge = crate::support::flow::challenge();
    let pushed = [
        ("client_id", "web"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(world.post_over(&["client"], "/oauth/par", &pushed).await.status, 201);
    world.post_over(&["other"], "/oauth/par", &pushed).await.is_error(401, "invalid_client");
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        let pairs = [("client_id", "web"), ("token", "x")];
        assert_eq!(world.post_over(&["client"], path, &pairs).await.status, 200, "{path}");
        world.post_over(&["stranger"], path, &pairs).await.is_error(401, "invalid_client");
    }
}
