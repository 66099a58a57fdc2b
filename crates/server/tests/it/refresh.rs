//! Refresh tokens: the state table of specs rule 4, over HTTP.

use serde_json::Value;
use symbolon_server::admin::{Command, NewPassword, UserChange, UserCommand};

use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::protocol::futures;
use crate::support::{API, Answer, Browser, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

/// The tokens of an answer that must be one.
#[track_caller]
fn tokens(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// A browser with a session of `email`, and the tokens `client` got there.
async fn signed_in(world: &World, client: &str, email: &str) -> (Browser, Value) {
    let mut browser = world.browser();
    let code = browser.code(client, email, &[]).await;
    (browser, tokens(&world.redeem(client, &code).await))
}

async fn sign_out(browser: &mut Browser, tokens: &Value) {
    let answer = browser.get(&format!("/logout?id_token_hint={}", tokens["id_token"].as_str().unwrap())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn every_use_rotates_and_the_newest_goes_on() {
    let world = World::new().await;
    for client in ["web", "spa"] {
        let mut current = world.tokens(client, ADA).await;
        for _ in 0..3 {
            world.advance(60);
            let next = tokens(&world.refresh(client, refresh_token(&current)).await);
            assert_ne!(refresh_token(&next), refresh_token(&current));
            assert_ne!(next["access_token"], current["access_token"]);
            let (old, new) = (claims(&current["id_token"]), claims(&next["id_token"]));
            for kept in ["sub", "auth_time", "sid", "aud", "iss"] {
                assert_eq!(old[kept], new[kept], "{kept}");
            }
            world.assert_alive(&next["access_token"]).await;
            current = next;
        }
    }
}

/// Rule 4: ten tabs that refresh at once all go on.
#[tokio::test]
async fn ten_parallel_refreshes_get_the_same_successor() {
    let world = World::new().await;
    let first = world.tokens("spa", ADA).await;
    let answers = futures(10, || world.refresh("spa", refresh_token(&first))).await;
    let all: Vec<Value> = answers.iter().map(tokens).collect();
    assert!(all.iter().all(|one| refresh_token(one) == refresh_token(&all[0])), "{all:?}");
    for one in &all {
        world.assert_alive(&one["access_token"]).await;
    }
    // And the family goes on with it.
    let next = tokens(&world.refresh("spa", refresh_token(&all[0])).await);
    // Within the grace even a tab that comes after the successor was used gets that same successor.
    let late = tokens(&world.refresh("spa", refresh_token(&first)).await);
    assert_eq!(refresh_token(&late), refresh_token(&all[0]));
    tokens(&world.refresh("spa", refresh_token(&next)).await);
}

/// Rule 4: an answer lost on the way costs nothing.
#[tokio::test]
async fn a_lost_answer_is_made_good_later() {
    let world = World::new().await;
    let first = world.tokens("spa", ADA).await;
    let lost = tokens(&world.refresh("spa", refresh_token(&first)).await);
    world.advance(600);
    let again = tokens(&world.refresh("spa", refresh_token(&first)).await);
    assert_ne!(refresh_token(&again), refresh_token(&lost), "a new pair in its place");
    tokens(&world.refresh("spa", refresh_token(&again)).await);
}

#[tokio::test]
async fn ten_tabs_that_all_missed_the_answer_get_the_same_new_pair() {
    let world = World::new().await;
    let first = world.tokens("spa", ADA).await;
    tokens(&world.refresh("spa", refresh_token(&first)).await);
    world.advance(600);
    let answers = futures(10, || world.refresh("spa", refresh_token(&first))).await;
    let all: Vec<Value> = answers.iter().map(tokens).collect();
    assert!(all.iter().all(|one| refresh_token(one) == refresh_token(&all[0])), "{all:?}");
    tokens(&world.refresh("spa", refresh_token(&all[0])).await);
}

#[tokio::test]
async fn the_successor_that_died_of_a_lost_answer_gives_a_thief_away() {
    let world = World::new().await;
    let first = world.tokens("spa", ADA).await;
    let lost = tokens(&world.refresh("spa", refresh_token(&first)).await);
    world.advance(600);
    let again = tokens(&world.refresh("spa", refresh_token(&first)).await);
    world.refresh("spa", refresh_token(&lost)).await.is_error(400, "invalid_grant");
    world.refresh("spa", refresh_token(&again)).await.is_error(400, "invalid_grant");
    world.assert_dead(&again["access_token"]).await;
}

/// Security 41, 48; RFC 9700 §4.14.2.
#[tokio::test]
async fn theft_ends_family_and_session_and_nobody_elses() {
    let world = World::new().await;
    let (mut browser, first) = signed_in(&world, "spa", ADA).await;
    let (mut elsewhere, other_device) = signed_in(&world, "spa", ADA).await;
    let bobs = world.tokens("spa", BOB).await;
    let second = tokens(&world.refresh("spa", refresh_token(&first)).await);
    let third = tokens(&world.refresh("spa", refresh_token(&second)).await);
    world.advance(10);

    world.refresh("spa", refresh_token(&first)).await.is_error(400, "invalid_grant");
    for dead in [&second, &third] {
        world.refresh("spa", refresh_token(dead)).await.is_error(400, "invalid_grant");
        world.assert_dead(&dead["access_token"]).await;
    }
    let silent = [("prompt", "none")];
    browser.get(&authorize_url("spa", &silent)).await.is_redirected_error("login_required");
    let audit = world.audit_trail().await;
    let event = audit.iter().find(|(name, _)| name == "token.replay").unwrap_or_else(|| panic!("{audit:?}"));
    assert_eq!(event.1["cause"], "RefreshTokenReused");

    for alive in [&other_device, &bobs] {
        world.assert_alive(&alive["access_token"]).await;
        tokens(&world.refresh("spa", refresh_token(alive)).await);
    }
    assert!(elsewhere.get(&authorize_url("spa", &silent)).await.param("code").is_some());
}

/// What was superseded long ago is on record no more: its text names the family.
#[tokio::test]
async fn a_token_that_was_forgotten_gives_its_thief_away_all_the_same() {
    let world = World::new().await;
    let (mut browser, first) = signed_in(&world, "spa", ADA).await;
    let mut newest = first.clone();
    for _ in 0..5 {
        world.advance(3600);
        newest = tokens(&world.refresh("spa", refresh_token(&newest)).await);
    }
    let token =
        symbolon_oauth::OpaqueToken::parse(symbolon_oauth::TokenKind::RefreshToken, refresh_token(&first)).unwrap();
    let hash = symbolon_store::Hash32(token.hash());
    assert!(
        world.running.app.store.refresh_facts(token.family(), hash).await.unwrap().is_none(),
        "nothing is kept of it"
    );

    world.refresh("other", refresh_token(&first)).await.is_error(400, "invalid_grant");
    world.assert_alive(&newest["access_token"]).await;
    world.refresh("spa", refresh_token(&first)).await.is_error(400, "invalid_grant");
    world.refresh("spa", refresh_token(&newest)).await.is_error(400, "invalid_grant");
    world.assert_dead(&newest["access_token"]).await;
    browser.get(&authorize_url("spa", &[("prompt", "none")])).await.is_redirected_error("login_required");
    let audit = world.audit_trail().await;
    assert!(audit.iter().any(|(name, detail)| name == "token.replay" && detail["cause"] == "RefreshTokenReused"));
}

/// A client that was away has not seen the answer.
#[tokio::test]
async fn an_answer_that_got_lost_days_ago_costs_nothing() {
    let world = World::new().await;
    let mut newest = world.tokens("web", ADA).await;
    for _ in 0..3 {
        world.advance(3600);
        newest = tokens(&world.refresh("web", refresh_token(&newest)).await);
    }
    tokens(&world.refresh("web", refresh_token(&newest)).await);
    world.advance(5 * 86_400);
    tokens(&world.refresh("web", refresh_token(&newest)).await);
}

#[tokio::test]
async fn the_grace_ends_after_ten_seconds_sharp() {
    let world = World::new().await;
    for (wait, expected) in [(9, 200), (10, 400)] {
        let first = world.tokens("web", ADA).await;
        let second = tokens(&world.refresh("web", refresh_token(&first)).await);
        tokens(&world.refresh("web", refresh_token(&second)).await);
        world.advance(wait);
        assert_eq!(world.refresh("web", refresh_token(&first)).await.status, expected, "after {wait} s");
    }
}

#[tokio::test]
async fn the_grace_can_be_switched_off() {
    let world = World::with(|config| config.tokens.refresh_grace_secs = 0).await;
    let first = world.tokens("web", ADA).await;
    let second = tokens(&world.refresh("web", refresh_token(&first)).await);
    tokens(&world.refresh("web", refresh_token(&second)).await);
    world.refresh("web", refresh_token(&first)).await.is_error(400, "invalid_grant");
}

/// Security 46: presenting another client's token changes nothing for its owner.
#[tokio::test]
async fn another_clients_refresh_token_is_as_good_as_none() {
    let world = World::new().await;
    let webs = world.tokens("web", ADA).await;
    let stolen = world.refresh("other", refresh_token(&webs)).await;
    stolen.is_error(400, "invalid_grant");
    let unknown = world.refresh("other", &refresh_token(&webs).replace("sym_rt_", "sym_rt-")).await;
    assert_eq!(stolen.body, unknown.body);
    world.refresh("spa", refresh_token(&webs)).await.is_error(400, "invalid_grant");
    // Even one that had its day.
    let next = tokens(&world.refresh("web", refresh_token(&webs)).await);
    let newest = tokens(&world.refresh("web", refresh_token(&next)).await);
    world.advance(60);
    world.refresh("other", refresh_token(&webs)).await.is_error(400, "invalid_grant");
    tokens(&world.refresh("web", refresh_token(&newest)).await);
}

/// RFC 6749 §6; security 45.
#[tokio::test]
async fn scope_shrinks_and_never_grows() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "openid offline_access read")]).await;
    let mut current = tokens(&world.redeem("web", &code).await);
    let grant = ("grant_type", "refresh_token");
    for grown in ["openid read write", "write", "email", "openid offline_access read x"] {
        let fields = [grant, ("refresh_token", refresh_token(&current)), ("scope", grown)];
        world.token("web", &fields).await.is_error(400, "invalid_scope");
    }
    let fields = [grant, ("refresh_token", refresh_token(&current)), ("scope", "read")];
    current = tokens(&world.token("web", &fields).await);
    assert_eq!((current["scope"].as_str(), current.get("id_token")), (Some("read"), None));
    // What was left out once is not lost (RFC 6749 §6: the new refresh token's scope is the old one's).
    current = tokens(&world.refresh("web", refresh_token(&current)).await);
    assert_eq!(current["scope"], "openid offline_access read");
    let fields = [grant, ("refresh_token", refresh_token(&current)), ("resource", crate::support::OTHER_API)];
    world.token("web", &fields).await.is_error(400, "invalid_target");
    let fields = [grant, ("refresh_token", refresh_token(&current)), ("resource", API)];
    tokens(&world.token("web", &fields).await);
}

