//! The registry in memory: clients, APIs, roles and signing keys as one immutable snapshot behind an atomic
//! pointer. When the store says that it changed, the next one is made of this one and of what changed. Hot paths read only this.

mod clients;
mod load;
mod others;
mod sharded;
mod short;
mod signing;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use symbolon_jose::jwe::DecryptingKeys;
use symbolon_jose::{Algorithm, KeyManagement, VerifyingKeys};
use symbolon_oauth::acr::Levels;
use symbolon_oauth::assertion::Trusted;
use symbolon_oauth::client_auth::SharedKeys;
use symbolon_oauth::endpoint::discovery::Certificates;
use symbolon_oauth::registration::dynamic::RegistrationPolicy;
use symbolon_oauth::registration::{Api, Apis, Client, Role};
use symbolon_oauth::request_object::Keys;
use symbolon_oauth::sign_up::SignUp;
use symbolon_store::Document;

use self::clients::Clients;
pub use self::load::documents_of;
use self::others::Others;
use crate::acme::Ordered;
use crate::config::{Config, FeedAccess, RegistrationMode};
use crate::keys::{KeyError, KeyRecord, KeyRing};
use crate::registration::Invitation;

/// Registry kind of clients.
pub const CLIENT: &str = Document::CLIENT;
/// Registry kind of APIs.
pub const API: &str = "api";
/// Registry kind of issuers whose assertions are taken.
pub const ISSUER: &str = "issuer";
/// Registry kind of roles.
pub const ROLE: &str = "role";

/// Everything that is registered, at one moment.
#[derive(Debug)]
pub struct Registry {
    version: u64,
    clients: Clients,
    others: Arc<Others>,
    metadata: Bytes,
}

/// What of the configuration stands in the metadata.
#[derive(Clone, Debug)]
pub struct Published {
    feed: FeedAccess,
    registration: RegistrationMode,
    sign_up: SignUp,
    certificates: Certificates,
    levels: Levels,
}

impl Published {
    /// What this one says.
    pub fn of(config: &Config) -> Self {
        Self {
            feed: config.revocation.feed,
            registration: config.registration,
            sign_up: config.sign_up,
            certificates: config.certificates(),
            levels: config.acr.clone(),
        }
    }
}

/// Why the registry could not be taken up.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegistryError {
    /// A signing key.
    Key(KeyError),
    /// A document that is not what its kind says.
    Malformed {
        /// Kind and id of the document.
        document: String,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Malformed { document, why } => write!(f, "registry document {document} cannot be read: {why}"),
        }
    }
}

impl std::error::Error for RegistryError {}

impl RegistryError {
    fn malformed(document: &Document, why: &serde_json::Error) -> Self {
        Self::Malformed { document: format!("{}/{}", document.kind, document.id), why: why.to_string() }
    }
}

impl Registry {
    /// The store's version that this snapshot is of.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// A client by its id, disabled ones included.
    pub fn client(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.clients.get(client_id).map(|read| &read.client)
    }

    /// The client that may sign in by posting passwords, if there is one and no other.
    pub fn only_password_sign_in(&self) -> Option<&Arc<Client>> {
        self.client(self.clients.tally().only_password_sign_in()?)
    }

    /// Whether pages of this origin are of a client that people may type their passwords into.
    pub fn may_draw_forms(&self, origin: &str) -> bool {
        let of = |client: &Arc<Client>| client.allowed_origins.iter().any(|allowed| allowed == origin);
        let tally = self.clients.tally();
        self.is_allowed_origin(origin)
            && tally.password_sign_in().filter_map(|id| self.client(id)).any(|client| !client.disabled && of(client))
    }

    /// Clients of ours at which a sign-in can begin (OpenID Connect Core §4), in no order.
    pub fn begins_sign_in(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.tally().begins_sign_in().filter_map(|id| self.client(id))
    }

    /// An API by its identifier (audience), disabled ones included.
    pub fn api(&self, identifier: &str) -> Option<&Arc<Api>> {
        self.others.apis.get(identifier)
    }

    /// All APIs, in no order.
    pub fn apis(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.others.apis.values()
    }

    /// All roles by name.
    pub fn roles(&self) -> &BTreeMap<String, Role> {
        &self.others.roles
    }

    /// The keys a client signs its assertions and its request objects with, if it registered any.
    pub fn assertion_keys(&self, client_id: &str) -> Option<&VerifyingKeys> {
        self.clients.get(client_id)?.assertion_keys.as_ref()
    }

