//! The words of an issuer in cookie mode, which the browser SDK speaks.

use serde_json::json;
use symbolon_oauth::pkce::CodeChallenge;

use crate::world::{Answer, World};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn query(world: &World, changes: &[(&str, &str)]) -> String {
    let (back, challenge) = (format!("{}/app", world.origin()), CodeChallenge::of(VERIFIER));
    let mut pairs = vec![
        ("client_id", "app"),
        ("response_type", "code"),
        ("redirect_uri", back.as_str()),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        pairs.retain(|(it, _)| it != name);
        pairs.push((name, value));
    }
    url::form_urlencoded::Serializer::new("/authorize?".to_owned()).extend_pairs(pairs).finish().replace("?&", "?")
}

fn param(url: &url::Url, name: &str) -> String {
    url.query_pairs().find(|(it, _)| it == name).unwrap().1.into_owned()
}

/// To the page with a code; gives that, and the session's cookie.
async fn code(world: &World) -> (String, String) {
    let asked = world.send("GET", &query(world, &[]), &[], "").await;
    let (cookie, question) = (asked.cookies()[0].clone(), asked.location());
    let answer = world.send("GET", &world.yes(&question), &[("cookie", &cookie)], "").await;
    let back = answer.location();
    assert!(back.as_str().starts_with(&format!("{}/app?", world.origin())), "{back}");
    assert_eq!((param(&back, "state"), param(&back, "iss")), ("s".to_owned(), world.origin()));
    let cookie = answer.cookies().into_iter().find(|cookie| !cookie.contains("sign-in")).unwrap();
    (param(&back, "code"), cookie)
}

async fn redeem(world: &World, code: &str, cookie: &str, verifier: &str, origin: &str) -> Answer {
    let form = format!("grant_type=authorization_code&client_id=app&code={code}&code_verifier={verifier}");
    world.send("POST", "/oauth/token", &[FORM, ("cookie", cookie), ("origin", origin)], form).await
}

