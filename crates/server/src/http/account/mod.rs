//! `/account` and what is below it: what people see and change of their own account. One file for each part; how somebody signs in is
//! `http/security.rs`.
//!
//! Who is not signed in does that first and comes back. What takes an account over (address, password, factors, data) needs a sign-in of the
//! last minutes with everything the person has (security 96).

mod activity;
mod apps;
mod data;
pub(super) mod email;
mod export;
mod password;
mod profile;
mod sessions;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use symbolon_oauth::{OAuthError, Params, acr};
use symbolon_store::{NewDelivery, User};

use super::authorize::Arrival;
use super::browser::{self, SignedIn};
use super::factor::name_of;
use super::login;
use super::meta::Meta;
use super::page;
use super::posted::Posted;
use crate::account::factors::Factors;
use crate::account::normalize::EmailAddress;
use crate::account::not_me;
use crate::app::App;
use crate::effects::store_failure;
use crate::interaction::{Interaction, OwnPage};
use crate::mail::{self, Letter, To};
use crate::pages::account::{Nav, Overview};
use crate::pages::error::ErrorWhat;
use crate::pages::login::Reason;
use crate::pages::{Csp, PageShell};
use crate::session::csrf::{self, Purpose};
use crate::words::Language;

/// How long after a sign-in things can be changed that take an account over, in seconds.
pub(super) const FRESH_SECS: u64 = 600;

/// `GET /account`.
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
) -> Response {
    shown(&app, &meta, &headers, OwnPage::Account, &Params::default()).await
}

/// `GET /account/PART`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    Path(part): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(part) = part_of(&part) else { return page::error(&app, &meta, ErrorWhat::NotFound) };
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    shown(&app, &meta, &headers, part, &params).await
}

/// `POST /account/PART`.
pub(super) async fn post(State(app): State<Arc<App>>, Path(part): Path<String>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Account) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let Some(part) = part_of(&part) else { return page::error(&app, &meta, ErrorWhat::NotFound) };
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let answered = async {
        match Visit::begin(&arrival, part).await? {
            Ok(visit) if params.get("action") == Some("confirm") => visit.sign_in_again(),
            Ok(visit) => visit.act(&params).await,
            Err(sign_in) => Ok(sign_in),
        }
    };
    answered.await.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

fn part_of(segment: &str) -> Option<OwnPage> {
    Some(match segment {
        "activity" => OwnPage::Activity,
        "apps" => OwnPage::Apps,
        "data" => OwnPage::Data,
        "email" => OwnPage::Email,
        "password" => OwnPage::Password,
        "profile" => OwnPage::Profile,
        "sessions" => OwnPage::Sessions,
        _ => return None,
    })
}

async fn shown(app: &App, meta: &Meta, headers: &HeaderMap, part: OwnPage, params: &Params) -> Response {
    let arrival = Arrival { app, registry: app.registry(), meta, headers };
    let shown = async {
        match Visit::begin(&arrival, part).await? {
            Ok(visit) => visit.show(params).await,
            Err(sign_in) => Ok(sign_in),
        }
    };
    shown.await.unwrap_or_else(|error| page::protocol_error(app, meta, &error))
}

/// The sign-in page, from which people come back to a page of theirs.
pub(super) fn sign_in(
    arrival: &Arrival<'_>,
    page: OwnPage,
    query: &str,
    again: Option<&User>,
) -> Result<Response, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let (browser, cookie) = browser::ensure_pre_session(app, headers);
    let interaction = Interaction::own_page_sign_in(&app.issuer, page, &browser, meta.now).leading_to(query);
    let name = again.map(name_of);
    let form = login::Form {
        interaction: Some(interaction),
        username: name.clone().unwrap_or_default(),
        reason: if again.is_some() { Reason::Again } else { Reason::SignIn },
        signed_in: name,
        choice: None,
    };
    Ok(page::with_cookie(login::show(arrival, None, &form, &browser, None)?, cookie))
}

/// Whether somebody signed in lately, and with more than a password where the account had more at that time: whoever has only the password must
/// not take the account over. An `auth_time` in the future is no sign-in of any age.
pub(super) fn may_change(who: &SignedIn, factors: &Factors, now: u64) -> bool {
    let session = &who.session;
    let age = now.checked_sub(session.auth_time);
    let is_whole = session.amr.iter().any(|method| method == acr::MFA) || !factors.were_there(session.auth_time);
    is_whole && age.is_some_and(|secs| secs <= FRESH_SECS)
}

/// Letters to an address that an account has, in the language of its owner; none where no mail is sent.
pub(super) fn letter(arrival: &Arrival<'_>, user: &User, to: Option<&str>, letter: &Letter) -> Vec<NewDelivery> {
    let Arrival { app, meta, .. } = arrival;
    let address = to.and_then(|to| EmailAddress::parse(to).ok()).filter(|_| app.mail.is_on());
    let lang = meta.language_of_letters(Some(user));
    let written = |address: EmailAddress| {
        let to = To { address: &address, user_id: Some(&user.id), lang };
        mail::delivery(app, &to, letter, meta.now)
    };
    address.map(written).into_iter().collect()
}

