//! Revoking tokens: one that is handed in or named by its `jti`, those of a client, those for an API, or all.
//!
//! A token that is handed in ends with the grant it is of. It goes through this file in plain text and nowhere else: not into the
//! answer, an error, the audit log or `Debug` output.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use symbolon_jose::base64url;
use symbolon_jose::jwt::{self, Policy};
use symbolon_oauth::access_token;
use symbolon_oauth::registration::{AccessTokenType, Api};
use symbolon_oauth::{AccessTokenClaims, LONGEST_TOKEN_SECS, OpaqueToken, TokenKind};
use symbolon_store::{AlsoSession, Ended, FamilyWanted, Hash32, RevocationKind, TokenQuery};
use zeroize::Zeroizing;

use super::client::is_taken;
use super::document::{self, API, CLIENT, DELETED_API, DELETED_CLIENT, KEY};
use super::revocation::{Registered, RegisteredApis, Rule, tokens_until};
use super::{AdminContext, AdminError, Event};
use crate::keys;
use crate::refresh::{self, Found};

/// Why things end that an operator ends.
const WHY: &str = "admin";
/// Longer than any token that is issued (`tokens.max_size`).
const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// 128 random bits: see `random_id`.
const JTI_BYTES: usize = 16;

/// Commands on tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TokenCommand {
    /// Lets tokens count no more.
    Revoke {
        /// Which.
        target: TokenTarget,
    },
}

/// Which tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TokenTarget {
    /// All access tokens for the API of this identifier.
    Api(String),
    /// All access tokens of the client of this `client_id`.
    Client(String),
    /// All access tokens.
    Everything,
    /// The access token with this `jti`, and the grant it is of.
    Jti(String),
    /// This access token or refresh token, and the grant it is of.
    Token(PresentedToken),
}

/// A token that was handed in. No `Display`, redacted `Debug`, wiped when dropped.
#[derive(Clone)]
pub struct PresentedToken(pub Zeroizing<String>);

impl Serialize for PresentedToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PresentedToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(********)")
    }
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: TokenCommand) -> Result<Value, AdminError> {
    let TokenCommand::Revoke { target } = command;
    match target {
        TokenTarget::Api(identifier) => by_api(context, &identifier).await,
        TokenTarget::Client(id) => by_client(context, &id).await,
        TokenTarget::Everything => {
            let rule = Registered::load(context).await?.rule_about_everything();
            let event = Event { detail: json!({ "everything": true }), ..Event::default() };
            by_rule(context, &rule, event).await
        }
        TokenTarget::Jti(jti) => by_jti(context, &jti).await,
        TokenTarget::Token(token) if token.0.starts_with("sym_") => opaque_token(context, &token).await,
        TokenTarget::Token(token) => access_token(context, &token).await,
    }
}

async fn by_api(context: &mut AdminContext<'_>, identifier: &str) -> Result<Value, AdminError> {
    let registered = Registered::load(context).await?;
    let rule = match registered.api(identifier) {
        Some(api) => registered.api_rule(api),
        None if is_taken(context, DELETED_API, identifier).await? => {
            registered.rule_about_the_deleted(RevocationKind::Api, identifier)
        }
        None => return Err(AdminError::not_found(format!("no api `{identifier}`"), "symbolon api list")),
    };
    by_rule(context, &rule, Event { detail: json!({ "api": identifier }), ..Event::default() }).await
}

async fn by_client(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let rule = match context.store.document(CLIENT, id).await? {
        Some(client) => RegisteredApis::load(context).await?.client_rule(&document::read(&client)?),
        None if is_taken(context, DELETED_CLIENT, id).await? => {
            Registered::load(context).await?.rule_about_the_deleted(RevocationKind::Client, id)
        }
        None => return Err(AdminError::not_found(format!("no client `{id}`"), "symbolon client list")),
    };
    by_rule(context, &rule, Event { client_id: Some(id), ..Event::default() }).await
}

async fn by_rule(context: &mut AdminContext<'_>, rule: &Rule, event: Event<'_>) -> Result<Value, AdminError> {
    context.apply_with(Vec::new(), Some(rule)).await?;
    context.audit(Event { name: "token.revoke", ..event }).await?;
    Ok(json!({ "revoked": true, "tokens_until": tokens_until(Some(rule)) }))
}

