//! `client_secret_post`: identifier and secret in the form (RFC 6749 §2.3.1), never in a URL.

use zeroize::Zeroizing;

use super::{Credentials, Proof};
use crate::error::{ClientAuthFailure, OAuthError, Presented};
use crate::params::Params;

pub(super) const NAME: &str = "client_secret_post";

pub(super) fn read(params: &Params) -> Result<Credentials, OAuthError> {
    match (params.get("client_id"), params.get("client_secret")) {
        (Some(client_id), Some(secret)) => Ok(Credentials {
            client_id: client_id.to_owned(),
            proof: Proof::SecretInBody(Zeroizing::new(secret.to_owned())),
        }),
        _ => Err(OAuthError::client_auth(ClientAuthFailure::Missing, Presented::Body)),
    }
}
