//! What there is about a refresh token: on record, or forgotten by a family that lives.

use symbolon_oauth::OpaqueToken;
use symbolon_store::{Family, Hash32, RefreshFacts, Store, StoreError};

/// What was found.
pub(crate) enum Found {
    /// The token and what belongs to it.
    OnRecord(Box<RefreshFacts>),
    /// It names this family, which forgets, and is not on record: it was superseded long ago, and its successor was used (specs rule 4).
    Forgotten(Box<Family>),
}

impl Found {
    /// The family of the token.
    pub(crate) fn into_family(self) -> Family {
        match self {
            Self::OnRecord(facts) => facts.family,
            Self::Forgotten(family) => *family,
        }
    }
}

/// Looks it up.
pub(crate) async fn find(store: &dyn Store, token: &OpaqueToken) -> Result<Option<Found>, StoreError> {
    if let Some(facts) = store.refresh_facts(token.family(), Hash32(token.hash())).await? {
        return Ok(Some(Found::OnRecord(Box::new(facts))));
    }
    let Some(family) = token.family() else { return Ok(None) };
    Ok(store.forgetful_family(family).await?.map(|family| Found::Forgotten(Box::new(family))))
}
