//! The registry in memory: clients, APIs, roles and signing keys as one immutable snapshot behind an atomic
//! pointer, rebuilt whenever the store says it changed. Hot paths read only this.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use symbolon_jose::jwe::{self, EncryptingKey};
use symbolon_jose::{Algorithm, KeyManagement, VerifyingKeys, jwt};
use symbolon_oauth::acr::Levels;
use symbolon_oauth::assertion::Trusted;
use symbolon_oauth::client_auth::{SharedKeys, keys_of};
use symbolon_oauth::endpoint::discovery::{self, Certificates, Settings};
use symbolon_oauth::registration::dynamic::RegistrationPolicy;
use symbolon_oauth::registration::{
    Api, Apis, Client, Encryption, RequestRules, Role, SecretHash, TrustedIssuer, encrypting_key,
};
use symbolon_oauth::request_object::Keys;
use symbolon_oauth::{Beside, Grant, IdTokenPlan, Issuer, OAuthError, id_token, response_mode};
use symbolon_store::{Document, Registry as Rows};
use zeroize::Zeroizing;

use crate::acme::Ordered;
use crate::client_keys::Fetched;
use crate::config::{Config, FeedAccess, RegistrationMode};
use crate::keys::{self, EncryptionRing, KeyError, KeyRecord, KeyRing};
use crate::registration::{self, Invitation};
use crate::seal::{CLIENT_SECRET, Sealer};

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
    clients: HashMap<String, Arc<Client>>,
    apis: HashMap<String, Arc<Api>>,
    roles: BTreeMap<String, Role>,
    issuers: HashMap<String, (TrustedIssuer, VerifyingKeys)>,
    key_records: Vec<KeyRecord>,
    keys: KeyRing,
    encryption: EncryptionRing,
    assertion_keys: HashMap<String, VerifyingKeys>,
    shared_keys: HashMap<String, Vec<SharedKeys>>,
    invitations: HashMap<[u8; 32], Invitation>,
    registration_policy: RegistrationPolicy,
    registered_themselves: usize,
    recipients: HashMap<String, Recipient>,
    origins: HashSet<String>,
    /// Origins of the pages of clients that watch sessions.
    watching: BTreeSet<String>,
    /// Certificates that were ordered.
    ordered: Ordered,
    jwks: Bytes,
    metadata: Bytes,
}

/// What of the configuration stands in the metadata.
#[derive(Clone, Debug)]
pub struct Published {
    feed: FeedAccess,
    registration: RegistrationMode,
    certificates: Certificates,
    levels: Levels,
}

impl Published {
    /// What this one says.
    pub fn of(config: &Config) -> Self {
        Self {
            feed: config.revocation.feed,
            registration: config.registration,
            certificates: config.certificates(),
            levels: config.acr.clone(),
        }
    }
}

/// A client's keys to which something is encrypted. Where one is registered and unusable, nothing is sent.
#[derive(Debug)]
struct Recipient {
    answers: Option<EncryptingKey>,
    id_tokens: Option<EncryptingKey>,
    userinfo: Option<EncryptingKey>,
}