/// Of a token that a grant has noted the expiry is known; of a client's own only how long it can be at most.
async fn by_jti(context: &mut AdminContext<'_>, jti: &str) -> Result<Value, AdminError> {
    if base64url::decode(jti).map_or(0, |bytes| bytes.len()) != JTI_BYTES {
        return Err(AdminError::invalid(
            "this is not the jti of a token of this server: those are 22 characters of base64url",
            "symbolon token decode shows it; or hand in the token: symbolon token revoke < token.txt",
        ));
    }
    let longest = context.now.saturating_add(Registered::load(context).await?.longest_life());
    let forgotten = context.now.saturating_add(LONGEST_TOKEN_SECS);
    let mut ended = context.store.revoke_access_token(jti, forgotten, WHY, context.now).await?;
    if ended.families == 0 {
        ended.tokens_until = ended.tokens_until.map(|until| until.min(longest));
    }
    let event = Event { detail: json!({ "jti": jti, "families": ended.families }), ..Event::default() };
    answer(context, ended, event, json!({ "kind": "access_token", "jti": jti })).await
}

/// As far as a guard's leeway reaches past its expiry it is logged still. The server's own keys verify it, whatever became of its
/// client and user since.
async fn access_token(context: &mut AdminContext<'_>, token: &PresentedToken) -> Result<Value, AdminError> {
    let refused = |why: &dyn fmt::Display| {
        let hint = "symbolon token decode shows what it says";
        AdminError::invalid(format!("this is not an access token of this server: {why}"), hint)
    };
    if token.0.len() > MAX_TOKEN_BYTES {
        return Err(refused(&"it is too long"));
    }
    let records = keys::records(&document::all(context, KEY).await?);
    let keys = records.and_then(|records| keys::verifying(&records));
    let keys = keys.map_err(|why| AdminError::failed(why.to_string()))?;
    let policy = Policy::danger_any_audience(context.issuer).leeway_secs(keys::LARGEST_LEEWAY_SECS);
    let policy = policy.accept_type(AccessTokenType::AtJwt.name()).accept_type(AccessTokenType::Jwt.name());
    let mut claims = match jwt::verify::<AccessTokenClaims>(&token.0, &keys, &policy, context.now) {
        Ok(verified) => {
            let apis: Vec<Api> =
                document::all(context, API).await?.iter().map(document::read).collect::<Result<_, _>>()?;
            if !access_token::is_called(verified.claims(), verified.typ().unwrap_or_default(), &apis) {
                return Err(refused(&symbolon_jose::Error::TypeMismatch));
            }
            verified.into_claims()
        }
        Err(symbolon_jose::Error::Expired) => {
            let token = json!({ "kind": "access_token" });
            return Ok(json!({ "revoked": false, "expired": true, "token": token, "tokens_until": null }));
        }
        Err(why) => return Err(refused(&why)),
    };
    let query = TokenQuery { jti: Some(claims.jti.clone()), family: FamilyWanted::Yes, ..TokenQuery::default() };
    claims.user_id = context.store.token_facts(query).await?.family.map(|family| family.user_id);
    let ended = context.store.revoke_access_token(&claims.jti, claims.exp, WHY, context.now).await?;
    let event = Event {
        // A client's own token is about no user.
        user_id: claims.rh.as_ref().map(|_| claims.user()),
        client_id: Some(&claims.client_id),
        sid: claims.sid.as_deref(),
        detail: json!({ "jti": claims.jti, "families": ended.families }),
        ..Event::default()
    };
    let token = json!({
        "kind": "access_token",
        "jti": claims.jti,
        "client_id": claims.client_id,
        "sub": claims.sub,
        "expires_at": claims.exp,
    });
    let mut answer = answer(context, ended, event, token).await?;
    answer["expired"] = json!(claims.exp <= context.now);
    Ok(answer)
}

