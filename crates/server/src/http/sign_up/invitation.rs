//! `/signup?invitation=…`: an account for whoever was invited. The link came to their address, so it is proven, and it works once.

use axum::response::Response;
use symbolon_oauth::authorize::begin_again;
use symbolon_oauth::registration::Client;
use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind};
use symbolon_store::{Artefact, Hash32};

use super::begin::wanted;
use super::complete::{Completed, Newcomer, Proof, complete, done};
use super::{Typed, status, waiting};
use crate::account::sign_up::Invitation;
use crate::effects::store_failure;
use crate::http::authorize::Arrival;
use crate::http::{page, setup, twin};
use crate::interaction::Interaction;
use crate::pages::Csp;
use crate::pages::error::ErrorWhat;
use crate::pages::sign_up::{SignUp, SignUpProblem};
use crate::session::csrf::{self, Purpose};

struct Invited {
    hash: Hash32,
    invitation: Invitation,
    client_id: Option<String>,
}

/// The invitation, while it can be used.
async fn find(arrival: &Arrival<'_>, text: &str) -> Result<Result<Invited, ErrorWhat>, OAuthError> {
    if !arrival.app.sign_up().takes_invitations() {
        return Ok(Err(ErrorWhat::SignUpClosed));
    }
    let over = ErrorWhat::InvitationOver;
    let Ok(token) = OpaqueToken::parse(TokenKind::Invitation, text) else { return Ok(Err(over)) };
    let found = arrival.app.store.artefact(Artefact::INVITATION, Hash32(token.hash())).await;
    let found = found.map_err(|error| store_failure(&error))?;
    let usable = found.filter(|found| found.redeemed_at.is_none() && arrival.meta.now < found.expires_at);
    let Some(artefact) = usable else { return Ok(Err(over)) };
    let invitation = Invitation::open(&artefact).map_err(|error| {
        tracing::error!(%error, "an invitation cannot be read");
        OAuthError::ServerError
    })?;
    Ok(Ok(Invited { hash: artefact.hash, invitation, client_id: artefact.client_id }))
}

/// `GET /signup?invitation=…`.
pub(super) async fn show(arrival: &Arrival<'_>, browser: &str, text: &str) -> Result<Response, OAuthError> {
    match find(arrival, text).await? {
        Ok(invited) => Ok(view(arrival, browser, text, &invited, String::new(), None)),
        Err(what) => Ok(page::error(arrival.app, arrival.meta, what)),
    }
}

/// `POST /signup` with an invitation.
pub(super) async fn accept(
    arrival: &Arrival<'_>,
    browser: &str,
    text: &str,
    params: &Params,
) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let invited = match find(arrival, text).await? {
        Ok(invited) => invited,
        Err(what) => return Ok(page::error(app, arrival.meta, what)),
    };
    let again = |problem| view(arrival, browser, text, &invited, Typed::of(params).name, Some(problem));
    let wanted = match wanted(app, params, &invited.invitation.email).await {
        Ok(wanted) => wanted,
        Err(problem) => return Ok(again(problem)),
    };
    let Ok(password_hash) = app.passwords.hash(wanted.password, setup::salt()).await else {
        return Ok(again(SignUpProblem::Busy));
    };
    let newcomer = Newcomer {
        id: None,
        email: wanted.email,
        name: wanted.name,
        password_hash,
        roles: invited.invitation.roles.clone(),
        client_id: invited.client_id.clone(),
    };
    match complete(arrival, Proof { kind: Artefact::INVITATION, hash: invited.hash }, newcomer, None).await? {
        Completed::Done(newborn) => {
            let email = invited.invitation.email.clone();
            let response = match (onward(arrival, &invited), client(arrival, &invited)) {
                (Some(begins), _) => page::see_other(&begins),
                // An app of which no address is known: people know where it is.
                (None, Some(client)) => done(arrival, email, Some(client.name.clone()), None),
                (None, None) => page::see_other("/"),
            };
            match newborn.with_cookies(arrival, response) {
                Some(response) => Ok(response),
                // From their own page they go on by themselves.
                None => newborn.onward(arrival, None).await,
            }
        }
        Completed::Over => Ok(page::error(app, arrival.meta, ErrorWhat::InvitationOver)),
        Completed::Taken => {
            let start = Interaction::own_sign_up(&app.issuer, browser, arrival.meta.now);
            let exists = super::Next::SignIn(Box::new((start, invited.invitation.email)));
            super::render(arrival, browser, exists).await
        }
    }
}

/// The client that the invitation was for.
fn client<'a>(arrival: &'a Arrival<'_>, invited: &Invited) -> Option<&'a Client> {
    let client = arrival.registry.client(invited.client_id.as_deref()?)?;
    (!client.disabled).then_some(client)
}

/// Where people begin there: a sign-in, or at its home.
fn onward(arrival: &Arrival<'_>, invited: &Invited) -> Option<String> {
    begin_again(&arrival.app.issuer, client(arrival, invited)?, None)
}

fn view(
    arrival: &Arrival<'_>,
    browser: &str,
    text: &str,
    invited: &Invited,
    name: String,
    problem: Option<SignUpProblem>,
) -> Response {
    let app = arrival.app;
    let client = invited.client_id.as_deref().and_then(|id| arrival.registry.client(id));
    let languages = arrival.meta.reads.languages();
    let client = client.map(|client| page::client_view(client, None, &languages));
    let logo = client.as_ref().and_then(|client| client.logo.clone());
    let view = SignUp {
        shell: page::shell(app, arrival.meta).carrying("/signup", &[("invitation", text)]).of_client(client.as_ref()),
        client,
        interaction: String::new(),
        csrf: csrf::issue(&app.csrf, browser, Purpose::SignUp, arrival.meta.now),
        invitation: Some(text.to_owned()),
        email: invited.invitation.email.clone(),
        name,
        password_min_chars: setup::policy(app).min_chars,
        problem,
    };
    let csp = onward(arrival, invited).map_or_else(Csp::strict, |uri| Csp::strict().form_may_reach(&uri));
    let csp = csp.image(logo.as_ref()).password_script(app.issuer.origin());
    let response = page::html(app, status(problem), &view, &csp);
    waiting(twin::forms::sign_up(&view).beside(response), problem)
}