/// The link for whoever did not do what a letter tells; none where no letter is sent.
pub(super) async fn not_me_link(arrival: &Arrival<'_>, user: &User) -> Result<Option<String>, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    if !app.mail.is_on() || user.email.is_none() {
        return Ok(None);
    }
    not_me::link(app, user, meta.now).await.map(Some).map_err(|error| store_failure(&error))
}

/// Somebody at a page of their own.
pub(super) struct Visit<'a> {
    arrival: &'a Arrival<'a>,
    who: SignedIn,
    page: OwnPage,
}

impl<'a> Visit<'a> {
    /// Whoever is signed in, or else the page where they do that.
    async fn begin(arrival: &'a Arrival<'a>, page: OwnPage) -> Result<Result<Self, Response>, OAuthError> {
        Ok(match browser::signed_in(arrival.app, arrival.headers, arrival.meta.now).await? {
            Some(who) => Ok(Self { arrival, who, page }),
            None => Err(sign_in(arrival, page, "", None)?),
        })
    }

    async fn show(&self, params: &Params) -> Result<Response, OAuthError> {
        match self.page {
            OwnPage::Activity => activity::show(self, params).await,
            OwnPage::Apps => apps::show(self).await,
            OwnPage::Data => data::show(self).await,
            OwnPage::Email => email::show(self).await,
            OwnPage::Password => password::show(self).await,
            OwnPage::Profile => Ok(profile::show(self, params)),
            OwnPage::Sessions => sessions::show(self).await,
            _ => Ok(self.show_overview()),
        }
    }

    async fn act(&self, params: &Params) -> Result<Response, OAuthError> {
        match self.page {
            OwnPage::Apps => apps::act(self, params).await,
            OwnPage::Data => data::act(self, params).await,
            OwnPage::Email => email::act(self, params).await,
            OwnPage::Password => password::act(self, params).await,
            OwnPage::Profile => profile::act(self, params).await,
            OwnPage::Sessions => sessions::act(self, params).await,
            _ => self.show(params).await,
        }
    }

    fn show_overview(&self) -> Response {
        let user = &self.who.user;
        let account = name_of(user);
        let view = Overview {
            shell: self.shell(),
            nav: self.nav(),
            name: user.name.clone().unwrap_or_else(|| account.clone()),
            account,
        };
        self.page(StatusCode::OK, &view)
    }

    fn sign_in_again(&self) -> Result<Response, OAuthError> {
        sign_in(self.arrival, self.page, "", Some(&self.who.user))
    }

    async fn may_change(&self) -> Result<bool, OAuthError> {
        let factors = Factors::of(self.arrival.app, &self.who.user.id).await?;
        Ok(may_change(&self.who, &factors, self.arrival.meta.now))
    }

    fn app(&self) -> &'a App {
        self.arrival.app
    }

    fn now(&self) -> u64 {
        self.arrival.meta.now
    }

    fn language(&self) -> Language {
        language(self.arrival, &self.who.user)
    }

    fn shell(&self) -> PageShell {
        shell(self.arrival, &self.who.user).picking(self.page.path(), "")
    }

    fn nav(&self) -> Nav {
        nav(self.arrival, &self.who.user, self.page)
    }

    fn csrf(&self) -> String {
        let Arrival { app, meta, headers, .. } = self.arrival;
        let binding = browser::session_binding(app, headers).unwrap_or_default();
        csrf::issue(&app.csrf, binding, Purpose::Account, meta.now)
    }

    fn page<V: askama::Template>(&self, status: StatusCode, view: &V) -> Response {
        page::html(self.app(), status, view, &Csp::strict())
    }
}

/// The language in which somebody sees their own pages.
fn language(arrival: &Arrival<'_>, user: &User) -> Language {
    shell(arrival, user).language
}

/// The way between the parts, and out.
pub(super) fn nav(arrival: &Arrival<'_>, user: &User, page: OwnPage) -> Nav {
    let Arrival { app, meta, headers, .. } = arrival;
    let binding = browser::session_binding(app, headers).unwrap_or_default();
    let sign_out = csrf::issue(&app.csrf, binding, Purpose::Logout, meta.now);
    Nav { page, language: language(arrival, user), sign_out }
}

fn shell_of_browser(arrival: &Arrival<'_>) -> PageShell {
    page::shell(arrival.app, arrival.meta)
}

fn shell(arrival: &Arrival<'_>, user: &User) -> PageShell {
    page::shell_for(arrival.app, arrival.meta, user)
}
