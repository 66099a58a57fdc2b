//! What the registry holds of clients that register themselves: the policy, and who is invited (RFC 7591 §3).

use std::collections::HashMap;

use symbolon_oauth::registration::dynamic::{InitialAccessToken, RegistrationPolicy};
use symbolon_store::Document;

use crate::registry::{RegistryError, parse};

/// Registry kind of initial access tokens, by their public names.
pub const INITIAL_ACCESS_TOKEN: &str = "initial_access_token";
/// Registry kind of the policy, of which there is one.
pub const POLICY: &str = "registration_policy";
/// The id of that one.
pub const POLICY_ID: &str = "policy";

/// An initial access token as it stood in the registry.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The token.
    pub token: InitialAccessToken,
    /// The revision that was read: whoever uses it up insists on it.
    pub revision: u64,
}

/// The initial access tokens, by hash.
pub(crate) fn invitations(documents: &[Document]) -> Result<HashMap<[u8; 32], Invitation>, RegistryError> {
    let tokens: Vec<InitialAccessToken> = parse(documents, INITIAL_ACCESS_TOKEN)?;
    let revisions = documents.iter().filter(|document| document.kind == INITIAL_ACCESS_TOKEN);
    let found = tokens.into_iter().zip(revisions.map(|document| document.revision));
    Ok(found.map(|(token, revision)| (token.secret.hash, Invitation { token, revision })).collect())
}

/// The policy, or the default.
pub(crate) fn policy(documents: &[Document]) -> Result<RegistrationPolicy, RegistryError> {
    Ok(parse(documents, POLICY)?.pop().unwrap_or_default())
}
