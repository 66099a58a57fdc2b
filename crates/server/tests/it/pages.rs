//! Promises of every hosted page: its headers, its cookies, and that nothing received becomes markup.

use std::collections::BTreeSet;

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HOST, IF_NONE_MATCH, SET_COOKIE};
use http::{HeaderName, Method};
use symbolon_server::pages::assets::STYLESHEET_PATH;

use crate::account_pages::{account_pages, open};
use crate::support::flow::authorize_url;
use crate::support::raw::raw;
use crate::support::{Answer, Browser, ISSUER, PASSWORD, World};

const HTTPS_ISSUER: &str = "https://id.example.com";
const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'";

/// Every page there is, each in one of its states, and every kind of error page.
async fn every_page(world: &World, origin: &str) -> Vec<(String, Answer)> {
    let mut pages = Vec::new();
    let fresh = || Browser::new(world.running.address.unwrap(), origin);
    let reset = world.reset_link("bob@example.com").await;
    let authorize = authorize_url("partner", &[]);
    let form_post = authorize_url("web", &[("response_mode", "form_post"), ("prompt", "none")]);
    let bad_redirect = authorize_url("web", &[("redirect_uri", "https://evil.example/")]);
    for path in [
        "/",
        "/login",
        "/logout",
        "/setup",
        "/setup?code=x",
        "/reset?code=x",
        "/nothing/here",
        "/assets/nothing.css",
        &authorize_url("web", &[]),
        &authorize_url("web", &[("client_id", "unknown")]),
        &bad_redirect,
        &form_post,
        "/authorize",
        "/authorize?client_id=web&client_id=web",
        "/authorize/continue?interaction=x",
        "/consent",
        &reset,
    ] {
        pages.push((format!("GET {path}"), fresh().get(path).await));
    }
    for path in ["/", "/login", "/consent", "/setup", "/reset", "/logout", "/authorize", "/nothing"] {
        pages.push((format!("POST {path}"), fresh().post(path, &[("csrf", "x"), ("csrf", "y")]).await));
        pages.push((
            format!("POST {path} forged"),
            fresh().post_from(path, &[("csrf", "x")], "https://evil.example").await,
        ));
        pages.push((format!("DELETE {path}"), fresh().send(Method::DELETE, path, &[], None).await));
    }
    let mut browser = fresh();
    let page = browser.get(&authorize).await;
    pages.push(("wrong password".to_owned(), browser.clone().sign_in(&page, "ada@example.com", "wrong").await));
    pages.push(("consent".to_owned(), browser.sign_in(&page, "ada@example.com", PASSWORD).await));
    for path in ["/", "/logout", &form_post] {
        pages.push((format!("signed in: GET {path}"), browser.get(path).await));
    }
    pages.retain(|(_, page)| !page.status.is_redirection());
    pages.extend(account_pages(world).await);
    assert!(pages.len() > 90, "{}", pages.len());
    pages
}

/// 2, 103, 104, 107.
#[tokio::test]
async fn every_page_and_error_carries_the_security_headers() {
    let world = World::with(open).await;
    for (name, page) in every_page(&world, ISSUER).await {
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{name}: {page:?}");
        let csp = page.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(csp.contains(directive), "{name}: {csp}");
        }
        assert!(!csp.contains("unsafe") && !csp.contains('*'), "{name}: {csp}");
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(page.header(header), value, "{name}: {header}");
        }
        assert!(!page.header("permissions-policy").is_empty(), "{name}");
        assert!(!page.headers.contains_key("access-control-allow-origin"), "{name}");
        assert!(!page.headers.contains_key("strict-transport-security"), "{name}: on plain HTTP");
        assert!(!page.headers.contains_key("server"), "{name}");
        assert!(!page.status.is_server_error(), "{name}: {}", page.status);
    }
}

/// 105: on pages and on everything else.
#[tokio::test]
async fn every_answer_of_an_https_issuer_asks_for_https() {
    let world = World::with(|config| {
        open(config);
        config.issuer = HTTPS_ISSUER.to_owned();
    })
    .await;
    let mut answers = every_page(&world, HTTPS_ISSUER).await;
    let mut browser = Browser::new(world.running.address.unwrap(), HTTPS_ISSUER);
    for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json", "/userinfo", "/livez", STYLESHEET_PATH]
    {
        answers.push((path.to_owned(), browser.get(path).await));
    }
    answers.push(("a redirect".to_owned(), browser.get(&authorize_url("web", &[("prompt", "none")])).await));
    answers.push(("/oauth/token".to_owned(), browser.post("/oauth/token", &[]).await));
    for (name, answer) in answers {
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains", "{name}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
    }
}

