//! `/account/activity`: the audit log, as far as it is about whoever looks, in words. Nothing of anybody else, and a page at a time.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;
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
        events: found
            .iter()
            .filter(|record| !is_told_twice(&record.event))
            .map(|record| event(visit, words, record))
            .collect(),
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

/// Which letter was sent.
fn letter(event: &AuditEvent) -> Option<&str> {
    event.detail.get("letter").and_then(Value::as_str)
}

/// Whether it is no more than the letter about what stands in the list, too.
fn is_told_twice(event: &AuditEvent) -> bool {
    const TELL_OF_EVENTS: [&str; 7] = [
        "account_shut",
        "email_asked",
        "email_changed",
        "email_undone",
        "factor_changed",
        "password_changed",
        "password_reset",
    ];
    event.name == "mail.delivered" && letter(event).is_some_and(|letter| TELL_OF_EVENTS.contains(&letter))
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
        ("user.reset_link.create", _) if event.actor.is_some() => words.reset_link_made(),
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
        ("mail.delivered", _) => return words.mailed(letter(event)),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::Language;

    fn mailed(letter: &str) -> AuditEvent {
        AuditEvent {
            at: 1,
            name: "mail.delivered".to_owned(),
            outcome: "success".to_owned(),
            actor: None,
            user_id: Some("usr_1".to_owned()),
            client_id: None,
            sid: None,
            address: None,
            request_id: None,
            detail: json!({ "letter": letter }),
        }
    }

    #[test]
    fn a_letter_says_what_it_was_about_in_every_language() {
        for language in Language::ALL {
            let words = words::AccountActivity::of(language);
            let said = |letter: &str| what(words, &mailed(letter), "");
            let any = said("a letter of a later version");
            let named = ["new_device", "sign_in_code", "second_step_code", "factor_refused", "own_email_proof", "test"];
            let mut all: Vec<String> = named.map(said).into();
            assert!(all.iter().all(|said| *said != any), "{all:?}");
            all.dedup();
            assert_eq!(all.len(), 5, "the two codes are one: {all:?}");
        }
    }

    #[test]
    fn only_letters_about_events_of_the_list_are_left_out() {
        assert!(is_told_twice(&mailed("password_changed")) && !is_told_twice(&mailed("new_device")));
        assert!(!is_told_twice(&AuditEvent { name: "mail.abandoned".to_owned(), ..mailed("password_changed") }));
    }
}