/// Its family ends; the session it was born in goes on.
async fn opaque_token(context: &mut AdminContext<'_>, token: &PresentedToken) -> Result<Value, AdminError> {
    let (kind, found) = if let Ok(parsed) = OpaqueToken::parse(TokenKind::RefreshToken, &token.0) {
        let found = refresh::find(context.store, &parsed).await?;
        ("refresh_token", found.map(Found::into_family))
    } else if let Ok(parsed) = OpaqueToken::parse(TokenKind::SessionValue, &token.0) {
        let found = context.store.session_value_facts(Hash32(parsed.hash())).await?;
        ("session", found.map(|facts| facts.family))
    } else {
        return Err(other_secret(token));
    };
    let Some(family) = found else {
        let what = if kind == "session" { "session value" } else { "refresh token" };
        return Err(AdminError::not_found(
            format!("this {what} is not known: it was never issued here, or is long over"),
            "symbolon session list --user USER shows who is signed in",
        ));
    };
    let ended = context.store.end_family(&family.id, WHY, context.now, AlsoSession::No).await?;
    let event = Event {
        user_id: Some(&family.user_id),
        client_id: Some(&family.client_id),
        sid: family.sid.as_deref(),
        detail: json!({ "family": family.id, "families": ended.families }),
        ..Event::default()
    };
    let token = json!({ "kind": kind, "client_id": family.client_id, "sub": family.user_id });
    answer(context, ended, event, token).await
}

/// What else starts with `sym_` is ended by other commands.
fn other_secret(token: &PresentedToken) -> AdminError {
    let kind = TokenKind::ALL.iter().find(|kind| token.0.starts_with(kind.prefix()));
    let (what, hint) = match kind {
        Some(TokenKind::ApiSecret) => ("an API's secret", "symbolon api secret rotate API --compromised"),
        Some(TokenKind::AuthReqId) => ("the id of a backchannel request", "it is over five minutes after it was made"),
        Some(TokenKind::AuthorizationCode) => ("an authorization code", "it is over a minute after it was issued"),
        Some(TokenKind::ClientSecret) => ("a client's secret", "symbolon client secret rotate CLIENT --compromised"),
        Some(TokenKind::EmailChange) => ("a link that proves an address", "it works once, for an hour"),
        Some(TokenKind::EmailUndo) => ("a link that takes an address back", "it works once, for three days"),
        Some(TokenKind::DeviceCode) => ("a device code", "it is over ten minutes after it was issued"),
        Some(TokenKind::EmailCode) => ("a link that signs in", "it is over ten minutes after it was sent"),
        Some(TokenKind::InitialAccessToken) => {
            ("an initial access token", "symbolon client registration-token revoke ID ends it")
        }
        Some(TokenKind::Invitation) => ("an invitation", "symbolon user revoke-invitation ID ends it"),
        Some(TokenKind::SignUp) => ("a sign-up link", "it is over twenty minutes after it was made"),
        Some(TokenKind::LoginTicket) => ("a sign-in ticket", "it is over a minute after it was issued"),
        Some(TokenKind::NotMe) => ("a link that shuts an account", "it is over a week after it was made"),
        Some(TokenKind::PasswordReset) => ("a reset link", "symbolon user set USER --password ends it"),
        Some(TokenKind::PushedRequest) => ("a pushed authorization request", "it is over a minute after it was pushed"),
        Some(TokenKind::RefreshToken) => ("only a part of a refresh token", "copy it again, whole"),
        Some(TokenKind::RegistrationAccessToken) => {
            ("a registration access token", "symbolon client delete CLIENT ends it, and the client")
        }
        Some(TokenKind::Session) => ("a session's cookie", "symbolon user sign-out USER"),
        Some(TokenKind::SessionValue) => ("only a part of a session value", "copy it again, whole"),
        Some(TokenKind::Setup) => ("a set-up link", "it is over a quarter of an hour after it was made"),
        None => ("no token of this server", "copy it again, whole"),
    };
    AdminError::invalid(format!("this is {what}"), hint)
}

async fn answer(context: &AdminContext<'_>, ended: Ended, event: Event<'_>, token: Value) -> Result<Value, AdminError> {
    let revoked = ended.families > 0 || ended.tokens_until.is_some();
    if revoked {
        context.audit(Event { name: "token.revoke", ..event }).await?;
    }
    Ok(json!({
        "revoked": revoked,
        "token": token,
        "ended": { "families": ended.families },
        "tokens_until": ended.tokens_until,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let target = TokenTarget::Token(PresentedToken("sym_rt_sesame".to_owned().into()));
        let command = super::super::Command::Token(TokenCommand::Revoke { target });
        assert!(!format!("{command:?}").contains("sesame"));
    }

    #[test]
    fn every_other_secret_is_told_what_ends_it_and_is_not_repeated() {
        for kind in TokenKind::ALL {
            let text = format!("{}sesame", kind.prefix());
            let error = other_secret(&PresentedToken(text.into()));
            assert!(!format!("{error:?}").contains("sesame") && !error.hint.is_empty(), "{error:?}");
        }
    }
}
