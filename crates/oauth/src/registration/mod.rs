//! What operators register: clients, APIs and roles, as the documents the registry keeps.
//!
//! A document is checked by its `validate` when it is written ([`RegistrationError`]), so that reading one needs no doubts.

mod api;
mod backchannel;
mod brand;
mod certificate;
mod client;
mod delivery;
mod details_type;
pub mod dynamic;
mod grant_rules;
mod in_browser;
mod metadata;
mod requests;
mod responses;
mod secret;
mod security;
mod subjects;
mod trusted_issuer;
mod userinfo;
mod validate;

pub use api::{AccessTokenType, Api, ApiScope, Role};
pub use backchannel::{Backchannel, DeliveryMode};
pub use brand::Brand;
pub use certificate::CertificateRules;
pub use client::{AccessTokenFormat, AuthMethod, Client, ClientApi, ClientKind, ProfileClaims};
pub use delivery::{TokenDelivery, is_same_site, is_within};
pub use details_type::{DetailsField, DetailsType, FieldKind};
pub use grant_rules::{BearerRule, ExchangeMode, ExchangeRule, GrantRules};
pub use in_browser::InBrowser;
pub use metadata::{ClientMetadata, Dynamic};
pub use requests::{RequestObjectAlg, RequestRules};
pub use responses::{Encryption, Responses, encrypting_key};
pub use secret::SecretHash;
pub(crate) use secret::matches_any;
pub use security::Security;
pub use subjects::{SubjectType, Subjects};
pub use trusted_issuer::{MAX_LIFETIME_SECS as MAX_ASSERTION_LIFETIME_SECS, SubjectRule, TrustedIssuer};
pub use userinfo::UserinfoResponses;
pub use validate::RegistrationError;

/// Finds an API by its identifier: the registry snapshot, or a map in tests.
pub trait Apis {
    /// The API of that exact identifier.
    fn api(&self, identifier: &str) -> Option<&Api>;
}

impl Apis for Vec<Api> {
    fn api(&self, identifier: &str) -> Option<&Api> {
        self.iter().find(|api| api.identifier == identifier)
    }
}

impl<S: std::hash::BuildHasher> Apis for std::collections::HashMap<String, Api, S> {
    fn api(&self, identifier: &str) -> Option<&Api> {
        self.get(identifier)
    }
}

impl Apis for std::collections::BTreeMap<String, Api> {
    fn api(&self, identifier: &str) -> Option<&Api> {
        self.get(identifier)
    }
}
