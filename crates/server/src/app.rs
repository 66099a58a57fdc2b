//! The application: what every handler and command shares, and how it is put together from a configuration.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use symbolon_oauth::acr::{Levels, Performed};
use symbolon_oauth::dpop::Nonces;
use symbolon_oauth::endpoint::check_session::BrowserStates;
use symbolon_oauth::sign_up::SignUp;
use symbolon_oauth::{Context, Issuer, LONGEST_TOKEN_SECS, Lifetimes, Pairwise, Rng};
use symbolon_store::transfer::MARK;
use symbolon_store::{Store, StoreError};
use zeroize::Zeroizing;

use crate::account::attempts::Attempts;
use crate::account::factors::passkey::ChallengeKey;
use crate::account::password::leaked::LeakedFile;
use crate::account::password::{Parameters, Pool, PoolSettings};
use crate::account::slow_kinds;
use crate::account::throttle::{Limit, ThrottlePolicy};
use crate::audit::{Audit, AuditWriter};
use crate::backup::ArchiveKey;
use crate::client_keys::ClientKeys;
use crate::clock::Clock;
use crate::config::{Config, Throttle};
use crate::interaction::InteractionKeys;
use crate::job;
use crate::keys::{KeyError, Schedule};
use crate::listen::client_certificate::Authorities;
use crate::mail::Mail;
use crate::metrics::Metrics;
use crate::observe::store::Observed;
use crate::outgoing::Outgoing;
use crate::pages::Transport;
use crate::registry::{Published, Registry, RegistryError};
use crate::revocation::Feed;
use crate::rng::SystemRng;
use crate::seal::{MasterKey, MasterKeyError, Sealer};
use crate::session::csrf::CsrfKey;
use crate::session::device::DeviceKey;
use crate::session::work::WorkKey;
use crate::shared_signals::Signals;
use crate::status_list::StatusLists;
use crate::storage;

pub(crate) const META_ISSUER: &str = "issuer";
pub(crate) const META_KEY_CHECK: &str = "master_key_check";
pub(crate) const META_PAIRWISE: &str = "pairwise_salt";

/// One running Symbolon: configuration, store, registry snapshot, secrets.
pub struct App {
    /// The issuer, exactly as it stands in tokens.
    pub issuer: Issuer,
    /// The storage port.
    pub store: Arc<dyn Store>,
    /// Encrypts backups.
    pub archive_key: ArchiveKey,
    /// Seals secrets for the store.
    pub sealer: Arc<Sealer>,
    /// The time.
    pub clock: Clock,
    /// Password hashing, bounded.
    pub passwords: Pool,
    /// Where letters go.
    pub mail: Mail,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
    /// Counts failed sign-ins.
    pub attempts: Attempts,
    /// The audit log.
    pub audit: Audit,
    /// Signs pending authorization requests.
    pub interactions: InteractionKeys,
    /// Key of the anti-forgery tokens.
    pub csrf: CsrfKey,
    /// Key of the challenges of passkeys.
    pub challenges: ChallengeKey,
    /// Key of the device cookies.
    pub device: DeviceKey,
    /// Key of work in place of captchas.
    pub work: WorkKey,
    /// Nonces for DPoP proofs, the same on every node.
    pub nonces: Nonces,
    /// What users are called towards clients with pairwise subjects.
    pub pairwise: Pairwise,
    /// What sign-ins are worth.
    pub levels: Levels,
    /// What tells a browser's sessions apart for pages that watch them.
    pub browser_states: BrowserStates,
    /// The one way to call others.
    pub outgoing: Arc<Outgoing>,
    /// Clients' keys that had to be fetched.
    pub client_keys: ClientKeys,
    /// Who may sign clients' certificates.
    pub authorities: Authorities,
    /// What the addresses begin with at which clients are asked for certificates, where it is not the issuer.
    pub mtls_base: Option<Issuer>,
    /// How browsers reach the issuer.
    pub transport: Transport,
    /// The revocation feed.
    pub feed: Arc<Feed>,
    /// Receivers of shared signals that wait.
    pub signals: Signals,
    /// Token Status Lists, signed.
    pub status_lists: StatusLists,
    /// Who sent `X-Forwarded-For` last without being a trusted proxy: perhaps a proxy that nobody named.
    pub forwarded_by: ArcSwapOption<IpAddr>,
    config: ArcSwap<Config>,
    registry: ArcSwap<Registry>,
    draining: AtomicBool,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Why the application could not be put together, in words for the operator.
#[derive(Debug)]
#[non_exhaustive]
pub enum AppError {
    /// The data belongs to another issuer.
    IssuerChanged {
        /// The issuer the data was made with.
        made_with: String,
        /// The issuer configured now.
        configured: String,
    },
    /// A configured value does not hold up.
    Invalid(String),
    /// The master key.
    MasterKey(MasterKeyError),
    /// The registry or its signing keys.
    Registry(RegistryError),
    /// The process is stopping.
    Stopped,
    /// The store.
    Store(StoreError),
    /// The data is a copy that is not complete.
    Unfinished,
    /// The master key is not the one the data was made with.
    WrongMasterKey,
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IssuerChanged { made_with, configured } => write!(
                f,
                "this data was made for the issuer {made_with}, but {configured} is configured; set the issuer back or use another data folder"
            ),
            Self::Invalid(why) => f.write_str(why),
            Self::MasterKey(error) => error.fmt(f),
            Self::Registry(error) => error.fmt(f),
            Self::Stopped => f.write_str("the process is stopping"),
            Self::Store(error) => error.fmt(f),
            Self::Unfinished => f.write_str("this data is a copy that is not complete; repeat what began it"),
            Self::WrongMasterKey => f.write_str(
                "the master key is not the one this data was made with; restore the original master key (nothing was changed)",
            ),
        }
    }
}

