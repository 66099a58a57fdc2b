//! What goes back to the client: makes durable what was granted, signs it, and sends it in the response mode that was asked for.

use axum::response::Response;
use http::StatusCode;
use symbolon_oauth::authorize::{Granted, NewCode, ValidRequest};
use symbolon_oauth::registration::Client;
use symbolon_oauth::response_mode::{AuthorizationResponse, Rendering};
use symbolon_oauth::{Issue, OAuthError, OpaqueToken, TokenResponse};
use symbolon_store::{Artefact, Hash32, Issued};

use super::Arrival;
use crate::effects::{self, Applied, store_failure};
use crate::events;
use crate::http::browser::SignedIn;
use crate::http::{answer, check_session, page, par, token};
use crate::metrics::Outcome;
use crate::pages::form_post::FormPost;
use crate::pages::web_message::WebMessage;

impl Arrival<'_> {
    /// Makes durable what was granted, and with it that a pushed request is used up, then hands it out.
    pub(in crate::http) async fn issue(
        &self,
        request: &ValidRequest<'_>,
        mut granted: Granted,
        who: &SignedIn,
    ) -> Result<Response, OAuthError> {
        let client = request.client();
        if let Some(issue) = &granted.access_token {
            self.begin(issue).await?;
        }
        if granted.access_token.is_none() && granted.id_token.is_some() {
            self.join(client, who).await?;
        }
        let code = granted.code.as_ref().map(|new| self.artefact(new, who)).transpose()?;
        self.keep(request, code).await?;
        if request.source().pushed.is_some() && client.is_public() {
            par::settled(self.app, self.meta).await;
        }
        let access_token = match &mut granted.access_token {
            Some(issue) => Some(self.access_token(client, issue).await?),
            None => None,
        };
        let code = granted.code.as_ref().map(|new| &new.code);
        let id_token = match &granted.id_token {
            Some(plan) => {
                let beside = request.beside(
                    code.map(OpaqueToken::reveal),
                    access_token.as_ref().map(|token| token.access_token.as_str()),
                );
                self.app.metrics.issued(symbolon_oauth::grant::IMPLICIT, "id");
                let fetched = self.app.keys_at_hand(client, self.meta.now);
                Some(self.registry.sign_id_token(plan, &beside, fetched.as_deref())?)
            }
            None => None,
        };
        self.app.metrics.authorizations.get_or_create(&Outcome::of(None)).inc();
        let session_state = check_session::state_for(self.app, request, who);
        let watched = session_state.is_some();
        let answer = request.success(code, access_token.as_ref(), id_token).with_session_state(session_state);
        let sent = self.send(client, &answer);
        Ok(if watched { check_session::with_state(self.app, sent, who) } else { sent })
    }

    /// Begins the family of a token of the front channel: what it does not know could not be revoked.
    async fn begin(&self, issue: &Issue) -> Result<(), OAuthError> {
        match effects::begin(self.app, issue, None).await? {
            Applied::Done => Ok(()),
            // The session ended, or the user was blocked, since it was looked at.
            Applied::LostRace => Err(OAuthError::LoginRequired),
        }
    }

    /// Notes that the client knows of the session, so that it hears of its end (OpenID Connect Front-Channel Logout §3, Back-Channel
    /// Logout §2.4): the code beside an ID token may never be redeemed, and there may be none.
    async fn join(&self, client: &Client, who: &SignedIn) -> Result<(), OAuthError> {
        let joined = self.app.store.join_session(&who.session.sid, client.client_id.as_str()).await;
        match joined.map_err(|error| store_failure(&error))? {
            Issued::Done => Ok(()),
            Issued::Changed | Issued::Gone => Err(OAuthError::LoginRequired),
        }
    }

    async fn access_token(&self, client: &Client, issue: &mut Issue) -> Result<TokenResponse, OAuthError> {
        events::issued_in_front(self.app, self.meta, client, issue).await;
        let text = token::access_token(self.app, &self.registry, issue).await?;
        Ok(issue.response(text, None, None))
    }

    fn artefact(&self, new: &NewCode, who: &SignedIn) -> Result<Artefact, OAuthError> {
        let grant = &new.grant;
        Ok(Artefact {
            kind: Artefact::AUTHORIZATION_CODE.to_owned(),
            hash: Hash32(new.code.hash()),
            family: Some(grant.family_id.clone()),
            client_id: Some(grant.client_id.to_string()),
            user_id: Some(who.user.id.clone()),
            sid: Some(who.session.sid.clone()),
            created_at: self.meta.now,
            expires_at: new.expires_at,
            redeemed_at: None,
            payload: serde_json::to_value(grant).map_err(|_| OAuthError::ServerError)?,
        })
    }

    /// Sends an answer to the client, in the response mode it asked for.
    pub(in crate::http) fn send(&self, client: &Client, response: &AuthorizationResponse) -> Response {
        let sign = |response: &AuthorizationResponse| {
            let fetched = self.app.keys_at_hand(client, self.meta.now);
            self.registry.sign_response(client, &response.claims(&client.client_id, self.meta.now), fetched.as_deref())
        };
        let answer = match response.rendering(sign) {
            Ok(Rendering::Redirect(location)) => page::see_other(&location),
            Ok(Rendering::FormPost { action, fields }) => {
                let view = FormPost {
                    shell: page::shell(self.app, self.meta),
                    client: client.name.clone(),
                    action,
                    params: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                };
                page::html(self.app, StatusCode::OK, &view, &view.csp())
            }
            Ok(Rendering::WebMessage { origin, response }) => {
                let view = WebMessage {
                    shell: page::shell(self.app, self.meta),
                    client: client.name.clone(),
                    origin,
                    response: serde_json::Value::Object(response).to_string(),
                };
                page::html(self.app, StatusCode::OK, &view, &view.csp())
            }
            Err(error) => return page::protocol_error(self.app, self.meta, &error),
        };
        answer::to_client(answer, client.client_id.as_str())
    }
}
