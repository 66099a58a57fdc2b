//! The facts of a password that a client sends: whose it is, if it is anybody's. Slowed and hashed as on the sign-in page.

use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::grant::password_realm::{self, Request};
use symbolon_oauth::{Confirmation, OAuthError};

use super::super::authenticate;
use super::{Asked, Decided};
use crate::account::factors;
use crate::account::sign_in::{self, Brings, Outcome};
use crate::rng::SystemRng;
use crate::{events, facts};

/// Decides what the person gets whose name and password these are.
pub(super) async fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Result<Decided, OAuthError> {
    let client = client.client();
    // Before the password is looked at: it is nobody's guess to make otherwise.
    password_realm::check_client(client)?;
    let client_id = Some(client.client_id.as_str());
    let user = match sign_in::check(at.app, at.meta, &request.username, &request.password, Brings::default()).await? {
        Outcome::SignedIn(user) => user,
        Outcome::Busy => return Err(OAuthError::TemporarilyUnavailable { retry_after_secs: 1 }),
        Outcome::Throttled { wait_secs } => {
            events::sign_in_throttled(at.app, client_id);
            let retry_after_secs = u32::try_from(wait_secs).unwrap_or(u32::MAX);
            return Err(OAuthError::PasswordsTooMany { retry_after_secs });
        }
        Outcome::Wrong { user_id } => {
            events::sign_in_failed(at.app, at.meta, user_id.as_deref(), client_id, "credentials").await;
            return Err(OAuthError::PasswordWrong);
        }
    };
    if factors::are_needed(at.app, &user).await? {
        events::sign_in_failed(at.app, at.meta, Some(&user.id), client_id, "second_factor").await;
        return Err(OAuthError::SecondFactorNeeded);
    }
    authenticate::tell_of_new_network(at.app, at.meta, at.headers, &user).await?;
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    Ok(password_realm::decide(&mut ctx, client, held, request, &facts::user(&user), at.registry).into())
}
