//! The security events the server writes to its audit log: one function per event, so that names and fields
//! are stable and in one place. None holds a password, code, token or cookie.

use serde_json::{Value, json};
use symbolon_oauth::endpoint::backchannel_authentication::CibaGrant;
use symbolon_oauth::endpoint::device_authorization::DeviceGrant;
use symbolon_oauth::endpoint::end_session::Reach;
use symbolon_oauth::grant::IMPLICIT;
use symbolon_oauth::{Client, Effect, EndReason, Grant, Issue, OAuthError, RefreshAnswer, Refusal, RotateExpect};

use symbolon_store::{AuditEvent, Session, StoreError};

use crate::app::App;
use crate::audit::Tally;
use crate::http::meta::Meta;
use crate::metrics::Verdict;
use crate::observe::facts;

/// An event with what every event has.
fn event(meta: &Meta, name: &str, outcome: &str) -> AuditEvent {
    AuditEvent {
        at: meta.now,
        name: name.to_owned(),
        outcome: outcome.to_owned(),
        actor: None,
        user_id: None,
        client_id: None,
        sid: None,
        address: Some(meta.address_text()),
        request_id: Some(meta.request_id.to_string()),
        detail: Value::Null,
    }
}

/// A client was not authenticated. Anybody can cause it, so it is counted: by client if there is one, since
/// ids that nobody has are the caller's text.
pub fn client_refused(app: &App, client_id: &str, error: &OAuthError) {
    let known = app.registry().client(client_id).is_some();
    app.audit.tally(Tally {
        name: "client.authenticate",
        outcome: "failure",
        about: error.cause(),
        client_id: known.then(|| client_id.to_owned()),
    });
}

/// Tokens were issued. Machine tokens are only counted, since they come by the thousand.
pub async fn issued(app: &App, meta: &Meta, client: &Client, grant: Grant, issue: &Issue) {
    // A service's own token, whatever brought it.
    if issue.access_token.claims.rh.is_none() {
        count_tokens(app, grant.name(), issue);
        app.audit.tally(Tally {
            name: "token.issue",
            outcome: "success",
            about: grant.name().to_owned(),
            client_id: Some(client.client_id.to_string()),
        });
        return;
    }
    issued_to_user(app, meta, client, grant.name(), issue).await;
}

/// An access token was issued at the authorization endpoint.
pub async fn issued_in_front(app: &App, meta: &Meta, client: &Client, issue: &Issue) {
    issued_to_user(app, meta, client, IMPLICIT, issue).await;
}

async fn issued_to_user(app: &App, meta: &Meta, client: &Client, grant: &'static str, issue: &Issue) {
    count_tokens(app, grant, issue);
    let claims = &issue.access_token.claims;
    facts::about(claims.user());
    let event = AuditEvent {
        user_id: Some(claims.user().to_owned()),
        client_id: Some(client.client_id.to_string()),
        sid: claims.sid.clone(),
        detail: match &claims.act {
            None => json!({ "grant": grant, "jti": claims.jti, "scope": claims.scope }),
            Some(act) => json!({ "grant": grant, "jti": claims.jti, "scope": claims.scope, "act": act }),
        },
        ..event(meta, "token.issue", "success")
    };
    app.audit.note(event).await;
}

/// Counts what was issued, and whether a refresh token that had been used already was borne with.
fn count_tokens(app: &App, grant: &'static str, issue: &Issue) {
    app.metrics.issued(grant, "access");
    if issue.id_token.is_some() {
        app.metrics.issued(grant, "id");
    }
    if matches!(issue.refresh_token, RefreshAnswer::New(_)) {
        app.metrics.issued(grant, "refresh");
    }
    let again =
        matches!(&issue.effect, Effect::RotateRefreshToken { expect: RotateExpect::SuccessorUnused { .. }, .. });
    if again || issue.refresh_token == RefreshAnswer::SameSuccessor {
        app.metrics.refresh_reuse.get_or_create(&Verdict { verdict: "grace" }).inc();
    }
}

/// Tokens were issued for a password (`POST /authenticate`).
pub async fn password_sign_in(app: &App, meta: &Meta, client: &Client, issue: &Issue) {
    issued_to_user(app, meta, client, "password_sign_in", issue).await;
}