async fn cookies_of_a_sign_in(world: &World, origin: &str) -> Vec<String> {
    let mut browser = Browser::new(world.running.address.unwrap(), origin);
    let page = browser.get(&authorize_url("web", &[])).await;
    let mut cookies: Vec<String> = page.cookies().into_iter().map(str::to_owned).collect();
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields =
        [("interaction", &*interaction), ("csrf", &csrf), ("username", "ada@example.com"), ("password", PASSWORD)];
    cookies.extend(browser.post("/login", &fields).await.cookies().into_iter().map(str::to_owned));
    let page = browser.get("/logout").await;
    let answer = browser.post("/logout", &[("csrf", &page.field("csrf"))]).await;
    cookies.extend(answer.cookies().into_iter().map(str::to_owned));
    cookies
}

/// 85.
#[tokio::test]
async fn cookies_of_an_https_issuer_are_host_bound_secure_and_http_only() {
    let world = World::with(|config| config.issuer = HTTPS_ISSUER.to_owned()).await;
    let cookies = cookies_of_a_sign_in(&world, HTTPS_ISSUER).await;
    let names: Vec<&str> = cookies.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
    assert_eq!(
        names,
        ["__Host-symbolon-pre", "__Host-symbolon-session", "__Host-symbolon-device", "__Host-symbolon-session"],
        "{cookies:?}"
    );
    for cookie in &cookies {
        let attributes: Vec<&str> = cookie.split("; ").skip(1).filter(|part| !part.starts_with("Max-Age")).collect();
        assert_eq!(attributes, ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"], "{cookie}");
        assert!(cookie.len() < 4_096);
    }
    assert!(cookies[3].contains("=; ") && cookies[3].contains("Max-Age=0"), "signing out removes it: {}", cookies[3]);
}

/// 87: only the prefix and `Secure` go, and only on loopback.
#[tokio::test]
async fn cookies_of_a_loopback_issuer_lack_only_what_plain_http_cannot_have() {
    let world = World::new().await;
    for (cookie, name) in
        cookies_of_a_sign_in(&world, ISSUER).await.iter().zip(["symbolon-pre-4400", "symbolon-session-4400"])
    {
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    }
}

/// 102 (cookies only where a browser needs them): documents, tokens and errors set none.
#[tokio::test]
async fn answers_to_programs_set_no_cookie() {
    let world = World::new().await;
    let mut browser = world.browser();
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
        "/userinfo",
        "/livez",
        STYLESHEET_PATH,
        "/nothing",
    ] {
        assert!(!browser.get(path).await.headers.contains_key(SET_COOKIE), "{path}");
    }
    assert!(!world.refresh("web", "nonsense").await.headers.contains_key(SET_COOKIE));
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_the_page_names_them() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    let mut links = 0;
    for href in
        page.body.split("<link ").skip(1).map(|link| link.split("href=\"").nth(1).unwrap().split('"').next().unwrap())
    {
        let asset = browser.get(href).await;
        assert_eq!(asset.status, 200, "{href}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        links += 1;
    }
    assert_eq!(links, 2, "stylesheet and icon");
}

/// What a browser loads at an app's first sign-in, of a request with everything in it: page, stylesheet, icon and scripts.
#[tokio::test]
async fn the_sign_in_page_of_a_whole_request_weighs_20_kb_at_most() {
    let world = World::new().await;
    let long = "x".repeat(43);
    let more = [("nonce", &*long), ("state", &*long), ("prompt", "login"), ("login_hint", "ada@example.com")];
    let page = world.browser().get(&authorize_url("web", &more)).await;
    page.is_page(200);
    let named = |mark: &str| {
        let parts = page.body.split(mark).skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned));
        parts.filter(|path| path.starts_with("/assets/")).collect::<BTreeSet<_>>()
    };
    let mut size = page.body.len();
    for path in named("href=\"").union(&named("src=\"")) {
        let answer = world.send(Method::GET, path, &[(ACCEPT_ENCODING, "gzip, deflate, br")], None).await;
        assert_eq!(
            (answer.header("content-encoding"), answer.header("vary")),
            ("deflate", "accept-encoding"),
            "{path}"
        );
        size += answer.header("content-length").parse::<usize>().unwrap();
    }
    assert!(size < 20 * 1024, "the sign-in page takes {size} bytes");
}

