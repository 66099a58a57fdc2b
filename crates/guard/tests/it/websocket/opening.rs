//! How a token gets in, and what does not.

use std::time::Duration;

use serde_json::json;
use symbolon_guard::{
    Dpop,
    testing::{AUDIENCE, TestIssuer, TestKey},
    websocket::WebSockets,
};
use symbolon_jose::{base64url, sha256};

use super::world::Api;

fn closing(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn the_first_message_is_the_token_and_the_rest_is_the_api_s() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE);
    let api = Api::serve(&guard).await;
    let mut client = api.connect("/echo").await;
    client.authenticate(&issuer.token().scope("a").sign()).await;
    let answer = client.json().await;
    assert_eq!(answer["type"], "authenticated");
    assert!((590..=600).contains(&answer["expires_in"].as_u64().unwrap()), "{answer}");
    client.say("hello").await;
    assert_eq!(client.text().await, r#"u1 [a] Text("hello")"#);
    client.say_bytes(vec![1, 2]).await;
    assert_eq!(client.text().await, r#"u1 [a] Binary(b"\x01\x02")"#);
}

#[tokio::test]
async fn what_is_no_good_token_ends_with_a_code() {
    let issuer = TestIssuer::offline();
    let api = Api::serve(&issuer.guard(AUDIENCE)).await;
    let message = |token: &str| json!({ "type": "authenticate", "token": token }).to_string();
    let expired = issuer.token().expired(Duration::from_mins(1)).sign();
    let bound = issuer.token().bound_to(&TestKey::new()).sign();
    for (said, code, reason) in [
        (message(&expired), 4401, "token_expired"),
        (message(&TestIssuer::offline().token().sign()), 4401, "token_invalid"),
        (message(&issuer.token().audience("https://other.example").sign()), 4401, "token_invalid"),
        (message(&bound), 4401, "token_invalid"),
        (message("x"), 4401, "token_invalid"),
        ("hello".to_owned(), 4401, "token_missing"),
        (String::new(), 4401, "token_missing"),
        (json!({ "type": "authenticate" }).to_string(), 4401, "token_missing"),
    ] {
        let mut client = api.connect("/echo").await;
        client.say(said.as_str()).await;
        assert_eq!(client.closed().await, closing(code, reason), "{said}");
    }
    let mut client = api.connect("/echo").await;
    client.say_bytes(message(&issuer.token().sign()).into_bytes()).await;
    assert_eq!(client.closed().await, closing(4401, "token_missing"), "bytes are no text");
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let issuer = TestIssuer::offline();
    let at_once = WebSockets::default().first_message_within(Duration::from_millis(1));
    let api = Api::serve(&issuer.guard(AUDIENCE).websockets(at_once)).await;
    assert_eq!(api.connect("/echo").await.closed().await, closing(4401, "token_missing"));
}

#[tokio::test]
async fn what_is_read_before_and_after_the_token_is_bounded() {
    let issuer = TestIssuer::offline();
    let api = Api::serve(&issuer.guard(AUDIENCE)).await;
    let mut client = api.connect("/echo").await;
    client.say("x".repeat(16 * 1024 + 1)).await;
    assert_eq!(client.closed().await.0, 1009);
    let mut client = api.authenticated("/echo", &issuer.token().sign()).await;
    client.say("x".repeat(32 * 1024)).await;
    assert!(client.text().await.len() > 32 * 1024);
    client.say("x".repeat(32 * 1024 + 1)).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn so_many_connections_may_be_unknown_and_no_more() {
    let issuer = TestIssuer::offline();
    let api = Api::serve(&issuer.guard(AUDIENCE).websockets(WebSockets::default().unauthenticated(1))).await;
    let mut first = api.connect("/echo").await;
    assert_eq!(api.open("/echo", &[]).await.err(), Some(503));
    first.authenticate(&issuer.token().sign()).await;
    assert_eq!(first.json().await["type"], "authenticated");
    api.connect("/echo").await;
}

#[tokio::test]
async fn a_token_among_the_subprotocols_is_never_sent_back() {
    let issuer = TestIssuer::offline();
    let api = Api::serve(&issuer.guard(AUDIENCE)).await;
    let token = issuer.token().sign();
    let encoded = base64url::encode(token.as_bytes());
    let offered = format!("symbolon.bearer, symbolon.bearer.{encoded}");
    let (mut client, chosen) = api.open("/echo", &[("sec-websocket-protocol", &offered)]).await.unwrap();
    assert_eq!(chosen.as_deref(), Some("symbolon.bearer"));
    assert_eq!(client.json().await["type"], "authenticated");
    let offered = format!("dragons.v1, symbolon.bearer.{encoded}");
    let (mut client, chosen) = api.open("/own", &[("sec-websocket-protocol", &offered)]).await.unwrap();
    assert_eq!(chosen.as_deref(), Some("dragons.v1"));
    assert_eq!(client.closed().await, closing(4000, "that is all"), "the API's own code");
    // Refused on the open connection: a page learns nothing of a refused handshake.
    let bad = format!("symbolon.bearer, symbolon.bearer.{}", base64url::encode(b"a.b.c"));
    let (mut client, _) = api.open("/echo", &[("sec-websocket-protocol", &bad)]).await.unwrap();
    assert_eq!(client.closed().await, closing(4401, "token_invalid"));
    let authorization = format!("Bearer {token}");
    let both = [("sec-websocket-protocol", offered.as_str()), ("authorization", &authorization)];
    assert_eq!(api.open("/echo", &both).await.err(), Some(400));
}

#[tokio::test]
async fn rfc6455_section_10_2_a_cookie_opens_no_connection_of_a_page_of_somebody_else() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE).cookie("__Host-at").cookie_origins(["https://app.example.com"]);
    let api = Api::serve(&guard).await;
    let cookie = format!("__Host-at={}", issuer.token().sign());
    let open = async |origin: &str, site: &str| {
        let mut headers = vec![("cookie", cookie.as_str()), ("origin", origin)];
        if !site.is_empty() {
            headers.push(("sec-fetch-site", site));
        }
        api.open("/echo", &headers).await.map(|(client, _)| client)
    };
    for origin in ["https://evil.example", "null", "https://app.example.com.evil.example", "http://127.0.0.1:1"] {
        assert_eq!(open(origin, "").await.err(), Some(403), "{origin}");
        assert_eq!(open(origin, "cross-site").await.err(), Some(403), "{origin}");
    }
    assert_eq!(api.open("/echo", &[("cookie", &cookie)]).await.err(), Some(403), "and none without an origin");
    assert_eq!(open("https://app.example.com", "cross-site").await.unwrap().json().await["type"], "authenticated");
    assert_eq!(open("https://api.example.com", "same-origin").await.unwrap().json().await["type"], "authenticated");
    // A token that is sent on purpose needs no origin.
    let mut client = api.open("/echo", &[("origin", "https://evil.example")]).await.unwrap().0;
    client.authenticate(&issuer.token().sign()).await;
    assert_eq!(client.json().await["type"], "authenticated");
}

