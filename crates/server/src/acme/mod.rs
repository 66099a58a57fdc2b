//! Certificates that the server orders and renews for itself (RFC 8555), and proves its names for on its own listeners (RFC 8737 on the one
//! for TLS, RFC 8555 §8.3 on the one for plain HTTP).
//!
//! What there is to know lies in the registry ([`record`]), so every node shows a new certificate and answers every challenge as soon as it
//! sees the change. One node orders at a time, under a lease; who dies over it is followed by another once the lease is over. A
//! certificate is shown until another one has come, whatever happens to the authority. Before the first one nothing is shown: a handshake
//! is refused rather than begun with a certificate that nobody can trust.

mod client;
mod failure;
mod order;
mod plan;
mod record;
mod x509;

use std::sync::Arc;
use std::time::Duration;

use symbolon_store::{Expect, StoreError};

use crate::app::App;
use crate::calendar::calendar;
use crate::config::Acme;
use failure::Failure;
use order::Way;
use plan::{Facts, LEASE_SECS, Nodes};
use record::{AccountRecord, Answer, CertificateRecord, OrderRecord};

pub(crate) use record::{KIND, Ordered};

/// How often the state is looked at in any case.
const LOOK: Duration = Duration::from_mins(1);
/// An order must be done within this time, which is less than its lease.
const ORDER: Duration = Duration::from_secs(100);
/// How long other nodes may take to see a change, beyond the time at which they ask for it.
const SPREAD: Duration = Duration::from_secs(2);

/// Looks after the certificate for as long as the task lives.
pub(crate) async fn run(app: Arc<App>) {
    let acme = app.config().acme.clone();
    let mut notices = app.store.watch_registry();
    loop {
        let now = app.clock.now();
        let registry = app.registry();
        let due_at = facts(&app, &acme, registry.ordered()).due_at(now);
        if due_at <= now {
            if let Err(error) = take_turn(&app, &acme).await {
                tracing::warn!(%error, "the order of a certificate could not be begun");
                tokio::time::sleep(SPREAD).await;
            }
            continue;
        }
        let rest = Duration::from_secs(due_at - now).min(LOOK);
        // An error means that the store goes no further in this process; time does.
        if tokio::time::timeout(rest, notices.changed()).await.is_ok_and(|told| told.is_err()) {
            tokio::time::sleep(rest).await;
        }
    }
}

fn facts<'f>(app: &App, acme: &'f Acme, ordered: &'f Ordered) -> Facts<'f> {
    let nodes = if app.config().store.url.is_some() { Nodes::Others } else { Nodes::This };
    Facts {
        nodes,
        directory: &acme.directory,
        domains: &acme.domains,
        certificate: ordered.certificate.as_ref(),
        order: ordered.order.as_ref(),
    }
}

/// This node's turn to order. What it writes counts only as long as no other node has taken over.
struct Turn<'a> {
    app: &'a App,
    order: OrderRecord,
    expect: Expect,
}

/// Takes the lease, orders, and writes down what came of it. The error is of a store that does not answer.
async fn take_turn(app: &App, acme: &Acme) -> Result<(), StoreError> {
    let registry = app.registry();
    let facts = facts(app, acme, registry.ordered());
    let failures = facts.failures();
    let mut turn = Turn {
        app,
        expect: registry.ordered().expected(),
        order: OrderRecord {
            directory: acme.directory.clone(),
            domains: acme.domains.clone(),
            leased_until: app.clock.now().saturating_add(LEASE_SECS),
            failures,
            ..registry.ordered().order.clone().unwrap_or_default()
        },
    };
    turn.order.answers.clear();
    match turn.write(None).await {
        // Another node was faster.
        Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => return catch_up(app).await,
        written => written?,
    }
    let ordered = tokio::time::timeout(ORDER, prove_and_order(&mut turn, acme)).await;
    let written = match ordered.unwrap_or(Err(Failure::Slow)) {
        Ok(certificate) => turn.succeeded(&certificate).await,
        Err(failure) => turn.failed(&failure).await,
    };
    match written {
        Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => catch_up(app).await,
        written => written,
    }
}

