//! The facts of a token exchange: what the tokens that are shown say, and what became of them.

use symbolon_jose::jwt::{self, Policy};
use symbolon_oauth::access_token::AccessTokenClaims;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::endpoint::userinfo::TokenFacts;
use symbolon_oauth::grant::jwt_bearer::Subject;
use symbolon_oauth::grant::token_exchange::{self, Facts, Presented, Request, Shown, TokenType};
use symbolon_oauth::id_token::{self, IdTokenClaims};
use symbolon_oauth::{Confirmation, Effect, Issue, OAuthError, OpaqueToken, TokenKind};
use symbolon_store::{Artefact, FamilyWanted, Hash32, TokenQuery};

use super::refresh_token::of_refresh;
use super::{Asked, Decided, Once};
use crate::effects::store_failure;
use crate::facts;
use crate::http::{assertion, session, userinfo};
use crate::refresh::{self, Found};
use crate::rng::SystemRng;

const NOT_OURS: &str = "the token is not one of this server's, or has expired";

/// Decides an exchange.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let subject = found(at, &request.subject).await?;
    let once = match &subject {
        Presented::Assertion(assertion, _) => Some(Once::of_assertion(assertion, OAuthError::SubjectTokenInvalid)),
        _ => None,
    };
    let actor = match &request.actor {
        Some(shown) => Some(found(at, shown).await?),
        None => None,
    };
    let clients = subject.clients();
    let facts = Facts { subject, actor };
    let outcome = {
        let mut rng = SystemRng;
        let mut ctx = at.app.context(at.meta.now, &mut rng);
        token_exchange::decide(&mut ctx, client, held, request, facts, at.registry)
    };
    if let Ok(issue) = &outcome {
        note_origins(at, issue, clients).await?;
    }
    Ok(Decided { once, ..Decided::from(outcome) })
}

async fn found(at: &Asked<'_>, shown: &Shown) -> Result<Presented, OAuthError> {
    match shown.kind {
        TokenType::AccessToken => access_token(at, &shown.token).await,
        TokenType::IdToken => id_token(at, &shown.token).await,
        TokenType::RefreshToken => refresh_token(at, &shown.token).await,
        TokenType::Jwt => {
            let read = assertion::read(at.app, at.registry, &shown.token, at.meta.now).await?;
            Ok(match read {
                Ok((assertion, Subject::User(user))) => Presented::Assertion(Box::new(assertion), user),
                // A service account acts for itself, which no exchange is about.
                Ok((assertion, Subject::Client(_))) => Presented::Assertion(Box::new(assertion), None),
                Err(failure) => Presented::Refused(failure.0),
            })
        }
    }
}

async fn access_token(at: &Asked<'_>, token: &str) -> Result<Presented, OAuthError> {
    if let Ok(value) = OpaqueToken::parse(TokenKind::SessionValue, token) {
        let Some(mut found) = session::find(at.app, at.registry, &value, at.meta.now).await? else {
            return Ok(Presented::Refused(NOT_OURS));
        };
        let (_, family_id) = look_up(at, &mut found.claims).await?;
        return Ok(Presented::AccessToken { claims: Box::new(found.claims), facts: Box::new(found.facts), family_id });
    }
    let Some(mut claims) = userinfo::own_access_token(at.app, at.registry, token, at.meta.now) else {
        return Ok(Presented::Refused(NOT_OURS));
    };
    let (facts, family_id) = look_up(at, &mut claims).await?;
    Ok(Presented::AccessToken { claims: Box::new(claims), facts: Box::new(facts), family_id })
}

/// What became of an access token, and the family that goes on with it.
async fn look_up(at: &Asked<'_>, claims: &mut AccessTokenClaims) -> Result<(TokenFacts, Option<String>), OAuthError> {
    let found = userinfo::look(at.app, at.registry, claims, FamilyWanted::Yes).await?;
    let live = found.family.as_ref().filter(|family| family.ended_at.is_none());
    Ok((facts::token_facts(&found), live.map(|family| family.id.clone())))
}

async fn refresh_token(at: &Asked<'_>, token: &str) -> Result<Presented, OAuthError> {
    let Ok(token) = OpaqueToken::parse(TokenKind::RefreshToken, token) else {
        return Ok(Presented::Refused(NOT_OURS));
    };
    let found = refresh::find(&*at.app.store, &token).await.map_err(|error| store_failure(&error))?;
    Ok(match found {
        Some(Found::OnRecord(found)) => Presented::RefreshToken(Box::new(of_refresh(&found, at.meta.now)?)),
        Some(Found::Forgotten(_)) | None => Presented::Refused(NOT_OURS),
    })
}

/// Puts on record through whose hands a token has come, before it is handed out: what revokes all of one of them reaches it.
async fn note_origins(at: &Asked<'_>, issue: &Issue, mut clients: Vec<String>) -> Result<(), OAuthError> {
    if let Effect::NoteAccessToken { family_id, .. } = &issue.effect {
        let family = at.app.store.family(family_id).await.map_err(|error| store_failure(&error))?;
        clients.extend(family.map(|family| family.client_id).filter(|first| !clients.contains(first)));
    }
    let claims = &issue.access_token.claims;
    for client_id in clients.into_iter().filter(|client_id| *client_id != claims.client_id) {
        let record = Artefact {
            kind: Artefact::EXCHANGED.to_owned(),
            hash: Hash32(symbolon_jose::sha256(format!("{client_id}\0{}", claims.jti).as_bytes())),
            family: None,
            client_id: Some(client_id),
            user_id: None,
            sid: None,
            created_at: at.meta.now,
            expires_at: claims.exp,
            redeemed_at: None,
            payload: serde_json::json!({ "jti": claims.jti }),
        };
        at.app.store.put_artefact(record).await.map_err(|error| store_failure(&error))?;
    }
    Ok(())
}

async fn id_token(at: &Asked<'_>, token: &str) -> Result<Presented, OAuthError> {
    let policy = Policy::danger_any_audience(at.app.issuer.as_str()).accept_type(id_token::TYP).leeway_secs(0);
    let verified = jwt::verify::<IdTokenClaims>(token, at.registry.keys().verifying(), &policy, at.meta.now);
    let Ok(claims) = verified.map(jwt::Verified::into_claims) else { return Ok(Presented::Refused(NOT_OURS)) };
    if at.registry.client(&claims.aud).is_none_or(|client| client.disabled) {
        return Ok(Presented::Refused(NOT_OURS));
    }
    let query = TokenQuery {
        sub: Some(claims.sub.clone()),
        sid: claims.sid.clone(),
        client_id: Some(claims.aud.clone()),
        ..TokenQuery::default()
    };
    let found = at.app.store.token_facts(query).await.map_err(|error| store_failure(&error))?;
    // Without a session of its own it cannot be revoked by name: an idle one that is over counts as ended here.
    let session = facts::session_state(found.session.as_ref(), at.meta.now);
    let facts = TokenFacts { session, ..facts::token_facts(&found) };
    Ok(Presented::IdToken(Box::new(claims), Box::new(facts)))
}