impl Recipient {
    fn of(client: &Client) -> Option<Self> {
        let (answers, id_tokens) = (client.authorization_encryption(), client.id_token_encryption());
        let key = |encryption: Option<Encryption>| encryption.and_then(|one| client.encrypting_key(one));
        let userinfo = client.userinfo_encryption();
        let any = answers.is_some() || id_tokens.is_some() || userinfo.is_some();
        any.then(|| Self { answers: key(answers), id_tokens: key(id_tokens), userinfo: key(userinfo) })
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

impl Registry {
    /// Parses what the store holds.
    pub fn build(rows: &Rows, sealer: &Sealer, issuer: &Issuer, published: &Published) -> Result<Self, RegistryError> {
        let documents = &rows.documents;
        let clients: Vec<Client> = parse(documents, CLIENT)?;
        let apis: Vec<Api> = parse(documents, API)?;
        let roles: Vec<Role> = parse(documents, ROLE)?;
        let issuers: Vec<TrustedIssuer> = parse(documents, ISSUER)?;
        let key_records = keys::records(documents).map_err(RegistryError::Key)?;
        let keys = KeyRing::open(&key_records, sealer).map_err(RegistryError::Key)?;
        let encryption = EncryptionRing::open(documents, sealer).map_err(RegistryError::Key)?;
        let origins = clients
            .iter()
            .filter(|client| !client.disabled)
            .flat_map(|client| client.allowed_origins.iter().map(ToString::to_string))
            .collect();
        let watching: BTreeSet<String> = clients
            .iter()
            .filter(|client| !client.disabled && client.in_browser.session_management)
            .flat_map(Client::page_origins)
            .collect();
        Ok(Self {
            version: rows.version,
            assertion_keys: clients
                .iter()
                .filter_map(|client| Some((client.client_id.to_string(), keys_of(client)?)))
                .collect(),
            shared_keys: clients
                .iter()
                .filter(|client| client.needs_readable_secret())
                .map(|client| (client.client_id.to_string(), shared_keys(client, sealer)))
                .collect(),
            invitations: registration::invitations(documents)?,
            registration_policy: registration::policy(documents)?,
            registered_themselves: clients.iter().filter(|client| client.metadata.dynamic.is_some()).count(),
            recipients: clients
                .iter()
                .filter_map(|client| Some((client.client_id.to_string(), Recipient::of(client)?)))
                .collect(),
            metadata: metadata(&clients, &apis, (&keys, &encryption), issuer, published),
            jwks: Bytes::from(key_set(&keys, &encryption).to_string()),
            clients: clients.into_iter().map(|client| (client.client_id.to_string(), Arc::new(client))).collect(),
            apis: apis.into_iter().map(|api| (api.identifier.clone(), Arc::new(api))).collect(),
            issuers: issuers
                .into_iter()
                .filter(|issuer| !issuer.disabled)
                .filter_map(|issuer| Some((issuer.issuer.clone(), (issuer.keys()?, issuer))))
                .map(|(name, (keys, issuer))| (name, (issuer, keys)))
                .collect(),
            roles: roles.into_iter().map(|role| (role.name.clone(), role)).collect(),
            key_records,
            keys,
            encryption,
            ordered: Ordered::open(documents, sealer),
            origins,
            watching,
        })
    }

    /// The store's version this snapshot was built from.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// A client by its id, disabled ones included.
    pub fn client(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.clients.get(client_id)
    }

    /// All clients, in no order.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.values()
    }

    /// An API by its identifier (audience), disabled ones included.
    pub fn api(&self, identifier: &str) -> Option<&Arc<Api>> {
        self.apis.get(identifier)
    }

    /// All APIs, in no order.
    pub fn apis(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.apis.values()
    }

    /// All roles by name.
    pub fn roles(&self) -> &BTreeMap<String, Role> {
        &self.roles
    }

    /// The keys a client signs its assertions and its request objects with, if it registered any.
    pub fn assertion_keys(&self, client_id: &str) -> Option<&VerifyingKeys> {
        self.assertion_keys.get(client_id)
    }

    /// An issuer whose assertions are taken, by its `iss`; not one that is switched off.
    pub fn trusted_issuer(&self, issuer: &str) -> Option<Trusted<'_>> {
        self.issuers.get(issuer).map(|(issuer, keys)| Trusted { issuer, keys })
    }

    /// The keys that a client makes of its secrets, if it does.
    pub fn shared_keys(&self, client_id: &str) -> &[SharedKeys] {
        self.shared_keys.get(client_id).map_or(&[], Vec::as_slice)
    }

    /// The initial access token of that hash, whether or not it still counts.
    pub fn invitation(&self, hash: &[u8; 32]) -> Option<&Invitation> {
        self.invitations.get(hash)
    }

    /// What clients may choose that register themselves.
    pub fn registration_policy(&self) -> &RegistrationPolicy {
        &self.registration_policy
    }

    /// How many clients have registered themselves.
    pub fn registered_themselves(&self) -> usize {
        self.registered_themselves
    }

    /// Signs `claims` with the active key of `alg`.
    pub fn sign(&self, alg: Algorithm, typ: &str, claims: &impl Serialize) -> Result<String, OAuthError> {
        let Some(key) = self.keys.signing(alg) else {
            tracing::error!(%alg, "no active key signs with this algorithm");
            return Err(OAuthError::ServerError);
        };
        jwt::sign(key, typ, claims).map_err(|error| {
            tracing::error!(%error, %alg, "signing failed");
            OAuthError::ServerError
        })
    }

    /// Signs an ID token, bound to what is handed out with it, and encrypts it if its client is registered so. `fetched` are the client's keys, if
    /// they are not registered.
    pub fn sign_id_token(
        &self,
        plan: &IdTokenPlan,
        beside: &Beside<'_>,
        fetched: Option<&Fetched>,
    ) -> Result<String, OAuthError> {
        let claims = plan.beside(beside);
        let client = self.clients.get(&claims.aud);
        let Some(encryption) = client.and_then(|client| client.id_token_encryption()) else {
            return self.sign(plan.alg, id_token::TYP, &claims);
        };
        let fetched = fetched.and_then(|fetched| encrypting_key(fetched.set(), encryption));
        let recipient = self.recipients.get(&claims.aud).and_then(|recipient| recipient.id_tokens.as_ref());
        self.sign_then_encrypt(plan.alg, fetched.as_ref().or(recipient), id_token::TYP, &claims)
    }

