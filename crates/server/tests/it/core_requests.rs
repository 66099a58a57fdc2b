//! What an authorization request may wish for beyond the basics (OpenID Connect Core §3.1.2.1, §4, §5; Prompt Create 1.0), and what comes of it.

use http::Method;
use serde_json::json;
use symbolon_oauth::SubjectType;

use crate::support::client::param;
use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::{Answer, Browser, ISSUER, PASSWORD, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

async fn signed_in(world: &World, email: &str) -> Browser {
    let mut browser = world.browser();
    browser.code("web", email, &[]).await;
    browser
}

async fn choose(browser: &mut Browser, page: &Answer) -> Answer {
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "continue")];
    let answer = browser.post("/login", &fields).await;
    browser.follow(answer).await
}

#[tokio::test]
async fn core_section_3_1_2_1_select_account_offers_who_is_signed_in_and_lets_them_go_on() {
    let world = World::new().await;
    let mut browser = signed_in(&world, ADA).await;
    world.advance(500);
    let page = browser.get(&authorize_url("web", &[("prompt", "select_account")])).await;
    page.is_page(200);
    assert!(page.body.contains("Choose an account") && page.body.contains("Ada Lovelace"), "{}", page.body);
    assert!(page.body.contains("name=\"password\""), "or somebody else");
    let answer = choose(&mut browser, &page).await;
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["auth_time"], crate::support::NOW, "a choice is no authentication");
}

#[tokio::test]
async fn a_choice_holds_through_the_consent_page_and_no_longer() {
    let world = World::new().await;
    let mut browser = signed_in(&world, ADA).await;
    let page = browser.get(&authorize_url("partner", &[("prompt", "select_account")])).await;
    let consent = choose(&mut browser, &page).await;
    consent.is_page(200);
    let (interaction, csrf) = (consent.field("interaction"), consent.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "allow")];
    let answer = browser.post("/consent", &fields).await;
    assert!(answer.param("code").is_some(), "{answer:?}");
    browser.get(&authorize_url("partner", &[("prompt", "select_account")])).await.is_page(200);
}

/// RFC 9110 §9.2.1: who only looks at an address changes nothing there, and gets no code.
#[tokio::test]
async fn head_hands_nothing_out_and_ends_nothing() {
    let world = World::new().await;
    let mut browser = signed_in(&world, ADA).await;
    let asked = browser.send(Method::HEAD, &authorize_url("web", &[]), &[], None).await;
    assert_eq!((asked.status.as_u16(), asked.headers.get("location")), (200, None), "{asked:?}");
    let id_token = world.tokens("web", ADA).await["id_token"].clone();
    let url = format!("/logout?id_token_hint={}", id_token.as_str().unwrap());
    assert_eq!(browser.send(Method::HEAD, &url, &[], None).await.status, 200);
    let still = browser.get(&authorize_url("web", &[("prompt", "none")])).await;
    assert!(still.param("code").is_some(), "{still:?}");
}

