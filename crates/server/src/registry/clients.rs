//! The clients of a snapshot. Of each its document is kept, in few words, which is a tenth of what it takes to have it read; what is asked for is read
//! once and kept until [`MANY`] have been.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use symbolon_jose::VerifyingKeys;
use symbolon_jose::jwe::EncryptingKey;
use symbolon_oauth::client_auth::{SharedKeys, keys_of};
use symbolon_oauth::registration::{Client, Encryption, SecretHash};
use symbolon_store::Document;
use zeroize::Zeroizing;

use super::RegistryError;
use super::sharded::Sharded;
use super::short::short;
use super::tally::{Step, Tally};
use crate::seal::{CLIENT_SECRET, Sealer};

/// How many clients may have been read before they are forgotten: about a hundred megabytes.
const MANY: usize = 30_000;

/// All clients at one moment.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    entries: Sharded<Arc<Entry>>,
    tally: Tally,
    sealer: Arc<Sealer>,
    /// How many have been read since all were forgotten, by all snapshots since.
    read: Arc<AtomicUsize>,
}

/// A client that was registered or changed.
pub(super) struct Arrival {
    id: Arc<str>,
    entry: Arc<Entry>,
    client: Client,
}

impl Arrival {
    pub(super) fn of(document: Document) -> Result<Self, RegistryError> {
        let malformed = |why: serde_json::Error| RegistryError::malformed(&document, &why);
        let text = short(document.body.text()).map_err(malformed)?;
        let client = serde_json::from_str(&text).map_err(malformed)?;
        let entry = Arc::new(Entry { text, read: OnceLock::new() });
        Ok(Self { id: document.id.into(), entry, client })
    }
}

impl Clients {
    pub(super) fn new(sealer: Arc<Sealer>) -> Self {
        Self { entries: Sharded::default(), tally: Tally::default(), sealer, read: Arc::default() }
    }

    /// A client, read.
    pub(super) fn get(&self, client_id: &str) -> Option<&ReadClient> {
        let entry = self.entries.get(client_id)?;
        Some(entry.read.get_or_init(|| {
            self.read.fetch_add(1, Ordering::Relaxed);
            Box::new(ReadClient::of(entry.client(), &self.sealer))
        }))
    }

    /// What all of them come to.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn put(&mut self, arrival: Arrival) {
        let Arrival { id, entry, client } = arrival;
        if let Some(before) = self.entries.insert(Arc::clone(&id), entry) {
            self.tally.count(&id, &before.client(), Step::Leaves);
        }
        self.tally.count(&id, &client, Step::Enters);
    }

    pub(super) fn remove(&mut self, client_id: &str) {
        if let Some(before) = self.entries.remove(client_id) {
            self.tally.count(&client_id.into(), &before.client(), Step::Leaves);
        }
    }

    /// Whether so many have been read that they are to be forgotten.
    pub(super) fn has_read_many(&self) -> bool {
        self.read.load(Ordering::Relaxed) >= MANY
    }

    /// The same clients, none of them read.
    pub(super) fn forgetting(&self) -> Self {
        let mut fresh = Self { read: Arc::default(), ..self.clone() };
        for (id, entry) in self.entries.iter().filter(|(_, entry)| entry.read.get().is_some()) {
            let unread = Entry { text: entry.text.clone(), read: OnceLock::new() };
            fresh.entries.insert(Arc::clone(id), Arc::new(unread));
        }
        fresh
    }
}

/// A client as it is stored, and what was read of it.
struct Entry {
    text: Box<str>,
    read: OnceLock<Box<ReadClient>>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The text may hold the hashes of secrets.
        f.debug_struct("Entry").finish_non_exhaustive()
    }
}

impl Entry {
    fn client(&self) -> Client {
        serde_json::from_str(&self.text).expect("it could be read when it arrived")
    }
}

