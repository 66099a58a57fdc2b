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
