//! Secrets of clients: made, kept as hashes, and sealed where the secret itself is a key (`client_secret_jwt`).

use symbolon_oauth::registration::{Client, SecretHash};
use symbolon_oauth::{OpaqueToken, TokenKind};

use super::AdminContext;
use crate::seal::CLIENT_SECRET;

/// A new secret of the client, beside those it has.
pub(super) fn add(context: &mut AdminContext<'_>, client: &mut Client) -> OpaqueToken {
    let readable = client.needs_readable_secret();
    let secret = if readable {
        OpaqueToken::secret_as_key(&mut *context.rng)
    } else {
        OpaqueToken::generate(TokenKind::ClientSecret, &mut *context.rng)
    };
    let sealed = readable.then(|| context.sealer.seal(CLIENT_SECRET, secret.reveal().as_bytes()));
    client.secrets.push(SecretHash { sealed, ..SecretHash::of(secret.reveal(), context.now) });
    secret
}

/// After a change of what a client proves itself with: it keeps the secrets that are still good for it, none that need not be readable stays
/// so, and it gets one if it has none that is live.
pub(super) fn adjust(context: &mut AdminContext<'_>, client: &mut Client) -> Option<OpaqueToken> {
    if !client.has_secret() {
        client.secrets.clear();
        return None;
    }
    if client.needs_readable_secret() {
        client.secrets.retain(|secret| secret.sealed.is_some());
    } else {
        client.secrets.iter_mut().for_each(|secret| secret.sealed = None);
    }
    let has_one = client.secrets.iter().any(|secret| secret.is_live(context.now));
    (!has_one).then(|| add(context, client))
}