/// What stands in the field for the name.
fn typed(page: &Answer) -> &str {
    page.body.split("name=\"username\" type=\"text\" value=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// Core §3.1.2.1: who is meant by `id_token_hint` need not type their name.
#[tokio::test]
async fn core_section_3_1_2_1_the_person_of_a_hint_finds_their_login_name() {
    let world = World::new().await;
    let id_token = world.tokens("web", ADA).await["id_token"].clone();
    let hint = ("id_token_hint", id_token.as_str().unwrap());
    let page = world.browser().get(&authorize_url("web", &[hint])).await;
    assert_eq!(typed(&page), ADA);
    assert!(!page.body.contains("Ada Lovelace"), "the name they sign in with, and no more");
    // What the client says of itself goes first.
    let page = world.browser().get(&authorize_url("web", &[hint, ("login_hint", "countess")])).await;
    assert_eq!(typed(&page), "countess");
    // Of a pairwise subject nobody can tell whose it is.
    world.change_client("web", |client| client.subjects.subject_type = SubjectType::Pairwise).await;
    let id_token = world.tokens("web", ADA).await["id_token"].clone();
    let page = world.browser().get(&authorize_url("web", &[("id_token_hint", id_token.as_str().unwrap())])).await;
    assert_eq!(typed(&page), "");
}

/// What was offered was one account: in another's session the choice is worth nothing.
#[tokio::test]
async fn a_choice_counts_only_for_the_account_that_was_shown() {
    let world = World::new().await;
    let mut browser = signed_in(&world, ADA).await;
    let page = browser.get(&authorize_url("web", &[("prompt", "select_account")])).await;
    let other = browser.get(&authorize_url("web", &[("prompt", "login")])).await;
    browser.sign_in(&other, BOB, PASSWORD).await;
    choose(&mut browser, &page).await.is_page(400);
    // Nor where nothing was offered at all.
    let plain = browser.get(&authorize_url("web", &[("prompt", "login")])).await;
    choose(&mut browser, &plain).await.is_page(400);
    let nobody = world.browser().get(&authorize_url("web", &[])).await;
    assert!(!nobody.body.contains("value=\"continue\""));
}

#[tokio::test]
async fn after_a_wrong_password_the_account_is_offered_still() {
    let world = World::new().await;
    let mut browser = signed_in(&world, ADA).await;
    let page = browser.get(&authorize_url("web", &[("prompt", "select_account")])).await;
    let again = browser.sign_in(&page, BOB, "wrong password").await;
    again.is_page(400);
    assert!(choose(&mut browser, &again).await.param("code").is_some());
}

/// Core §3.1.2.1: with `none`, "the Authorization Server MUST NOT display any authentication or consent user interface pages".
#[tokio::test]
async fn core_section_3_1_2_1_none_stands_alone() {
    let world = World::new().await;
    let mut browser = signed_in(&world, ADA).await;
    for other in ["login", "consent", "select_account"] {
        let refused = browser.get(&authorize_url("web", &[("prompt", &format!("none {other}"))])).await;
        refused.is_redirected_error("invalid_request");
    }
}

/// Prompt Create 1.0 §4.1: a value that is not in `prompt_values_supported` is refused with `invalid_request`. Nobody can sign up here by themselves.
#[tokio::test]
async fn prompt_create_section_4_1_what_is_not_offered_is_refused_and_not_listed() {
    let world = World::new().await;
    for prompt in ["create", "create login", "login create"] {
        let refused = world.browser().get(&authorize_url("web", &[("prompt", prompt)])).await;
        refused.is_redirected_error("invalid_request");
        assert!(refused.param("error_description").unwrap().contains("prompt"), "{refused:?}");
    }
    let document = world.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["prompt_values_supported"], json!(["consent", "login", "none", "select_account"]));
}

/// Core §3.1.2.1, §5.2: "an error SHOULD NOT result if some or all of the requested locales are not supported", and none from a display we have not.
#[tokio::test]
async fn core_section_3_1_2_1_languages_and_displays_are_wishes() {
    let world = World::new().await;
    for (name, value) in [
        ("ui_locales", "fr-CA fr en"),
        ("ui_locales", "tlh"),
        ("ui_locales", "<script>"),
        ("claims_locales", "de-DE xx"),
        ("claims_locales", "\"><img>"),
        ("display", "page"),
        ("display", "touch"),
        ("display", "hologram"),
        ("acr_values", "urn:mace:incommon:iap:gold 2"),
    ] {
        let code = world.browser().code("web", ADA, &[(name, value)]).await;
        assert_eq!(world.redeem("web", &code).await.status, 200, "{name}={value}");
        let page = world.browser().get(&authorize_url("web", &[(name, value)])).await;
        page.is_page(200);
        assert!(!page.body.contains("<img>") && page.body.contains("lang=\"en\""));
    }
}

/// Core §5.1: each claim in the type it has there, from what an operator types.
#[tokio::test]
async fn core_section_5_1_every_standard_claim_can_be_kept_and_is_told() {
    let world = World::new().await;
    let claims = json!({
        "given_name": "Ada", "family_name": "Lovelace", "middle_name": "King", "nickname": "Countess",
        "profile": "https://ada.example.com/", "picture": "https://ada.example.com/ada.png", "website": "https://ada.example.com/blog",
        "gender": "female", "birthdate": "1915-12-10", "zoneinfo": "Europe/London", "locale": "en-GB",
        "phone_number": "+44 20 7946 0000", "phone_number_verified": "true",
        "address.street_address": "12 St James's Square", "address.locality": "London", "address.country": "GB",
    });
    let change = json!({ "claims": claims, "username": "ada" });
    world.command(&json!({ "user": { "set": { "user": ADA, "change": change } } })).await;
    let code = world.browser().code("web", ADA, &[("scope", "openid profile email phone address")]).await;
    let tokens = world.redeem("web", &code).await.json();
    let mut said = world.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    let (sub, updated_at) = (said["sub"].take(), said["updated_at"].take());
    assert!(sub.is_string() && updated_at.is_u64(), "{sub} {updated_at}");
    assert_eq!(
        said,
        json!({
            "sub": null, "updated_at": null,
            "name": "Ada Lovelace", "preferred_username": "ada", "email": ADA, "email_verified": true,
            "given_name": "Ada", "family_name": "Lovelace", "middle_name": "King", "nickname": "Countess",
            "profile": "https://ada.example.com/", "picture": "https://ada.example.com/ada.png",
            "website": "https://ada.example.com/blog", "gender": "female", "birthdate": "1915-12-10",
            "zoneinfo": "Europe/London", "locale": "en-GB", "phone_number": "+44 20 7946 0000", "phone_number_verified": true,
            "address": { "street_address": "12 St James's Square", "locality": "London", "country": "GB" },
        })
    );
    let document = world.browser().get("/.well-known/openid-configuration").await.json();
    let listed = document["claims_supported"].as_array().unwrap();
    assert!(said.as_object().unwrap().keys().all(|name| listed.contains(&json!(name))), "{listed:?}");
}

/// Core §2, §12.2: the time of the real authentication, however often it is renewed in silence.
#[tokio::test]
async fn core_section_12_2_auth_time_does_not_move_on_silent_renewal() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code("web", ADA, &[]).await;
    let first = world.redeem("web", &code).await.json();
    world.advance(300);
    let silent = browser.get(&authorize_url("web", &[("prompt", "none")])).await;
    let silent = world.redeem("web", &silent.param("code").unwrap()).await.json();
    let renewed = world.refresh("web", first["refresh_token"].as_str().unwrap()).await.json();
    let (first, silent, renewed) =
        (claims(&first["id_token"]), claims(&silent["id_token"]), claims(&renewed["id_token"]));
    for later in [&silent, &renewed] {
        assert_eq!(
            (&later["auth_time"], &later["sub"], &later["iss"]),
            (&first["auth_time"], &first["sub"], &first["iss"])
        );
        assert_eq!(later["iat"], world.clock.now());
    }
    // §12.2: "it SHOULD NOT have a nonce Claim … if it is present, its value MUST be the same as in the ID Token issued at the time of the original authentication".
    assert!(renewed.get("nonce").is_none_or(|nonce| *nonce == first["nonce"]), "{renewed}");
    world.advance(100);
    let page = browser.get(&authorize_url("web", &[("prompt", "login")])).await;
    let again = browser.sign_in(&page, ADA, PASSWORD).await;
    let again = world.redeem("web", &again.param("code").unwrap()).await.json();
    assert_eq!(claims(&again["id_token"])["auth_time"], world.clock.now(), "a real one moves it");
}

