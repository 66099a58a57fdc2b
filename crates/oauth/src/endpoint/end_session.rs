//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0).
//!
//! Signs out at once only when a good `id_token_hint` names the session of this browser; otherwise a page asks (§2, so that no foreign
//! page can sign anybody out), or, at the address of existing clients, when one of our own clients' pages sent the browser. Redirects only to a registered URI of a client that is known for sure (§3), never on a doubt;
//! to one of a client that nobody has looked at only once somebody has signed out (RFC 9700 §4.11.2).
//!
//! Beyond the standard: `everywhere=true` means every session of the person, on all devices. A third party's word for that is only a
//! reason to ask.

use crate::error::OAuthError;
use crate::pairwise::Pairwise;
use crate::params::Params;
use crate::redirect_uri::{RegisteredRedirectUri, find_post_logout};
use crate::registration::Client;

/// What is asked, before anything is believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// An ID token of ours, as sent; the shell verifies it.
    pub id_token_hint: Option<String>,
    /// The client, if it names itself.
    pub client_id: Option<String>,
    /// Where to afterwards.
    pub post_logout_redirect_uri: Option<String>,
    /// For the client.
    pub state: Option<String>,
    /// What is to end.
    pub reach: Reach,
    /// Languages, best first.
    pub ui_locales: Vec<String>,
}

/// What a sign-out ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The session of this browser.
    Here,
    /// Every session of the person (`everywhere=true`).
    Everywhere,
}

const MAX_STATE_BYTES: usize = 1536;

impl Request {
    /// Reads the parameters of a query or a form.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let text = |name| params.get(name).map(str::to_owned);
        if params.get("state").is_some_and(|state| state.len() > MAX_STATE_BYTES) {
            return Err(OAuthError::StateTooLong);
        }
        Ok(Self {
            id_token_hint: text("id_token_hint"),
            client_id: text("client_id"),
            post_logout_redirect_uri: text("post_logout_redirect_uri"),
            state: text("state"),
            reach: if params.get("everywhere") == Some("true") { Reach::Everywhere } else { Reach::Here },
            ui_locales: params
                .get("ui_locales")
                .unwrap_or_default()
                .split(' ')
                .filter(|tag| !tag.is_empty())
                .take(10)
                .map(str::to_owned)
                .collect(),
        })
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id_token_hint, client_id, post_logout_redirect_uri, state: _, reach, ui_locales: _ } = self;
        f.debug_struct("Request")
            .field("id_token_hint", &id_token_hint.is_some())
            .field("client_id", client_id)
            .field("post_logout_redirect_uri", post_logout_redirect_uri)
            .field("reach", reach)
            .finish_non_exhaustive()
    }
}

/// The claims of a good hint: signature, issuer and type verified; it may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintClaims {
    /// The user.
    pub sub: String,
    /// The session.
    pub sid: Option<String>,
    /// The client it was issued to.
    pub aud: String,
}

/// The browser's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// The user.
    pub user_id: String,
    /// Its public id.
    pub sid: String,
}

/// What the shell knows.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The hint, if one was sent and it is good.
    pub hint: Option<HintClaims>,
    /// The client that the hint's `aud` names, or, without a hint, the one of `client_id`.
    pub client: Option<&'a Client>,
    /// The browser's session, if there is one.
    pub session: Option<SessionFacts>,
    /// What its user is called towards clients that may not compare them.
    pub pairwise: &'a Pairwise,
    /// The origin of the page that sent the browser, where its word is enough: clients that send no hint.
    pub sent_from: Option<&'a str>,
}

/// Where to after signing out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// To our own page.
    SignedOutPage,
    /// To the client, with `state`: the URL is complete.
    Redirect(String),
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Show a page that asks; if the person agrees, end the session and go on.
    Ask {
        /// Which session would end.
        sid: String,
        /// And which beside it.
        reach: Reach,
        /// Where to then.
        then: Then,
    },
    /// End the session now.
    End {
        /// Which.
        sid: String,
        /// And which beside it.
        reach: Reach,
        /// Where to then.
        then: Then,
    },
    /// Nobody is signed in here.
    Nothing {
        /// Where to.
        then: Then,
    },
}

