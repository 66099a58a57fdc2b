//! What there are few of: APIs, roles, issuers, keys, and what clients register themselves with. Read anew as a whole when one of them changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use symbolon_jose::VerifyingKeys;
use symbolon_oauth::registration::dynamic::RegistrationPolicy;
use symbolon_oauth::registration::{Api, Role, TrustedIssuer};
use symbolon_store::{Document, RegistryChanges};

use super::{API, ISSUER, ROLE, RegistryError, parse};
use crate::acme::{self, Ordered};
use crate::keys::{self, EncryptionRing, KeyRecord, KeyRing};
use crate::registration::{self, INITIAL_ACCESS_TOKEN, Invitation, POLICY};
use crate::seal::Sealer;

/// All that is registered but clients.
#[derive(Debug)]
pub(super) struct Others {
    documents: Vec<Document>,
    pub(super) apis: HashMap<String, Arc<Api>>,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) issuers: HashMap<String, (TrustedIssuer, VerifyingKeys)>,
    pub(super) key_records: Vec<KeyRecord>,
    pub(super) keys: KeyRing,
    pub(super) encryption: EncryptionRing,
    pub(super) invitations: HashMap<[u8; 32], Invitation>,
    pub(super) registration_policy: RegistrationPolicy,
    /// Certificates that were ordered.
    pub(super) ordered: Ordered,
    /// The published key set.
    pub(super) jwks: Bytes,
}

impl Others {
    /// The kinds of their documents.
    pub(super) const KINDS: [&str; 8] =
        [acme::KIND, API, ISSUER, ROLE, keys::KIND, keys::ENCRYPTION_KIND, INITIAL_ACCESS_TOKEN, POLICY];

    pub(super) fn read(mut documents: Vec<Document>, sealer: &Sealer) -> Result<Self, RegistryError> {
        // All nodes publish the same, however they came to know it.
        documents.sort_by(|one, other| (&one.kind, &one.id).cmp(&(&other.kind, &other.id)));
        let apis: Vec<Api> = parse(&documents, API)?;
        let roles: Vec<Role> = parse(&documents, ROLE)?;
        let issuers: Vec<TrustedIssuer> = parse(&documents, ISSUER)?;
        let key_records = keys::records(&documents).map_err(RegistryError::Key)?;
        let keys = KeyRing::open(&key_records, sealer).map_err(RegistryError::Key)?;
        let encryption = EncryptionRing::open(&documents, sealer).map_err(RegistryError::Key)?;
        Ok(Self {
            apis: apis.into_iter().map(|api| (api.identifier.clone(), Arc::new(api))).collect(),
            roles: roles.into_iter().map(|role| (role.name.clone(), role)).collect(),
            issuers: issuers
                .into_iter()
                .filter(|issuer| !issuer.disabled)
                .filter_map(|issuer| Some((issuer.issuer.clone(), (issuer.keys()?, issuer))))
                .map(|(name, (keys, issuer))| (name, (issuer, keys)))
                .collect(),
            invitations: registration::invitations(&documents)?,
            registration_policy: registration::policy(&documents)?,
            ordered: Ordered::open(&documents, sealer),
            jwks: Bytes::from(key_set(&keys, &encryption).to_string()),
            key_records,
            keys,
            encryption,
            documents,
        })
    }

    /// The same after `changes`; `None` if they are not about these.
    pub(super) fn after(&self, changes: &RegistryChanges, sealer: &Sealer) -> Result<Option<Self>, RegistryError> {
        let is_ours = |kind: &str| Self::KINDS.contains(&kind);
        let new: Vec<&Document> = changes.documents.iter().filter(|document| is_ours(&document.kind)).collect();
        let removed = changes.removed.iter().map(|(kind, id)| (&**kind, &**id)).filter(|(kind, _)| is_ours(kind));
        let gone: BTreeSet<(&str, &str)> =
            new.iter().map(|document| (&*document.kind, &*document.id)).chain(removed).collect();
        if gone.is_empty() {
            return Ok(None);
        }
        let stays = |document: &&Document| !gone.contains(&(&*document.kind, &*document.id));
        let documents = self.documents.iter().filter(stays).chain(new).cloned().collect();
        Self::read(documents, sealer).map(Some)
    }

    /// What can be asked for in detail, somewhere.
    pub(super) fn details_types(&self) -> Vec<String> {
        let apis = self.apis.values().filter(|api| !api.disabled);
        let names: BTreeSet<String> =
            apis.flat_map(|api| api.authorization_details_types.iter().map(|one| one.name.clone())).collect();
        names.into_iter().collect()
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