/// FAPI 1.0 Part 2 §5.1.1: where an ID token comes with the answer it is bound to the `state` of the request, and elsewhere there is none.
#[tokio::test]
async fn fapi_1_section_5_1_1_s_hash_binds_the_state_where_an_id_token_is_beside_it() {
    let world = World::of_answers().await;
    let answer = world.authorized(&mut world.browser(), "web", ADA, &[("response_type", "code id_token")]).await;
    let id_token = claims(&json!(answer.fragment()["id_token"]));
    let half = &symbolon_jose::sha256(b"st/ate +1")[..16];
    assert_eq!(id_token["s_hash"], symbolon_jose::base64url::encode(half));
    let tokens = world.tokens("web", ADA).await;
    assert_eq!(claims(&tokens["id_token"]).get("s_hash"), None);
    let stateless = [("response_type", "code id_token"), ("state", "")];
    let answer = world.authorized(&mut world.browser(), "web", ADA, &stateless).await;
    assert_eq!(claims(&json!(answer.fragment()["id_token"])).get("s_hash"), None);
}

/// Core §4: people who come here without a request find the way to our apps, and nobody is sent anywhere by a `target_link_uri`.
#[tokio::test]
async fn core_section_4_people_find_the_apps_that_can_begin_a_sign_in() {
    let world = World::new().await;
    assert!(!world.browser().get("/").await.body.contains("id=\"apps\""));
    for client in ["web", "partner"] {
        let uri = format!("https://{client}.example.com/begin?tenant=1");
        world.change_client(client, |client| client.in_browser.initiate_login_uri = Some(uri)).await;
    }
    let page = world.browser().get("/?target_link_uri=https%3A%2F%2Fevil.example%2F").await;
    let link = page.body.split("id=\"apps\"").nth(1).unwrap().split("href=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&");
    assert!(link.starts_with("https://web.example.com/begin?tenant=1&"), "{link}");
    assert_eq!((param(&link, "iss").as_deref(), param(&link, "target_link_uri")), (Some(ISSUER), None));
    assert!(
        !page.body.contains("evil.example") && !page.body.contains("partner.example.com"),
        "a stranger's link is not ours"
    );
}
