//! The facts of a JWT bearer grant: the assertion, and whom it means.

use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::grant::jwt_bearer::{self, Facts, Request};
use symbolon_oauth::{Confirmation, OAuthError};

use super::{Asked, Decided, Once};
use crate::http::assertion;
use crate::rng::SystemRng;

/// Decides what an assertion brings.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let read = assertion::read(at.app, at.registry, &request.assertion, at.meta.now).await?;
    let once = read.as_ref().ok().map(|(assertion, _)| Once::of_assertion(assertion, OAuthError::AssertionInvalid));
    let facts = read.map(|(assertion, subject)| Facts { assertion, subject });
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    let outcome = jwt_bearer::decide(&mut ctx, client, held, request, facts, at.registry);
    Ok(Decided { once, ..Decided::from(outcome) })
}
