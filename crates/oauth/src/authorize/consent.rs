//! Whether the user must be asked, and whether the answer counts (OpenID Connect Core §3.1.2.4, RFC 8252 §8.6).
//!
//! Not for first-party clients, unless an API wants it; not when what is asked for is on record, unless the client's identity cannot
//! be assured or `prompt=consent` asks again. An answer counts for the user who gave it and the scope that was shown.

use super::{InteractionFacts, Prompt, SessionFacts, ValidRequest};
use crate::authorization_details::{Detail, Shown};
use crate::scope::Scope;

/// What the user allowed before, at one API: `write` there says nothing about `write` elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentOnRecord {
    /// The API; `None` where no API was asked for.
    pub audience: Option<String>,
    /// Every scope allowed there.
    pub scope: Scope,
}

/// What the user said on the consent page of this interaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// Yes, by this user, to this scope at this API.
    Allowed {
        /// Who was signed in when the answer was given.
        user_id: String,
        /// What the page showed.
        scope: Scope,
        /// The API it was shown for.
        audience: Option<String>,
    },
    /// No.
    Denied,
}

/// Why the user is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentWhy {
    /// Something in detail, which is allowed for this one time (RFC 9396).
    Details,
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
    /// The API, if one is asked for: the first, if several are.
    pub audience: Option<String>,
    /// Who is asked.
    pub user_id: String,
    /// What is asked for in detail, in words.
    pub details: Vec<Shown>,
}

/// What consent comes to.
pub(super) enum Consent {
    Ask(ConsentPrompt),
    Denied,
    /// Nobody needed to be asked now.
    Given,
    /// The user has just said yes, to all of it.
    GivenNow,
}

pub(super) fn judge(
    request: &ValidRequest<'_>,
    session: &SessionFacts,
    interaction: Option<&InteractionFacts>,
    on_record: &[ConsentOnRecord],
) -> Consent {
    let requested = request.api.map(|api| api.identifier.clone());
    let to_allow = request.scope_to_allow();
    match interaction.and_then(|interaction| interaction.consent.as_ref()) {
        Some(ConsentAnswer::Denied) => return Consent::Denied,
        // What is registered may have changed since the page was shown: yes means what was on it.
        Some(ConsentAnswer::Allowed { user_id, scope, audience })
            if *user_id == session.user_id && *audience == requested && to_allow.is_subset_of(scope) =>
        {
            return Consent::GivenNow;
        }
        Some(ConsentAnswer::Allowed { .. }) | None => {}
    }
    let new_scope = not_on_record(request, &to_allow, on_record);
    let Some(why) = needed(request, new_scope.as_ref()) else { return Consent::Given };
    Consent::Ask(ConsentPrompt {
        why,
        new_scope: new_scope.unwrap_or_default(),
        details: details(request),
        scope: to_allow,
        audience: requested,
        user_id: session.user_id.clone(),
    })
}

/// What was not allowed before at one of the APIs that have it. `None` if everything was; nothing that is asked for nowhere was not, either.
fn not_on_record(request: &ValidRequest<'_>, to_allow: &Scope, on_record: &[ConsentOnRecord]) -> Option<Scope> {
    let mut missing = None;
    for (audience, asked) in request.consents(to_allow) {
        let record = on_record.iter().find(|record| record.audience.as_deref() == audience);
        let new = record.map_or_else(|| asked.clone(), |record| asked.minus(&record.scope));
        if record.is_none() || !new.is_empty() {
            missing = Some(missing.unwrap_or_else(Scope::empty).union(&new));
        }
    }
    missing
}

/// In the words of the APIs. What no API can put into words any more was refused before.
fn details(request: &ValidRequest<'_>) -> Vec<Shown> {
    let of = |detail: &Detail| {
        request.apis().find(|api| api.identifier == detail.audience).and_then(|api| detail.shown(api))
    };
    request.details.iter().filter_map(of).collect()
}