impl std::error::Error for AppError {}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<RegistryError> for AppError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<KeyError> for AppError {
    fn from(error: KeyError) -> Self {
        Self::Registry(RegistryError::Key(error))
    }
}

impl App {
    /// Opens the data folder of `config` and takes everything up. The writer of audit batches is returned
    /// for the caller to run.
    pub async fn open(config: Config, clock: Clock) -> Result<(Arc<Self>, AuditWriter), AppError> {
        let invalid = |why: &dyn fmt::Display| AppError::Invalid(why.to_string());
        let issuer = Issuer::parse(&config.issuer).map_err(|why| invalid(&why))?;
        Self::check_lifetimes(&config)?;
        let transport =
            Transport::of(issuer.as_str()).ok_or_else(|| invalid(&"the issuer must be https, or http on loopback"))?;
        let outgoing = Arc::new(Outgoing::new(&config).map_err(|why| invalid(&why))?);
        let mail = Mail::open(&config).map_err(|problem| invalid(&problem.what))?;
        let authorities = Authorities::open(config.mtls.ca.as_deref()).map_err(|why| invalid(&why))?;
        // Before the data is touched: a key that cannot be read must not cost a migration.
        let known = known_master_key(&config)?;
        let passwords = passwords(&config, &issuer)?;
        let metrics = Arc::new(Metrics::new(passwords.meter(), clock.now()));
        let store = storage::open(&config).await?;
        if store.meta(MARK).await?.is_some() {
            return Err(AppError::Unfinished);
        }
        let store: Arc<dyn Store> = Arc::new(Observed::new(store, Arc::clone(&metrics)));
        let master = master_key(known, &config, &*store).await?;
        let sealer = Arc::new(master.sealer());
        check_identity(&*store, &issuer, &sealer).await?;
        let own_key = config.backup.key.as_ref().map(|text| MasterKey::from_text(text.expose(), "backup.key"));
        let own_key = own_key.transpose().map_err(AppError::MasterKey)?;
        let archive_key = ArchiveKey::of(own_key.as_ref().unwrap_or(&master));

        let epoch = store.revocation_head().await?.epoch;
        let feed = Arc::new(Feed::new(epoch, config.revocation.max_followers));
        let signals = Signals::new(config.ssf.max_pollers);
        let registry = Registry::load(&*store, &sealer, &issuer, &Published::of(&config)).await?;
        let (audit, writer) = Audit::new(Arc::clone(&store), clock.clone());
        let interactions = InteractionKeys::new(&issuer, &master.derive("interaction")).map_err(|why| invalid(&why))?;
        let nonces = Nonces::new(&master.derive("dpop nonce")).map_err(|why| invalid(&why))?;
        let pairwise = pairwise(&*store, &sealer).await?;
        let attempts = Attempts::open(&config, Arc::clone(&store)).await?;
        slow_kinds::learn(&*store, &passwords).await?;
        let app = Arc::new(Self {
            browser_states: BrowserStates::new(&master.derive("browser state")).map_err(|why| invalid(&why))?,
            challenges: ChallengeKey::new(&master.derive("passkey challenge")),
            csrf: CsrfKey::new(&master.derive("csrf")),
            device: DeviceKey::new(&master.derive("device")),
            work: WorkKey::new(&master.derive("work")),
            levels: config.acr.clone(),
            registry: ArcSwap::from_pointee(registry),
            archive_key,
            attempts,
            audit,
            authorities,
            mtls_base: config.mtls_base(),
            client_keys: ClientKeys::new(Arc::clone(&outgoing)),
            clock,
            config: ArcSwap::from_pointee(config),
            feed,
            forwarded_by: ArcSwapOption::empty(),
            interactions,
            issuer,
            mail,
            draining: AtomicBool::new(false),
            metrics,
            nonces,
            outgoing,
            pairwise,
            passwords,
            sealer,
            signals,
            status_lists: StatusLists::default(),
            store,
            transport,
        });
        job::ensure_keys(&app).await?;
        Ok((app, writer))
    }

