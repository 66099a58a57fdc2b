//! `POST /oauth/revoke` (RFC 7009): ends what a refresh token, an access token or a session value belongs to, and says until when the access
//! tokens it revoked can live on where nobody follows the revocation feed.
//!
//! A page whose tokens are cookies signs out by the same address, without a token in its request.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::revocation::{self, Answer, Facts, Request};
use symbolon_oauth::{ClientId, OAuthError, Params};
use symbolon_store::{Family, FamilyWanted, Hash32};

use super::client::FromClient;
use super::{answer, page_cookies, userinfo};
use crate::app::App;
use crate::effects::{self, store_failure};
use crate::events;
use crate::refresh::{self, Found};

/// The revocation endpoint.
pub(super) async fn revoke(State(app): State<Arc<App>>, asked: FromClient) -> Response {
    let outcome = match asked.client(&app).await {
        Ok(client) if client.client().gets_cookies() && asked.params.get("token").is_none() => {
            sign_out(&app, &asked, client).await
        }
        Ok(client) => match end(&app, &asked, client, Shown::InBody).await {
            Ok(Done { answer, .. }) => Ok(answer::json(StatusCode::OK, &answer)),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    asked.answered(outcome.unwrap_or_else(|error| answer::error(&error)))
}

/// How a token is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown<'h> {
    /// On purpose, by whoever has it in their hands.
    InBody,
    /// By a browser, on behalf of some page.
    AsCookie(&'h str),
}

/// What a revocation came to.
struct Done {
    answer: Answer,
    /// The session of what was shown.
    sid: Option<String>,
}

/// What a page is told that gave up tokens which it never had in its hands.
#[derive(Serialize)]
struct SignedOut {
    #[serde(flatten)]
    answer: Answer,
    /// For the page that ends the session at the issuer, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    logout_hint: Option<String>,
}

/// Ends the sign-in of the cookies, and makes the browser forget them.
async fn sign_out(app: &App, asked: &FromClient, client: AuthenticatedClient<'_>) -> Result<Response, OAuthError> {
    page_cookies::check_page(app, client.client(), &asked.headers)?;
    let mut done = Ok(Done { answer: Answer { revoked: false, access_tokens_until: None }, sid: None });
    for token in page_cookies::to_revoke(app, &asked.headers) {
        // What another host planted beside ours is of another session than the page.
        done = end(app, asked, client, Shown::AsCookie(token)).await;
        if done.as_ref().is_ok_and(|done| done.sid.is_some()) {
            break;
        }
    }
    let done = done?;
    let client_id = client.client().client_id.as_str();
    let hint = |sid: &String| page_cookies::logout_hint(app, sid, client_id, asked.meta.now);
    let told = SignedOut { answer: done.answer, logout_hint: done.sid.as_ref().map(hint) };
    let mut response = answer::json(StatusCode::OK, &told);
    page_cookies::clear(app, &mut response);
    Ok(response)
}

async fn end(
    app: &App,
    asked: &FromClient,
    client: AuthenticatedClient<'_>,
    shown: Shown<'_>,
) -> Result<Done, OAuthError> {
    let FromClient { registry, meta, params, .. } = asked;
    let (mut access_token, of_family);
    let request = match shown {
        Shown::InBody => Request::parse(params)?,
        Shown::AsCookie(token) => Request::parse(&Params::from_pairs([("token", token)])?)?,
    };
    let (facts, sid) = match request {
        Request::Unknown => (Facts::Nothing, None),
        Request::RefreshToken(token) => {
            let found = refresh::find(&*app.store, &token).await.map_err(|error| store_failure(&error))?;
            of_family = found.map(Found::into_family);
            family(of_family.as_ref())
        }
        Request::SessionValue(value) => {
            let hash = Hash32(value.hash());
            let found = app.store.session_value_facts(hash).await.map_err(|error| store_failure(&error))?;
            of_family = found.map(|found| found.family);
            family(of_family.as_ref())
        }
        Request::AccessToken(token) => {
            access_token = userinfo::own_access_token(app, registry, &token, meta.now);
            match &mut access_token {
                None => (Facts::Nothing, None),
                Some(claims) => {
                    // A pairwise subject's token does not say its session; the family does.
                    let found = userinfo::look(app, registry, claims, FamilyWanted::Yes).await?;
                    let sid =
                        claims.sid.clone().or_else(|| found.family.as_ref().and_then(|family| family.sid.clone()));
                    // The family that goes on with an exchanged token is another client's.
                    let exchanged = found.family.is_some_and(|family| family.client_id != claims.client_id);
                    (if exchanged { Facts::Exchanged(claims) } else { Facts::AccessToken(claims) }, sid)
                }
            }
        }
    };
    if matches!(shown, Shown::AsCookie(_)) && facts != Facts::Nothing {
        let client_id = client.client().client_id.as_str();
        page_cookies::check_token(app, client_id, &asked.headers, sid.as_deref())?;
    }
    let effect = revocation::decide(client, &facts)?;
    let ended = effects::apply_end(app, &effect, meta.now).await?;
    let answer =
        Answer { revoked: ended.families > 0 || ended.tokens_until.is_some(), access_tokens_until: ended.tokens_until };
    if answer.revoked {
        let recorded = events::revoked(app, meta, client.client().client_id.as_str(), &effect).await;
        recorded.map_err(|error| store_failure(&error))?;
    }
    Ok(Done { answer, sid })
}

fn family(found: Option<&Family>) -> (Facts<'static>, Option<String>) {
    let facts = found.and_then(|found| {
        Some(Facts::Family { client_id: ClientId::parse(&found.client_id).ok()?, id: found.id.clone() })
    });
    (facts.unwrap_or(Facts::Nothing), found.and_then(|found| found.sid.clone()))
}