fn needed(request: &ValidRequest<'_>, new_scope: Option<&Scope>) -> Option<ConsentWhy> {
    // Nobody has allowed this one thing before, whoever asks.
    if !request.details.is_empty() {
        return Some(ConsentWhy::Details);
    }
    if request.has_prompt(Prompt::Consent) {
        return Some(ConsentWhy::PromptConsent);
    }
    if !request.may_need_consent() {
        return None;
    }
    // RFC 8252 §8.6: any program of the device may listen there, so no answer goes out unseen.
    if request.goes_to_any_listener() {
        return Some(ConsentWhy::IdentityNotAssured);
    }
    new_scope.map(|_| ConsentWhy::NotOnRecord)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::{Effective, validate};
    use crate::params::Params;
    use crate::registration::{Api, Client};
    use crate::testing::{API, CHALLENGE, NOW, apis, issuer, spa, third_party};

    const ASKED: &str = "scope=openid+email+read%3Adragons&audience=http%3A%2F%2Flocalhost%3A4402";

    fn record(scope: &str) -> ConsentOnRecord {
        ConsentOnRecord { scope: Scope::parse(scope).unwrap(), audience: Some(API.to_owned()) }
    }

    fn answered(user_id: &str, scope: &str) -> ConsentAnswer {
        ConsentAnswer::Allowed {
            user_id: user_id.to_owned(),
            scope: Scope::parse(scope).unwrap(),
            audience: Some(API.to_owned()),
        }
    }

    fn judged(
        client: &Client,
        apis: &Vec<Api>,
        more: &str,
        answer: Option<ConsentAnswer>,
        on_record: Option<&ConsentOnRecord>,
    ) -> Consent {
        let redirect_uri: String = url::form_urlencoded::byte_serialize(client.redirect_uris[0].as_bytes()).collect();
        let query = format!(
            "client_id={}&redirect_uri={redirect_uri}&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&{ASKED}&{more}",
            client.client_id
        );
        let issuer = issuer();
        let asked = Effective::plain(Params::parse_for_authorize(query.as_bytes()).unwrap());
        let request = validate(&asked, Some(client), apis, &issuer).unwrap();
        let session = SessionFacts {
            user_id: "usr_ada".to_owned(),
            sid: "s".to_owned(),
            auth_time: NOW,
            amr: Vec::new(),
            acr: None,
        };
        let interaction =
            answer.map(|answer| InteractionFacts { consent: Some(answer), ..InteractionFacts::default() });
        judge(&request, &session, interaction.as_ref(), on_record.map_or(&[], std::slice::from_ref))
    }

    #[track_caller]
    fn asks(consent: Consent, expected: ConsentWhy) -> ConsentPrompt {
        match consent {
            Consent::Ask(prompt) if prompt.why == expected => prompt,
            Consent::Ask(prompt) => panic!("asks because of {:?}", prompt.why),
            Consent::Denied => panic!("denied"),
            Consent::Given | Consent::GivenNow => panic!("given"),
        }
    }

    fn is_given(consent: &Consent) -> bool {
        matches!(consent, Consent::Given)
    }

    #[test]
    fn first_party_clients_skip_it_unless_the_api_wants_it() {
        assert!(is_given(&judged(&spa(), &apis(), "", None, None)));
        let mut strict = apis();
        strict[0].skip_consent_for_first_party = false;
        asks(judged(&spa(), &strict, "", None, None), ConsentWhy::NotOnRecord);
        assert!(is_given(&judged(&spa(), &strict, "", None, Some(&record("openid email read:dragons")))));
    }

    #[test]
    fn third_parties_ask_for_what_is_not_on_record_and_show_what_is_new() {
        let prompt =
            asks(judged(&third_party(), &apis(), "", None, Some(&record("openid email"))), ConsentWhy::NotOnRecord);
        assert_eq!(
            (prompt.scope.to_string().as_str(), prompt.new_scope.to_string().as_str()),
            ("openid email read:dragons", "read:dragons")
        );
        assert!(is_given(&judged(
            &third_party(),
            &apis(),
            "",
            None,
            Some(&record("read:dragons email openid profile"))
        )));
    }

    #[test]
    fn single_claims_count_as_the_scope_that_has_them_core_5_5() {
        let claims = "claims=%7B%22userinfo%22%3A%7B%22phone_number%22%3Anull%7D%7D";
        let known = record("openid email read:dragons");
        let prompt = asks(judged(&third_party(), &apis(), claims, None, Some(&known)), ConsentWhy::NotOnRecord);
        assert_eq!(prompt.new_scope.to_string(), "phone");
        let without = answered("usr_ada", "openid email read:dragons");
        asks(judged(&third_party(), &apis(), claims, Some(without), None), ConsentWhy::NotOnRecord);
        let with = answered("usr_ada", "openid email phone read:dragons");
        assert!(matches!(judged(&third_party(), &apis(), claims, Some(with), None), Consent::GivenNow));
        assert!(is_given(&judged(
            &third_party(),
            &apis(),
            claims,
            None,
            Some(&record("openid email phone read:dragons"))
        )));
    }

    #[test]
    fn a_record_for_another_api_does_not_count() {
        let everything = record("openid email read:dragons");
        for audience in [Some("https://other.example".to_owned()), Some(String::new()), None] {
            let other = ConsentOnRecord { audience, ..everything.clone() };
            let prompt = asks(judged(&third_party(), &apis(), "", None, Some(&other)), ConsentWhy::NotOnRecord);
            assert_eq!(prompt.new_scope, prompt.scope, "all of it is new here");
        }
    }

    #[test]
    fn prompt_consent_asks_even_if_on_record_and_even_first_parties() {
        let record = record("openid email read:dragons");
        asks(judged(&third_party(), &apis(), "prompt=consent", None, Some(&record)), ConsentWhy::PromptConsent);
        asks(judged(&spa(), &apis(), "prompt=consent", None, Some(&record)), ConsentWhy::PromptConsent);
    }

    #[test]
    fn a_third_party_on_the_persons_machine_always_asks_rfc_8252_8_6() {
        for uri in ["http://localhost:3000/cb", "http://127.0.0.1:3000/cb"] {
            let local = Client { redirect_uris: vec![uri.to_owned()], ..third_party() };
            asks(
                judged(&local, &apis(), "", None, Some(&record("openid email read:dragons"))),
                ConsentWhy::IdentityNotAssured,
            );
        }
    }

    #[test]
    fn yes_counts_for_the_user_who_said_it_and_the_scope_that_was_shown() {
        let shown = "openid email read:dragons";
        for (more, scope) in [("", shown), ("prompt=consent", shown), ("", "openid email read:dragons profile")] {
            let consent = judged(&third_party(), &apis(), more, Some(answered("usr_ada", scope)), None);
            assert!(matches!(consent, Consent::GivenNow));
        }
        asks(judged(&third_party(), &apis(), "", Some(answered("usr_bob", shown)), None), ConsentWhy::NotOnRecord);
        asks(judged(&third_party(), &apis(), "", Some(answered("usr_ada", "openid")), None), ConsentWhy::NotOnRecord);
        for audience in [Some("https://other.example".to_owned()), None] {
            let elsewhere =
                ConsentAnswer::Allowed { user_id: "usr_ada".to_owned(), scope: Scope::parse(shown).unwrap(), audience };
            asks(judged(&third_party(), &apis(), "", Some(elsewhere), None), ConsentWhy::NotOnRecord);
        }
        // Nothing is put on record that was not shown, even where nobody needed to be asked.
        assert!(is_given(&judged(&spa(), &apis(), "", Some(answered("usr_ada", "openid")), None)));
    }

    #[test]
    fn no_is_no_even_if_it_is_on_record() {
        let consent = judged(
            &third_party(),
            &apis(),
            "",
            Some(ConsentAnswer::Denied),
            Some(&record("openid email read:dragons")),
        );
        assert!(matches!(consent, Consent::Denied));
    }
}
