//! `none`: a public client sends its `client_id` and proves nothing (RFC 6749 §3.2.1). What it redeems is bound by PKCE and rotation.

use super::{Credentials, Proof};
use crate::error::{ClientAuthFailure, OAuthError, Presented};
use crate::params::Params;
use crate::registration::Client;

pub(super) const NAME: &str = "none";

pub(super) fn read(params: &Params) -> Result<Credentials, OAuthError> {
    match params.get("client_id") {
        Some(client_id) => Ok(Credentials { client_id: client_id.to_owned(), proof: Proof::None }),
        None => Err(OAuthError::client_auth(ClientAuthFailure::Missing, Presented::Body)),
    }
}

pub(super) fn verify(client: &Client) -> Result<(), ClientAuthFailure> {
    if client.is_public() { Ok(()) } else { Err(ClientAuthFailure::Missing) }
}
