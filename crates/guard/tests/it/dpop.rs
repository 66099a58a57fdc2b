//! Tokens that are bound to a key (RFC 9449 §7): good with a proof, and nothing without.

use std::time::Duration;

use allocation_counter::measure;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
    routing::get,
};
use serde_json::{Value, json};
use symbolon_guard::{
    ConfigError, Dpop, DpopFailure, Guard, InvalidToken, Rejection,
    testing::{AUDIENCE, TestClock, TestIssuer, TestKey},
};
use tower::ServiceExt;

use super::{app, at_once, bearer, whoami};

const PUBLIC: &str = "https://api.example.com";
const ME: &str = "https://api.example.com/me";

fn accepting(issuer: &TestIssuer) -> Guard {
    issuer.guard(AUDIENCE).dpop(Dpop::accept(PUBLIC).unwrap())
}

fn shown(path: &str, token: &str, proofs: &[&str]) -> Request<Body> {
    let mut request = Request::get(path).header("authorization", format!("DPoP {token}"));
    for proof in proofs {
        request = request.header("DPoP", *proof);
    }
    request.body(Body::empty()).unwrap()
}

async fn ask(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap) {
    let response = app.clone().oneshot(request).await.unwrap();
    (response.status(), response.headers().clone())
}

/// The challenges of an answer.
fn challenges(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all("www-authenticate").iter().map(|line| line.to_str().unwrap()).collect()
}

/// Refused with one challenge, in the scheme that has proofs.
#[track_caller]
fn refused((status, headers): &(StatusCode, HeaderMap), error: &str) {
    assert_eq!(*status, 401, "{headers:?}");
    let [challenge] = challenges(headers)[..] else { panic!("{headers:?}") };
    assert!(challenge.starts_with("DPoP realm=") && challenge.contains(&format!("error=\"{error}\"")), "{challenge}");
    assert!(challenge.contains("algs=\"") && challenge.contains("ES256"), "{challenge}");
}

#[tokio::test]
async fn a_bound_token_is_good_with_a_proof_and_each_proof_once_rfc_9449_7_1() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let (guard, token) = (accepting(&issuer), issuer.token().bound_to(&key).sign());
    let app = app(&guard);
    let proof = key.proof("GET", ME, &token);
    assert_eq!(ask(&app, shown("/me", &token, &[&proof])).await.0, 200);
    refused(&ask(&app, shown("/me", &token, &[&proof])).await, "invalid_dpop_proof");
    // Remembered as a token, and yet its proof is asked for every time.
    assert_eq!(ask(&app, shown("/me?a=b", &token, &[&key.proof("GET", ME, &token)])).await.0, 200);
    assert_eq!(guard.status().cache.hits, 2);
    refused(&ask(&app, shown("/me", &token, &[])).await, "invalid_dpop_proof");
    let proofs = guard.status().proofs.unwrap();
    assert_eq!((proofs.entries, proofs.forgotten), (2, 0));
}

#[tokio::test]
async fn a_bound_token_is_no_bearer_s_wherever_it_stands_rfc_9449_7_2() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let guard = accepting(&issuer).cookie("__Host-t").query();
    let app = app(&guard);
    let token = issuer.token().bound_to(&key).sign();
    let proof = key.proof("GET", ME, &token);
    let with = |name: &str, value: String, path: &str| {
        Request::get(path).header(name, value).header("DPoP", &*proof).body(Body::empty()).unwrap()
    };
    for request in [
        with("authorization", format!("Bearer {token}"), "/me"),
        with("cookie", format!("__Host-t={token}"), "/me"),
        with("x-none", String::new(), &format!("/me?access_token={token}")),
    ] {
        refused(&ask(&app, request).await, "invalid_token");
    }
    let verified = at_once(guard.verify(&token)).unwrap();
    assert!(matches!(verified, Err(Rejection::InvalidToken(InvalidToken::SenderConstrained))), "{verified:?}");
}