#[tokio::test]
async fn a_token_that_the_issuer_put_into_a_cookie_wants_its_page_s_token_among_the_subprotocols() {
    let issuer = TestIssuer::offline();
    let api = Api::serve(&issuer.guard(AUDIENCE).cookie("__Host-at")).await;
    let token = issuer.token().claim("csrf#S256", base64url::encode(&sha256(b"page"))).sign();
    let cookie = format!("__Host-at={token}");
    let open = async |protocols: &str| {
        let headers =
            [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin"), ("sec-websocket-protocol", protocols)];
        api.open("/echo", &headers).await
    };
    let page = |token: &[u8]| format!("symbolon.bearer, symbolon.csrf.{}", base64url::encode(token));
    let (mut client, chosen) = open(&page(b"page")).await.unwrap();
    assert_eq!(
        (client.json().await["type"].as_str(), chosen.as_deref()),
        (Some("authenticated"), Some("symbolon.bearer"))
    );
    for bad in ["symbolon.bearer".to_owned(), page(b"other"), page(b"\n"), format!("{0}, {0}", page(b"page"))] {
        assert_eq!(open(&bad).await.err(), Some(403), "{bad}");
    }
}

#[tokio::test]
async fn other_programs_send_the_header_and_are_refused_before_there_is_a_connection() {
    let issuer = TestIssuer::offline();
    let api = Api::serve(&issuer.guard(AUDIENCE)).await;
    let open = async |path: &str, token: &str| {
        let authorization = format!("Bearer {token}");
        api.open(path, &[("authorization", &authorization)]).await.map(|(client, _)| client)
    };
    assert_eq!(open("/echo", &issuer.token().sign()).await.unwrap().json().await["type"], "authenticated");
    assert_eq!(open("/echo", "a.b.c").await.err(), Some(401));
    assert_eq!(open("/read", &issuer.token().sign()).await.err(), Some(403));
}

#[tokio::test]
async fn what_the_connection_needs_the_token_must_have() {
    let issuer = TestIssuer::offline();
    let api = Api::serve(&issuer.guard(AUDIENCE)).await;
    let mut client = api.connect("/read").await;
    client.authenticate(&issuer.token().scope("write:dragons").sign()).await;
    assert_eq!(client.closed().await, closing(4403, "insufficient_scope"));
    api.authenticated("/read", &issuer.token().scope("write:dragons read:dragons").sign()).await;
}

#[tokio::test]
async fn rfc9449_section_7_a_bound_token_wants_a_proof_for_this_address_each_once() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let guard = issuer.guard(AUDIENCE).dpop(Dpop::accept("https://api.example.com").unwrap());
    let api = Api::serve(&guard).await;
    let token = issuer.token().bound_to(&key).sign();
    let message = |proof: Option<&str>| json!({ "type": "authenticate", "token": token, "dpop": proof }).to_string();
    let good = key.proof("GET", "https://api.example.com/echo", &token);
    let mut client = api.connect("/echo").await;
    client.say(message(Some(&good))).await;
    assert_eq!(client.json().await["type"], "authenticated");
    for (proof, reason) in [
        (None, "token_invalid"),
        (Some(good), "invalid_dpop_proof"),
        (Some(key.proof("GET", "https://api.example.com/other", &token)), "invalid_dpop_proof"),
        (Some(key.proof("POST", "https://api.example.com/echo", &token)), "invalid_dpop_proof"),
        (Some("a\nb".to_owned()), "invalid_dpop_proof"),
    ] {
        let mut client = api.connect("/echo").await;
        client.say(message(proof.as_deref())).await;
        assert_eq!(client.closed().await, closing(4401, reason), "{proof:?}");
    }
}

#[tokio::test]
async fn rfc9449_section_9_who_needs_a_nonce_is_told_one_and_tries_again_on_the_connection() {
    let (issuer, key) = (TestIssuer::offline(), TestKey::new());
    let guard = issuer.guard(AUDIENCE).dpop(Dpop::require("https://api.example.com").unwrap().nonces().unwrap());
    let api = Api::serve(&guard).await;
    let token = issuer.token().bound_to(&key).sign();
    let mut client = api.connect("/echo").await;
    let message = |changes: serde_json::Value| {
        let proof = key.proof_with("GET", "https://api.example.com/echo", &token, &changes);
        json!({ "type": "authenticate", "token": token, "dpop": proof }).to_string()
    };
    client.say(message(json!({}))).await;
    let refused = client.json().await;
    assert_eq!((&refused["type"], &refused["error"]), (&json!("refused"), &json!("use_dpop_nonce")));
    client.say(message(json!({ "nonce": refused["nonce"] }))).await;
    assert_eq!(client.json().await["type"], "authenticated");
}