    /// Signs an authorization answer for the client, and encrypts it if it is registered so (JARM §2.1, §3).
    pub fn sign_response(
        &self,
        client: &Client,
        claims: &impl Serialize,
        fetched: Option<&Fetched>,
    ) -> Result<String, OAuthError> {
        let alg = client.authorization_signed_response_alg();
        let Some(encryption) = client.authorization_encryption() else {
            return self.sign(alg, response_mode::JWT_TYP, claims);
        };
        let fetched = fetched.and_then(|fetched| encrypting_key(fetched.set(), encryption));
        let recipient = self.recipients.get(client.client_id.as_str());
        let recipient = recipient.and_then(|recipient| recipient.answers.as_ref());
        self.sign_then_encrypt(alg, fetched.as_ref().or(recipient), response_mode::JWT_TYP, claims)
    }

    /// Claims from userinfo as the client is registered to get them, if that is not plain JSON: signed, encrypted, or both (OpenID Connect
    /// Core §5.3.2).
    pub fn sign_userinfo(
        &self,
        client: &Client,
        claims: &impl Serialize,
        fetched: Option<&Fetched>,
    ) -> Result<Option<String>, OAuthError> {
        let signed = client.userinfo.userinfo_signed_response_alg;
        let recipient = self.recipients.get(client.client_id.as_str());
        let encryption = client.userinfo_encryption();
        let fetched = fetched.zip(encryption).and_then(|(fetched, one)| encrypting_key(fetched.set(), one));
        let recipient = recipient.and_then(|recipient| recipient.userinfo.as_ref());
        let recipient = fetched.as_ref().or(recipient);
        match (signed, encryption) {
            (None, None) => Ok(None),
            (Some(alg), None) => self.sign(alg, id_token::TYP, claims).map(Some),
            (Some(alg), Some(_)) => self.sign_then_encrypt(alg, recipient, id_token::TYP, claims).map(Some),
            (None, Some(_)) => encrypt(recipient, claims).map(Some),
        }
    }

    /// RFC 7519 §11.2: signed inside, encrypted outside.
    fn sign_then_encrypt(
        &self,
        alg: Algorithm,
        recipient: Option<&EncryptingKey>,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, OAuthError> {
        let (Some(key), Some(recipient)) = (self.keys.signing(alg), recipient) else {
            tracing::error!(%alg, "no active key signs with this algorithm, or the client has none to encrypt to");
            return Err(OAuthError::ServerError);
        };
        jwt::sign_then_encrypt(key, recipient, typ, claims).map_err(|error| {
            tracing::error!(%error, %alg, "signing and encrypting failed");
            OAuthError::ServerError
        })
    }

    /// What the store has of ordered certificates.
    pub(crate) fn ordered(&self) -> &Ordered {
        &self.ordered
    }

    /// The signing keys, parsed.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The signing keys as registered, with their life.
    pub fn key_records(&self) -> &[KeyRecord] {
        &self.key_records
    }

    /// Whether any enabled client registered `origin` for cross-origin calls.
    pub fn is_allowed_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }

    /// The origins of pages that watch sessions.
    pub fn watching_origins(&self) -> impl Iterator<Item = &str> {
        self.watching.iter().map(String::as_str)
    }

    /// The keys that the request objects of a client may need.
    pub fn request_keys(&self, client_id: &str) -> Keys<'_> {
        Keys { verifying: self.assertion_keys(client_id), decrypting: self.encryption.decrypting() }
    }

    /// The published key set, serialised once.
    pub fn jwks(&self) -> Bytes {
        self.jwks.clone()
    }

    /// The metadata document, serialised once.
    pub fn metadata(&self) -> Bytes {
        self.metadata.clone()
    }

    /// The algorithms that need keys: the default, and what clients and APIs are registered for.
    pub fn wanted_algorithms(&self) -> BTreeSet<Algorithm> {
        let clients = self.clients.values().flat_map(|client| {
            let of_introspection = client.security.introspection_signed_response_alg;
            let always = [client.id_token_signed_response_alg, client.authorization_signed_response_alg()];
            always.into_iter().chain(of_introspection)
        });
        let apis = self.apis.values().flat_map(|api| [api.signing_alg, api.introspection_alg()]);
        let userinfo = self.clients.values().filter_map(|client| client.userinfo.userinfo_signed_response_alg);
        clients.chain(userinfo).chain(apis).chain([Algorithm::RS256]).filter(|alg| !alg.is_symmetric()).collect()
    }
}