/// A grant was refused. Where a family ended because of it, the event is durable before the answer. A device that waits asks every few
/// seconds: that is none.
pub async fn refused(app: &App, meta: &Meta, client: &Client, refusal: &Refusal) {
    if matches!(refusal.error, OAuthError::AuthorizationPending | OAuthError::SlowDown) {
        return;
    }
    let ended = match &*refusal.effect {
        Effect::EndFamily { family_id, why, .. } => {
            if *why == EndReason::RefreshTokenReused {
                app.metrics.refresh_reuse.get_or_create(&Verdict { verdict: "alarm" }).inc();
            }
            Some((family_id, why.name()))
        }
        _ => None,
    };
    let name = if ended.is_some() { "token.replay" } else { "token.issue" };
    let event = AuditEvent {
        client_id: Some(client.client_id.to_string()),
        detail: match ended {
            Some((family, why)) => json!({ "cause": refusal.error.cause(), "family": family, "ended_because": why }),
            None => json!({ "cause": refusal.error.cause() }),
        },
        ..event(meta, name, "failure")
    };
    if ended.is_none() {
        app.audit.note(event).await;
    } else if let Err(error) = app.audit.record(event).await {
        tracing::error!(%error, "the event of a replay could not be written");
    }
}

/// Somebody signed in.
pub async fn signed_in(app: &App, meta: &Meta, session: &Session, client_id: Option<&str>) -> Result<(), StoreError> {
    facts::about(&session.user_id);
    let event = AuditEvent {
        user_id: Some(session.user_id.clone()),
        client_id: client_id.map(str::to_owned),
        sid: Some(session.sid.clone()),
        detail: json!({ "amr": session.amr }),
        ..event(meta, "session.start", "success")
    };
    app.audit.record(event).await
}

/// A sign-in failed: `user_id` only if the account exists.
pub async fn sign_in_failed(app: &App, meta: &Meta, user_id: Option<&str>, client_id: Option<&str>, cause: &str) {
    if let Some(user_id) = user_id {
        facts::about(user_id);
    }
    let event = AuditEvent {
        user_id: user_id.map(str::to_owned),
        client_id: client_id.map(str::to_owned),
        detail: json!({ "cause": cause }),
        ..event(meta, "session.start", "failure")
    };
    app.audit.note(event).await;
}

/// A sign-in was not even tried, because too many failed before. Counted, since whoever waits can cause it.
pub fn sign_in_throttled(app: &App, client_id: Option<&str>) {
    let known = client_id.filter(|id| app.registry().client(id).is_some());
    app.audit.tally(Tally {
        name: "session.start",
        outcome: "failure",
        about: "throttled".to_owned(),
        client_id: known.map(str::to_owned),
    });
}

/// Somebody signed out: `session.end`, or `user.sign_out` on all devices.
pub async fn signed_out(app: &App, meta: &Meta, user_id: &str, sid: &str, reach: Reach) -> Result<(), StoreError> {
    let name = match reach {
        Reach::Here => "session.end",
        Reach::Everywhere => "user.sign_out",
    };
    let event =
        AuditEvent { user_id: Some(user_id.to_owned()), sid: Some(sid.to_owned()), ..event(meta, name, "success") };
    app.audit.record(event).await
}

/// A device asks for somebody. Counted, since anybody can cause it.
pub fn device_started(app: &App, client_id: &str, error: Option<&OAuthError>) {
    app.audit.tally(Tally {
        name: "device.start",
        outcome: if error.is_some() { "failure" } else { "success" },
        about: error.map(OAuthError::cause).unwrap_or_default(),
        client_id: Some(client_id.to_owned()),
    });
}

/// Somebody has entered a code that no device waits with.
pub async fn user_code_unknown(app: &App, meta: &Meta, session: &Session) {
    let event = AuditEvent {
        user_id: Some(session.user_id.clone()),
        sid: Some(session.sid.clone()),
        detail: json!({ "cause": "unknown" }),
        ..event(meta, "device.code", "failure")
    };
    app.audit.note(event).await;
}

