//! The other endpoints: what they read, what they decide, what they answer.

pub mod backchannel_authentication;
pub mod check_session;
pub mod current;
pub mod device_authorization;
pub mod discovery;
pub mod elsewhere;
pub mod end_session;
pub mod frontchannel_logout;
pub mod introspection;
pub mod path;
pub mod revocation;
pub mod session;
pub mod userinfo;

use crate::grant::Grant;
use crate::{authorize, client_auth};

/// Every parameter that some endpoint takes in the body of a request, where none may stand in the URL (RFC 6749 §2.3.1, §3.2).
pub fn parameters() -> impl Iterator<Item = &'static str> {
    let of_grants = Grant::ALL.iter().flat_map(|grant| grant.parameters());
    let of_tokens = ["grant_type", "token", "token_type_hint", session::PARAMETER];
    of_grants
        .chain(client_auth::PARAMETERS)
        .chain(authorize::PARAMETERS)
        .chain(backchannel_authentication::PARAMETERS)
        .copied()
        .chain(of_tokens)
}
