//! What a token says that an entry can be about.

use crate::Fingerprint;

/// Fingerprints of what a token carries; `None` where it carries nothing of the kind.
///
/// They are made once per token ([`Fingerprint::of`]), and kept beside it if it is seen again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenIds {
    /// Of `jti`.
    pub jti: Option<Fingerprint>,
    /// Of `sid`.
    pub sid: Option<Fingerprint>,
    /// Of `rh`, the user's revocation handle.
    pub handle: Option<Fingerprint>,
    /// Of `client_id`.
    pub client: Option<Fingerprint>,
    /// Of the audience that the reader is.
    pub api: Option<Fingerprint>,
    /// Of the `kid` of the key that verified it.
    pub key: Option<Fingerprint>,
    /// `iat`. A token without it counts as older than any rule.
    pub iat: Option<u64>,
}