/// Somebody has answered a device: `device.allow`, `device.deny`.
pub async fn device_answered(
    app: &App,
    meta: &Meta,
    name: &str,
    session: &Session,
    grant: &DeviceGrant,
) -> Result<(), StoreError> {
    facts::about(&session.user_id);
    let event = AuditEvent {
        user_id: Some(session.user_id.clone()),
        client_id: Some(grant.asked.client_id.to_string()),
        sid: Some(session.sid.clone()),
        detail: json!({ "scope": grant.asked.scope, "device_address": grant.device.address, "family": grant.asked.family_id }),
        ..event(meta, name, "success")
    };
    app.audit.record(event).await
}

/// A client may not ask for somebody. Counted, since a client can cause it as often as it likes.
pub fn ciba_refused(app: &App, client_id: &str, error: &OAuthError) {
    app.audit.tally(Tally {
        name: "ciba.start",
        outcome: "failure",
        about: error.cause(),
        client_id: Some(client_id.to_owned()),
    });
}

/// A client asks for somebody over the back channel.
pub async fn ciba_started(app: &App, meta: &Meta, grant: &CibaGrant) {
    facts::about(&grant.user_id);
    let event = AuditEvent {
        user_id: Some(grant.user_id.clone()),
        client_id: Some(grant.asked.client_id.to_string()),
        detail: json!({ "scope": grant.asked.scope, "family": grant.asked.family_id }),
        ..event(meta, "ciba.start", "success")
    };
    app.audit.note(event).await;
}

/// Somebody has answered a client that asked over the back channel: `ciba.allow`, `ciba.deny`.
pub async fn ciba_answered(
    app: &App,
    meta: &Meta,
    name: &str,
    session: &Session,
    grant: &CibaGrant,
) -> Result<(), StoreError> {
    facts::about(&session.user_id);
    let event = AuditEvent {
        user_id: Some(session.user_id.clone()),
        client_id: Some(grant.asked.client_id.to_string()),
        sid: Some(session.sid.clone()),
        detail: json!({ "scope": grant.asked.scope, "client_address": grant.from.address, "family": grant.asked.family_id }),
        ..event(meta, name, "success")
    };
    app.audit.record(event).await
}

/// Something about a user's account changed: `user.create`, `user.password.reset`, `consent.grant`.
pub async fn account(
    app: &App,
    meta: &Meta,
    name: &str,
    user_id: &str,
    client_id: Option<&str>,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        user_id: Some(user_id.to_owned()),
        client_id: client_id.map(str::to_owned),
        ..event(meta, name, "success")
    };
    app.audit.record(event).await
}

/// Somebody wants an account. Counted, since anybody can cause it, and without the address, which nobody has proven.
pub fn sign_up_asked(app: &App, client_id: Option<&str>) {
    app.audit.tally(Tally {
        name: "sign_up.start",
        outcome: "success",
        about: String::new(),
        client_id: client_id.map(str::to_owned),
    });
}

/// Somebody made an account, by what proved their address.
pub async fn signed_up(
    app: &App,
    meta: &Meta,
    (user_id, session): (&str, Option<&Session>),
    client_id: Option<&str>,
    by: &str,
) -> Result<(), StoreError> {
    facts::about(user_id);
    let event = AuditEvent {
        user_id: Some(user_id.to_owned()),
        client_id: client_id.map(str::to_owned),
        sid: session.map(|session| session.sid.clone()),
        detail: json!({ "by": by }),
        ..event(meta, "user.create", "success")
    };
    app.audit.record(event).await
}

/// A client revoked a token, and with it what it belongs to.
pub async fn revoked(app: &App, meta: &Meta, client_id: &str, effect: &Effect) -> Result<(), StoreError> {
    let detail = match effect {
        Effect::EndFamily { family_id, .. } => json!({ "family": family_id }),
        Effect::RevokeAccessToken { jti, .. } | Effect::RevokeExchangedToken { jti, .. } => json!({ "jti": jti }),
        _ => Value::Null,
    };
    let event = AuditEvent { client_id: Some(client_id.to_owned()), detail, ..event(meta, "token.revoke", "success") };
    app.audit.record(event).await
}

/// A receiver of shared signals has changed something about its streams: `stream.create`, `stream.change`, `stream.status`,
/// `stream.delete`.
pub async fn stream(app: &App, meta: &Meta, name: &str, client_id: &str, detail: Value) -> Result<(), StoreError> {
    let event = AuditEvent { client_id: Some(client_id.to_owned()), detail, ..event(meta, name, "success") };
    app.audit.record(event).await
}
