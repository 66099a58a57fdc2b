//! Every route, in order, with what guards it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::StatusCode;
use symbolon_oauth::endpoint::path;

use super::meta::Meta;
use super::{
    account, answer, authenticate, authorize, bc_authorize, check_session, ciba, co_authenticate, consent, cors,
    current, dbconnections, dev_mail, device, device_authorization, discovery, factor, forgot, headers, health, home,
    introspect, jwks, language, login, login_email, logout, meta, not_me, page, par, register, reset, revocations,
    revoke, sdk, security, session, setup, sign_up, ssf, status_list, token, twin, userinfo,
};
use crate::app::App;
use crate::config::{FeedAccess, RegistrationMode};

/// The router of the public listener.
pub fn router(app: &Arc<App>) -> Router {
    guarded(app, routes(app))
}

/// What every request goes through, around `routes`: security headers, the facts and the line of a request, its time limit.
pub fn guarded(app: &Arc<App>, routes: Router<Arc<App>>) -> Router {
    routes
        .fallback(home::not_found)
        .method_not_allowed_fallback(home::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(app), refuse_nul))
        .layer(from_fn_with_state(Arc::clone(app), time_out))
        .layer(from_fn_with_state(Arc::clone(app), meta::layer))
        .layer(from_fn_with_state(Arc::clone(app), headers::layer))
        .with_state(Arc::clone(app))
}

/// The router of the listener on which clients are asked for certificates: the endpoints that programs call, and no page.
pub fn for_certificates(app: &Arc<App>) -> Router {
    guarded(app, open().merge(clients(app)).merge(apis(app)).merge(health()))
}

/// Every route of the public listener.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .merge(open())
        .merge(clients(app))
        .merge(pages_of_clients(app))
        .merge(registration(app))
        .merge(apis(app))
        .merge(pages())
        .merge(drawn(app))
        .merge(development(app))
        .merge(health())
}

/// Documents for everybody, on any origin.
fn open() -> Router<Arc<App>> {
    Router::new()
        .route(path::OPENID_CONFIGURATION, get(discovery::metadata))
        .route(path::OAUTH_METADATA, get(discovery::metadata))
        .route(path::JWKS, get(jwks::jwks))
        .route(path::SSF_CONFIGURATION, get(ssf::configuration))
        .route(&format!("{}/{{list}}", path::STATUS_LISTS), get(status_list::list))
        .route("/sdk/v1/{file}", get(sdk::file))
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(from_fn(cors::open))
}

/// Called by clients, on the origins they registered.
fn clients(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route(path::TOKEN, post(token::token))
        .route(path::USERINFO, get(userinfo::userinfo).post(userinfo::userinfo))
        .route(path::REVOKE, post(revoke::revoke))
        .route(path::PUSHED_AUTHORIZATION, post(par::push))
        .route(path::DEVICE_AUTHORIZATION, post(device_authorization::start))
        .route(path::BACKCHANNEL_AUTHENTICATION, post(bc_authorize::start))
        .route("/authenticate", post(authenticate::authenticate))
        // An API's look-up, and a page's of its own cookie.
        .route(path::SESSION, get(current::session).post(session::session))
        .route(path::CURRENT_USER, get(current::user))
        // Inside the layer, which answers the preflight of a method the route does not have.
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(app), cors::registered))
}

/// Called by clients' pages, with the browser's cookies.
fn pages_of_clients(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/co/authenticate", post(co_authenticate::authenticate))
        .route("/dbconnections/change_password", post(dbconnections::change_password))
        .route("/dbconnections/signup", post(dbconnections::sign_up::sign_up))
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(app), cors::registered_with_cookies))
}

/// Called by whoever registers a client, from anywhere.
fn registration(app: &Arc<App>) -> Router<Arc<App>> {
    if app.config().registration == RegistrationMode::Off {
        return Router::new();
    }
    let one = get(register::show).put(register::replace).delete(register::delete);
    Router::new()
        .route(path::REGISTER, post(register::create))
        .route(&format!("{}/{{client_id}}", path::REGISTER), one)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(from_fn(cors::open_to_change))
}

