//! `/account/email`: another address. A link that is mailed there proves it, and until somebody who is signed in to the account has opened that
//! and pressed the button, nothing changes; looking at it does not, as programs look at links, too. The present address is told at once and once
//! more afterwards, each time with a link that keeps it and ends every sign-in. One that nobody has proven may be a stranger's: it is told afterwards that
//! the account has it no longer, and neither the new one nor a way back. Its owner can have it proven by a link, too.
//!
//! Whether somebody else has the address is told to nobody but them, by a letter: the page, its status and its work are the same (security 123).

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind};
use symbolon_store::{Artefact, Attempt, ChangeEmail, Conflict, Hash32, NewDelivery, Redeemed, StoreError, User};

use super::{Visit, language, letter, shell, sign_in};
use crate::account::normalize::EmailAddress;
use crate::account::not_me;
use crate::admin;
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::http::authorize::Arrival;
use crate::http::meta::Meta;
use crate::http::posted::Posted;
use crate::http::{browser, page, setup};
use crate::interaction::OwnPage;
use crate::mail::{self, Letter, ResetAsked};
use crate::pages::Csp;
use crate::pages::account::email::{
    AccountEmail, AccountEmailProblem, EmailCan, EmailLink, EmailLinkWhat, LinkForm, Proven,
};
use crate::pages::account::{AccountDone, AccountDoneWhat, Told};
use crate::rng::SystemRng;
use crate::session::csrf::{self, Purpose};
use crate::words;

/// Where an address is taken back.
pub(in crate::http) const UNDO: &str = "/account/email/undo";
/// How long a proof works, in minutes.
const PROOF_MINUTES: u64 = 60;
/// How long an address can be taken back, in days.
const UNDO_DAYS: u64 = 3;
/// Links to take an address back that are looked at; there are fewer, as wishes are counted.
const MAX_UNDOS: u32 = 100;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Response, OAuthError> {
    render(visit, "", None).await
}

pub(super) async fn act(visit: &Visit<'_>, params: &Params) -> Result<Response, OAuthError> {
    let (app, user) = (visit.app(), &visit.who.user);
    match params.get("action") {
        // What takes nothing over needs no fresh sign-in.
        Some("drop") => {
            let dropped = app.store.forget_artefacts(Artefact::EMAIL_CHANGE, &user.id, None).await;
            dropped.map_err(|error| store_failure(&error))?;
            Ok(page::see_other(visit.page.path()))
        }
        Some(action @ ("ask" | "prove")) if app.mail.is_on() => {
            if !visit.may_change().await? {
                return visit.sign_in_again();
            }
            let present = user.email.as_deref().filter(|_| action == "prove");
            let typed = present.or_else(|| params.get("email")).unwrap_or_default();
            match ask(visit, typed).await? {
                Ok(()) => Ok(page::see_other(visit.page.path())),
                Err(problem) => render(visit, if present.is_some() { "" } else { typed }, Some(problem)).await,
            }
        }
        _ => show(visit).await,
    }
}

