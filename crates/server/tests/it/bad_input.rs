//! Bad input at every door (issue 2 §8): the standard's error and a clear answer, never a 5xx, a panic, a hang or a redirect.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::Full;

use crate::support::client::{exchange, form};
use crate::support::flow::authorize_url;
use crate::support::protocol::raw;
use crate::support::{Answer, World};

/// Every route, with a method it takes.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/sdk/v1/symbolon.js"),
    ("GET", "/sdk/v1/..%2f..%2fetc%2fpasswd"),
    ("GET", "/assets/x.css"),
    ("GET", "/assets/..%2f..%2fetc%2fpasswd"),
    ("POST", "/oauth/token"),
    ("GET", "/userinfo"),
    ("POST", "/userinfo"),
    ("POST", "/oauth/revoke"),
    ("POST", "/oauth/introspect"),
    ("POST", "/authenticate"),
    ("GET", "/authorize"),
    ("POST", "/authorize"),
    ("GET", "/authorize/continue"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/consent"),
    ("GET", "/logout"),
    ("POST", "/logout"),
    ("POST", "/logout/again"),
    ("GET", "/setup"),
    ("POST", "/setup"),
    ("GET", "/reset"),
    ("POST", "/reset"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/nowhere"),
];

/// Not our fault, goes nowhere foreign, and keeps its security headers.
#[track_caller]
fn holds(answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}: {answer:?}");
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}: {answer:?}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}: {answer:?}");
    assert!(answer.headers.get("x-request-id").is_some(), "{what}: {answer:?}");
    assert!(answer.headers.get("server").is_none() && answer.headers.get("x-powered-by").is_none(), "{what}");
    if let Some(location) = answer.headers.get("location") {
        assert!(location.to_str().unwrap().starts_with('/'), "{what}: {answer:?}");
    }
}

async fn send(world: &World, method: &str, path: &str, media: &str, body: impl Into<Bytes>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:4400")
        .header("origin", "http://localhost:4400")
        .header("content-type", media)
        .body(Full::new(body.into()))
        .unwrap();
    exchange(world.address(), request).await
}

#[tokio::test]
async fn garbage_in_a_body_of_any_declared_type_is_refused_calmly() {
    let world = World::new().await;
    let deep = format!("{}{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let bodies: &[&[u8]] = &[
        b"",
        b"\xff\xfe\x00\x01",
        b"a=%00",
        b"a=%zz&b=%",
        b"a=%ff",
        b"&&&===&",
        b"csrf=%E2%28%A1",
        b"{\"a\":",
        b"\xef\xbb\xbf{}",
        b"[[[[",
        b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--",
        deep.as_bytes(),
    ];
    for (method, path) in ROUTES {
        for body in bodies {
            for media in ["application/x-www-form-urlencoded", "application/json", "text/plain", "", "a/b; charset=\"x"]
            {
                let answer = send(&world, method, path, media, body.to_vec()).await;
                holds(
                    &answer,
                    &format!("{method} {path} {media} {:?}", String::from_utf8_lossy(&body[..body.len().min(20)])),
                );
            }
        }
    }
}

#[tokio::test]
async fn garbage_in_a_query_is_refused_calmly() {
    let world = World::new().await;
    for (method, path) in ROUTES {
        for query in [
            "%00",
            "a=%00",
            "a=%zz",
            "%",
            "a=%ff%fe",
            "client_id=%00web",
            "client_id=web&client_id=web",
            "interaction=x&interaction=y",
            "code=..%2f..%2f",
            "id_token_hint=%7b%7d",
            "post_logout_redirect_uri=https%3A%2F%2Fevil.example",
            "redirect_uri=https%3A%2F%2Fevil.example&next=https%3A%2F%2Fevil.example",
            "&=&=&",
            "a[]=1&a[b]=2",
            "x=%F0%9F%98%80",
        ] {
            let answer =
                send(&world, method, &format!("{path}?{query}"), "application/x-www-form-urlencoded", "").await;
            holds(&answer, &format!("{method} {path}?{query}"));
            assert!(!answer.body.contains("href=\"https://evil"), "{path}: {}", answer.body);
        }
    }
}

/// Security 109.
#[tokio::test]
async fn methods_a_route_does_not_have_are_refused() {
    let world = World::new().await;
    for (_, path) in ROUTES {
        for method in ["PUT", "PATCH", "DELETE", "TRACE", "TRACK", "PROPFIND", "BREW", "OPTIONS"] {
            let answer = send(&world, method, path, "text/plain", "").await;
            let expected = if matches!(*path, "/nowhere") { 404 } else { 405 };
            assert_eq!(answer.status, expected, "{method} {path}");
            holds(&answer, &format!("{method} {path}"));
        }
    }
}

