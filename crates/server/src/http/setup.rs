//! `/setup?code=…`: the first administrator, by a one-time link from the terminal (no default account ever
//! exists, security 122).

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, StatusCode};
use symbolon_oauth::{OAuthError, OpaqueToken, Params, Rng as _, Subject, TokenKind};
use symbolon_store::{Artefact, Conflict, Hash32, NewUser, Redeemed, StoreError, User, UserStatus};

use super::browser;
use super::meta::Meta;
use super::page;
use super::posted::Posted;
use crate::account::normalize::EmailAddress;
use crate::account::password::{Password, Policy, SALT_LEN};
use crate::account::profile::is_name;
use crate::app::App;
use crate::effects::store_failure;
use crate::pages::Csp;
use crate::pages::WebUrl;
use crate::pages::done::{Done, DoneWhat};
use crate::pages::error::ErrorWhat;
use crate::pages::setup::{Setup, SetupProblem};
use crate::rng::SystemRng;
use crate::session::csrf::{self, Purpose};
use crate::{admin, dev, events};

/// The kind of the single-use link.
pub(super) const KIND: &str = "setup";
const COMMAND: &str = "symbolon admin setup-link";

/// `GET /setup`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(params) = Params::parse(query.unwrap_or_default().as_bytes()) else {
        // Damaged on the way, as by a mail program: a new link is what helps.
        return page::error(&app, &meta, ErrorWhat::LinkExpired { command: COMMAND });
    };
    let code = params.get("code").unwrap_or_default();
    match usable(&app, code, meta.now).await {
        Ok(Usable::Yes) => {}
        Ok(Usable::No(why)) => return page::error(&app, &meta, why),
        Err(error) => return page::protocol_error(&app, &meta, &error),
    }
    let (browser, cookie) = browser::ensure_pre_session(&app, &headers);
    let view = view(&app, &meta, &browser, &params, None);
    page::with_cookie(page::html(&app, StatusCode::OK, &view, &page::typed_password(&app)), cookie)
}

/// `POST /setup`.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Setup) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    match create(&app, &meta, &params).await {
        Ok(Created::Done { email }) => {
            let sample_app = if app.config().dev { WebUrl::parse(&dev::app_origin(&app)) } else { None };
            let view = Done { shell: page::shell(&app, &meta), what: DoneWhat::SetUp { email, sample_app } };
            page::html(&app, StatusCode::OK, &view, &Csp::strict())
        }
        Ok(Created::Not(why)) => page::error(&app, &meta, why),
        Ok(Created::Problem(problem)) => {
            let browser = browser::pre_session(&app, &headers).unwrap_or_default();
            let view = view(&app, &meta, browser, &params, Some(problem));
            problem_page(
                page::html(&app, StatusCode::BAD_REQUEST, &view, &page::typed_password(&app)),
                problem == SetupProblem::Busy,
            )
        }
        Err(error) => page::protocol_error(&app, &meta, &error),
    }
}

enum Usable {
    Yes,
    No(ErrorWhat),
}

/// Whether a set-up link can be used: while it is fresh, and nobody is administrator. Several may be out, since
/// a new one can be made at any time; the first administrator ends them all.
async fn usable(app: &App, code: &str, now: u64) -> Result<Usable, OAuthError> {
    if link(app, KIND, TokenKind::Setup, code, now).await?.is_none() {
        return Ok(Usable::No(ErrorWhat::LinkExpired { command: COMMAND }));
    }
    let taken = admin::has_administrator(&*app.store).await.map_err(|error| store_failure(&error))?;
    Ok(if taken { Usable::No(ErrorWhat::SetUpAlready) } else { Usable::Yes })
}

/// What the one-time link of `kind` was made for, if it can still be used.
pub(super) async fn link(
    app: &App,
    kind: &str,
    token: TokenKind,
    code: &str,
    now: u64,
) -> Result<Option<Artefact>, OAuthError> {
    let Ok(code) = OpaqueToken::parse(token, code) else { return Ok(None) };
    let found = app.store.artefact(kind, Hash32(code.hash())).await.map_err(|error| store_failure(&error))?;
    Ok(found.filter(|link| link.redeemed_at.is_none() && now < link.expires_at))
}

/// Uses the one-time link up; false when somebody else did, or its time is over.
async fn redeem(app: &App, code: &str, now: u64) -> Result<bool, OAuthError> {
    let Ok(code) = OpaqueToken::parse(TokenKind::Setup, code) else { return Ok(false) };
    let redeemed = app.store.redeem_artefact(KIND, Hash32(code.hash()), now).await;
    redeemed.map(|redeemed| redeemed == Redeemed::Done).map_err(|error| store_failure(&error))
}