/// A client with what is made of its registration.
#[derive(Debug)]
pub(super) struct ReadClient {
    pub(super) client: Arc<Client>,
    /// What it signs with.
    pub(super) assertion_keys: Option<VerifyingKeys>,
    /// What it makes of its secrets.
    pub(super) shared_keys: Vec<SharedKeys>,
    /// What is encrypted to it, if anything is.
    pub(super) recipient: Option<Recipient>,
}

impl ReadClient {
    fn of(client: Client, sealer: &Sealer) -> Self {
        Self {
            assertion_keys: keys_of(&client),
            shared_keys: if client.needs_readable_secret() { shared_keys(&client, sealer) } else { Vec::new() },
            recipient: Recipient::of(&client),
            client: Arc::new(client),
        }
    }
}

/// A client's keys to which something is encrypted. Where one is registered and unusable, nothing is sent.
#[derive(Debug)]
pub(super) struct Recipient {
    pub(super) answers: Option<EncryptingKey>,
    pub(super) id_tokens: Option<EncryptingKey>,
    pub(super) userinfo: Option<EncryptingKey>,
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

#[cfg(test)]
mod tests {
    use symbolon_oauth::ClientId;
    use symbolon_store::Body;

    use super::*;
    use crate::seal::MasterKey;

    fn clients() -> Clients {
        let master = MasterKey::from_text(&symbolon_jose::base64url::encode(&[1; 32]), "test").unwrap();
        Clients::new(Arc::new(master.sealer()))
    }

    fn arrival(id: &str, change: impl FnOnce(&mut Client)) -> Arrival {
        let mut client = Client::spa(ClientId::parse(id).unwrap(), id);
        change(&mut client);
        let body = Body::from(serde_json::to_value(&client).unwrap());
        Arrival::of(Document { kind: "client".to_owned(), id: id.to_owned(), revision: 1, body }).unwrap()
    }

    #[test]
    fn what_is_counted_follows_each_change() {
        let origins = |client: &mut Client, origin: &str| client.allowed_origins = vec![origin.to_owned()];
        let mut clients = clients();
        clients.put(arrival("a", |client| origins(client, "https://one.example")));
        clients.put(arrival("b", |client| origins(client, "https://one.example")));
        clients.put(arrival("b", |client| origins(client, "https://two.example")));
        let before = clients.clone();
        clients.remove("a");
        clients.remove("nobody");
        let counts = |clients: &Clients, origin| clients.tally().is_allowed_origin(origin);
        assert!(counts(&before, "https://one.example") && counts(&before, "https://two.example"));
        assert!(!counts(&clients, "https://one.example") && counts(&clients, "https://two.example"));
        clients.put(arrival("b", |client| client.disabled = true));
        assert!(!counts(&clients, "https://two.example"));
        assert!(before.get("a").is_some() && clients.get("a").is_none());
    }

    #[test]
    fn who_was_read_is_forgotten_and_read_again() {
        let mut clients = clients();
        clients.put(arrival("a", |client| client.name = "A".to_owned()));
        clients.put(arrival("b", |_| {}));
        let first = Arc::clone(&clients.get("a").unwrap().client);
        assert!(Arc::ptr_eq(&first, &clients.get("a").unwrap().client), "read once");
        assert_eq!(clients.read.load(Ordering::Relaxed), 1);
        clients.read.store(MANY, Ordering::Relaxed);
        assert!(clients.has_read_many());
        let fresh = clients.forgetting();
        assert!(!fresh.has_read_many() && fresh.entries.get("a").unwrap().read.get().is_none());
        assert_eq!(fresh.get("a").unwrap().client, first);
    }

    #[test]
    fn a_document_that_is_no_client_is_refused() {
        let document =
            Document { kind: "client".to_owned(), id: "a".to_owned(), revision: 1, body: Body::from_text("{}") };
        assert!(matches!(Arrival::of(document), Err(RegistryError::Malformed { .. })));
    }
}