#[tokio::test]
async fn a_plain_token_proves_nothing_under_the_scheme_for_bound_ones() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let app = app(&accepting(&issuer));
    let token = issuer.token().sign();
    let (status, headers) = ask(&app, shown("/me", &token, &[&key.proof("GET", ME, &token)])).await;
    assert_eq!((status.as_u16(), challenges(&headers).len()), (401, 2));
    assert_eq!(ask(&app, bearer("/me", &token)).await.0, 200);
}

#[tokio::test]
async fn proofs_for_anything_else_are_refused_rfc_9449_4_3() {
    let (issuer, key, thief) = (TestIssuer::offline(), TestKey::new(), TestKey::new());
    let app = app(&accepting(&issuer));
    let token = issuer.token().bound_to(&key).sign();
    let other = issuer.token().sub("u2").bound_to(&key).sign();
    let with = |changes: &Value| key.proof_with("GET", ME, &token, changes);
    for proof in [
        key.proof("POST", ME, &token),
        key.proof("GET", "https://api.example.com/other", &token),
        key.proof("GET", "https://evil.example/me", &token),
        key.proof("GET", ME, &other),
        with(&json!({"ath": null})),
        with(&json!({"iat": 1_500_000_000})),
        with(&json!({"jti": null})),
        "x".to_owned(),
    ] {
        refused(&ask(&app, shown("/me", &token, &[&proof])).await, "invalid_dpop_proof");
    }
    let (one, two) = (key.proof("GET", ME, &token), key.proof("GET", ME, &token));
    refused(&ask(&app, shown("/me", &token, &[&one, &two])).await, "invalid_dpop_proof");
    refused(&ask(&app, shown("/me", &token, &[&thief.proof("GET", ME, &token)])).await, "invalid_token");
}

#[tokio::test]
async fn only_the_proof_s_own_header_is_read_security_117() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let app = app(&accepting(&issuer));
    let token = issuer.token().bound_to(&key).sign();
    let proof = key.proof("GET", ME, &token);
    for name in ["x-dpop", "dpop_", "d-pop", "x_dpop", "http_dpop"] {
        let request = Request::get("/me").header("authorization", format!("DPoP {token}")).header(name, &*proof);
        refused(&ask(&app, request.body(Body::empty()).unwrap()).await, "invalid_dpop_proof");
    }
}

#[tokio::test]
async fn where_a_request_went_is_what_the_owner_says_and_not_its_host() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let token = issuer.token().bound_to(&key).sign();
    let proof = key.proof("GET", "https://evil.example/me", &token);
    let mut request = shown("/me", &token, &[&proof]);
    for name in ["host", "x-forwarded-host"] {
        request.headers_mut().insert(name, "evil.example".parse().unwrap());
    }
    refused(&ask(&app(&accepting(&issuer)), request).await, "invalid_dpop_proof");
}

#[tokio::test]
async fn a_proxy_that_takes_a_prefix_and_a_nested_router_are_seen_through() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let token = issuer.token().bound_to(&key).sign();
    let guard = issuer.guard(AUDIENCE).dpop(Dpop::accept("https://example.com/shop/").unwrap());
    let inner = Router::new().route("/me", get(whoami)).layer(guard.layer());
    let nested = Router::new().nest("/v1", inner);
    let proof = key.proof("GET", "https://example.com/shop/v1/me", &token);
    assert_eq!(ask(&nested, shown("/v1/me", &token, &[&proof])).await.0, 200);
    let proof = key.proof("GET", "https://example.com/shop/me", &token);
    refused(&ask(&nested, shown("/v1/me", &token, &[&proof])).await, "invalid_dpop_proof");
}

#[tokio::test]
async fn where_bound_tokens_are_required_no_other_opens_anything() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let app = app(&issuer.guard(AUDIENCE).dpop(Dpop::require(PUBLIC).unwrap()));
    refused(&ask(&app, bearer("/me", &issuer.token().sign())).await, "invalid_token");
    let token = issuer.token().bound_to(&key).sign();
    assert_eq!(ask(&app, shown("/me", &token, &[&key.proof("GET", ME, &token)])).await.0, 200);
    let (_, headers) = ask(&app, Request::get("/me").body(Body::empty()).unwrap()).await;
    let [challenge] = challenges(&headers)[..] else { panic!("{headers:?}") };
    assert!(challenge.starts_with("DPoP ") && !challenge.contains("error"), "{challenge}");
}