/// Has the proof mailed, and the present address told.
async fn ask(visit: &Visit<'_>, typed: &str) -> Result<Result<(), AccountEmailProblem>, OAuthError> {
    let failed = |error| store_failure(&error);
    let (app, meta, user) = (visit.app(), visit.arrival.meta, &visit.who.user);
    let Ok(email) = EmailAddress::parse(typed) else { return Ok(Err(AccountEmailProblem::NotAnAddress)) };
    let is_present = is_present(user, &email);
    if is_present && user.email_verified {
        return Ok(Err(AccountEmailProblem::Same));
    }
    let keys = app.throttle().email_change_keys(&user.id, &email.identifier, meta.address_or_unspecified());
    if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
        app.metrics.limited("email_change");
        return Ok(Err(AccountEmailProblem::Throttled { wait_secs: secs }));
    }
    let owner = app.store.user_by_identifier(email.identifier.as_str()).await.map_err(failed)?;
    let is_taken = owner.is_some_and(|owner| owner.id != user.id);
    let proof = OpaqueToken::generate(TokenKind::EmailChange, &mut SystemRng);
    let link = app.issuer.endpoint(&format!("{}?code={}", OwnPage::EmailConfirm.path(), proof.reveal()));
    let written = match (is_taken, is_present) {
        (true, _) => Letter::EmailTaken,
        (false, true) => Letter::OwnEmailProof { link, minutes: PROOF_MINUTES },
        (false, false) => Letter::EmailProof { link, minutes: PROOF_MINUTES },
    };
    let mut tell = letter(visit.arrival, user, Some(&email.as_typed), &written);
    // Whoever reads a mailbox that nobody has proven hears nothing of the account.
    if user.email_verified {
        let (undo, link) = undo_link(app, user, meta.now).await?.unzip();
        if let Some(undo) = undo {
            app.store.put_artefact(undo).await.map_err(failed)?;
        }
        let asked = Letter::EmailAsked { email: email.as_typed.clone(), link, days: UNDO_DAYS };
        tell.extend(letter(visit.arrival, user, user.email.as_deref(), &asked));
    }
    let expires_at = meta.now.saturating_add(PROOF_MINUTES * 60);
    let mut artefact = admin::link_artefact(Artefact::EMAIL_CHANGE, &proof, Some(&user.id), meta.now, expires_at);
    artefact.payload = json!({ "email": email.as_typed });
    app.store.put_only_artefact(artefact, tell).await.map_err(failed)?;
    events::account(app, meta, "user.email.ask", &user.id, None).await.map_err(failed)?;
    Ok(Ok(()))
}

/// Whether it is the address that the account has.
fn is_present(user: &User, email: &EmailAddress) -> bool {
    let present = user.email.as_deref().and_then(|email| EmailAddress::parse(email).ok());
    present.is_some_and(|present| present.identifier == email.identifier)
}

/// What lets whoever has the present address keep it, and the link to it. Only a proven address has one, and none while the account can go back to
/// an earlier address: else a thief, once the account has theirs, would have a way back to it themselves.
async fn undo_link(app: &App, user: &User, now: u64) -> Result<Option<(Artefact, String)>, OAuthError> {
    let open = app.store.usable_artefacts(Artefact::EMAIL_UNDO, &user.id, MAX_UNDOS, now).await;
    let open = open.map_err(|error| store_failure(&error))?;
    if !user.email_verified || user.email.is_none() || open.iter().any(|undo| email_of(undo) != user.email) {
        return Ok(None);
    }
    let code = OpaqueToken::generate(TokenKind::EmailUndo, &mut SystemRng);
    let expires_at = now.saturating_add(UNDO_DAYS * 86_400);
    let mut artefact = admin::link_artefact(Artefact::EMAIL_UNDO, &code, Some(&user.id), now, expires_at);
    artefact.payload = json!({ "email": user.email, "verified": user.email_verified });
    Ok(Some((artefact, app.issuer.endpoint(&format!("{UNDO}?code={}", code.reveal())))))
}

async fn render(visit: &Visit<'_>, typed: &str, problem: Option<AccountEmailProblem>) -> Result<Response, OAuthError> {
    let (app, user) = (visit.app(), &visit.who.user);
    let waiting = app.store.usable_artefacts(Artefact::EMAIL_CHANGE, &user.id, 1, visit.now()).await;
    let waiting = waiting.map_err(|error| store_failure(&error))?;
    let can = match (app.mail.is_on(), visit.may_change().await?) {
        (false, _) => EmailCan::Nothing,
        (true, true) => EmailCan::Ask,
        (true, false) => EmailCan::SignIn,
    };
    let proven = if user.email_verified { Proven::Yes } else { Proven::No };
    let view = AccountEmail {
        shell: visit.shell(),
        nav: visit.nav(),
        words: words::AccountEmail::of(visit.language()),
        csrf: visit.csrf(),
        present: user.email.clone().map(|email| (email, proven)),
        pending: waiting.first().and_then(email_of),
        can,
        typed: typed.chars().take(320).collect(),
        problem,
    };
    Ok(match problem {
        None => visit.page(StatusCode::OK, &view),
        Some(AccountEmailProblem::Throttled { wait_secs }) => {
            page::retry_after(visit.page(StatusCode::TOO_MANY_REQUESTS, &view), wait_secs)
        }
        Some(_) => visit.page(StatusCode::BAD_REQUEST, &view),
    })
}