/// An answer to a form that failed: 503 with `Retry-After` when the server was busy.
pub(super) fn problem_page(mut response: Response, busy: bool) -> Response {
    if busy {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// A salt for a new password hash.
pub(super) fn salt() -> [u8; SALT_LEN] {
    let mut salt = [0; SALT_LEN];
    SystemRng.fill(&mut salt);
    salt
}

/// The password policy in force.
pub(super) fn policy(app: &App) -> Policy {
    Policy { min_chars: app.config().password.min_length }
}

enum Created {
    Done { email: String },
    Not(ErrorWhat),
    Problem(SetupProblem),
}

async fn create(app: &App, meta: &Meta, params: &Params) -> Result<Created, OAuthError> {
    let code = params.get("code").unwrap_or_default();
    if let Usable::No(why) = usable(app, code, meta.now).await? {
        return Ok(Created::Not(why));
    }
    let Ok(email) = EmailAddress::parse(params.get("email").unwrap_or_default()) else {
        return Ok(Created::Problem(SetupProblem::Email));
    };
    let name = params.get("name").map(str::trim).filter(|name| !name.is_empty());
    if name.is_some_and(|name| !is_name(name)) {
        return Ok(Created::Problem(SetupProblem::Name));
    }
    let typed = params.get("password").unwrap_or_default();
    if params.get("password_confirm").is_some_and(|again| again != typed) {
        return Ok(Created::Problem(SetupProblem::PasswordsDiffer));
    }
    let words = [email.identifier.as_str(), name.unwrap_or_default(), "symbolon"];
    let password = match Password::parse(typed) {
        Ok(password) => password,
        Err(problem) => return Ok(Created::Problem(SetupProblem::Password(problem))),
    };
    if let Err(problem) = app.passwords.judge(policy(app), &password, &words).await {
        return Ok(Created::Problem(SetupProblem::Password(problem)));
    }
    let Ok(hash) = app.passwords.hash(password, salt()).await else {
        return Ok(Created::Problem(SetupProblem::Busy));
    };
    let taken = app.store.user_by_identifier(email.identifier.as_str()).await.map_err(|error| store_failure(&error))?;
    if taken.is_some() {
        return Ok(Created::Problem(SetupProblem::EmailTaken));
    }
    if !redeem(app, code, meta.now).await? {
        return Ok(Created::Not(ErrorWhat::LinkExpired { command: COMMAND }));
    }
    let user = administrator(&email, name, hash, meta.now);
    let id = user.id.clone();
    let new = NewUser { user, identifiers: vec![email.identifier.as_str().to_owned()] };
    match app.store.create_user(new).await {
        Ok(()) => {}
        Err(StoreError::Conflict(Conflict::IdentifierTaken)) => return Ok(Created::Problem(SetupProblem::EmailTaken)),
        Err(error) => return Err(store_failure(&error)),
    }
    events::account(app, meta, "user.create", &id, None).await.map_err(|error| store_failure(&error))?;
    Ok(Created::Done { email: email.as_typed })
}

fn administrator(email: &EmailAddress, name: Option<&str>, hash: String, now: u64) -> User {
    User {
        id: Subject::generate(&mut SystemRng).as_str().to_owned(),
        username: None,
        email: Some(email.as_typed.clone()),
        // Nobody has proven this address: the operator vouches for the account, not for the mailbox.
        email_verified: false,
        name: name.map(str::to_owned),
        profile: serde_json::Map::new(),
        password_hash: Some(hash),
        status: UserStatus::Active,
        roles: [dev::ADMIN_ROLE.to_owned()].into(),
        revocation_handle: symbolon_oauth::random_id(&mut SystemRng),
        created_at: now,
        updated_at: now,
        password_changed_at: Some(now),
        revision: 1,
    }
}

fn view(app: &App, meta: &Meta, browser: &str, params: &Params, problem: Option<SetupProblem>) -> Setup {
    let typed = |name| -> String { params.get(name).unwrap_or_default().chars().take(320).collect() };
    Setup {
        shell: page::shell(app, meta).carrying("/setup", &[("code", &typed("code"))]),
        code: typed("code"),
        csrf: csrf::issue(&app.csrf, browser, Purpose::Setup, meta.now),
        email: typed("email"),
        name: typed("name"),
        password_min_chars: policy(app).min_chars,
        problem,
    }
}
