//! A client's own token: nothing to load.

use symbolon_oauth::Confirmation;
use symbolon_oauth::client_auth::AuthenticatedClient;
use symbolon_oauth::grant::client_credentials::{self, Request};

use super::{Asked, Decided};
use crate::rng::SystemRng;

/// Decides a client's own token.
pub(super) fn decide(
    at: &Asked<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    request: &Request,
) -> Decided {
    let mut rng = SystemRng;
    let mut ctx = at.app.context(at.meta.now, &mut rng);
    client_credentials::decide(&mut ctx, client, held, request, at.registry).into()
}