    /// The configuration of this moment. Take it once per request where several of its values belong together.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Puts another configuration into force, which must differ only in what can change while the node runs
    /// ([`Config::take_up`]).
    pub(crate) fn replace_config(&self, config: Config) {
        self.config.store(Arc::new(config));
    }

    /// Whether decisions can go by the lifetimes of `config`.
    pub(crate) fn check_lifetimes(config: &Config) -> Result<(), AppError> {
        lifetimes(config).validate().map_err(|why| AppError::Invalid(why.to_string()))
    }

    /// How long things live.
    pub fn lifetimes(&self) -> Lifetimes {
        lifetimes(&self.config.load())
    }

    /// Who may make an account without the operator.
    pub fn sign_up(&self) -> SignUp {
        self.config.load().sign_up
    }

    /// How failed sign-ins are slowed.
    pub fn throttle(&self) -> ThrottlePolicy {
        throttle(&self.config.load())
    }

    /// Tells whoever asks for health that requests should go elsewhere from now on.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the node is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// The registry of this moment. Take it once per request, so that one decision sees one state.
    pub fn registry(&self) -> Arc<Registry> {
        self.registry.load_full()
    }

    /// Takes in what has changed in the registry, and in the part of the configuration that its metadata tells.
    pub async fn reload_registry(&self) -> Result<(), AppError> {
        slow_kinds::learn(&*self.store, &self.passwords).await?;
        let published = Published::of(&self.config());
        let fresh = self.registry().renewed(&*self.store, &self.sealer, &self.issuer, &published).await?;
        let fresh = Arc::new(fresh);
        // Two reloads may race: never step back to an older version.
        self.registry.rcu(
            |current| {
                if current.version() > fresh.version() { Arc::clone(current) } else { Arc::clone(&fresh) }
            },
        );
        Ok(())
    }

    /// Gives back the memory of clients that have been read, if they are many.
    pub(crate) fn trim_registry(&self) {
        if let Some(fresh) = self.registry.load().forgetting().map(Arc::new) {
            // If it changed meanwhile, there will be a next time.
            let current = self.registry.load();
            if current.version() == fresh.version() {
                self.registry.compare_and_swap(&current, fresh);
            }
        }
    }

    /// Takes up what the store holds now, and makes the signing keys that what is newly registered needs.
    pub async fn take_up(&self) -> Result<(), AppError> {
        self.reload_registry().await?;
        job::ensure_keys(self).await
    }

    /// What pure decisions take as their first argument.
    pub fn context<'a>(&'a self, now: u64, rng: &'a mut dyn Rng) -> Context<'a> {
        let Self { issuer, levels, pairwise, .. } = self;
        Context { now, issuer, lifetimes: self.lifetimes(), levels, pairwise, sign_up: self.sign_up(), rng }
    }

    /// The strongest level of a sign-in at `auth_time`, by these methods.
    pub(crate) fn acr(&self, amr: &[String], auth_time: u64, now: u64) -> Option<String> {
        self.levels.of(Performed { amr, age_secs: now.checked_sub(auth_time) }).map(str::to_owned)
    }

    /// How long signing keys live.
    pub fn key_schedule(&self) -> Schedule {
        let keys = self.config.load().keys;
        Schedule {
            rotate_after_secs: keys.rotation_secs,
            publish_ahead_secs: keys.publish_ahead_secs,
            longest_token_secs: LONGEST_TOKEN_SECS,
        }
    }
}

fn hashing(config: &Config) -> PoolSettings {
    let password = &config.password;
    let defaults = PoolSettings::default();
    PoolSettings {
        parameters: Parameters { memory_kib: password.memory_kib, passes: password.passes, lanes: 1 },
        workers: if password.workers == 0 { defaults.workers } else { password.workers },
        queue: password.queue,
        ..defaults
    }
}

/// Where passwords are hashed and judged.
fn passwords(config: &Config, issuer: &Issuer) -> Result<Pool, AppError> {
    let leaked = leaked(config)?;
    let pool = Pool::start(hashing(config)).map_err(|why| AppError::Invalid(why.to_string()))?;
    Ok(pool.with_leaked(leaked).of_service(issuer.as_str()))
}