/// Called by APIs, from servers.
fn apis(app: &Arc<App>) -> Router<Arc<App>> {
    let mut apis = Router::new().route(path::INTROSPECT, post(introspect::introspect));
    if app.config().revocation.feed != FeedAccess::Off {
        apis = apis
            .route(path::REVOCATION_SNAPSHOT, get(revocations::snapshot))
            .route(path::REVOCATION_STREAM, get(revocations::stream));
    }
    let apis = apis
        .route(
            path::SSF_STREAMS,
            get(ssf::streams::read)
                .post(ssf::streams::create)
                .patch(ssf::streams::update)
                .put(ssf::streams::replace)
                .delete(ssf::streams::delete),
        )
        .route(path::SSF_STATUS, get(ssf::status::read).post(ssf::status::update))
        .route(path::SSF_VERIFY, post(ssf::status::verify))
        .route(&format!("{}/{{stream}}", path::SSF_POLL), post(ssf::poll::poll));
    apis.method_not_allowed_fallback(answer::method_not_allowed)
}

/// Visited by people.
fn pages() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(home::get))
        .route("/assets/{file}", get(home::asset))
        .route(language::PATH, get(language::get).head(page::head))
        .route(path::AUTHORIZE, get(authorize::get).post(authorize::post).head(page::head))
        .route(authorize::AGAIN, post(authorize::again))
        .route(authorize::CONTINUE, get(authorize::go_on).post(authorize::go_on_posted).head(page::head))
        .route(path::CHECK_SESSION, get(check_session::get))
        .route("/login/passkey", post(login::passkey))
        .route("/account", get(account::overview))
        .route("/account/{part}", get(account::get).post(account::post))
        .route("/account/email/confirm", get(account::email::confirm).post(account::email::confirm_posted))
        .route(account::email::UNDO, get(account::email::undo).post(account::email::undo_posted))
        .route(security::PATH, get(security::get).post(security::post))
        .route("/.well-known/passkey-endpoints", get(security::passkey_endpoints))
        .route("/.well-known/change-password", get(forgot::change_password))
        .route("/consent", post(consent::post))
        .route(path::CIBA, get(ciba::get))
        .route(ciba::ANSWER, post(ciba::answer))
        .route(path::DEVICE, get(device::get).post(device::post))
        .route(device::ANSWER, post(device::answer))
        .route(path::END_SESSION, get(logout::get).post(logout::post).head(page::head))
        .route(logout::AGAIN, post(logout::again))
        .route("/v2/logout", get(logout::get_v2).head(page::head))
        .route("/setup", get(setup::get).post(setup::post))
        .route(crate::account::email_code::LINK_PATH, get(login_email::confirm::get).post(login_email::confirm::post))
        .route(crate::account::not_me::PATH, get(not_me::get).post(not_me::post))
        .route(sign_up::confirm::PATH, get(sign_up::confirm::get).post(sign_up::confirm::post))
}

/// Pages that apps may draw themselves.
fn drawn(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/login", get(login::get).post(login::post))
        .route(login_email::PATH, get(login_email::get).post(login_email::post))
        .route(login_email::code::PATH, get(login_email::code::get).post(login_email::code::post))
        .route(factor::PATH, get(factor::get).post(factor::post))
        .route(forgot::PATH, get(forgot::get).post(forgot::post))
        .route(forgot::SENT, get(forgot::sent))
        .route(reset::PATH, get(reset::get).post(reset::post))
        .route("/signup", get(sign_up::get).post(sign_up::post))
        .route(sign_up::code::PATH, get(sign_up::code::get).post(sign_up::code::post))
        // Inside the layer, which answers the preflight of a method the route does not have.
        .method_not_allowed_fallback(home::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(app), twin::layer))
}

/// The mail of a development server, which goes nowhere else.
fn development(app: &Arc<App>) -> Router<Arc<App>> {
    if app.mail.kept().is_none() {
        return Router::new();
    }
    Router::new()
        .route("/dev/mail", get(dev_mail::list))
        .route("/dev/mail.json", get(dev_mail::json))
        .route("/dev/mail/{number}", get(dev_mail::letter))
        .route("/dev/mail/{number}/html", get(dev_mail::html))
        .layer(from_fn_with_state(Arc::clone(app), dev_mail::only_here))
}

fn health() -> Router<Arc<App>> {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/healthz", get(health::livez))
}

/// Nothing has a name with U+0000, and no store needs to be asked for it: not every one could be.
async fn refuse_nul(app: State<Arc<App>>, meta: Extension<Meta>, request: Request, next: Next) -> Response {
    if request.uri().path().contains("%00") { home::not_found(app, meta).await } else { next.run(request).await }
}

/// Ends a request that takes too long; its work in the store and the password pool goes on to its end.
async fn time_out(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let limit = Duration::from_secs(app.config().http.request_timeout_secs);
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}
