//! How the registry comes in: in pages when the node starts, and after that what has changed.

use std::sync::Arc;

use bytes::Bytes;
use symbolon_oauth::Issuer;
use symbolon_oauth::endpoint::discovery::{self, Settings};
use symbolon_store::{Document, RegistryChanges, Store, StoreError};
use tokio::task::JoinSet;

use super::clients::{Arrival, Clients};
use super::others::Others;
use super::{CLIENT, Published, Registry, RegistryError};
use crate::app::AppError;
use crate::config::{FeedAccess, RegistrationMode};
use crate::seal::Sealer;

/// Documents of one page: the most that the store gives.
const PAGE: u32 = 1000;

/// All documents of a kind of which there are few, by id.
pub async fn documents_of(store: &dyn Store, kind: &str) -> Result<Vec<Document>, StoreError> {
    let (mut documents, mut after) = (Vec::new(), None);
    loop {
        let page = store.documents(kind, after, PAGE).await?;
        documents.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(documents);
        }
    }
}

impl Registry {
    /// Everything the store holds. Its pages are of different moments, which what has changed since the first of them makes one.
    pub(crate) async fn load(
        store: &dyn Store,
        sealer: &Arc<Sealer>,
        issuer: &Issuer,
        published: &Published,
    ) -> Result<Self, AppError> {
        loop {
            let version = store.registry_version().await?;
            let mut documents = Vec::new();
            for kind in Others::KINDS {
                documents.extend(documents_of(store, kind).await?);
            }
            let others = Arc::new(Others::read(documents, sealer)?);
            let clients = clients(store, sealer).await?;
            let read = Self { version, clients, others, metadata: Bytes::new() };
            // If more has changed meanwhile than is kept, it is read again.
            if let Some(changes) = store.registry_changes(version).await? {
                return Ok(read.after(changes, sealer, issuer, published)?);
            }
        }
    }

    /// What the store holds now.
    pub(crate) async fn renewed(
        &self,
        store: &dyn Store,
        sealer: &Arc<Sealer>,
        issuer: &Issuer,
        published: &Published,
    ) -> Result<Self, AppError> {
        match store.registry_changes(self.version).await? {
            Some(changes) => Ok(self.after(changes, sealer, issuer, published)?),
            // Rare, and much: not a part of every request that changes something.
            None => Box::pin(Self::load(store, sealer, issuer, published)).await,
        }
    }

    fn after(
        &self,
        changes: RegistryChanges,
        sealer: &Sealer,
        issuer: &Issuer,
        published: &Published,
    ) -> Result<Self, RegistryError> {
        let others = self.others.after(&changes, sealer)?.map_or_else(|| Arc::clone(&self.others), Arc::new);
        let mut clients = self.clients.clone();
        for document in changes.documents.into_iter().filter(|document| document.kind == CLIENT) {
            clients.put(Arrival::of(document)?);
        }
        for (_, id) in changes.removed.iter().filter(|(kind, _)| kind == CLIENT) {
            clients.remove(id);
        }
        let metadata = metadata(&clients, &others, issuer, published);
        Ok(Self { version: changes.version, clients, others, metadata })
    }
}

/// All clients. The next page is fetched while those before are read, by as many threads as there are.
async fn clients(store: &dyn Store, sealer: &Arc<Sealer>) -> Result<Clients, AppError> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut clients = Clients::new(Arc::clone(sealer));
    let mut reading: JoinSet<Result<Vec<Arrival>, RegistryError>> = JoinSet::new();
    let mut after = None;
    loop {
        let page = store.documents(CLIENT, after, PAGE).await?;
        after = page.next;
        reading.spawn_blocking(move || page.items.into_iter().map(Arrival::of).collect());
        let may_wait = if after.is_none() { 0 } else { at_once };
        while reading.len() > may_wait
            && let Some(read) = reading.join_next().await
        {
            read.map_err(|_| AppError::Stopped)??.into_iter().for_each(|arrival| clients.put(arrival));
        }
        if after.is_none() {
            return Ok(clients);
        }
    }
}

fn metadata(clients: &Clients, others: &Others, issuer: &Issuer, published: &Published) -> Bytes {
    let settings = Settings {
        id_token_signing_algs: others.keys.algorithms().collect(),
        ui_locales: crate::words::Language::ALL.map(|language| language.tag().to_owned()).into(),
        session_management: clients.tally().is_watched(),
        revocation_feed: published.feed != FeedAccess::Off,
        registration: published.registration != RegistrationMode::Off,
        sign_up: published.sign_up,
        certificates: published.certificates.clone(),
        levels: published.levels.clone(),
        required_of_all: clients.tally().required_of_all(),
        authorization_details_types: others.details_types(),
        password_realm: clients.tally().send_passwords(),
        decryption_algs: others.encryption.algorithms().collect(),
    };
    let document = discovery::metadata(issuer, &settings);
    Bytes::from(serde_json::to_vec(&document).expect("the document has only string keys"))
}