/// Security 44.
#[tokio::test]
async fn a_refresh_token_ends_when_unused_and_in_any_case() {
    let world = World::new().await;
    world
        .change_client("web", |client| {
            client.refresh_idle_secs = Some(1_000);
            client.refresh_absolute_secs = Some(2_500);
        })
        .await;
    let idle = world.tokens("web", BOB).await;
    let mut current = world.tokens("web", ADA).await;
    for _ in 0..2 {
        world.advance(999);
        current = tokens(&world.refresh("web", refresh_token(&current)).await);
    }
    world.refresh("web", refresh_token(&idle)).await.is_error(400, "invalid_grant");
    world.advance(2_500 - 2 * 999 - 1);
    current = tokens(&world.refresh("web", refresh_token(&current)).await);
    world.advance(1);
    world.refresh("web", refresh_token(&current)).await.is_error(400, "invalid_grant");
}

/// Security 47.
#[tokio::test]
async fn a_blocked_user_gets_nothing_more_and_is_told_so_in_known_words() {
    let world = World::new().await;
    let (adas, bobs) = (world.tokens("web", ADA).await, world.tokens("web", BOB).await);
    world.block(ADA).await;
    world.refresh("web", refresh_token(&adas)).await.is_error(400, "invalid_grant");
    world.assert_dead(&adas["access_token"]).await;
    world.carry_out(Command::User(UserCommand::Unblock { user: ADA.to_owned() })).await;
    world.refresh("web", refresh_token(&adas)).await.is_error(400, "invalid_grant");
    world.assert_dead(&adas["access_token"]).await;
    tokens(&world.refresh("web", refresh_token(&bobs)).await);
}