#[tokio::test]
async fn a_body_of_a_megabyte_is_refused_without_being_read_to_its_end() {
    let world = World::new().await;
    let large = Bytes::from(format!("a={}", "x".repeat(1_000_000)));
    let at_limit = Bytes::from(format!("a={}", "x".repeat(60_000)));
    for (method, path) in ROUTES.iter().filter(|(method, _)| *method == "POST") {
        for media in ["application/x-www-form-urlencoded", "application/json"] {
            // What a page of ours hands on is as large as that.
            let fits = *path == "/logout/again";
            for body in [&large, &at_limit].into_iter().take(if fits { 1 } else { 2 }) {
                let answer = send(&world, method, path, media, body.clone()).await;
                assert!(answer.status.is_client_error(), "{method} {path}: {answer:?}");
                holds(&answer, path);
            }
        }
    }
}

#[tokio::test]
async fn a_head_of_a_megabyte_is_431_and_the_server_lives_on() {
    let world = World::new().await;
    let long = "x".repeat(1_000_000);
    for request in [
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: symbolon={long}\r\n\r\n"),
        format!("GET /authorize?state={long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X-Many: 1\r\n".repeat(90_000)),
    ] {
        let answer = raw(world.address(), request.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(matches!(&*status, "431" | "414" | ""), "{}", &answer[..answer.len().min(200)]);
    }
    assert_eq!(world.browser().get("/livez").await.status, 200);
}

/// Security 110.
#[tokio::test]
async fn ambiguous_framing_is_400_and_the_connection_closes() {
    let world = World::new().await;
    let smuggled = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
    for head in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X-Folded: a\r\n b\r\n",
        "No colon here\r\n",
        "X-Nul: a\0b\r\n",
    ] {
        let request = format!("POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n{head}\r\nhello{smuggled}");
        let answer = raw(world.address(), request.as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some("400"), "{head:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{head:?}: {answer}");
    }
    for line in ["GET / HTTP/9.9", "GET  / HTTP/1.1", "GET /\u{0} HTTP/1.1", "\u{16}\u{3}\u{1}", "GET"] {
        let answer = raw(world.address(), format!("{line}\r\nHost: localhost\r\n\r\n").as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or("400").to_owned();
        assert!(status.starts_with('4') || status == "505", "{line:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_of_the_client() {
    let world = World::new().await;
    let head = "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["zz\r\nhello\r\n0\r\n\r\n", "5\r\nhelloworld\r\n0\r\n\r\n", "ffffffffffffffffff\r\nx"] {
        let answer = raw(world.address(), format!("{head}{body}").as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or("400").to_owned();
        assert!(status.starts_with('4'), "{body:?}: {answer}");
    }
    assert_eq!(world.browser().get("/livez").await.status, 200);
}

#[tokio::test]
async fn invalid_bytes_in_headers_are_refused_calmly() {
    let world = World::new().await;
    for (method, path) in ROUTES {
        for name in
            ["authorization", "cookie", "origin", "content-type", "accept-language", "x-forwarded-for", "user-agent"]
        {
            for value in [&b"\xff\xfe"[..], b"Basic \xc3\x28", b"Bearer \xff", b"", b"=;=;=", b"'\"><"] {
                let request = Request::builder()
                    .method(*method)
                    .uri(*path)
                    .header("host", "localhost:4400")
                    .header(name, value)
                    .body(Full::new(Bytes::new()))
                    .unwrap();
                let answer = exchange(world.address(), request).await;
                holds(&answer, &format!("{method} {path} {name} {value:?}"));
            }
        }
    }
}

#[tokio::test]
async fn more_parameters_than_anyone_needs_are_refused() {
    let world = World::new().await;
    let many: Vec<(String, String)> = (0..200).map(|n| (format!("p{n}"), "1".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    world.token("web", &many).await.is_error(400, "invalid_request");
    world.browser().get(&authorize_url("web", &many)).await.is_page(400);
}

/// Errors are JSON at protocol endpoints and never HTML that a browser would run (security 113).
#[tokio::test]
async fn what_is_reflected_is_escaped() {
    let world = World::new().await;
    let script = "<script>alert(1)</script>";
    for path in ["/nowhere", "/setup", "/reset", "/login", "/logout", "/authorize", "/assets", "/sdk/v1"] {
        let query = form(&[("code", script), ("client_id", script), ("id_token_hint", script), ("state", script)]);
        for path in [format!("{path}?{query}"), format!("{path}/%3Cscript%3Ealert(1)%3C%2Fscript%3E")] {
            let answer = world.browser().get(&path).await;
            assert!(!answer.body.contains(script), "{path}: {}", answer.body);
        }
    }
    let fields = [("grant_type", script), (script, script), (script, script)];
    let answer = world.token("web", &fields).await;
    answer.is_error(400, "invalid_request");
    assert!(!answer.body.contains("<script"), "{}", answer.body);
}

/// A request to one endpoint in the manner of another.
#[tokio::test]
async fn credentials_of_the_wrong_kind_are_no_credentials() {
    let world = World::new().await;
    let tokens = world.tokens("web", "ada@example.com").await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let headers = [(AUTHORIZATION, bearer.as_str()), (CONTENT_TYPE, "application/x-www-form-urlencoded")];
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
        let body = Some(form(&[("grant_type", "client_credentials"), ("token", "x")]));
        world.send(Method::POST, path, &headers, body).await.is_error(401, "invalid_client");
    }
}