#[cfg(test)]
mod tests {
    use symbolon_jose::{Algorithm, KeyManagement};
    use symbolon_oauth::ClientId;
    use symbolon_oauth::registration::{Client, Dynamic, RequestRules, Role};
    use symbolon_store::{DocumentWrite, Expect, Sqlite};

    use super::*;
    use crate::seal::MasterKey;

    const ORIGINS: [&str; 3] = ["https://a.example", "https://b.example", "https://c.example"];

    fn put(kind: &str, id: &str, body: &impl serde::Serialize) -> DocumentWrite {
        let body = serde_json::to_value(body).unwrap();
        DocumentWrite::Put { kind: kind.to_owned(), id: id.to_owned(), body, expect: Expect::Any }
    }

    /// A client whose members are the bits of a number.
    fn client(id: &str, bits: usize) -> Client {
        let bit = |place: usize| bits >> place & 1 == 1;
        let mut client = Client::spa(ClientId::parse(id).unwrap(), id);
        client.allowed_origins = vec![ORIGINS[bits % 3].to_owned()];
        client.disabled = bit(0) && bit(1);
        client.in_browser.session_management = bit(2);
        client.first_party = bit(3);
        client.in_browser.initiate_login_uri = bit(4).then(|| "https://app.example/begin".to_owned());
        client.metadata.dynamic = bit(5).then(Dynamic::default);
        client.id_token_signed_response_alg = if bit(6) { Algorithm::ES256 } else { Algorithm::EdDSA };
        client.security.request_object_encryption_alg = bit(7).then_some(KeyManagement::EcdhEsA256Kw);
        client.requests =
            RequestRules { require_pushed_authorization_requests: !bit(8) || bit(9), ..RequestRules::default() };
        client.password_sign_in = bit(8) && bit(10);
        client
    }

    fn seen(registry: &Registry) -> impl PartialEq + std::fmt::Debug + use<> {
        let mut begins: Vec<String> = registry.begins_sign_in().map(|client| client.client_id.to_string()).collect();
        begins.sort();
        (
            (registry.version(), registry.metadata(), registry.roles().len(), registry.registered_themselves()),
            (registry.wanted_algorithms(), registry.wanted_encryption(), begins),
            registry.watching_origins().map(str::to_owned).collect::<Vec<_>>(),
            ORIGINS.map(|origin| registry.is_allowed_origin(origin)),
            registry.only_password_sign_in().map(|client| client.client_id.to_string()),
            (0..20).map(|number| registry.client(&format!("c{number}")).cloned()).collect::<Vec<_>>(),
        )
    }

    #[tokio::test]
    async fn what_was_taken_in_change_by_change_is_what_is_read_at_once() {
        let store = Sqlite::in_memory().unwrap();
        let sealer = MasterKey::from_text(&symbolon_jose::base64url::encode(&[1; 32]), "test").unwrap().sealer();
        let (sealer, issuer) = (Arc::new(sealer), Issuer::parse("https://auth.example").unwrap());
        let published = Published::of(&crate::Config::development(std::path::Path::new("data")).unwrap());
        let mut registry = Registry::load(&store, &sealer, &issuer, &published).await.unwrap();
        let mut state = 7_usize;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for round in 0..150 {
            let id = format!("c{}", next(20));
            let write = match next(4) {
                0 => DocumentWrite::Delete { kind: CLIENT.to_owned(), id, expect: Expect::Any },
                1 if round % 3 == 0 => put("role", &id, &Role::new(&id, "a role")),
                _ => put(CLIENT, &id, &client(&id, next(1 << 11))),
            };
            store.apply(vec![write]).await.unwrap();
            if next(3) > 0 {
                registry = registry.renewed(&store, &sealer, &issuer, &published).await.unwrap();
                let read = Registry::load(&store, &sealer, &issuer, &published).await.unwrap();
                assert_eq!(seen(&registry), seen(&read), "round {round}");
            }
        }
    }

    #[tokio::test]
    async fn a_change_that_is_no_client_leaves_what_was_there() {
        let store = Sqlite::in_memory().unwrap();
        let sealer = MasterKey::from_text(&symbolon_jose::base64url::encode(&[1; 32]), "test").unwrap().sealer();
        let (sealer, issuer) = (Arc::new(sealer), Issuer::parse("https://auth.example").unwrap());
        let published = Published::of(&crate::Config::development(std::path::Path::new("data")).unwrap());
        store.apply(vec![put(CLIENT, "c1", &client("c1", 0))]).await.unwrap();
        let registry = Registry::load(&store, &sealer, &issuer, &published).await.unwrap();
        store.apply(vec![put(CLIENT, "c2", &serde_json::json!({ "name": 7 }))]).await.unwrap();
        let refused = registry.renewed(&store, &sealer, &issuer, &published).await.unwrap_err();
        assert!(refused.to_string().contains("client/c2"), "{refused}");
        assert!(registry.client("c1").is_some());
    }
}