/// Security 47, 94.
#[tokio::test]
async fn a_new_password_ends_what_was_signed_in_with_the_old_one() {
    let world = World::new().await;
    let (mut browser, adas) = signed_in(&world, "web", ADA).await;
    let change =
        UserChange { password: Some(NewPassword("another horse battery".to_owned().into())), ..UserChange::default() };
    world.carry_out(Command::User(UserCommand::Set { user: ADA.to_owned(), change })).await;
    world.refresh("web", refresh_token(&adas)).await.is_error(400, "invalid_grant");
    world.assert_dead(&adas["access_token"]).await;
    browser.get(&authorize_url("web", &[("prompt", "none")])).await.is_redirected_error("login_required");
}

#[tokio::test]
async fn a_deleted_user_and_a_disabled_client_get_nothing_more() {
    let world = World::new().await;
    let (adas, bobs) = (world.tokens("web", ADA).await, world.tokens("web", BOB).await);
    world.carry_out(Command::User(UserCommand::Delete { user: ADA.to_owned() })).await;
    world.refresh("web", refresh_token(&adas)).await.is_error(400, "invalid_grant");
    world.assert_dead(&adas["access_token"]).await;
    world.change_client("web", |client| client.disabled = true).await;
    world.refresh("web", refresh_token(&bobs)).await.is_error(401, "invalid_client");
}

