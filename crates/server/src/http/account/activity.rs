//! `/account/activity`: the audit log, as far as it is about whoever looks, in words. Nothing of anybody else, and a page at a time.

use axum::response::Response;
use http::StatusCode;
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{AuditEvent, AuditRecord};

use super::Visit;
use crate::effects::store_failure;
use crate::pages::account::activity::{AccountActivity, EventView, Place};
use crate::words;

/// Events of one page.
const PAGE: u32 = 25;

pub(super) async fn show(visit: &Visit<'_>, params: &Params) -> Result<Response, OAuthError> {
    let before = params.get("before").and_then(|text| text.parse().ok());
    // One more, which tells whether there is another page.
    let found = visit.app().store.audit_of(&visit.who.user.id, before, PAGE + 1).await;
    let mut found = found.map_err(|error| store_failure(&error))?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let words = words::AccountActivity::of(visit.language());
    let view = AccountActivity {
        shell: visit.shell(),
        nav: visit.nav(),
        words,
        older: found.last().filter(|_| more).map(|last| last.seq),
        events: found.iter().map(|record| event(visit, words, record)).collect(),
        place: if before.is_some() { Place::Older } else { Place::Newest },
    };
    Ok(visit.page(StatusCode::OK, &view))
}

fn event(visit: &Visit<'_>, words: words::AccountActivity, record: &AuditRecord) -> EventView {
    let event = &record.event;
    let client = event.client_id.as_deref().and_then(|id| visit.arrival.registry.client(id));
    let client = client.map_or_else(|| words.an_app().to_owned(), |client| client.name.clone());
    // Where an administrator sits is nobody else's business.
    let origin = match (&event.actor, &event.address) {
        (Some(_), _) => Some(words.by_operator().to_owned()),
        (None, Some(address)) => Some(words.address(address)),
        (None, None) => None,
    };
    EventView { at: event.at, what: what(words, event, &client), origin }
}

/// What happened. A name that is not known here is shown as it is, so that nothing is hidden.
fn what(words: words::AccountActivity, event: &AuditEvent, client: &str) -> String {
    let known = match (event.name.as_str(), event.outcome.as_str()) {
        ("session.start", "success") => words.signed_in(),
        ("session.start", _) => words.sign_in_failed(),
        ("session.end", _) => words.signed_out(),
        ("user.sign_out" | "user.sign_out_others", _) => words.signed_out_everywhere(),
        ("user.create", _) => words.created(),
        ("user.change", _) => words.changed(),
        ("user.profile.change", _) => words.profile_changed(),
        ("user.password.change" | "user.password.reset" | "user.password.set", _) => words.password_changed(),
        ("user.reset_link.create", _) => words.reset_asked(),
        ("user.email.ask", _) => words.email_asked(),
        ("user.email.change", _) => words.email_changed(),
        ("user.email.prove", _) => words.email_proven(),
        ("user.email.undo", _) => words.email_undone(),
        ("user.factor.passkey", _) => words.passkey_added(),
        ("user.factor.totp", _) => words.app_added(),
        ("user.factor.recovery_codes", _) => words.codes_made(),
        ("user.factor.recovery_code.use", _) => words.code_used(),
        ("user.factor.remove", _) => words.factor_removed(),
        ("user.factors.reset", _) => words.factors_reset(),
        ("user.roles.change", _) => words.roles_changed(),
        ("user.block", _) => words.blocked(),
        ("user.unblock", _) => words.unblocked(),
        ("user.browser.forget", _) => words.browser_forgotten(),
        ("mail.delivered", _) => words.letter_sent(),
        ("user.not_me", _) => words.not_me(),
        ("user.data.export", _) => words.exported(),
        ("consent.grant", _) => return words.consent_granted(client),
        ("consent.withdraw", _) => return words.consent_withdrawn(client),
        ("token.issue", "success") => return words.tokens_issued(client),
        ("device.allow" | "ciba.allow", _) => return words.allowed(client),
        ("device.deny" | "ciba.deny", _) => return words.denied(client),
        ("ciba.start", "success") => return words.asked(client),
        (name, _) => return words.other(name),
    };
    known.to_owned()
}
