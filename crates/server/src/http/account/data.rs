//! `/account/data`: a copy of all that is kept of somebody, and the end of their account. Both need a fresh sign-in.
//!
//! A deleted account leaves nothing but its events, by an id that means nobody any more; its address and user name are free at once.

use axum::response::Response;
use http::StatusCode;
use http::header::SET_COOKIE;
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{DeleteAccount as Delete, Deleted};

use super::{Visit, export, letter};
use crate::account::normalize::Identifier;
use crate::admin;
use crate::config::AccountDeletion;
use crate::dev::ADMIN_ROLE;
use crate::effects::store_failure;
use crate::events;
use crate::http::factor::name_of;
use crate::http::page_cookies;
use crate::mail::Letter;
use crate::pages::account::data::{AccountData, Answer, DeleteAccount, Deletion, Entered};
use crate::pages::account::{AccountDone, AccountDoneWhat};
use crate::session::cookie::CookieKind;
use crate::words;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Response, OAuthError> {
    let entered = if visit.may_change().await? { Entered::Lately } else { Entered::LongAgo };
    let view = AccountData {
        shell: visit.shell(),
        nav: visit.nav(),
        words: words::AccountData::of(visit.language()),
        csrf: visit.csrf(),
        entered,
        deletion: deletion(visit).await?,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

pub(super) async fn act(visit: &Visit<'_>, params: &Params) -> Result<Response, OAuthError> {
    if !visit.may_change().await? {
        return visit.sign_in_again();
    }
    match params.get("action") {
        Some("export") => export::file(visit).await,
        Some("delete") if deletion(visit).await? == Deletion::Offered => delete(visit, params.get("sure")).await,
        _ => show(visit).await,
    }
}

async fn deletion(visit: &Visit<'_>) -> Result<Deletion, OAuthError> {
    let app = visit.app();
    if app.config().account.delete == AccountDeletion::Off {
        return Ok(Deletion::Off);
    }
    let is_last = admin::is_last_administrator(&*app.store, &visit.who.user).await;
    Ok(if is_last.map_err(|error| store_failure(&error))? { Deletion::LastAdministrator } else { Deletion::Offered })
}

/// Asked twice, with something to type: what goes cannot come back.
async fn delete(visit: &Visit<'_>, sure: Option<&str>) -> Result<Response, OAuthError> {
    let failed = |error| store_failure(&error);
    let (app, meta, user) = (visit.app(), visit.arrival.meta, &visit.who.user);
    let name = name_of(user);
    let same = |typed: &str| matches!((Identifier::parse(typed), Identifier::parse(&name)), (Ok(one), Ok(other)) if one == other);
    if !sure.is_some_and(same) {
        let answer = if sure.is_some() { Answer::Mistyped } else { Answer::None };
        let view = DeleteAccount {
            shell: visit.shell(),
            nav: visit.nav(),
            words: words::AccountData::of(visit.language()),
            csrf: visit.csrf(),
            name,
            answer,
        };
        let status = if sure.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        return Ok(visit.page(status, &view));
    }
    let delete = Delete {
        user_id: user.id.clone(),
        revocation_handle: user.revocation_handle.clone(),
        // Looked at again where nobody comes in between: two who are the last ones may go at the same moment.
        unless_last_with: user.roles.get(ADMIN_ROLE).cloned(),
        tell: letter(visit.arrival, user, user.email.as_deref(), &Letter::AccountDeleted),
        now: meta.now,
    };
    match app.store.delete_account(delete).await.map_err(failed)? {
        Deleted::Done(_) => {}
        Deleted::Changed => return visit.sign_in_again(),
        Deleted::Last => return show(visit).await,
    }
    events::account(app, meta, "user.delete", &user.id, None).await.map_err(failed)?;
    let view = AccountDone {
        shell: visit.shell(),
        words: words::Account::of(visit.language()),
        what: AccountDoneWhat::Deleted,
    };
    let mut response = visit.page(StatusCode::OK, &view);
    for kind in [CookieKind::Session, CookieKind::Device] {
        response.headers_mut().append(SET_COOKIE, kind.clear(app.transport));
    }
    if visit.arrival.registry.hands_out_cookies() {
        page_cookies::clear(app, &mut response);
    }
    Ok(response)
}
