//! Places in Token Status Lists.

/// An access token that gets a place. The store looks it up in the revocation log when its list is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatus {
    /// Its `jti`.
    pub jti: String,
    /// Its `sid`.
    pub sid: Option<String>,
    /// Its revocation handle.
    pub revocation_handle: Option<String>,
    /// Its `client_id`.
    pub client_id: String,
    /// The API it is for.
    pub audience: String,
    /// Its `iat`.
    pub issued_at: u64,
    /// Its `exp`.
    pub expires_at: u64,
}

/// A list to begin if none has a place left. Places are taken in the order `start + n * step`, modulo `size`, so that a place by itself does
/// not tell when its token was issued. It hides nothing from who holds two tokens issued one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatusList {
    /// Random text, part of the list's address.
    pub id: String,
    /// How many places it has: a power of two.
    pub size: u32,
    /// Odd and random, so that every place comes once.
    pub step: u32,
    /// Random.
    pub start: u32,
}

/// Where a token's status stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPlace {
    /// The list.
    pub list: String,
    /// The place in it, from 0.
    pub place: u32,
}

/// A list as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    /// How many places it has.
    pub size: u32,
    /// The places of revoked tokens, ascending.
    pub revoked: Vec<u32>,
    /// The last `exp` of a token in it.
    pub expires_at: u64,
}