/// Decides.
///
/// # Errors
/// To be told on a page: the hint is bad or for another client than `client_id`, or the URI is not registered.
pub fn decide(request: &Request, facts: &Facts<'_>) -> Result<Decision, OAuthError> {
    if request.id_token_hint.is_some() && facts.hint.is_none() {
        return Err(OAuthError::IdTokenHintInvalid);
    }
    // §2: "the OP MUST verify that the Client Identifier matches the one used when issuing the ID Token".
    if let (Some(hint), Some(client_id)) = (&facts.hint, &request.client_id)
        && hint.aud != *client_id
    {
        return Err(OAuthError::IdTokenHintInvalid);
    }
    let then = after(request, facts)?;
    let Some(session) = &facts.session else {
        // A link to this server would lead wherever whoever registered likes (RFC 9700 §4.11.2).
        let unvetted = facts.client.is_some_and(Client::is_unvetted);
        return Ok(Decision::Nothing { then: if unvetted { Then::SignedOutPage } else { then } });
    };
    let (sid, reach) = (session.sid.clone(), request.reach);
    let may_reach = reach == Reach::Here || facts.client.is_some_and(|client| client.first_party);
    Ok(
        // A link in a page may be another visitor's: it ends no more than what is here.
        if may_reach
            && (facts.hint.as_ref().is_some_and(|hint| names(hint, session, facts))
                || reach == Reach::Here && sent_by_its_page(facts))
        {
            Decision::End { sid, reach, then }
        } else {
            Decision::Ask { sid, reach, then }
        },
    )
}

/// A page of the client itself asks, and the client is ours. Browsers name the page; no other site can.
fn sent_by_its_page(facts: &Facts<'_>) -> bool {
    let ours = facts.client.filter(|client| client.first_party && !client.disabled);
    ours.zip(facts.sent_from).is_some_and(|(client, from)| client.page_origins().any(|origin| origin == from))
}

/// The same user, and the same session if the hint says which; a client that nobody has looked at must say it.
fn names(hint: &HintClaims, session: &SessionFacts, facts: &Facts<'_>) -> bool {
    let Some(client) = facts.client.filter(|client| client.client_id == hint.aud.as_str()) else { return false };
    hint.sub == facts.pairwise.subject(client, &session.user_id)
        && hint
            .sid
            .as_ref()
            .map_or_else(|| !client.is_unvetted(), |sid| *sid == facts.pairwise.session(client, &session.sid))
}

fn after(request: &Request, facts: &Facts<'_>) -> Result<Then, OAuthError> {
    let Some(uri) = &request.post_logout_redirect_uri else { return Ok(Then::SignedOutPage) };
    let named = facts.hint.as_ref().map(|hint| hint.aud.as_str()).or(request.client_id.as_deref());
    let client = facts
        .client
        .filter(|client| named == Some(client.client_id.as_str()) && !client.disabled)
        .ok_or(OAuthError::ClientUnknown)?;
    let registered = find_post_logout(client, uri).ok_or(OAuthError::PostLogoutRedirectUriNotRegistered)?;
    Ok(Then::Redirect(with_state(&registered, request.state.as_deref())))
}

