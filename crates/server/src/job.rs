//! Background work of a node: registry refresh, key upkeep, expiry sweeps, delivery of what is in the outbox. Each task runs until the
//! process stops draining, and a failure is logged and tried again, never fatal.

use std::sync::Arc;
use std::time::Duration;

use symbolon_store::{StoreError, Sweep};

use crate::app::{App, AppError};
use crate::clock::{Steadiness, Stopwatch};
use crate::config::FeedAccess;
use crate::registry::documents_of;
use crate::revocation::publish;
use crate::{acme, backup, delivery, keys};

/// How often the registry version is asked for, besides the store's own notice.
const REGISTRY_POLL: Duration = Duration::from_secs(1);
/// How often keys are looked after.
const KEY_UPKEEP: Duration = Duration::from_mins(1);
/// How often in a row another node may be faster before the next round is waited for.
const UPKEEP_ATTEMPTS: u32 = 5;
/// How often expired state is swept.
const SWEEP: Duration = Duration::from_secs(30);
/// How often live sessions are counted, where somebody asks for metrics: it reads an index from end to end.
const COUNT: Duration = Duration::from_mins(1);

/// Starts every background task of `app`.
pub(crate) fn start(app: &Arc<App>, tasks: &mut tokio::task::JoinSet<()>) {
    tasks.spawn(follow_registry(Arc::clone(app)));
    tasks.spawn(look_after_keys(Arc::clone(app)));
    tasks.spawn(sweep_expired(Arc::clone(app)));
    tasks.spawn(delivery::run(Arc::clone(app)));
    if app.config().acme.is_on() {
        tasks.spawn(acme::run(Arc::clone(app)));
    }
    if app.config().backup.every_secs > 0 {
        tasks.spawn(backup::run(Arc::clone(app)));
    }
    if app.config().metrics.listen.is_some() {
        tasks.spawn(count_sessions(Arc::clone(app)));
    }
    if app.config().revocation.feed != FeedAccess::Off {
        tasks.spawn(publish::run(Arc::clone(app)));
    }
}

async fn follow_registry(app: Arc<App>) {
    let mut notices = app.store.watch_registry();
    loop {
        // Another process may have written: poll besides the notices of this one.
        let _ = tokio::time::timeout(REGISTRY_POLL, notices.changed()).await;
        let stale = match app.store.registry_version().await {
            Ok(version) => version != app.registry().version(),
            Err(error) => {
                tracing::warn!(%error, "could not ask for the registry version");
                false
            }
        };
        if stale && let Err(error) = app.take_up().await {
            tracing::error!(%error, "the registry could not be taken up; the old one still serves");
        }
        app.trim_registry();
        if notices.has_changed().is_err() {
            tokio::time::sleep(REGISTRY_POLL).await;
        }
    }
}

async fn look_after_keys(app: Arc<App>) {
    let mut clock = Believed::new(&app);
    loop {
        if clock.now()
            && let Err(error) = ensure_keys(&app).await
        {
            tracing::error!(%error, "signing keys could not be looked after");
        }
        tokio::time::sleep(KEY_UPKEEP).await;
    }
}

/// Makes, promotes and removes signing keys as their schedule asks. A conflict means that another node was faster: what is
/// left to do is looked at again.
pub(crate) async fn ensure_keys(app: &App) -> Result<(), AppError> {
    for _ in 0..UPKEEP_ATTEMPTS {
        let (wanted, encrypting) = (app.registry().wanted_algorithms(), app.registry().wanted_encryption());
        let mut documents = documents_of(&*app.store, keys::KIND).await?;
        documents.extend(documents_of(&*app.store, keys::ENCRYPTION_KIND).await?);
        // After the keys: of a version from before them nobody could tell that they are not yet known here.
        let version = app.store.registry_version().await?;
        let (sealer, schedule, now) = (Arc::clone(&app.sealer), app.key_schedule(), app.clock.now());
        // An RSA key takes a good part of a second to make: not on a thread that answers requests.
        let made = tokio::task::spawn_blocking(move || {
            let mut writes = keys::upkeep(&documents, &wanted, schedule, &sealer, now)?;
            writes.extend(keys::encryption_upkeep(&documents, &encrypting, schedule, &sealer, now)?);
            Ok::<_, keys::KeyError>(writes)
        });
        let writes = made.await.map_err(|_| AppError::Stopped)??;
        if writes.is_empty() {
            // Somebody else has made them: whoever asked is to find them here when this returns.
            return if version > app.registry().version() { app.reload_registry().await } else { Ok(()) };
        }
        match app.store.apply(writes).await {
            Ok(_) => return app.reload_registry().await,
            // Not there any more: another one removed the key that was to be moved.
            Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => app.reload_registry().await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn count_sessions(app: Arc<App>) {
    loop {
        match app.store.count_sessions(app.clock.now()).await {
            Ok(count) => drop(app.metrics.sessions_active.set(i64::try_from(count).unwrap_or(i64::MAX))),
            Err(error) => tracing::warn!(%error, "live sessions could not be counted"),
        }
        tokio::time::sleep(COUNT).await;
    }
}

/// Whether the clock can be believed by work that deletes or retires; of a jump the log tells.
struct Believed<'a> {
    app: &'a App,
    watch: Stopwatch,
    steadiness: Steadiness,
    was: bool,
}

impl<'a> Believed<'a> {
    fn new(app: &'a App) -> Self {
        Self { app, watch: Stopwatch::start(), steadiness: Steadiness::new(app.clock.now(), 0), was: true }
    }

    fn now(&mut self) -> bool {
        let believed = self.steadiness.look(self.app.clock.now(), self.watch.elapsed().as_secs());
        if self.was && !believed {
            tracing::warn!("the clock has jumped ahead: nothing expires for good and no key is rotated until it stays");
        }
        self.was = believed;
        believed
    }
}

async fn sweep_expired(app: Arc<App>) {
    let mut clock = Believed::new(&app);
    loop {
        tokio::time::sleep(SWEEP).await;
        while clock.now() {
            let sweep = Sweep {
                now: app.clock.now(),
                limit: Sweep::BATCH,
                keep_secs: app.key_schedule().longest_token_secs + keys::LARGEST_LEEWAY_SECS,
                audit_keep_secs: Some(app.config().audit.retention_secs),
            };
            let batch = Stopwatch::start();
            match app.store.sweep(sweep).await {
                Ok(swept) if swept.more => tokio::time::sleep(Sweep::pause_after(batch.elapsed())).await,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "expired state could not be swept");
                    break;
                }
            }
        }
    }
}