#[tokio::test]
async fn both_schemes_are_offered_where_both_are_taken_rfc_9449_7_1() {
    let issuer = TestIssuer::offline();
    let (status, headers) = ask(&app(&accepting(&issuer)), Request::get("/me").body(Body::empty()).unwrap()).await;
    assert_eq!(status, 401);
    let [bearer, dpop] = challenges(&headers)[..] else { panic!("{headers:?}") };
    assert!(bearer.starts_with("Bearer ") && dpop.starts_with("DPoP ") && dpop.contains("algs="));
}

#[tokio::test]
async fn without_being_told_the_guard_knows_no_proofs() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let app = app(&issuer.guard(AUDIENCE));
    let token = issuer.token().bound_to(&key).sign();
    let (status, headers) = ask(&app, shown("/me", &token, &[&key.proof("GET", ME, &token)])).await;
    assert_eq!((status.as_u16(), challenges(&headers).len()), (401, 1));
    assert!(challenges(&headers)[0].starts_with("Bearer "));
}

#[tokio::test]
async fn nonces_are_offered_wanted_and_renewed_rfc_9449_9() {
    let (issuer, key, clock) = (TestIssuer::offline(), TestKey::new(), TestClock::now());
    let nodes: Vec<Router> = (0..2)
        .map(|_| {
            let dpop = Dpop::accept(PUBLIC).unwrap().shared_nonces(&[7; 32]).unwrap();
            app(&issuer.guard(AUDIENCE).clock(clock.clone()).dpop(dpop))
        })
        .collect();
    let token = issuer.token().claim("exp", 4_000_000_000_u64).bound_to(&key).sign();
    let answer = ask(&nodes[0], shown("/me", &token, &[&key.proof("GET", ME, &token)])).await;
    refused(&answer, "use_dpop_nonce");
    let nonce = answer.1["dpop-nonce"].to_str().unwrap();
    // A clock that is wrong does not matter any more.
    let with = |nonce: &str| key.proof_with("GET", ME, &token, &json!({"nonce": nonce, "iat": 1_500_000_000}));
    let (status, headers) = ask(&nodes[1], shown("/me", &token, &[&with(nonce)])).await;
    assert_eq!(status, 200);
    assert!(headers.contains_key("dpop-nonce"), "also an answer that is no challenge says the next");
    clock.advance(Duration::from_mins(2));
    refused(&ask(&nodes[0], shown("/me", &token, &[&with(nonce)])).await, "use_dpop_nonce");
    // Another process that was told no secret has nonces of its own.
    let own = app(&issuer.guard(AUDIENCE).dpop(Dpop::accept(PUBLIC).unwrap().nonces().unwrap()));
    refused(&ask(&own, shown("/me", &token, &[&with(nonce)])).await, "use_dpop_nonce");
}

#[tokio::test]
async fn who_shows_no_proof_is_told_no_nonce() {
    let issuer = TestIssuer::offline();
    let app = app(&issuer.guard(AUDIENCE).dpop(Dpop::accept(PUBLIC).unwrap().nonces().unwrap()));
    let (status, headers) = ask(&app, bearer("/me", &issuer.token().sign())).await;
    assert_eq!((status.as_u16(), headers.get("dpop-nonce")), (200, None));
}

#[tokio::test]
async fn the_memory_of_proofs_is_bounded_and_says_what_it_let_go() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let guard = issuer.guard(AUDIENCE).dpop(Dpop::accept(PUBLIC).unwrap().remember(2));
    let app = app(&guard);
    let token = issuer.token().bound_to(&key).sign();
    for _ in 0..5 {
        assert_eq!(ask(&app, shown("/me", &token, &[&key.proof("GET", ME, &token)])).await.0, 200);
    }
    let proofs = guard.status().proofs.unwrap();
    assert_eq!((proofs.entries, proofs.forgotten), (2, 3));
}

