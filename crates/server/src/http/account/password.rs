//! `/account/password`: another password, by whoever knows the present one or has just signed in with more than that. Ends everything else of
//! the account, as a reset does (security 94); this browser goes on in a new session.

use axum::response::Response;
use http::StatusCode;
use symbolon_oauth::{OAuthError, Params, acr};
use symbolon_store::{ChangePassword, Issued, NewSession, Session, User};

use super::{Visit, letter, may_change, not_me_link};
use crate::account::factors::Factors;
use crate::account::password::Password;
use crate::account::sign_in::{self, Brings, Outcome};
use crate::effects::store_failure;
use crate::events;
use crate::http::browser::{self, Keep};
use crate::http::factor::name_of;
use crate::http::{login, page, setup};
use crate::mail::Letter;
use crate::pages::account::password::{AccountPassword, AccountPasswordProblem, Asks};
use crate::pages::account::{AccountDone, AccountDoneWhat};
use crate::pages::error::ErrorWhat;
use crate::rng::SystemRng;
use crate::words;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Response, OAuthError> {
    Ok(render(visit, asks(visit).await?, None))
}

pub(super) async fn act(visit: &Visit<'_>, params: &Params) -> Result<Response, OAuthError> {
    let asks = asks(visit).await?;
    if asks == Asks::SignIn {
        return visit.sign_in_again();
    }
    if params.get("action") != Some("change") {
        return show(visit).await;
    }
    match change(visit, asks, params).await? {
        Ok(response) => Ok(response),
        Err(problem) => Ok(render(visit, asks, Some(problem))),
    }
}

/// What proves that it is the account's owner. A fresh sign-in is enough where it was one with more than the password, or where there is none. Where a
/// code by mail stood in for what the account has set up, nothing but that is: whoever has the password and the mailbox must not take it over.
async fn asks(visit: &Visit<'_>) -> Result<Asks, OAuthError> {
    let factors = Factors::of(visit.app(), &visit.who.user.id).await?;
    let is_fresh = may_change(&visit.who, &factors, visit.now());
    let has_shown = |wanted: &str| visit.who.session.amr.iter().any(|method| method == wanted);
    let is_strong = has_shown(acr::MFA);
    if has_shown(acr::EMAIL) && !is_strong && !factors.is_empty() {
        return Ok(Asks::SignIn);
    }
    Ok(match (visit.who.user.password_hash.is_some(), is_fresh) {
        (true, true) if is_strong => Asks::Nothing,
        (true, _) => Asks::Current,
        (false, true) => Asks::ToSet,
        (false, false) => Asks::SignIn,
    })
}

async fn change(
    visit: &Visit<'_>,
    asks: Asks,
    params: &Params,
) -> Result<Result<Response, AccountPasswordProblem>, OAuthError> {
    let (app, user) = (visit.app(), &visit.who.user);
    let typed = params.get("password").unwrap_or_default();
    if params.get("password_confirm").is_some_and(|again| again != typed) {
        return Ok(Err(AccountPasswordProblem::PasswordsDiffer));
    }
    let password = match Password::parse(typed) {
        Ok(password) => password,
        Err(problem) => return Ok(Err(AccountPasswordProblem::Password(problem))),
    };
    let own = [&user.email, &user.username, &user.name].map(|word| word.as_deref().unwrap_or_default());
    if let Err(problem) = app.passwords.judge(setup::policy(app), &password, &own).await {
        return Ok(Err(AccountPasswordProblem::Password(problem)));
    }
    if asks == Asks::Current {
        let current = params.get("current").unwrap_or_default();
        if let Some(problem) = wrong(visit, current).await? {
            return Ok(Err(problem));
        }
        if current == typed {
            return Ok(Err(AccountPasswordProblem::Same));
        }
    }
    let Ok(hash) = app.passwords.hash(password, setup::salt()).await else {
        return Ok(Err(AccountPasswordProblem::Busy));
    };
    keep(visit, hash).await.map(Ok)
}