/// The operator's file of leaked passwords. Before the data is touched, as a wrong path is a mistake of the configuration.
fn leaked(config: &Config) -> Result<Option<LeakedFile>, AppError> {
    let Some(path) = &config.password.leaked else { return Ok(None) };
    let opened = LeakedFile::open(path);
    opened.map(Some).map_err(|why| AppError::Invalid(format!("password.leaked: {}: {why}", path.display())))
}

fn throttle(config: &Config) -> ThrottlePolicy {
    let limit = |limit: &crate::config::Limit| Limit {
        free: limit.free,
        base_delay_secs: limit.base_delay_secs,
        max_delay_secs: limit.max_delay_secs,
        window_secs: limit.window_secs,
    };
    let Throttle { pair, account, address, subnet, .. } = &config.throttle;
    ThrottlePolicy { pair: limit(pair), account: limit(account), address: limit(address), subnet: limit(subnet) }
}

fn lifetimes(config: &Config) -> Lifetimes {
    let tokens = &config.tokens;
    Lifetimes {
        access_token_secs: tokens.access_lifetime_secs,
        backchannel_secs: tokens.backchannel_lifetime_secs,
        code_secs: tokens.code_lifetime_secs,
        device_code_secs: tokens.device_code_lifetime_secs,
        id_token_secs: tokens.id_lifetime_secs,
        pushed_request_secs: tokens.pushed_request_lifetime_secs,
        refresh_absolute_secs: tokens.refresh_absolute_secs,
        refresh_grace_secs: tokens.refresh_grace_secs,
        refresh_idle_secs: tokens.refresh_idle_secs,
    }
}

/// The master key as configured or on file; nothing where there is no file.
pub(crate) fn known_master_key(config: &Config) -> Result<Option<MasterKey>, AppError> {
    let known = match &config.master_key {
        Some(text) => MasterKey::from_text(text.expose(), "the configuration (master_key)"),
        None => MasterKey::load(&config.master_key_file()),
    };
    match known {
        Ok(key) => Ok(Some(key)),
        Err(MasterKeyError::Missing { .. }) => Ok(None),
        Err(error) => Err(AppError::MasterKey(error)),
    }
}

/// Makes a master key where there is none yet, and only for data that was not made with another one.
async fn master_key(known: Option<MasterKey>, config: &Config, store: &dyn Store) -> Result<MasterKey, AppError> {
    let path = config.master_key_file();
    match known {
        Some(key) => Ok(key),
        None if store.meta(META_KEY_CHECK).await?.is_some() => {
            Err(AppError::MasterKey(MasterKeyError::Missing { path }))
        }
        None => MasterKey::load_or_create(&path, &mut SystemRng).map_err(AppError::MasterKey),
    }
}

/// The data names the issuer and the master key it was made with; both are fixed from then on.
async fn check_identity(store: &dyn Store, issuer: &Issuer, sealer: &Sealer) -> Result<(), AppError> {
    let made_with = store.put_meta_once(META_ISSUER, issuer.as_str()).await?;
    if made_with != issuer.as_str() {
        return Err(AppError::IssuerChanged { made_with, configured: issuer.as_str().to_owned() });
    }
    let check = store.put_meta_once(META_KEY_CHECK, &sealer.seal(META_KEY_CHECK, b"symbolon")).await?;
    sealer.open(META_KEY_CHECK, &check).map_err(|_| AppError::WrongMasterKey)?;
    Ok(())
}

/// The salt of pairwise subjects (OpenID Connect Core §8.1), made once and kept for good: with another one everybody would be somebody else.
async fn pairwise(store: &dyn Store, sealer: &Sealer) -> Result<Pairwise, AppError> {
    let mut salt = Zeroizing::new([0; 32]);
    SystemRng.fill(salt.as_mut_slice());
    let kept = store.put_meta_once(META_PAIRWISE, &sealer.seal(META_PAIRWISE, salt.as_slice())).await?;
    let opened = sealer.open(META_PAIRWISE, &kept).map_err(|_| AppError::WrongMasterKey)?;
    let unusable = || AppError::Invalid("the salt of pairwise subjects cannot be read".to_owned());
    salt.copy_from_slice(opened.get(..32).ok_or_else(unusable)?);
    Pairwise::new(&salt).map_err(|_| unusable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SecretText;

    #[tokio::test]
    async fn a_master_key_that_cannot_be_read_stops_before_the_data_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::development(folder.path()).unwrap();
        std::fs::write(config.master_key_file(), "not a key").unwrap();
        let error = App::open(config.clone(), Clock::fixed(0)).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("master.key"), "{error}");
        config.master_key = Some(SecretText::new("short".to_owned()));
        let error = App::open(config.clone(), Clock::fixed(0)).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("configuration (master_key)"), "{error}");
        assert!(!config.database().exists());
    }
}