    /// An issuer whose assertions are taken, by its `iss`; not one that is switched off.
    pub fn trusted_issuer(&self, issuer: &str) -> Option<Trusted<'_>> {
        self.others.issuers.get(issuer).map(|(issuer, keys)| Trusted { issuer, keys })
    }

    /// The keys that a client makes of its secrets, if it does.
    pub fn shared_keys(&self, client_id: &str) -> &[SharedKeys] {
        self.clients.get(client_id).map_or(&[], |read| &read.shared_keys)
    }

    /// The initial access token of that hash, whether or not it still counts.
    pub fn invitation(&self, hash: &[u8; 32]) -> Option<&Invitation> {
        self.others.invitations.get(hash)
    }

    /// What clients may choose that register themselves.
    pub fn registration_policy(&self) -> &RegistrationPolicy {
        &self.others.registration_policy
    }

    /// How many clients have registered themselves.
    pub fn registered_themselves(&self) -> usize {
        self.clients.tally().registered_themselves()
    }

    /// What the store has of ordered certificates.
    pub(crate) fn ordered(&self) -> &Ordered {
        &self.others.ordered
    }

    /// The signing keys, parsed.
    pub fn keys(&self) -> &KeyRing {
        &self.others.keys
    }

    /// What can be encrypted to this server.
    pub fn decryption_algorithms(&self) -> impl Iterator<Item = KeyManagement> {
        self.others.encryption.algorithms()
    }

    /// The signing keys as registered, with their life.
    pub fn key_records(&self) -> &[KeyRecord] {
        &self.others.key_records
    }

    /// Whether any enabled client registered `origin` for cross-origin calls.
    pub fn is_allowed_origin(&self, origin: &str) -> bool {
        self.clients.tally().is_allowed_origin(origin)
    }

    /// Whether pages of `origin` get tokens as cookies, of any enabled client.
    pub fn gets_cookies(&self, origin: &str) -> bool {
        self.clients.tally().gets_cookies(origin)
    }

    /// Whether the tokens of any enabled client are cookies.
    pub fn hands_out_cookies(&self) -> bool {
        self.clients.tally().hands_out_cookies()
    }

    /// Whether pages of some client at `origin` may read answers to requests with cookies.
    pub fn allows_credentials(&self, origin: &str) -> bool {
        self.clients.tally().allows_credentials(origin)
    }

    /// The origins of pages that watch sessions.
    pub fn watching_origins(&self) -> impl Iterator<Item = &str> {
        self.clients.tally().watching_origins()
    }

    /// What opens what is encrypted to this server, if anything can be.
    pub fn decrypting_keys(&self) -> Option<&DecryptingKeys> {
        self.others.encryption.decrypting()
    }

    /// The keys that the request objects of a client may need.
    pub fn request_keys(&self, client_id: &str) -> Keys<'_> {
        Keys {
            verifying: self.assertion_keys(client_id),
            decrypting: self.decrypting_keys(),
            shared: self.shared_keys(client_id),
        }
    }

    /// The published key set, serialised once.
    pub fn jwks(&self) -> Bytes {
        self.others.jwks.clone()
    }

    /// The metadata document, serialised once.
    pub fn metadata(&self) -> Bytes {
        self.metadata.clone()
    }

    /// The algorithms that need keys: the default, and what clients and APIs are registered for.
    pub fn wanted_algorithms(&self) -> BTreeSet<Algorithm> {
        let apis = self.apis().flat_map(|api| [api.signing_alg, api.introspection_alg()]);
        let all = self.clients.tally().signing().chain(apis).chain([Algorithm::RS256]);
        all.filter(|alg| !alg.is_symmetric()).collect()
    }

    /// What clients are registered to encrypt their request objects with.
    pub fn wanted_encryption(&self) -> BTreeSet<KeyManagement> {
        self.clients.tally().encryption()
    }

    /// The same with all forgotten that was read of clients, if that is much.
    pub(crate) fn forgetting(&self) -> Option<Self> {
        self.clients.has_read_many().then(|| Self {
            version: self.version,
            clients: self.clients.forgetting(),
            others: Arc::clone(&self.others),
            metadata: self.metadata.clone(),
        })
    }
}

impl Apis for Registry {
    fn api(&self, identifier: &str) -> Option<&Api> {
        self.others.apis.get(identifier).map(AsRef::as_ref)
    }
}

pub(crate) fn parse<T: DeserializeOwned>(documents: &[Document], kind: &str) -> Result<Vec<T>, RegistryError> {
    let documents = documents.iter().filter(|document| document.kind == kind);
    documents.map(|document| document.body.read().map_err(|why| RegistryError::malformed(document, &why))).collect()
}