fn email_of(link: &Artefact) -> Option<String> {
    link.payload.get("email").and_then(Value::as_str).map(str::to_owned)
}

/// `GET /account/email/confirm?code=…`.
pub(in crate::http) async fn confirm(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    decided(&arrival, &params, Link::Proof, Step::Look).await
}

/// `POST /account/email/confirm`.
pub(in crate::http) async fn confirm_posted(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::Account) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    decided(&arrival, &params, Link::Proof, Step::Change).await
}

/// What is done about a link.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Change,
    Look,
}

/// How often a link is decided upon.
const TRIES: usize = 8;

/// Decides again where the account was saved in between (`None`): whoever is signed in elsewhere must not keep a link from working by saving.
async fn decided(arrival: &Arrival<'_>, params: &Params, link: Link, step: Step) -> Response {
    let mut answer = Ok(None);
    for _ in 0..TRIES {
        answer = match link {
            Link::Proof => proving(arrival, params, step).await,
            Link::Undo => undoing(arrival, params, step).await,
        };
        if !matches!(answer, Ok(None)) {
            break;
        }
    }
    let busy = OAuthError::TemporarilyUnavailable { retry_after_secs: 1 };
    let answer = answer.and_then(|answer| answer.ok_or(busy));
    answer.unwrap_or_else(|error| page::protocol_error(arrival.app, arrival.meta, &error))
}

/// What was mailed.
#[derive(Clone, Copy)]
enum Link {
    Proof,
    Undo,
}

/// The link proves that somebody reads the mailbox, and the session whose account is to have it: else a stranger's click would give an address
/// of theirs to somebody else's account.
async fn proving(arrival: &Arrival<'_>, params: &Params, step: Step) -> Result<Option<Response>, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let code = params.get("code").unwrap_or_default();
    let Ok(token) = OpaqueToken::parse(TokenKind::EmailChange, code) else { return Ok(Some(over(arrival, None))) };
    let Some(who) = browser::signed_in(app, headers, meta.now).await? else {
        // A token of ours, so nothing in it needs to be written otherwise.
        return sign_in(arrival, OwnPage::EmailConfirm, &format!("code={code}"), None).map(Some);
    };
    let user = who.user;
    let link = setup::link(app, Artefact::EMAIL_CHANGE, TokenKind::EmailChange, code, meta.now).await?;
    let link = link.filter(|link| link.user_id.as_deref() == Some(&user.id));
    let Some(email) = link.as_ref().and_then(email_of) else { return Ok(Some(over(arrival, Some(&user)))) };
    let is_present = EmailAddress::parse(&email).is_ok_and(|email| is_present(&user, &email));
    if step == Step::Look {
        let binding = browser::session_binding(app, headers).unwrap_or_default();
        let csrf = csrf::issue(&app.csrf, binding, Purpose::Account, meta.now);
        let form = LinkForm { code: code.to_owned(), csrf, email };
        let what = if is_present { EmailLinkWhat::Prove(form) } else { EmailLinkWhat::Confirm(form) };
        return Ok(Some(link_page(arrival, Some(&user), StatusCode::OK, what)));
    }
    let (undo, undo_link) = undo_link(app, &user, meta.now).await?.unzip();
    let tell = if is_present { Vec::new() } else { told_of_change(arrival, &user, &email, undo_link) };
    let (event, what) = if is_present {
        ("user.email.prove", AccountDoneWhat::EmailProven { email: email.clone() })
    } else {
        let told = if user.email.is_some() { Told::Both } else { Told::NoOther };
        ("user.email.change", AccountDoneWhat::EmailChanged { email: email.clone(), told })
    };
    let changed = Changed { email, verified: true, ending: None, tell, undo };
    match change(arrival, &user, (Artefact::EMAIL_CHANGE, token), changed).await? {
        Some(Redeemed::Done) => {
            let noted = events::account(app, meta, event, &user.id, None);
            noted.await.map_err(|error| store_failure(&error))?;
            Ok(Some(done(arrival, &user, what)))
        }
        Some(Redeemed::Changed) => Ok(None),
        _ => Ok(Some(over(arrival, Some(&user)))),
    }
}