/// Encrypted and not signed: the claims themselves are inside, and prove nothing.
fn encrypt(recipient: Option<&EncryptingKey>, claims: &impl Serialize) -> Result<String, OAuthError> {
    let refuse = |error: &dyn fmt::Display| {
        tracing::error!(%error, "encrypting claims from userinfo failed");
        OAuthError::ServerError
    };
    let recipient = recipient.ok_or_else(|| refuse(&"the client has no key to encrypt to"))?;
    let claims = serde_json::to_vec(claims).map(Zeroizing::new).map_err(|error| refuse(&error))?;
    jwe::compact::encrypt(recipient, &jwe::Header::default(), &claims).map_err(|error| refuse(&error))
}

impl Registry {
    /// What clients are registered to encrypt their request objects with.
    pub fn wanted_encryption(&self) -> BTreeSet<KeyManagement> {
        let clients = self.clients.values().filter(|client| !client.disabled);
        clients.filter_map(|client| client.security.request_object_encryption_alg).collect()
    }
}

/// The key set: what signs, and what can be encrypted to.
fn key_set(keys: &KeyRing, encryption: &EncryptionRing) -> Value {
    let mut set = keys.jwks().clone();
    if let Some(all) = set["keys"].as_array_mut() {
        all.extend(encryption.published().iter().cloned());
    }
    set
}

impl Apis for Registry {
    fn api(&self, identifier: &str) -> Option<&Api> {
        self.apis.get(identifier).map(AsRef::as_ref)
    }
}

/// What is required of every client that signs users in, so of the server (specs rule 1).
fn required_of_all(clients: &[Client]) -> RequestRules {
    let signing_in = || clients.iter().filter(|client| !client.disabled && client.may_use(Grant::AuthorizationCode));
    let all = |required: fn(&Client) -> bool| signing_in().next().is_some() && signing_in().all(required);
    RequestRules {
        require_pushed_authorization_requests: all(Client::must_push),
        require_signed_request_object: all(Client::must_sign_requests),
        ..RequestRules::default()
    }
}

/// What can be asked for in detail, somewhere.
fn details_types(apis: &[Api]) -> Vec<String> {
    let apis = apis.iter().filter(|api| !api.disabled);
    let names: BTreeSet<String> =
        apis.flat_map(|api| api.authorization_details_types.iter().map(|one| one.name.clone())).collect();
    names.into_iter().collect()
}

fn metadata(
    clients: &[Client],
    apis: &[Api],
    (keys, encryption): (&KeyRing, &EncryptionRing),
    issuer: &Issuer,
    published: &Published,
) -> Bytes {
    let settings = Settings {
        id_token_signing_algs: keys.algorithms().collect(),
        ui_locales: vec!["en".to_owned()],
        session_management: clients.iter().any(|client| !client.disabled && client.in_browser.session_management),
        revocation_feed: published.feed != FeedAccess::Off,
        registration: published.registration != RegistrationMode::Off,
        certificates: published.certificates.clone(),
        levels: published.levels.clone(),
        required_of_all: required_of_all(clients),
        authorization_details_types: details_types(apis),
        decryption_algs: encryption.algorithms().collect(),
    };
    let document = discovery::metadata(issuer, &settings);
    Bytes::from(serde_json::to_vec(&document).expect("the document has only string keys"))
}

/// A secret that does not open proves nobody, and stops nobody else.
fn shared_keys(client: &Client, sealer: &Sealer) -> Vec<SharedKeys> {
    let open = |secret: &SecretHash| {
        let opened = sealer.open(CLIENT_SECRET, secret.sealed.as_deref()?);
        let text = opened.ok().and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()).map(Zeroizing::new);
        if text.is_none() {
            tracing::error!(client = %client.client_id, "a client's secret does not open under this master key");
        }
        text.map(|text| SharedKeys::of(&text, secret.expires_at))
    };
    client.secrets.iter().filter_map(open).collect()
}

pub(crate) fn parse<T: DeserializeOwned>(documents: &[Document], kind: &str) -> Result<Vec<T>, RegistryError> {
    documents
        .iter()
        .filter(|document| document.kind == kind)
        .map(|document| {
            T::deserialize(&document.body).map_err(|why| RegistryError::Malformed {
                document: format!("{kind}/{}", document.id),
                why: why.to_string(),
            })
        })
        .collect()
}
