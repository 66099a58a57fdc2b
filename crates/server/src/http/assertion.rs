//! Assertions of trusted issuers at the HTTP door: whose they are, whether they hold, and whom they mean.

use symbolon_oauth::assertion::{self, Assertion, AssertionFailure};
use symbolon_oauth::grant::jwt_bearer::Subject;
use symbolon_oauth::registration::SubjectRule;
use symbolon_oauth::{OAuthError, UserFacts};

use crate::account::normalize::Identifier;
use crate::app::App;
use crate::effects::store_failure;
use crate::facts;
use crate::registry::Registry;
use crate::rng::SystemRng;

/// In the memory of what counts once.
pub(super) const MEMORY: &str = "assertion_grant";

/// An assertion that holds, and whom it means; or what is wrong with it.
pub(super) async fn read(
    app: &App,
    registry: &Registry,
    text: &str,
    now: u64,
) -> Result<Result<(Assertion, Subject), AssertionFailure>, OAuthError> {
    let trusted = assertion::claimed_issuer(text).and_then(|issuer| registry.trusted_issuer(&issuer));
    let assertion = match assertion::verify(&app.context(now, &mut SystemRng), trusted, text) {
        Ok(assertion) => assertion,
        Err(failure) => return Ok(Err(failure)),
    };
    let Some(trusted) = trusted else { return Ok(Err(AssertionFailure::NOBODY)) };
    let sub = assertion.sub.as_str();
    let subject = match trusted.issuer.subject {
        SubjectRule::ClientId => Subject::Client(sub.to_owned()),
        SubjectRule::LoginIdentifier => Subject::User(by_identifier(app, sub).await?.map(Box::new)),
        SubjectRule::UserId => {
            let found = app.store.user(sub).await.map_err(|error| store_failure(&error))?;
            Subject::User(found.as_ref().map(facts::user).map(Box::new))
        }
    };
    Ok(Ok((assertion, subject)))
}

async fn by_identifier(app: &App, text: &str) -> Result<Option<UserFacts>, OAuthError> {
    let Ok(identifier) = Identifier::parse(text) else { return Ok(None) };
    let found = app.store.user_by_identifier(identifier.as_str()).await.map_err(|error| store_failure(&error))?;
    Ok(found.as_ref().map(facts::user))
}
