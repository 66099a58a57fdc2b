//! Signing in and out against an issuer that does not always say what it should.

use serde_json::{Value, json};

use crate::world::{NOW, World};

#[tokio::test]
async fn rfc9700_section_2_1_1_a_question_has_state_nonce_and_challenge_of_its_own() {
    let world = World::new().await;
    let ((one, first), (other, second)) = (world.begin().await, world.begin().await);
    let param =
        |url: &url::Url, name: &str| url.query_pairs().find(|(it, _)| it == name).map(|(_, value)| value.into_owned());
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(param(&first, name), param(&second, name), "{name}");
        assert!(param(&first, name).is_some_and(|value| value.len() >= 43), "{name}");
    }
    assert_eq!(param(&first, "code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(param(&first, "redirect_uri"), Some(format!("{}/callback", world.origin())));
    assert_ne!(one.split('=').next(), other.split('=').next(), "two tabs do not disturb each other");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_signs_nobody_in() {
    let world = World::new().await;
    let (cookie, question) = world.begin().await;
    let (other, _) = world.begin().await;
    let yes = world.yes(&question);
    for (path, cookie) in [
        (yes.clone(), ""),
        (yes.clone(), other.as_str()),
        (yes.replace("state=", "state=x"), cookie.as_str()),
        (yes.replace(&world.issuer.url, "https://evil.example"), cookie.as_str()),
        (yes.split("&iss").next().unwrap().to_owned(), cookie.as_str()),
        (format!("{yes}&code=another"), cookie.as_str()),
    ] {
        let answer = world.send("GET", &path, &[("cookie", cookie)], "").await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.cookies().iter().all(|cookie| cookie.ends_with('=')), "{path}");
    }
    assert!(world.issuer.does.lock().unwrap().asked.is_empty(), "no code was shown to anybody");
    world.clock.advance(901);
    assert_eq!(world.send("GET", &yes, &[("cookie", &cookie)], "").await.status, 400, "too late");
}

#[tokio::test]
async fn oidc_core_section_3_1_3_7_an_id_token_that_does_not_count_signs_nobody_in() {
    let world = World::new().await;
    for claim in [
        ("nonce", json!("other")),
        ("aud", json!("other")),
        ("iss", json!("https://evil.example")),
        ("exp", json!(NOW - 60)),
        ("sub", json!("mallory")),
    ] {
        let (cookie, question) = world.begin().await;
        world.issuer.does.lock().unwrap().claims = vec![claim.clone()];
        let answer = world.send("GET", &world.yes(&question), &[("cookie", &cookie)], "").await;
        assert_eq!((answer.status, answer.cookies().len()), (502, 1), "{claim:?}");
        assert!(!answer.body.contains("eyJhbGciOi") && !answer.body.contains("access-"), "{}", answer.body);
    }
}

/// A page of another site can send people to `/login` as often as it likes.
#[tokio::test]
async fn sign_ins_that_nobody_ends_do_not_fill_the_head_of_every_request() {
    let world = World::new().await;
    let path = format!("/login?return_to=/{}", "x".repeat(1_000));
    let (mut jar, mut most) = (std::collections::BTreeMap::new(), 0);
    for _ in 0..40 {
        let cookie = jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<String>>().join("; ");
        most = most.max(cookie.len());
        let answer = world.send("GET", &path, &[("cookie", &cookie), ("sec-fetch-mode", "navigate")], "").await;
        assert_eq!(answer.status, 303);
        for cookie in answer.cookies() {
            let (name, value) = cookie.split_once('=').unwrap();
            if value.is_empty() {
                jar.remove(name)
            } else {
                jar.insert(name.to_owned(), value.to_owned())
            };
        }
    }
    assert!((4_000..12_500).contains(&most), "{most} bytes");
}

#[tokio::test]
async fn what_a_session_leaves_that_has_run_out_is_revoked() {
    let mut world = World::new().await;
    world.sign_in().await;
    world.clock.advance(12 * 3_600);
    // At once after a start, and every minute.
    world.restart().await;
    for _ in 0..1_000 {
        if !world.issuer.does.lock().unwrap().revoked.is_empty() {
            break;
        }
        world.send("GET", "/livez", &[], "").await;
    }
    let revoked = world.issuer.does.lock().unwrap().revoked.clone();
    assert!(revoked.len() == 1 && revoked[0].contains("refresh-1"), "{revoked:?}");
}

#[tokio::test]
async fn the_issuer_hears_of_what_nobody_has_any_more() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    let headers = [("cookie", browser.cookie.as_str()), ("x-csrf-token", &browser.token), ("origin", &world.origin())];
    let answer = world.send("POST", "/logout", &headers, "").await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "continue": format!("{}/logout/continue", world.origin()) }))
    );
    let farewell = answer.cookies().into_iter().find(|cookie| cookie.contains("farewell")).unwrap();
    let on = world.send("GET", "/logout/continue", &[("cookie", &farewell)], "").await.location();
    assert!(
        on.as_str().starts_with(&format!("{}/logout?", world.issuer.url))
            && on.query().unwrap().contains("id_token_hint=")
    );
    // It is told meanwhile; a moment later it has been.
    for _ in 0..1_000 {
        if !world.issuer.does.lock().unwrap().revoked.is_empty() {
            break;
        }
        world.get(&browser, "/livez").await;
    }
    assert!(world.issuer.does.lock().unwrap().revoked[0].contains("token=refresh-1"));
    assert_eq!(world.send("GET", "/logout/continue", &[], "").await.headers["location"], "/");
}

#[tokio::test]
async fn backchannel_logout_section_2_6_ends_what_is_meant_and_nothing_else() {
    let world = World::new().await;
    let token = |typ: &str, change: (&str, Value)| {
        let mut claims = json!({
            "iss": world.issuer.url, "aud": "app", "sub": "ada", "sid": "s1", "iat": NOW, "exp": NOW + 120, "jti": "j",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        claims[change.0] = change.1;
        world.issuer.sign(typ, &claims)
    };
    let tell = async |token: String| {
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        world.send("POST", "/backchannel-logout", &kind, format!("logout_token={token}")).await
    };
    let browser = world.sign_in().await;
    for (typ, change) in [
        ("JWT", ("x", json!(1))),
        ("logout+jwt", ("nonce", json!("n"))),
        ("logout+jwt", ("aud", json!("other"))),
        ("logout+jwt", ("exp", json!(NOW - 60))),
        ("logout+jwt", ("events", json!({}))),
    ] {
        assert_eq!(tell(token(typ, change.clone())).await.status, 400, "{typ} {change:?}");
    }
    assert_eq!(tell(token("logout+jwt", ("sid", json!("another")))).await.status, 200);
    assert_eq!(world.get(&browser, "/session").await.status, 200);
    let answer = tell(token("logout+jwt", ("x", json!(1)))).await;
    assert_eq!((answer.status, answer.headers["cache-control"].to_str().unwrap()), (200, "no-store"));
    assert_eq!(world.get(&browser, "/session").await.status, 401);
}