/// Orders over one port and, where the other is open to us, too, over that one. Whoever got nowhere over both tries one at a time from then on, for
/// authorities count what fails.
async fn prove_and_order(turn: &mut Turn<'_>, acme: &Acme) -> Result<CertificateRecord, Failure> {
    let (plain, failures) = (turn.app.config().http.redirect.is_some(), turn.order.failures);
    let first = if plain && failures % 2 == 1 { Way::Http01 } else { Way::TlsAlpn01 };
    match order::order(turn, acme, first).await {
        Err(failure @ (Failure::Unproven { .. } | Failure::NoWay { .. })) if plain && failures == 0 => {
            tracing::warn!(why = %failure, "the names could not be proven over TLS; they are over plain HTTP now");
            order::order(turn, acme, Way::Http01).await
        }
        ordered => ordered,
    }
}

/// Another node has written: what it wrote is taken up before anything else is decided.
async fn catch_up(app: &App) -> Result<(), StoreError> {
    if let Err(error) = app.reload_registry().await {
        tracing::error!(%error, "the registry could not be taken up");
        tokio::time::sleep(SPREAD).await;
    }
    Ok(())
}

impl Turn<'_> {
    /// Lets every node answer the challenges.
    async fn publish(&mut self, answers: Vec<Answer>) -> Result<(), Failure> {
        self.order.answers = answers;
        self.write(None).await.map_err(Failure::Kept)?;
        let config = self.app.config();
        if config.store.url.is_some() {
            // The authority asks whichever node it reaches.
            tokio::time::sleep(Duration::from_secs(config.store.poll_secs) + SPREAD).await;
        }
        Ok(())
    }

    /// Keeps the account at once: whatever becomes of the order, the authority has it.
    async fn keep(&self, account: &AccountRecord) -> Result<(), Failure> {
        self.app.store.apply(vec![account.write()]).await.map_err(Failure::Kept)?;
        catch_up(self.app).await.map_err(Failure::Kept)
    }

    async fn succeeded(mut self, certificate: &CertificateRecord) -> Result<(), StoreError> {
        let (directory, domains) = (self.order.directory.clone(), self.order.domains.clone());
        self.order = OrderRecord { directory, domains, ..OrderRecord::default() };
        self.write(Some(certificate)).await?;
        tracing::info!(
            domains = certificate.domains.join(", "),
            valid_until = calendar(certificate.ends_at),
            renewed_from = calendar(plan::renewal(certificate)),
            "a certificate was ordered",
        );
        Ok(())
    }

    async fn failed(mut self, failure: &Failure) -> Result<(), StoreError> {
        let order = &mut self.order;
        order.failures = order.failures.saturating_add(1);
        order.try_at = self.app.clock.now().saturating_add(plan::pause(order.failures));
        order.trouble = Some(failure.to_string());
        order.next_step = Some(failure.next_step().to_owned());
        order.leased_until = 0;
        order.answers.clear();
        // First kept and then told, so that whoever reads the log finds it in health and doctor, too.
        let written = self.write(None).await;
        let order = &self.order;
        let registry = self.app.registry();
        let present = registry.ordered().certificate.as_ref();
        let shown_until = present.map_or_else(|| "none is shown".to_owned(), |present| calendar(present.ends_at));
        tracing::error!(
            domains = order.domains.join(", "),
            directory = order.directory,
            why = %failure,
            what_to_do = failure.next_step(),
            next_try = calendar(order.try_at),
            present_until = shown_until,
            "no certificate could be ordered",
        );
        written
    }

    /// Writes the order as it stands now, and the certificate that came, if it is still this node's turn.
    async fn write(&mut self, certificate: Option<&CertificateRecord>) -> Result<(), StoreError> {
        let writes = certificate.map(CertificateRecord::write).into_iter().chain([self.order.write(self.expect)]);
        let version = self.app.store.apply(writes.collect()).await?;
        self.expect = Expect::Revision(version);
        catch_up(self.app).await
    }
}