/// BREACH: how well a token compresses beside words that a caller chose tells of the token.
#[tokio::test]
async fn cve_2013_3587_no_page_is_compressed() {
    let world = World::new().await;
    for path in [&*authorize_url("web", &[]), "/login", "/forgot", "/signup", "/nothing/here"] {
        let page = world.send(Method::GET, path, &[(ACCEPT_ENCODING, "gzip, deflate, br")], None).await;
        assert!(page.body.contains("</html>") && !page.headers.contains_key(CONTENT_ENCODING), "{path}: {page:?}");
    }
}

#[tokio::test]
async fn the_sdk_is_sent_compressed_and_asked_for_again_only_when_it_is_another() {
    let world = World::new().await;
    let ask =
        |headers: &'static [(HeaderName, &'static str)]| world.send(Method::GET, "/sdk/v1/symbolon.js", headers, None);
    let plain = ask(&[]).await;
    assert!(plain.headers.get(CONTENT_ENCODING).is_none() && plain.body.contains("createAuth"));
    let small = ask(&[(ACCEPT_ENCODING, "deflate")]).await;
    assert_eq!(small.header("content-encoding"), "deflate");
    assert!(small.header("content-length").parse::<usize>().unwrap() < plain.body.len() / 2);
    let tag = plain.header("etag").to_owned();
    assert_eq!(small.header("etag"), tag);
    let known = world.send(Method::GET, "/sdk/v1/symbolon.js", &[(IF_NONE_MATCH, &tag)], None).await;
    assert_eq!((known.status.as_u16(), &*known.body), (304, ""));
    let other = world.send(Method::GET, "/sdk/v1/symbolon.js", &[(IF_NONE_MATCH, "W/\"another\"")], None).await;
    assert_eq!(other.status, 200);
}

/// 112.
#[tokio::test]
async fn no_path_leads_out_of_the_bundle() {
    let world = World::new().await;
    let address = world.running.address.unwrap();
    for path in [
        "/assets/../master.key",
        "/assets/..%2fmaster.key",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..\\master.key",
        "/assets/%00",
        "/assets/symbolon.db",
        "/assets/",
        "/assets//etc/passwd",
        "/sdk/v1/..%2f..%2fCargo.toml",
        "/sdk/v1/%00",
        "//evil.example/..",
        "/%ff",
        "/assets/%c0%ae%c0%ae/x",
    ] {
        let answer =
            raw(address, format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "404"].contains(&status), "{path}: {answer}");
    }
}

/// 103: not one inline style, handler or script but the one that the form-post page's policy names, and the files that ask for passkeys and show
/// passwords.
#[tokio::test]
async fn no_page_has_inline_style_script_or_foreign_content() {
    let world = World::with(open).await;
    for (name, page) in every_page(&world, ISSUER).await {
        let body = page.body.to_ascii_lowercase();
        let form_post = name.contains("form_post");
        let files = ["data-passkey=", "type=\"password\""].iter().filter(|what| body.contains(**what)).count();
        assert_eq!(body.matches("<script").count(), files + usize::from(form_post), "{name}");
        let policy = page.header("content-security-policy");
        let scripts = policy.split("; ").find_map(|rule| rule.strip_prefix("script-src ")).unwrap_or_default();
        let sources: Vec<&str> = body.split("<script type=\"module\" src=\"").skip(1).collect();
        let sources: Vec<String> =
            sources.iter().map(|rest| format!("{ISSUER}{}", rest.split('"').next().unwrap())).collect();
        assert_eq!(sources.len(), files, "{name}");
        assert!(form_post || scripts == sources.join(" "), "{name}: {policy}");
        assert_eq!(policy.contains("script-src"), form_post || files > 0, "{name}");
        for bad in [
            "<style",
            " style=",
            " onclick",
            " onload",
            " onerror",
            " onsubmit",
            "javascript:",
            "<iframe",
            "http-equiv",
            "<base",
        ] {
            assert!(!body.contains(bad), "{name}: {bad}");
        }
        for source in body.split("src=\"").skip(1).chain(body.split("<link rel=\"stylesheet\" href=\"").skip(1)) {
            assert!(source.starts_with('/'), "{name}: {source}");
        }
    }
}