/// The letters about another address, to both. The present one has the link that takes it back, if it was proven; else its reader may be anybody, who
/// learns no more than that the account has it no longer.
fn told_of_change(arrival: &Arrival<'_>, user: &User, email: &str, undo: Option<String>) -> Vec<NewDelivery> {
    let old = user.email.clone().unwrap_or_default();
    let told = |link| Letter::EmailChanged { old: old.clone(), email: email.to_owned(), link, days: UNDO_DAYS };
    let mut tell = letter(arrival, user, Some(email), &told(None));
    let to_old = if user.email_verified { told(undo) } else { Letter::EmailLeft };
    tell.extend(letter(arrival, user, user.email.as_deref(), &to_old));
    tell
}

/// What an account gets.
struct Changed {
    email: String,
    verified: bool,
    ending: Option<Ending>,
    tell: Vec<NewDelivery>,
    undo: Option<Artefact>,
}

/// What ends with the change.
struct Ending {
    /// In place of the password, which whoever was in may know.
    locked: Option<String>,
    /// Links that were mailed to an address after this second.
    since: u64,
}

/// `None` if somebody else has the address by now.
async fn change(
    arrival: &Arrival<'_>,
    user: &User,
    (kind, token): (&'static str, OpaqueToken),
    changed: Changed,
) -> Result<Option<Redeemed>, OAuthError> {
    let Changed { email, verified, ending, tell, undo } = changed;
    let change = ChangeEmail {
        kind,
        hash: Hash32(token.hash()),
        expect_revision: user.revision,
        identifiers: not_me::identifiers(user, Some(&email)),
        email: Some(email),
        email_verified: verified,
        new_handle: ending.is_some().then(|| symbolon_oauth::random_id(&mut SystemRng)),
        void_since: ending.as_ref().map(|ending| ending.since),
        locked: ending.and_then(|ending| ending.locked),
        undo,
        tell,
        now: arrival.meta.now,
    };
    match arrival.app.store.change_email(change).await {
        Ok(redeemed) => Ok(Some(redeemed)),
        Err(StoreError::Conflict(Conflict::IdentifierTaken)) => Ok(None),
        Err(error) => Err(store_failure(&error)),
    }
}

/// `GET /account/email/undo?code=…`.
pub(in crate::http) async fn undo(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    decided(&arrival, &params, Link::Undo, Step::Look).await
}

/// `POST /account/email/undo`.
pub(in crate::http) async fn undo_posted(State(app): State<Arc<App>>, form: Posted) -> Response {
    if let Some(refusal) = form.refusal(&app, Purpose::EmailUndo) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    decided(&arrival, &params, Link::Undo, Step::Change).await
}

/// Whoever reads the mailbox that an account had keeps it. It signs nobody in: what comes next is a new password, by mail.
async fn undoing(arrival: &Arrival<'_>, params: &Params, step: Step) -> Result<Option<Response>, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let failed = |error| store_failure(&error);
    let code = params.get("code").unwrap_or_default();
    let link = setup::link(app, Artefact::EMAIL_UNDO, TokenKind::EmailUndo, code, meta.now).await?;
    let (Some(link), Ok(token)) = (link, OpaqueToken::parse(TokenKind::EmailUndo, code)) else {
        return Ok(Some(over(arrival, None)));
    };
    let user = match &link.user_id {
        Some(id) => app.store.user(id).await.map_err(failed)?,
        None => None,
    };
    let (Some(user), Some(email)) = (user, email_of(&link)) else { return Ok(Some(over(arrival, None))) };
    if step == Step::Look {
        let (binding, cookie) = browser::ensure_pre_session(app, headers);
        let csrf = csrf::issue(&app.csrf, &binding, Purpose::EmailUndo, meta.now);
        let what = EmailLinkWhat::Undo(LinkForm { code: code.to_owned(), csrf, email });
        return Ok(Some(page::with_cookie(link_page(arrival, Some(&user), StatusCode::OK, what), cookie)));
    }
    let told = Letter::EmailUndone { email: email.clone() };
    let mut tell = letter(arrival, &user, Some(&email), &told);
    if user.email.as_ref() != Some(&email) {
        tell.extend(letter(arrival, &user, user.email.as_deref(), &told));
    }
    let verified = link.payload.get("verified").and_then(Value::as_bool).unwrap_or_default();
    let locked = not_me::locked(app, &user).await;
    let locked = locked.map_err(|_| OAuthError::TemporarilyUnavailable { retry_after_secs: 1 })?;
    let mailed = locked.is_some() && app.mail.is_on();
    if mailed {
        let asked = ResetAsked::of_shut(email.clone());
        let lang = meta.language_of_letters(Some(&user));
        tell.push(mail::reset_asked(app, asked, lang, meta.now));
    }
    not_me::report(app, &user.id, link.created_at, meta.now).await.map_err(failed)?;
    let ending = Some(Ending { locked, since: link.created_at });
    let changed = Changed { email: email.clone(), verified, ending, tell, undo: None };
    match change(arrival, &user, (Artefact::EMAIL_UNDO, token), changed).await? {
        Some(Redeemed::Done) => {
            events::account(app, meta, "user.email.undo", &user.id, None).await.map_err(failed)?;
            Ok(Some(done(arrival, &user, AccountDoneWhat::EmailUndone { email, mailed })))
        }
        None => Ok(Some(link_page(arrival, Some(&user), StatusCode::CONFLICT, EmailLinkWhat::Taken))),
        Some(Redeemed::Changed) => Ok(None),
        Some(_) => Ok(Some(over(arrival, Some(&user)))),
    }
}

fn over(arrival: &Arrival<'_>, user: Option<&User>) -> Response {
    link_page(arrival, user, StatusCode::GONE, EmailLinkWhat::Over)
}

fn link_page(arrival: &Arrival<'_>, user: Option<&User>, status: StatusCode, what: EmailLinkWhat) -> Response {
    let shell = user.map_or_else(|| super::shell_of_browser(arrival), |user| shell(arrival, user));
    let shell = match &what {
        EmailLinkWhat::Undo(form) => shell.carrying(UNDO, &[("code", &form.code)]),
        EmailLinkWhat::Confirm(form) | EmailLinkWhat::Prove(form) => {
            shell.carrying(OwnPage::EmailConfirm.path(), &[("code", &form.code)])
        }
        EmailLinkWhat::Over | EmailLinkWhat::Taken => shell,
    };
    let (words, frame) = (words::AccountEmail::of(shell.language), words::Account::of(shell.language));
    page::html(arrival.app, status, &EmailLink { shell, words, frame, what }, &Csp::strict())
}

fn done(arrival: &Arrival<'_>, user: &User, what: AccountDoneWhat) -> Response {
    let view = AccountDone { shell: shell(arrival, user), words: words::Account::of(language(arrival, user)), what };
    page::html(arrival.app, StatusCode::OK, &view, &Csp::strict())
}
