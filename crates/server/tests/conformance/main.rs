//! What the standards say MUST or MUST NOT be, each sentence by a test of its own that is named after its section. Most are a line in a
//! table: a request that is nearly right, and how it is refused. Flows as a whole are in `../it`.

#![expect(unreachable_pub, reason = "a test binary has no users but itself")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the tests in `it`, which use the rest")]
#[path = "../it/support/mod.rs"]
mod support;

/// Authorization requests, each refused at the client's own redirect URI, with `state` and `iss`.
macro_rules! told_to_the_client {
    ($($(#[$about:meta])* $name:ident: $client:literal, $more:expr => $code:literal;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = crate::support::World::new().await;
            let url = crate::support::flow::authorize_url($client, &$more);
            world.browser().get(&url).await.is_redirected_error($code);
        }
    )+};
}

/// Authorization requests, each refused on a page that leads nowhere.
macro_rules! told_on_a_page {
    ($($(#[$about:meta])* $name:ident: $client:literal, $more:expr => $code:literal;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = crate::support::World::new().await;
            let page = world.browser().get(&crate::support::flow::authorize_url($client, &$more)).await;
            page.is_page(400);
            assert!(page.body.contains($code), "{}", page.body);
        }
    )+};
}

/// Token requests of a client, each refused with this status and code.
macro_rules! refused_for_tokens {
    ($($(#[$about:meta])* $name:ident: $client:literal, $pairs:expr => $status:literal, $code:literal;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = crate::support::World::new().await;
            world.token($client, &$pairs).await.is_error($status, $code);
        }
    )+};
}

/// Redemptions of a good code by a client, one field changed (or left out where it is empty), each refused; the owner may still redeem it.
macro_rules! refused_for_a_code {
    ($($(#[$about:meta])* $name:ident: $client:literal, $field:literal, $value:expr => $code:literal;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = crate::support::World::new().await;
            let code = world.browser().code("web", crate::flows::ADA, &[]).await;
            crate::flows::redeem_but(&world, $client, &code, $field, $value).await.is_error(400, $code);
            assert_eq!(world.redeem("web", &code).await.status, 200, "the refusal changed something");
        }
    )+};
}

mod ciba_core;
mod fapi2;
mod fapi_ciba;
mod flows;
mod form_post;
mod jarm;
mod openid_core;
mod openid_discovery;
mod openid_logout;
mod prompt_create;
mod rfc6749;
mod rfc6749_tokens;
mod rfc6750;
mod rfc7009;
mod rfc7523;
mod rfc7591;
mod rfc7592;
mod rfc7636;
mod rfc7662;
mod rfc8252;
mod rfc8414;
mod rfc8628;
mod rfc8693;
mod rfc8705;
mod rfc8707;
mod rfc9068;
mod rfc9101;
mod rfc9126;
mod rfc9207;
mod rfc9396;
mod rfc9449;
mod rfc9470;
mod rfc9700;
mod rfc9701;