/// 113; CVE-2019-8400, CVE-2021-20323, CVE-2026-42849.
#[tokio::test]
async fn nothing_received_becomes_markup() {
    let world = World::new().await;
    let mut browser = world.browser();
    let hinted = browser.get(&authorize_url("web", &[("login_hint", HOSTILE)])).await;
    assert!(hinted.body.contains("name=\"username\""));
    let csrf = hinted.field("csrf");
    let wrong = [("csrf", &*csrf), ("username", HOSTILE), ("password", "x")];
    let pages = [
        hinted,
        browser.post("/login", &wrong).await,
        browser.get(&authorize_url("web", &[("client_id", HOSTILE)])).await,
        browser.get(&authorize_url("web", &[("redirect_uri", HOSTILE)])).await,
        browser.get(&authorize_url("web", &[("ui_locales", HOSTILE), ("state", HOSTILE)])).await,
        browser.get(&format!("/setup?{}", crate::support::client::form(&[("code", HOSTILE)]))).await,
        browser
            .get(&format!(
                "/logout?{}",
                crate::support::client::form(&[("post_logout_redirect_uri", HOSTILE), ("client_id", HOSTILE)])
            ))
            .await,
        browser.get(&format!("/{}", crate::support::client::form(&[(HOSTILE, HOSTILE)]))).await,
    ];
    for page in pages {
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        for bad in ["<script>", "<img src=x", "onerror=alert(2)>"] {
            assert!(!page.body.contains(bad), "{bad} in {}", page.body);
        }
    }
}

/// 4: no parameter leads anywhere.
#[tokio::test]
async fn no_parameter_sends_the_browser_to_a_place_of_its_choice() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code("web", "ada@example.com", &[]).await;
    let evil = "https://evil.example/";
    for name in [
        "return_to",
        "returnTo",
        "next",
        "redirect",
        "redirect_uri",
        "post_logout_redirect_uri",
        "target_link_uri",
        "ui_locales",
    ] {
        for path in ["/", "/login", "/logout", "/setup", "/reset", "/authorize/continue"] {
            let answer = browser.get(&format!("{path}?{}", crate::support::client::form(&[(name, evil)]))).await;
            assert!(!answer.headers.contains_key("location") || !answer.location().contains("evil"), "{path} {name}");
            assert!(!answer.headers.contains_key("refresh"));
            assert!(!answer.body.contains(&format!("href=\"{evil}")), "{path} {name}");
            assert!(!answer.body.contains(&format!("action=\"{evil}")), "{path} {name}");
        }
    }
}

/// 111: links and issuer never depend on Host or forwarding headers.
#[tokio::test]
async fn host_and_forwarding_headers_change_nothing() {
    let world = World::new().await;
    let address = world.running.address.unwrap();
    for path in ["/", "/login", "/.well-known/openid-configuration"] {
        let request = format!(
            "GET {path} HTTP/1.1\r\n{HOST}: evil.example\r\nx-forwarded-host: evil.example\r\nx-forwarded-proto: https\r\n\
             forwarded: host=evil.example\r\nx-real-ip: 1.2.3.4\r\nconnection: close\r\n\r\n"
        );
        let answer = raw(address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(!answer.contains("evil.example"), "{answer}");
        assert!(answer.contains("localhost:4400"), "{answer}");
    }
}

/// 109, 110.
#[tokio::test]
async fn trace_unknown_methods_and_ambiguous_framing_are_refused() {
    let world = World::with(|config| config.http.header_timeout_secs = 1).await;
    let address = world.running.address.unwrap();
    let mut browser = world.browser();
    for method in ["TRACE", "TRACK", "PATCH", "PROPFIND"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer =
            browser.send(method.clone(), "/login", &[(HeaderName::from_static("x-secret"), "swordfish")], None).await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").contains("GET"), "{method}: {:?}", answer.headers);
        assert!(!answer.body.contains("swordfish"));
    }
    for head in [
        "POST /oauth/token HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        "POST /oauth/token HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx-folded: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GARBAGE\r\n\r\n",
    ] {
        let answer = raw(address, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head:?}: {answer:?}");
    }
}

/// 158: a head beyond its limit gets 431, whatever the way.
#[tokio::test]
async fn a_huge_head_is_refused_and_the_server_goes_on() {
    let world = World::new().await;
    let address = world.running.address.unwrap();
    let long = "a".repeat(1024 * 1024);
    for head in [
        format!("GET /?{long} HTTP/1.1\r\nhost: a\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: a\r\nx-long: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(10_000)),
    ] {
        let answer = raw(address, head.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        // The answer may be cut off by the reset that follows unread bytes.
        assert!(["", "414", "431"].contains(&status), "{answer}");
    }
    assert_eq!(world.browser().get("/livez").await.status, 200);
}