#[tokio::test]
async fn a_page_gets_a_code_and_for_it_the_claims_of_its_session() {
    let world = World::new().await;
    let (code, cookie) = code(&world).await;
    let answer = redeem(&world, &code, &cookie, VERIFIER, &world.origin()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    assert_eq!((&told["id_token_claims"], &told["user"]["name"]), (&json!({ "nonce": "n" }), &json!("Ada")));
    assert_eq!(
        (told["claims"]["iss"].as_str(), &told["claims"]["client_id"]),
        (Some(world.origin().as_str()), &json!("app"))
    );
    assert_eq!(told["access_token_format"], "session");
    assert!(!answer.body.contains("access-1") && !answer.body.contains("eyJhbGciOi"), "{}", answer.body);
    let headers = [
        FORM,
        ("cookie", cookie.as_str()),
        ("origin", &world.origin()),
        ("x-csrf-token", told["csrf_token"].as_str().unwrap()),
    ];
    let out = world.send("POST", "/oauth/revoke", &headers, "client_id=app").await;
    let farewell = out.cookies().into_iter().find(|cookie| cookie.contains("farewell")).unwrap();
    let way = format!("/logout?client_id=app&post_logout_redirect_uri={}/bye", world.origin());
    let on = world.send("GET", &way, &[("cookie", &farewell)], "").await.location();
    assert_eq!(param(&on, "post_logout_redirect_uri"), format!("{}/logout/done", world.origin()));
    let done = world.send("GET", &format!("/logout/done?state={}", param(&on, "state")), &[], "").await;
    assert_eq!(done.location().as_str(), format!("{}/bye", world.origin()));
    assert_eq!(world.send("GET", "/logout/done?state=https://evil.example", &[], "").await.headers["location"], "/");
}

/// The session is a newer one than the page's, so its token counts no more; the page goes on all the same.
#[tokio::test]
async fn a_sign_out_that_was_refused_is_not_shown_as_done_but_asks() {
    let world = World::new().await;
    let (_, old) = code(&world).await;
    let stale = world.send("GET", "/session", &[("cookie", &old)], "").await.json()["csrf_token"].clone();
    let (browser, origin) = (world.sign_in().await, world.origin());
    let headers = [FORM, ("cookie", &browser.cookie), ("origin", &origin), ("x-csrf-token", stale.as_str().unwrap())];
    assert_eq!(world.send("POST", "/oauth/revoke", &headers, "client_id=app").await.status, 403);
    let way = format!("/logout?client_id=app&post_logout_redirect_uri={origin}/bye%3Fx=%2522%26y");
    let page = world.get(&browser, &way).await;
    assert_eq!((page.status, page.headers.get("location")), (200, None), "{}", page.body);
    assert_eq!(page.headers["cache-control"], "no-store");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self' "), "{policy}");
    assert_eq!(world.get(&browser, "/session").await.status, 200, "a navigation ends nothing");
    let value = |before: &str| page.body.split(before).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (action, token) = (value("<form method=\"post\" action=\""), value("name=\"csrf_token\" value=\""));
    let submit = async |cookie: &str, from: &str, token: &str| {
        let headers = [FORM, ("cookie", cookie), ("origin", from), ("sec-fetch-mode", "navigate")];
        world.send("POST", &action, &headers, format!("csrf_token={token}")).await
    };
    for (from, token) in [("https://evil.example", token.as_str()), (&origin, "guess"), (&origin, "")] {
        assert_eq!(submit(&browser.cookie, from, token).await.status, 403, "{from} {token}");
    }
    assert_eq!(world.get(&browser, "/session").await.status, 200);
    let out = submit(&browser.cookie, &origin, &token).await;
    assert_eq!((out.status, out.headers["location"].to_str().unwrap()), (303, "/logout/continue"));
    assert_eq!(world.get(&browser, "/session").await.status, 401);
    let farewell = out.cookies().into_iter().find(|cookie| cookie.contains("farewell")).unwrap();
    let on = world.send("GET", "/logout/continue", &[("cookie", &farewell)], "").await.location();
    let done = world.send("GET", &format!("/logout/done?state={}", param(&on, "state")), &[], "").await;
    assert_eq!(done.location().as_str(), format!("{origin}/bye?x=%22&y"));
}

/// Safari before 16.4 says nothing of how a request came about; a script that says what it is gets its answer all the same.
#[tokio::test]
async fn a_form_of_a_browser_without_fetch_metadata_goes_on_to_the_issuer() {
    let world = World::new().await;
    let origin = world.origin();
    for (mode, leads_on) in [(None, true), (Some("navigate"), true), (Some("cors"), false)] {
        let browser = world.sign_in().await;
        let headers = [FORM, ("cookie", browser.cookie.as_str()), ("origin", &origin)];
        let headers: Vec<_> = headers.into_iter().chain(mode.map(|mode| ("sec-fetch-mode", mode))).collect();
        let out = world.send("POST", "/logout", &headers, format!("csrf_token={}", browser.token)).await;
        let to = out.headers.get("location").map(|to| to.to_str().unwrap());
        let expected = if leads_on { (303, Some("/logout/continue")) } else { (200, None) };
        assert_eq!((out.status, to), expected, "{mode:?} {}", out.body);
        assert_eq!(world.get(&browser, "/session").await.status, 401);
        // Once more, by nobody: to the app.
        let out = world.send("POST", "/logout", &headers, format!("csrf_token={}", browser.token)).await;
        assert_eq!(out.status, expected.0);
    }
}

/// With a navigation from another site comes no cookie; with the next one, from the page that answers it, they come.
#[tokio::test]
async fn a_link_of_another_site_is_led_to_the_question_whether_to_sign_out() {
    let world = World::new().await;
    let (browser, origin) = (world.sign_in().await, world.origin());
    let from_elsewhere = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    let way = format!("/logout?client_id=app&post_logout_redirect_uri={origin}/bye%3Fx=%2522%26y");
    let page = world.send("GET", &way, &from_elsewhere, "").await;
    assert_eq!((page.status, page.headers.get("set-cookie")), (200, None));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let value = |before: &str| page.body.split(before).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let to = value("id=\"continue\" href=\"");
    assert_eq!(value("http-equiv=\"refresh\" content=\""), format!("0; url={to}"));
    let question = world.get(&browser, &to).await;
    assert!(question.body.contains("action=\"/logout?return_to="), "{}", question.body);
    assert!(question.body.contains("%2Fbye%3Fx%3D%2522%26y"), "{}", question.body);
    assert_eq!(world.get(&browser, "/session").await.status, 200, "a navigation ends nothing");
    // Nobody goes round in circles, is led elsewhere, or gets the page into a frame's or a script's answer.
    assert_eq!(world.send("GET", &to, &from_elsewhere, "").await.headers["location"], "/");
    let evil = world.send("GET", "/logout?post_logout_redirect_uri=https://evil.example/", &from_elsewhere, "").await;
    assert!(evil.status == 200 && !evil.body.contains("evil"), "{}", evil.body);
    for (site, mode) in [("cross-site", "no-cors"), ("same-origin", "navigate"), ("none", "navigate")] {
        let headers = [("sec-fetch-site", site), ("sec-fetch-mode", mode)];
        assert_eq!(world.send("GET", &way, &headers, "").await.headers["location"], "/", "{site} {mode}");
    }
}

/// One that ended earlier leaves its ID token for a minute; whoever signs in meanwhile is another session.
#[tokio::test]
async fn a_farewell_of_an_earlier_session_does_not_pass_for_the_end_of_this_one() {
    let world = World::new().await;
    let (earlier, origin) = (world.sign_in().await, world.origin());
    let headers = [("cookie", earlier.cookie.as_str()), ("x-csrf-token", &earlier.token), ("origin", &origin)];
    let out = world.send("POST", "/logout?return_to=/bye", &headers, "").await;
    let farewell = out.cookies().into_iter().find(|cookie| cookie.contains("farewell")).unwrap();
    let both = format!("{}; {farewell}", world.sign_in().await.cookie);
    for path in ["/logout", "/logout/continue"] {
        let page = world.send("GET", path, &[("cookie", &both)], "").await;
        assert!(page.status == 200 && page.body.contains("/logout?return_to=%2Fbye\""), "{path} {}", page.body);
        // Nobody is signed in: on to the issuer with it, and without it to the app, as ever.
        assert_eq!(world.send("GET", path, &[("cookie", &farewell)], "").await.status, 303);
        assert_eq!(world.send("GET", path, &[], "").await.headers["location"], "/");
    }
    let evil = format!("/logout?post_logout_redirect_uri={}", "https%3A%2F%2Fevil.example%2F");
    assert!(world.send("GET", &evil, &[("cookie", &both)], "").await.body.contains("/logout?return_to=%2F\""));
}

#[tokio::test]
async fn rfc7636_section_4_6_a_code_is_good_for_its_page_in_its_browser_and_for_a_minute() {
    let world = World::new().await;
    let ((code, cookie), other, origin) = (code(&world).await, world.sign_in().await, world.origin());
    for (cookie, verifier, origin) in [
        (other.cookie.as_str(), VERIFIER, origin.as_str()),
        ("", VERIFIER, &origin),
        (&cookie, "another-verifier-that-is-long-enough-to-be-one", &origin),
        (&cookie, "", &origin),
    ] {
        let answer = redeem(&world, &code, cookie, verifier, origin).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_grant")));
    }
    for origin in ["https://evil.example", "null"] {
        assert_eq!(redeem(&world, &code, &cookie, VERIFIER, origin).await.status, 403, "{origin}");
    }
    assert_eq!(redeem(&world, "v1.AAAA", &cookie, VERIFIER, &origin).await.status, 400);
    world.clock.advance(60);
    assert_eq!(redeem(&world, &code, &cookie, VERIFIER, &origin).await.status, 400, "too late");
}

#[tokio::test]
async fn rfc6749_section_4_1_2_1_nobody_is_sent_anywhere_that_may_not_use_the_gateway() {
    let world = World::new().await;
    let own = format!("{}.evil.example/", world.origin());
    let long = "x".repeat(257);
    for change in [
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", own.as_str()),
        ("redirect_uri", "javascript:alert(1)"),
        ("client_id", "other"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", ""),
        // They would fill the cookie.
        ("state", &long),
        ("nonce", &long),
    ] {
        let answer = world.send("GET", &query(&world, &[change]), &[], "").await;
        assert_eq!((answer.status, answer.headers.get("location")), (400, None), "{change:?}");
    }
    let named = world.send("GET", &query(&world, &[("redirect_uri", "http://localhost:4200/x")]), &[], "").await;
    assert_eq!(named.status, 303);
    // The issuer's no is the page's.
    let question = named.location();
    let no = format!("/callback?error=login_required&state={}&iss={}", param(&question, "state"), world.issuer.url);
    let back = world.send("GET", &no, &[("cookie", &named.cookies()[0])], "").await.location();
    assert_eq!(
        (back.origin().ascii_serialization().as_str(), param(&back, "error").as_str()),
        ("http://localhost:4200", "login_required")
    );
}
