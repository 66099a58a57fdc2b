//! A code by mail as the second step, for whoever has nothing else at hand (`oauth/src/second_factor.rs` says when that will do).

use axum::response::Response;
use symbolon_oauth::OAuthError;
use symbolon_oauth::second_factor::{Enrolled, Factor};
use symbolon_store::{Attempt, User};

use super::{Asked, ask};
use crate::account::email_code;
use crate::account::factors::Verdict;
use crate::account::normalize::EmailAddress;
use crate::account::sign_up;
use crate::account::throttle::ThrottlePolicy;
use crate::effects::store_failure;
use crate::http::authorize::Arrival;
use crate::http::browser;
use crate::interaction::{FirstFactor, Interaction};
use crate::mail::{self, To};
use crate::pages::factor::FactorProblem;
use crate::session::device::Device;

/// Mails a code to whoever has proven a first factor, and asks for it. A code that was mailed before works no longer: its name is gone.
pub(super) async fn send(
    arrival: &Arrival<'_>,
    asked: &Asked<'_>,
    (first, interaction): (FirstFactor, Interaction),
) -> Result<Response, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let failed = |error| store_failure(&error);
    let user = asked.user;
    let device = browser::known_device(app, headers, &user.id);
    let keys = vec![ThrottlePolicy::second_step_mail_key(&user.id, device)];
    if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
        app.metrics.limited("email_code");
        let problem = Some(FactorProblem::Throttled { wait_secs: secs });
        return ask(arrival, asked, (first, interaction), Some(Factor::Email), problem).await;
    }
    let Some(Ok(address)) = user.email.as_deref().map(EmailAddress::parse) else { return Err(OAuthError::ServerError) };
    let browser = browser::pre_session(app, headers).unwrap_or_default();
    let (name, letter, artefact) = email_code::beside_password(app, user, browser, meta.now);
    let lang = meta.language_of_letters(Some(user));
    let to = To { address: &address, user_id: Some(&user.id), lang };
    let letter = mail::delivery(app, &to, &letter, meta.now);
    app.store.put_artefact_and_tell(artefact, vec![letter]).await.map_err(failed)?;
    let first = FirstFactor { mailed: Some(name), ..first };
    ask(arrival, asked, (first, interaction), Some(Factor::Email), None).await
}

/// Judges the code that was mailed, and uses it up; counted as every guess at a second factor.
pub(super) async fn check(
    arrival: &Arrival<'_>,
    user: &User,
    device: Option<Device>,
    (first, typed): (&FirstFactor, &str),
) -> Result<Verdict, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let failed = |error| store_failure(&error);
    let address = meta.address_or_unspecified();
    let keys = app.throttle().factor_keys(&user.id, address, device);
    if let Attempt::Wait { secs } = app.attempts.begin(keys, meta.now).await.map_err(failed)? {
        app.metrics.limited("factor");
        return Ok(Verdict::Throttled { wait_secs: secs });
    }
    let Some(hash) = first.mailed.as_deref().and_then(sign_up::hash) else { return Ok(Verdict::Wrong) };
    let browser = browser::pre_session(app, headers).unwrap_or_default();
    let found = email_code::find(app, hash, meta.now).await?;
    let Some(right) = found.filter(|found| found.completes(user, browser, typed)) else { return Ok(Verdict::Wrong) };
    if !right.redeem(app, meta.now).await? {
        return Ok(Verdict::Wrong);
    }
    let forget = ThrottlePolicy::forgotten_factor_keys(&user.id, device);
    let give_back = ThrottlePolicy::right_factor_keys(&user.id, address);
    app.attempts.forgive(forget, give_back).await.map_err(failed)?;
    Ok(Verdict::Right(&Enrolled::EMAIL))
}
