//! Whether the user must be asked, and whether the answer counts (OpenID Connect Core §3.1.2.4, RFC 8252 §8.6).
//!
//! Not for first-party clients, unless an API wants it; not when what is asked for is on record, unless the client's identity cannot
//! be assured or `prompt=consent` asks again. An answer counts for the user who gave it and the scope that was shown.

use super::{InteractionFacts, Prompt, SessionFacts, ValidRequest};
use crate::scope::Scope;

/// What the user allowed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentOnRecord {
    /// Every scope allowed.
    pub scope: Scope,
    /// Every API allowed.
    pub audience: Vec<String>,
}

/// What the user said on the consent page of this interaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// Yes, by this user, to this scope.
    Allowed {
        /// Who was signed in when the answer was given.
        user_id: String,
        /// What the page showed.
        scope: Scope,
    },
    /// No.
    Denied,
}

/// Why the user is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentWhy {
    /// A program on the person's machine, which anybody could pretend to be.
    IdentityNotAssured,
    /// Something that was not allowed before.
    NotOnRecord,
    /// `prompt=consent`.
    PromptConsent,
}

/// What the consent page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentPrompt {
    /// Why.
    pub why: ConsentWhy,
    /// Everything the client asks for.
    pub scope: Scope,
    /// What of it was not allowed before.
    pub new_scope: Scope,
    /// The API, if one is asked for.
    pub audience: Option<String>,
    /// Who is asked.
    pub user_id: String,
}

/// What consent comes to.
pub(super) enum Consent {
    Ask(ConsentPrompt),
    Denied,
    Given,
}

pub(super) fn judge(
    request: &ValidRequest<'_>,
    session: &SessionFacts,
    interaction: Option<&InteractionFacts>,
    on_record: Option<&ConsentOnRecord>,
) -> Consent {
    match interaction.and_then(|interaction| interaction.consent.as_ref()) {
        Some(ConsentAnswer::Denied) => return Consent::Denied,
        Some(ConsentAnswer::Allowed { user_id, scope })
            if *user_id == session.user_id && request.scope.is_subset_of(scope) =>
        {
            return Consent::Given;
        }
        Some(ConsentAnswer::Allowed { .. }) | None => {}
    }
    let Some(why) = needed(request, on_record) else { return Consent::Given };
    let known = on_record.map_or_else(Scope::empty, |record| record.scope.clone());
    Consent::Ask(ConsentPrompt {
        why,
        scope: request.scope.clone(),
        new_scope: request.scope.minus(&known),
        audience: request.api.map(|api| api.identifier.clone()),
        user_id: session.user_id.clone(),
    })
}

fn needed(request: &ValidRequest<'_>, on_record: Option<&ConsentOnRecord>) -> Option<ConsentWhy> {
    if request.has_prompt(Prompt::Consent) {
        return Some(ConsentWhy::PromptConsent);
    }
    let ours = request.client.first_party;
    if ours && request.api.is_none_or(|api| api.skip_consent_for_first_party) {
        return None;
    }
    if !ours && request.redirect_uri.is_on_device() {
        return Some(ConsentWhy::IdentityNotAssured);
    }
    let covered = on_record.is_some_and(|record| {
        let api = request.api.is_none_or(|api| record.audience.contains(&api.identifier));
        api && request.scope.is_subset_of(&record.scope)
    });
    if covered { None } else { Some(ConsentWhy::NotOnRecord) }
}