/// Whether the present password is another one, counted as a sign-in is: whoever holds the browser must not guess here what they must not guess
/// there.
async fn wrong(visit: &Visit<'_>, current: &str) -> Result<Option<AccountPasswordProblem>, OAuthError> {
    let (app, meta, user) = (visit.app(), visit.arrival.meta, &visit.who.user);
    let brings = Brings { device: browser::device(app, visit.arrival.headers), ..Brings::default() };
    Ok(match sign_in::check(app, meta, &name_of(user), current, brings).await? {
        Outcome::SignedIn(found) if found.id == user.id => None,
        Outcome::SignedIn(_) | Outcome::Wrong { .. } => {
            events::sign_in_failed(app, meta, Some(&user.id), None, "credentials").await;
            Some(AccountPasswordProblem::Wrong)
        }
        Outcome::Busy => Some(AccountPasswordProblem::Busy),
        Outcome::Throttled { wait_secs } => Some(AccountPasswordProblem::Throttled { wait_secs }),
    })
}

async fn keep(visit: &Visit<'_>, hash: String) -> Result<Response, OAuthError> {
    let failed = |error| store_failure(&error);
    let (app, meta, user) = (visit.app(), visit.arrival.meta, &visit.who.user);
    let new_handle = symbolon_oauth::random_id(&mut SystemRng);
    let not_me = not_me_link(visit.arrival, user).await?;
    let change = ChangePassword {
        user_id: user.id.clone(),
        revocation_handle: user.revocation_handle.clone(),
        hash,
        new_handle: new_handle.clone(),
        tell: letter(visit.arrival, user, user.email.as_deref(), &Letter::PasswordChanged { not_me }),
        now: meta.now,
    };
    // Somebody was faster, in another tab: whatever this page knew is over.
    if app.store.change_password(change).await.map_err(failed)?.is_none() {
        return Ok(page::error(app, meta, ErrorWhat::PageExpired));
    }
    events::account(app, meta, "user.password.change", &user.id, None).await.map_err(failed)?;
    let what = AccountDoneWhat::PasswordChanged;
    let view = AccountDone { shell: visit.shell(), words: words::Account::of(visit.language()), what };
    let mut response = visit.page(StatusCode::OK, &view);
    let user = User { revocation_handle: new_handle, ..user.clone() };
    go_on(visit, &user, &mut response).await?;
    Ok(response)
}

/// A new session in place of the one that ended, worth as much and no more.
async fn go_on(visit: &Visit<'_>, user: &User, response: &mut Response) -> Result<(), OAuthError> {
    let (app, meta, headers) = (visit.app(), visit.arrival.meta, visit.arrival.headers);
    let before = &visit.who.session;
    let kept = if before.persistent { Keep::Yes } else { Keep::No };
    let (new, cookie) = browser::new_session(app, headers, meta, (user, &before.amr), kept).await?;
    let session = Session { auth_time: before.auth_time, ..new.session.clone() };
    let new = NewSession { session: session.clone(), ..new };
    if app.store.create_session(new).await.map_err(|error| store_failure(&error))? == Issued::Done {
        login::with_cookies(app, headers, &session, cookie, response);
    }
    Ok(())
}

fn render(visit: &Visit<'_>, asks: Asks, problem: Option<AccountPasswordProblem>) -> Response {
    let view = AccountPassword {
        shell: visit.shell(),
        nav: visit.nav(),
        words: words::AccountPassword::of(visit.language()),
        csrf: visit.csrf(),
        username: name_of(&visit.who.user),
        min_chars: setup::policy(visit.app()).min_chars,
        asks,
        problem,
    };
    let page = |status| page::html(visit.app(), status, &view, &page::typed_password(visit.app()));
    match problem {
        None => page(StatusCode::OK),
        Some(AccountPasswordProblem::Busy) => page::retry_after(page(StatusCode::SERVICE_UNAVAILABLE), 1),
        Some(AccountPasswordProblem::Throttled { wait_secs }) => {
            page::retry_after(page(StatusCode::TOO_MANY_REQUESTS), wait_secs)
        }
        Some(_) => page(StatusCode::BAD_REQUEST),
    }
}
