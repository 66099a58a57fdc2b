//! What the store keeps of ordered certificates, as documents of the registry: so every node sees a new certificate, and the answers to a
//! challenge, as soon as it sees a new client. What is private in them is sealed under the master key.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::CertifiedKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use symbolon_jose::Jwk;
use symbolon_store::{Document, DocumentWrite, Expect};

use super::x509;
use crate::seal::Sealer;

/// The kind of the registry documents of this module.
pub(crate) const KIND: &str = "acme";
const ACCOUNT: &str = "account";
const CERTIFICATE: &str = "certificate";
const ORDER: &str = "order";
const ACCOUNT_PURPOSE: &str = "acme account key";
const CERTIFICATE_PURPOSE: &str = "acme certificate key";

/// The account at the authority (RFC 8555 §7.1.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AccountRecord {
    /// Of which directory.
    pub(super) directory: String,
    /// What names it there.
    pub(super) url: String,
    /// Where the authority was told it may write to.
    pub(super) contact: Option<String>,
    sealed: String,
}

impl AccountRecord {
    pub(super) fn new(directory: &str, url: String, contact: Option<String>, key: &Jwk, sealer: &Sealer) -> Self {
        let private = sealer.seal(ACCOUNT_PURPOSE, key.to_private_json().as_bytes());
        Self { directory: directory.to_owned(), url, contact, sealed: private }
    }

    /// The account's key; `None` if it was sealed under another master key.
    pub(super) fn key(&self, sealer: &Sealer) -> Option<Jwk> {
        Jwk::from_slice(&sealer.open(ACCOUNT_PURPOSE, &self.sealed).ok()?).ok()
    }

    pub(super) fn write(&self) -> DocumentWrite {
        put(ACCOUNT, self, Expect::Any)
    }
}

/// A certificate that was ordered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CertificateRecord {
    /// Of which directory.
    pub(super) directory: String,
    /// What it is for.
    pub(crate) domains: Vec<String>,
    /// When it was ordered, Unix seconds.
    pub(crate) obtained_at: u64,
    /// When the first of its chain ends, Unix seconds.
    pub(crate) ends_at: u64,
    /// The chain as PEM, its own certificate first.
    pub(super) chain: String,
    sealed: String,
}

impl CertificateRecord {
    pub(super) fn new(
        directory: &str,
        domains: &[String],
        (obtained_at, ends_at): (u64, u64),
        chain: String,
        key: &PrivatePkcs8KeyDer<'_>,
        sealer: &Sealer,
    ) -> Self {
        let private = sealer.seal(CERTIFICATE_PURPOSE, key.secret_pkcs8_der());
        Self {
            directory: directory.to_owned(),
            domains: domains.to_vec(),
            obtained_at,
            ends_at,
            chain,
            sealed: private,
        }
    }

    fn open(&self, sealer: &Sealer) -> Result<CertifiedKey, String> {
        let key = sealer.open(CERTIFICATE_PURPOSE, &self.sealed).map_err(|why| why.to_string())?;
        x509::certified(&self.chain, PrivatePkcs8KeyDer::from(key.to_vec()))
    }

    pub(super) fn write(&self) -> DocumentWrite {
        put(CERTIFICATE, self, Expect::Any)
    }
}

/// Who orders, and how it has gone so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderRecord {
    /// At which directory.
    pub(super) directory: String,
    /// For what.
    pub(super) domains: Vec<String>,
    /// Until then one node is at it and no other begins, Unix seconds.
    pub(super) leased_until: u64,
    /// What that one has to answer whoever asks.
    pub(super) answers: Vec<Answer>,
    /// Tries in a row that came to nothing.
    pub(super) failures: u32,
    /// No try before this, Unix seconds.
    pub(crate) try_at: u64,
    /// Why the last one came to nothing.
    pub(crate) trouble: Option<String>,
    /// What to do about it.
    pub(crate) next_step: Option<String>,
}

impl OrderRecord {
    pub(super) fn write(&self, expect: Expect) -> DocumentWrite {
        put(ORDER, self, expect)
    }
}

/// The answer to one challenge (RFC 8555 §8.1), which whoever asks may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Whose control is proven.
    pub(super) domain: String,
    /// What names the challenge.
    pub(super) token: String,
    /// The token with the thumbprint of the account's key.
    pub(super) key_authorization: String,
}

fn put(id: &str, record: &impl Serialize, expect: Expect) -> DocumentWrite {
    let body = serde_json::to_value(record).expect("a record has only string keys");
    DocumentWrite::Put { kind: KIND.to_owned(), id: id.to_owned(), body, expect }
}

/// All of it at one moment, opened once: part of the registry's snapshot.
#[derive(Default)]
pub(crate) struct Ordered {
    pub(super) account: Option<AccountRecord>,
    pub(crate) certificate: Option<CertificateRecord>,
    pub(crate) order: Option<OrderRecord>,
    /// The order's revision.
    revision: Option<u64>,
    shown: Option<Arc<CertifiedKey>>,
    proofs: HashMap<String, Arc<CertifiedKey>>,
}

impl fmt::Debug for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ordered").field("order", &self.order).finish_non_exhaustive()
    }
}

impl Ordered {
    /// Reads the documents among those of the registry. What cannot be opened counts as not there, so that it is ordered anew.
    pub(crate) fn open(documents: &[Document], sealer: &Sealer) -> Self {
        let own = |id: &str| documents.iter().find(|document| document.kind == KIND && document.id == id);
        let order: Option<OrderRecord> = own(ORDER).and_then(read);
        let certificate: Option<CertificateRecord> = own(CERTIFICATE).and_then(read);
        let opened = certificate.and_then(|record| match record.open(sealer) {
            Ok(key) => Some((record, Arc::new(key))),
            Err(why) => {
                tracing::error!(why, "the ordered certificate on record cannot be used");
                None
            }
        });
        let (certificate, shown) = opened.unzip();
        let answers = order.iter().flat_map(|order| &order.answers);
        let proof = |answer: &Answer| match x509::proof(&answer.domain, &answer.key_authorization) {
            Ok(key) => Some((answer.domain.clone(), Arc::new(key))),
            Err(why) => {
                tracing::error!(why, domain = answer.domain, "a challenge cannot be answered");
                None
            }
        };
        Self {
            account: own(ACCOUNT).and_then(read),
            proofs: answers.filter_map(proof).collect(),
            revision: own(ORDER).map(|document| document.revision),
            certificate,
            order,
            shown,
        }
    }

    /// The certificate to show, with its key.
    pub(crate) fn shown(&self) -> Option<Arc<CertifiedKey>> {
        self.shown.clone()
    }

    /// What proves control of a domain to whoever speaks `acme-tls/1` (RFC 8737 §3).
    pub(crate) fn proof(&self, domain: &str) -> Option<Arc<CertifiedKey>> {
        self.proofs.get(domain).cloned()
    }

    /// What proves it over plain HTTP (RFC 8555 §8.3).
    pub(crate) fn key_authorization(&self, token: &str) -> Option<&str> {
        let answers = self.order.iter().flat_map(|order| &order.answers);
        answers.into_iter().find(|answer| answer.token == token).map(|answer| answer.key_authorization.as_str())
    }

    /// What the order must still be for a write of this node to count.
    pub(super) fn expected(&self) -> Expect {
        self.revision.map_or(Expect::Absent, Expect::Revision)
    }
}

fn read<T: DeserializeOwned + Serialize>(document: &Document) -> Option<T> {
    let read = document.body.read();
    read.inspect_err(
        |error| tracing::error!(%error, id = document.id, "what is kept of ordered certificates is not read"),
    )
    .ok()
}
