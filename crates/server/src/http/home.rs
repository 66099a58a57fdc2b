//! `GET /`: what runs here and where to go.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, StatusCode};

use symbolon_store::ListUsers;

use super::compressed::Compressed;
use super::meta::Meta;
use super::{browser, consent, page};
use crate::app::App;
use crate::dev;
use crate::effects::store_failure;
use crate::pages::assets;
use crate::pages::error::ErrorWhat;
use crate::pages::home::{Home, SampleView, SetupState};
use crate::pages::{Colour, Csp, WebUrl};
use crate::session::csrf::{self, Purpose};

/// The start page.
pub(super) async fn get(State(app): State<Arc<App>>, Extension(meta): Extension<Meta>, headers: HeaderMap) -> Response {
    let signed_in = match browser::signed_in(&app, &headers, meta.now).await {
        Ok(signed_in) => signed_in,
        Err(error) => return page::protocol_error(&app, &meta, &error),
    };
    let setup = match app.store.list_users(ListUsers { limit: 1, ..ListUsers::default() }).await {
        Ok(page) if page.items.is_empty() => SetupState::Needed,
        Ok(_) => SetupState::Done,
        Err(error) => return page::protocol_error(&app, &meta, &store_failure(&error)),
    };
    let binding = browser::session_binding(&app, &headers).unwrap_or_default();
    let shell = match &signed_in {
        Some(who) => page::shell_for(&app, &meta, &who.user),
        None => page::shell(&app, &meta),
    };
    let view = Home {
        shell: shell.picking("/", ""),
        issuer: app.issuer.as_str().to_owned(),
        setup,
        signed_in: signed_in
            .map(|who| (consent::account_view(&who), csrf::issue(&app.csrf, binding, Purpose::Logout, meta.now))),
        apps: apps(&app),
        sample: sample(&app),
    };
    page::html(&app, StatusCode::OK, &view, &Csp::strict())
}

/// Where people can begin to sign in without having been at an app (OpenID Connect Core §4). Ours only: a stranger's link would look as if we
/// had put it there.
fn apps(app: &App) -> Vec<(String, WebUrl)> {
    let registry = app.registry();
    let mut apps: Vec<(String, WebUrl)> = registry
        .begins_sign_in()
        .filter_map(|client| {
            let uri = client.in_browser.initiate_login_uri.as_ref()?;
            let begins = symbolon_oauth::authorize::initiate_login(&app.issuer, uri);
            Some((client.name.clone(), WebUrl::parse(&begins)?))
        })
        .collect();
    apps.sort_by(|one, other| one.0.cmp(&other.0));
    apps
}

fn sample(app: &App) -> Option<SampleView> {
    if !app.config().dev {
        return None;
    }
    let api = format!("{}/api/dragons", dev::api_origin(app));
    Some(SampleView { app: WebUrl::parse(&dev::app_origin(app))?, api: WebUrl::parse(&api)? })
}

/// Each file by the name under which it is asked for, compressed once.
static ASSETS: LazyLock<HashMap<&str, (&str, Compressed)>> = LazyLock::new(|| {
    let file = |path: &'static str| {
        let name = path.strip_prefix("/assets/")?;
        let (content_type, content) = assets::serve(name)?;
        Some((name, (content_type, Compressed::new(content))))
    };
    assets::PATHS.into_iter().filter_map(file).collect()
});

/// `GET /assets/…`: the stylesheet and icon, by hashed name, kept for ever.
pub(super) async fn asset(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    Path(name): Path<String>,
    asked: HeaderMap,
) -> Response {
    if let Some(colour) = Colour::of_name(&name) {
        return file("text/css; charset=utf-8", colour.stylesheet());
    }
    match ASSETS.get(&*name) {
        Some((content_type, content)) => file(content_type, content.answer(&asked)),
        None => page::error(&app, &meta, ErrorWhat::NotFound),
    }
}

fn file(content_type: &'static str, content: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, assets::CACHE_CONTROL),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    (headers, content).into_response()
}

/// Any address that is not one of ours.
pub(super) async fn not_found(State(app): State<Arc<App>>, Extension(meta): Extension<Meta>) -> Response {
    page::error(&app, &meta, ErrorWhat::NotFound)
}

/// One of our addresses, with a method it does not have.
pub(super) async fn method_not_allowed(State(app): State<Arc<App>>, Extension(meta): Extension<Meta>) -> Response {
    page::error(&app, &meta, ErrorWhat::MethodNotAllowed)
}