/// Security 47: who withdraws a consent withdraws it from what is already out.
#[tokio::test]
async fn a_withdrawn_consent_ends_the_grant() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("partner", &[])).await;
    let page = browser.sign_in(&page, ADA, crate::support::PASSWORD).await;
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let yes = [("interaction", interaction.as_str()), ("csrf", &csrf), ("decision", "allow")];
    let code = browser.post("/consent", &yes).await.param("code").unwrap();
    let partner = tokens(&world.redeem("partner", &code).await);
    let web = tokens(&world.redeem("web", &browser.code("web", ADA, &[]).await).await);

    let user = claims(&partner["id_token"])["sub"].as_str().unwrap().to_owned();
    world.running.app.store.withdraw_consent(&user, "partner", crate::support::NOW).await.unwrap();
    world.refresh("partner", refresh_token(&partner)).await.is_error(400, "invalid_grant");
    world.assert_dead(&partner["access_token"]).await;
    world.assert_alive(&web["access_token"]).await;
    browser.get(&authorize_url("partner", &[("prompt", "none")])).await.is_redirected_error("consent_required");
}

/// Security 47; RFC 10017: a browser program is signed out with its session.
#[tokio::test]
async fn rfc10017_section_6_3_2_3_signing_out_ends_a_browser_program_and_leaves_offline_access_alone() {
    let world = World::new().await;
    let (mut browser, spa) = signed_in(&world, "spa", ADA).await;
    let web = tokens(&world.redeem("web", &browser.code("web", ADA, &[]).await).await);
    sign_out(&mut browser, &spa).await;

    world.refresh("spa", refresh_token(&spa)).await.is_error(400, "invalid_grant");
    world.assert_dead(&spa["access_token"]).await;
    // Access tokens of the session end with it; offline access goes on with new ones.
    world.assert_dead(&web["access_token"]).await;
    let later = tokens(&world.refresh("web", refresh_token(&web)).await);
    world.assert_alive(&later["access_token"]).await;
    assert_eq!(claims(&later["access_token"]).get("sid"), None, "a dead session is not named");
    let userinfo = world.userinfo(later["access_token"].as_str().unwrap()).await.json();
    assert_eq!(userinfo["email"], ADA);
}

/// A session lives as long as what is bound to it is used, and not beyond its own end.
#[tokio::test]
async fn a_browser_program_in_use_keeps_its_session_up_to_the_absolute_end() {
    let world = World::new().await;
    let (mut browser, mut spa) = signed_in(&world, "spa", ADA).await;
    for _ in 0..5 {
        world.advance(4 * 3_600);
        spa = tokens(&world.refresh("spa", refresh_token(&spa)).await);
    }
    let silent = browser.get(&authorize_url("spa", &[("prompt", "none")])).await;
    assert!(silent.param("code").is_some(), "{silent:?}");
    world.advance(4 * 3_600);
    world.refresh("spa", refresh_token(&spa)).await.is_error(400, "invalid_grant");
}

/// A reload of the same person's sign-in must not sign other programs out (prompt=login at another client).
#[tokio::test]
async fn signing_in_again_as_the_same_person_keeps_the_other_programs_signed_in() {
    let world = World::new().await;
    let (mut browser, spa) = signed_in(&world, "spa", ADA).await;
    world.advance(100);
    let page = browser.get(&authorize_url("web", &[("prompt", "login")])).await;
    browser.sign_in(&page, ADA, crate::support::PASSWORD).await;
    world.assert_alive(&spa["access_token"]).await;
    let next = tokens(&world.refresh("spa", refresh_token(&spa)).await);
    // Somebody else at the same browser ends them.
    let page = browser.get(&authorize_url("web", &[("prompt", "select_account")])).await;
    browser.sign_in(&page, BOB, crate::support::PASSWORD).await;
    world.refresh("spa", refresh_token(&next)).await.is_error(400, "invalid_grant");
}

/// Security 29, 42.
#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let world = World::new().await;
    let good = world.tokens("web", ADA).await;
    let text = refresh_token(&good);
    let (cut, longer, upper) = (&text[..text.len() - 1], format!("{text}x"), text.to_uppercase());
    let access = good["access_token"].as_str().unwrap();
    for bad in [cut, &longer, &upper, access, "sym_rt_", "x", "../../etc/passwd"] {
        world.refresh("web", bad).await.is_error(400, "invalid_grant");
    }
    world.refresh("web", "").await.is_error(400, "invalid_request");
    world.refresh("web", &format!("{text}\0")).await.is_error(400, "invalid_request");
    tokens(&world.refresh("web", text).await);
}

#[tokio::test]
async fn a_rotation_outlives_a_restart() {
    let world = World::new().await;
    let first = world.tokens("web", ADA).await;
    let second = tokens(&world.refresh("web", refresh_token(&first)).await);
    let world = world.restart().await;
    let same = tokens(&world.refresh("web", refresh_token(&first)).await);
    assert_eq!(refresh_token(&same), refresh_token(&second));
    tokens(&world.refresh("web", refresh_token(&second)).await);
}