fn with_state(uri: &RegisteredRedirectUri, state: Option<&str>) -> String {
    let uri = uri.as_str();
    let Some(state) = state else { return uri.to_owned() };
    let encoded: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}state={encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, spa, third_party};

    const HOME: &str = "https://spa.example/";

    fn client() -> Client {
        Client { post_logout_redirect_uris: vec![HOME.to_owned()], ..spa() }
    }

    fn request(form: &str) -> Request {
        Request::parse(&Params::parse(form.as_bytes()).unwrap()).unwrap()
    }

    fn hint(sid: Option<&str>) -> HintClaims {
        HintClaims { sub: "usr_ada".to_owned(), sid: sid.map(str::to_owned), aud: "spa".to_owned() }
    }

    fn session() -> SessionFacts {
        SessionFacts { user_id: "usr_ada".to_owned(), sid: "sid-1".to_owned() }
    }

    fn run(form: &str, hint: Option<HintClaims>, session: Option<SessionFacts>) -> Result<Decision, OAuthError> {
        let (client, pairwise) = (client(), testing::names());
        decide(&request(form), &Facts { hint, client: Some(&client), session, pairwise: &pairwise, sent_from: None })
    }

    fn sid() -> String {
        "sid-1".to_owned()
    }

    #[test]
    fn a_good_hint_for_this_session_signs_out_at_once_and_goes_home_with_state() {
        let form = "id_token_hint=x&post_logout_redirect_uri=https%3A%2F%2Fspa.example%2F&state=a%26b";
        let then = Then::Redirect(format!("{HOME}?state=a%26b"));
        assert_eq!(
            run(form, Some(hint(Some("sid-1"))), Some(session())),
            Ok(Decision::End { sid: sid(), reach: Reach::Here, then: then.clone() })
        );
        assert_eq!(
            run(form, Some(hint(None)), Some(session())),
            Ok(Decision::End { sid: sid(), reach: Reach::Here, then: then.clone() })
        );
        assert_eq!(run(form, Some(hint(Some("sid-1"))), None), Ok(Decision::Nothing { then }));
    }

    #[test]
    fn without_a_hint_the_person_is_asked() {
        let ask = Ok(Decision::Ask { sid: sid(), reach: Reach::Here, then: Then::SignedOutPage });
        assert_eq!(run("", None, Some(session())), ask);
        assert_eq!(run("client_id=spa", None, Some(session())), ask);
    }

    #[test]
    fn a_page_of_our_own_client_may_ask_without_a_hint_where_its_word_counts() {
        let run = |client: &Client, sent_from| {
            let facts = Facts {
                hint: None,
                client: Some(client),
                session: Some(session()),
                pairwise: &testing::names(),
                sent_from,
            };
            decide(&request("client_id=spa"), &facts).unwrap()
        };
        let end = Decision::End { sid: sid(), reach: Reach::Here, then: Then::SignedOutPage };
        let ask = Decision::Ask { sid: sid(), reach: Reach::Here, then: Then::SignedOutPage };
        let own = Client { allowed_origins: vec!["https://spa.example".to_owned()], ..client() };
        assert_eq!(run(&own, Some("https://spa.example")), end);
        for other in
            [None, Some("https://evil.example"), Some("https://spa.example.evil.example"), Some("null"), Some("")]
        {
            assert_eq!(run(&own, other), ask, "{other:?}");
        }
        let facts = Facts {
            hint: None,
            client: Some(&own),
            session: Some(session()),
            pairwise: &testing::names(),
            sent_from: Some("https://spa.example"),
        };
        let everywhere = decide(&request("client_id=spa&everywhere=true"), &facts).unwrap();
        assert!(matches!(everywhere, Decision::Ask { reach: Reach::Everywhere, .. }), "a link may be anybody's");
        for client in [Client { first_party: false, ..own.clone() }, Client { disabled: true, ..own.clone() }] {
            assert_eq!(run(&client, Some("https://spa.example")), ask);
        }
    }

    #[test]
    fn a_hint_of_another_session_or_user_is_only_a_reason_to_ask() {
        let form = "id_token_hint=x";
        let ask = Ok(Decision::Ask { sid: sid(), reach: Reach::Here, then: Then::SignedOutPage });
        assert_eq!(run(form, Some(hint(Some("sid-2"))), Some(session())), ask);
        let bob = HintClaims { sub: "usr_bob".to_owned(), sid: None, aud: "spa".to_owned() };
        assert_eq!(run(form, Some(bob), Some(session())), ask);
    }

    #[test]
    fn a_hint_names_user_and_session_as_its_client_knows_them_core_8_1() {
        let client = testing::pairwise(client());
        let names = testing::names();
        let end = |hint| {
            let session = Some(session());
            let facts = Facts { hint: Some(hint), client: Some(&client), session, pairwise: &names, sent_from: None };
            decide(&request("id_token_hint=x"), &facts)
        };
        let sub = names.subject(&client, "usr_ada");
        let then = Then::SignedOutPage;
        let theirs = HintClaims { sub: sub.clone(), sid: Some(names.session(&client, "sid-1")), aud: "spa".to_owned() };
        assert_eq!(end(theirs), Ok(Decision::End { sid: sid(), reach: Reach::Here, then: then.clone() }));
        let other_session = HintClaims { sub, sid: Some(names.session(&client, "sid-2")), aud: "spa".to_owned() };
        for doubtful in [hint(Some("sid-1")), hint(None), other_session] {
            assert_eq!(end(doubtful), Ok(Decision::Ask { sid: sid(), reach: Reach::Here, then: then.clone() }));
        }
    }

    #[test]
    fn everywhere_is_for_our_own_clients_to_say_and_for_others_to_ask() {
        let end = |client: &Client, form: &str| {
            let names = testing::names();
            let hint = Some(HintClaims { aud: client.client_id.to_string(), ..hint(None) });
            let facts =
                Facts { hint, client: Some(client), session: Some(session()), pairwise: &names, sent_from: None };
            decide(&request(form), &facts)
        };
        let then = Then::SignedOutPage;
        let everywhere = Decision::End { sid: sid(), reach: Reach::Everywhere, then: then.clone() };
        assert_eq!(end(&client(), "id_token_hint=x&everywhere=true"), Ok(everywhere));
        let asked = Decision::Ask { sid: sid(), reach: Reach::Everywhere, then: then.clone() };
        assert_eq!(end(&third_party(), "id_token_hint=x&everywhere=true"), Ok(asked));
        for here in ["everywhere=false", "everywhere=1", "everywhere="] {
            let here = end(&client(), &format!("id_token_hint=x&{here}"));
            assert_eq!(here, Ok(Decision::End { sid: sid(), reach: Reach::Here, then: then.clone() }));
        }
    }

    #[test]
    fn a_bad_hint_is_an_error_page() {
        assert_eq!(run("id_token_hint=forged", None, Some(session())), Err(OAuthError::IdTokenHintInvalid));
        assert_eq!(
            run("id_token_hint=x&client_id=third", Some(hint(None)), Some(session())),
            Err(OAuthError::IdTokenHintInvalid)
        );
    }

    #[test]
    fn never_an_open_redirect() {
        for uri in [
            "https://evil.example/",
            "https://spa.example",
            "https://spa.example/x",
            "//evil.example",
            "javascript:alert(1)",
        ] {
            let encoded: String = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect();
            for who in ["id_token_hint=x", "client_id=spa"] {
                let hint = if who.starts_with("id") { Some(hint(None)) } else { None };
                let form = format!("{who}&post_logout_redirect_uri={encoded}");
                assert_eq!(
                    run(&form, hint, Some(session())),
                    Err(OAuthError::PostLogoutRedirectUriNotRegistered),
                    "{uri}"
                );
            }
        }
    }

    #[test]
    fn an_open_redirect_by_registering_one_rfc_9700_4_11_2() {
        let names = testing::names();
        let mut client = client();
        let form = "post_logout_redirect_uri=https%3A%2F%2Fspa.example%2F&client_id=spa";
        let run = |client: &Client, hint: Option<HintClaims>, session| {
            let form = if hint.is_some() { format!("{form}&id_token_hint=x") } else { form.to_owned() };
            let facts = Facts { hint, client: Some(client), session, pairwise: &names, sent_from: None };
            decide(&request(&form), &facts).unwrap()
        };
        let home = Then::Redirect(HOME.to_owned());
        assert_eq!(run(&client, None, None), Decision::Nothing { then: home.clone() });
        client.metadata.dynamic = Some(crate::registration::Dynamic::default());
        for hint in [None, Some(hint(None)), Some(hint(Some("sid-1")))] {
            assert_eq!(run(&client, hint, None), Decision::Nothing { then: Then::SignedOutPage });
        }
        // Whoever says yes, and whoever has signed in there, knows it.
        let ask = Decision::Ask { sid: sid(), reach: Reach::Here, then: home.clone() };
        assert_eq!(run(&client, None, Some(session())), ask);
        assert_eq!(run(&client, Some(hint(Some("sid-2"))), Some(session())), ask);
        assert_eq!(run(&client, Some(hint(None)), Some(session())), ask, "it names no session");
        let end = Decision::End { sid: sid(), reach: Reach::Here, then: home.clone() };
        assert_eq!(run(&client, Some(hint(Some("sid-1"))), Some(session())), end);
        let invited = Some("iat-1".to_owned());
        client.metadata.dynamic =
            Some(crate::registration::Dynamic { initial_access_token: invited, ..Default::default() });
        assert_eq!(run(&client, None, None), Decision::Nothing { then: home });
    }

    #[test]
    fn no_redirect_for_a_client_that_is_not_known_for_sure() {
        let form = "post_logout_redirect_uri=https%3A%2F%2Fspa.example%2F";
        assert_eq!(run(form, None, Some(session())), Err(OAuthError::ClientUnknown));
        for client in [third_party(), Client { disabled: true, ..client() }] {
            let facts = Facts {
                hint: None,
                client: Some(&client),
                session: Some(session()),
                pairwise: &testing::names(),
                sent_from: None,
            };
            assert_eq!(decide(&request(&format!("{form}&client_id=spa")), &facts), Err(OAuthError::ClientUnknown));
        }
    }

    #[test]
    fn an_endless_state_is_refused() {
        let params = Params::from_pairs([("state", "x".repeat(1537))]).unwrap();
        assert_eq!(Request::parse(&params), Err(OAuthError::StateTooLong));
    }
}