/// A plain token costs what it did, also where bound ones are taken.
#[tokio::test]
async fn a_plain_token_seen_again_costs_no_allocation_beside_bound_ones() {
    let issuer = TestIssuer::offline();
    let guard = accepting(&issuer);
    let token = issuer.token().sign();
    assert!(at_once(guard.verify(&token)).unwrap().is_ok());
    let allocations = measure(|| {
        for _ in 0..10 {
            assert_eq!(at_once(guard.verify(&token)).unwrap().unwrap().sub, "u1");
        }
    });
    assert_eq!(allocations.count_total, 0);
}

#[tokio::test]
async fn a_binding_that_is_not_understood_is_not_a_binding_that_was_proven() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let app = app(&accepting(&issuer));
    for cnf in
        [json!({"x5t#S256": "x"}), json!({}), json!({"jkt": key.jkt(), "x5t#S256": "x"}), json!("x"), json!(null)]
    {
        let token = issuer.token().claim("cnf", cnf.clone()).sign();
        let (status, _) = ask(&app, shown("/me", &token, &[&key.proof("GET", ME, &token)])).await;
        assert_eq!(status, 401, "{cnf}");
        assert_eq!(ask(&app, bearer("/me", &token)).await.0, 401, "{cnf}");
    }
}

#[tokio::test]
async fn rfc9728_section_2_the_metadata_says_which_bound_tokens_are_taken() {
    let issuer = TestIssuer::offline();
    let read = async |guard: Guard| -> Value {
        let app: Router = guard.metadata();
        let request = Request::get("/.well-known/oauth-protected-resource").body(Body::empty()).unwrap();
        let answer = super::send(&app, request).await;
        serde_json::from_str(&answer.body).unwrap()
    };
    let plain = read(issuer.guard(AUDIENCE)).await;
    assert!(plain.as_object().unwrap().keys().all(|member| !member.starts_with("dpop")), "{plain}");
    let accepts = read(accepting(&issuer)).await;
    assert_eq!(accepts["bearer_methods_supported"], json!(["header"]));
    assert_eq!(accepts["dpop_bound_access_tokens_required"], false);
    assert!(accepts["dpop_signing_alg_values_supported"].as_array().unwrap().contains(&json!("ES256")));
    let requires = read(issuer.guard(AUDIENCE).dpop(Dpop::require(PUBLIC).unwrap())).await;
    assert_eq!(requires["dpop_bound_access_tokens_required"], true);
    assert_eq!(requires["bearer_methods_supported"], json!([]));
}

#[test]
fn a_public_address_is_an_origin_with_a_path_at_most() {
    for address in [
        "api.example.com",
        "http://api.example.com",
        "https://u@api.example.com",
        "ftp://a",
        "https://a.example/?x",
        "",
    ] {
        let error = Dpop::accept(address).unwrap_err();
        assert!(matches!(error, ConfigError::NotAUrl { .. } | ConfigError::Insecure { .. }), "{address}: {error}");
    }
    assert!(Dpop::accept("http://localhost:4402").is_ok());
}

#[tokio::test]
async fn the_owner_learns_which_check_failed() {
    let issuer = TestIssuer::offline();
    let token = issuer.token().bound_to(&TestKey::new()).sign();
    let (seen, told) = std::sync::mpsc::channel();
    let guard = accepting(&issuer).on_reject(move |rejection| {
        if let Rejection::Dpop(failure) = rejection {
            seen.send(*failure).unwrap();
        }
    });
    ask(&app(&guard), shown("/me", &token, &[])).await;
    assert_eq!(told.recv().unwrap(), DpopFailure::Missing);
    assert_eq!(guard.status().refusals.iter().find(|(reason, _)| *reason == "dpop").unwrap().1, 1);
}
