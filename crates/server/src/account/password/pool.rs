//! Hashing in a bounded pool: a flood of sign-ins slows sign-ins, not tokens (design §8 and §9, security 119).
//!
//! Some threads of its own, one queue of limited length, one kept block of memory per thread. A full queue
//! is answered at once with [`Overloaded`]; a job that runs holds its thread to the end even when the caller
//! has gone away, and one that has gone away while waiting is skipped. Memory is given back after
//! [`PoolSettings::idle_release`] without work. What a hash of another system takes beyond that is taken by few at once: see `queue.rs`.

use std::{
    fmt, io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::clock::Stopwatch;
use crate::metrics::HashMeter;

use super::{
    Password,
    imported::{ImportedHash, OnRecord},
    leaked::LeakedFile,
    pace::{Pace, SlowKind},
    phc::{self, Memory, Parameters},
    policy::{PasswordProblem, Policy},
    queue::{Queue, Waiting},
    settings::PoolSettings,
    verdict::{Verdict, on_record, verify},
};

/// Bytes of a salt (RFC 9106 §3.1 recommends 16).
pub const SALT_LEN: usize = 16;

/// The queue is full, or there is no memory: answer 503 with `Retry-After`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Overloaded;

impl fmt::Display for Overloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many passwords are being hashed")
    }
}

impl std::error::Error for Overloaded {}

/// The pool. Cloning is cheap; its threads end when the last clone is dropped.
#[derive(Clone)]
pub struct Pool {
    owner: Arc<Owner>,
    leaked: Option<LeakedFile>,
    /// Where people sign in: what it is called is nobody's secret.
    service: Arc<str>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("settings", &self.owner.shared.settings).finish_non_exhaustive()
    }
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the parameters are beyond [`Parameters::MAX`], the threads would take more memory than 32 GiB, or the system gives no thread.
    pub fn start(mut settings: PoolSettings) -> io::Result<Self> {
        if !settings.parameters.are_valid() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "argon2 parameters out of range"));
        }
        settings.workers = settings.threads()?;
        let meter = HashMeter::default();
        let (queue, arrived, pace) = (Mutex::default(), Condvar::new(), Pace::default());
        let shared = Arc::new(Shared { settings, queue, arrived, meter, pace });
        // The owner first, so that a thread that cannot start ends those before it.
        let owner = Arc::new(Owner { shared: Arc::clone(&shared) });
        for number in 0..settings.workers {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("password-{number}")).spawn(move || shared.work())?;
        }
        Ok(Self { owner, leaked: None, service: Arc::from("") })
    }

    /// The same, which also looks new passwords up in a file of leaked ones.
    #[must_use]
    pub fn with_leaked(self, leaked: Option<LeakedFile>) -> Self {
        Self { leaked, ..self }
    }

    /// The same, where people sign in at this issuer: no new password is made of its name, whoever asks.
    #[must_use]
    pub fn of_service(self, issuer: &str) -> Self {
        Self { service: Arc::from(issuer), ..self }
    }

    /// Judges a password that somebody wants to set, by the policy, the service's own name and the operator's file of leaked ones.
    ///
    /// # Errors
    /// See [`Policy::check_new_password`].
    pub async fn judge(&self, policy: Policy, password: &Password, words: &[&str]) -> Result<(), PasswordProblem> {
        let words: Vec<&str> = words.iter().copied().chain([&*self.service]).collect();
        policy.check_new_password(password, &words)?;
        let Some(leaked) = self.leaked.clone() else { return Ok(()) };
        let password = password.clone();
        // It reads a file, which may lie anywhere.
        let found = tokio::task::spawn_blocking(move || leaked.holds(&password)).await;
        match found {
            Ok(Ok(true)) => Err(PasswordProblem::Leaked),
            Ok(Err(error)) => {
                tracing::error!(%error, "the file of leaked passwords cannot be read; a new password was not looked up");
                Ok(())
            }
            Ok(Ok(false)) | Err(_) => Ok(()),
        }
    }

    /// Compares a password with the hash on record, `None` when there is no such user or no password.
    ///
    /// Takes as long either way: without a usable hash, one of the current settings is computed and thrown
    /// away (security 123). The fresh salt is used when the hash has to be renewed.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
        fresh_salt: [u8; SALT_LEN],
    ) -> Result<Verdict, Overloaded> {
        self.verify_timed(password, stored, fresh_salt).await.map(|(verdict, _)| verdict)
    }

    /// The same, with how long it took, not counting the time in the queue: for [`even_out`](Pool::even_out).
    pub async fn verify_timed(
        &self,
        password: Password,
        stored: Option<String>,
        fresh_salt: [u8; SALT_LEN],
    ) -> Result<(Verdict, Duration), Overloaded> {
        let (answer, verdict) = oneshot::channel();
        let stored = on_record(stored.as_deref());
        self.submit(Job::Verify { password, stored, fresh_salt, answer })?;
        verdict.await.unwrap_or(Err(Overloaded))
    }

    /// Hashes a new password, with a salt from the generator.
    pub async fn hash(&self, password: Password, salt: [u8; SALT_LEN]) -> Result<String, Overloaded> {
        let (answer, hash) = oneshot::channel();
        self.submit(Job::Hash { password, salt, answer })?;
        hash.await.unwrap_or(Err(Overloaded))
    }

    /// The hash of another system, as it is to be kept: inside one of ours, if it is a weak one.
    pub async fn store(&self, imported: ImportedHash, salt: [u8; SALT_LEN]) -> Result<String, Overloaded> {
        let (answer, hash) = oneshot::channel();
        self.submit(Job::Import { imported, salt, answer })?;
        hash.await.unwrap_or(Err(Overloaded))
    }

    /// Waits until a failed sign-in may be told whose password took this long: as long as with the slowest hash that is not of today's settings.
    pub async fn even_out(&self, taken: Duration) {
        let least = self.owner.shared.pace.least();
        if let Some(rest) = least.checked_sub(taken).filter(|rest| !rest.is_zero()) {
            tokio::time::sleep(rest).await;
        }
    }

    /// Measures a hash of another system that is to be kept, if nothing of its kind is known that takes as long: so that failures take as long from now on.
    pub async fn acquaint(&self, kept: &str) -> Result<(), Overloaded> {
        let Some(OnRecord::Theirs(theirs)) = OnRecord::parse(kept) else { return Ok(()) };
        if self.owner.shared.pace.is_new(&theirs.cost()) {
            let nobodys = Password::parse("").map_err(|_| Overloaded)?;
            self.verify(nobodys, Some(kept.to_owned()), [0; SALT_LEN]).await?;
        }
        Ok(())
    }

    /// Kinds of hashes that take longer than ours and are not on record yet; each is told once.
    pub fn unkept_kinds(&self) -> Vec<(String, SlowKind)> {
        self.owner.shared.pace.unkept()
    }

    /// A kind that is on record.
    pub fn learn_kind(&self, name: &str, kind: &SlowKind) {
        self.owner.shared.pace.learn(name, kind);
    }

    /// Hashes that are computed at once.
    pub fn workers(&self) -> usize {
        self.owner.shared.settings.workers
    }

    /// What it counts.
    pub fn meter(&self) -> &HashMeter {
        &self.owner.shared.meter
    }

    /// Jobs waiting now.
    pub fn waiting(&self) -> usize {
        self.owner.shared.lock().len()
    }

    fn submit(&self, job: Job) -> Result<(), Overloaded> {
        let shared = &self.owner.shared;
        let mut queue = shared.lock();
        // Callers that hung up while waiting make room for those who still wait.
        if queue.len() >= shared.settings.queue {
            queue.forget_abandoned();
        }
        if queue.len() >= shared.settings.queue {
            shared.meter.shed.inc();
            return Err(Overloaded);
        }
        let extra_kib = job.extra_kib(shared.settings.parameters.memory_kib);
        queue.push(job, extra_kib);
        drop(queue);
        shared.arrived.notify_one();
        Ok(())
    }
}

/// Ends the threads when the last [`Pool`] goes.
struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().close();
        self.shared.arrived.notify_all();
    }
}

struct Shared {
    settings: PoolSettings,
    queue: Mutex<Queue<Job>>,
    arrived: Condvar,
    meter: HashMeter,
    pace: Pace,
}

enum Job {
    Hash {
        password: Password,
        salt: [u8; SALT_LEN],
        answer: oneshot::Sender<Result<String, Overloaded>>,
    },
    Import {
        imported: ImportedHash,
        salt: [u8; SALT_LEN],
        answer: oneshot::Sender<Result<String, Overloaded>>,
    },
    Verify {
        password: Password,
        stored: Option<OnRecord>,
        fresh_salt: [u8; SALT_LEN],
        answer: oneshot::Sender<Result<(Verdict, Duration), Overloaded>>,
    },
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue<Job>> {
        // The lock is never held while hashing, so a poisoned queue is still a whole one.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        give_way();
        let mut memory = Memory::default();
        while let Some((job, extra_kib)) = self.next(&mut memory) {
            let watch = Stopwatch::start();
            job.run(self.settings.parameters, &self.pace, &mut memory);
            self.meter.seconds.observe(watch.elapsed());
            memory.keep_at_most(self.settings.parameters.memory_kib);
            if extra_kib > 0 {
                self.lock().give_back(extra_kib);
                // Who waits for this memory may be any of them.
                self.arrived.notify_all();
            }
        }
    }

    /// Waits for a job, with the memory that is set aside for it; `None` when the pool is closed.
    fn next(&self, memory: &mut Memory) -> Option<(Job, u32)> {
        let mut queue = self.lock();
        loop {
            if queue.is_closed() {
                return None;
            }
            if let Some(job) = queue.take() {
                return Some(job);
            }
            let waited = self.arrived.wait_timeout(queue, self.settings.idle_release);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = guard;
            if timeout.timed_out() && queue.len() == 0 {
                memory.keep_at_most(0);
            }
        }
    }
}

impl Waiting for Job {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { answer, .. } | Self::Import { answer, .. } => answer.is_closed(),
            Self::Verify { answer, .. } => answer.is_closed(),
        }
    }
}

impl Job {
    /// KiB beyond what each thread keeps.
    fn extra_kib(&self, kept: u32) -> u32 {
        match self {
            Self::Verify { stored, .. } => stored.as_ref().map_or(0, |stored| stored.extra_kib(kept)),
            Self::Hash { .. } | Self::Import { .. } => 0,
        }
    }

    fn run(self, parameters: Parameters, pace: &Pace, memory: &mut Memory) {
        // An answer nobody waits for any more is dropped.
        match self {
            Self::Hash { password, salt, answer } => {
                let _ = answer.send(phc::hash(parameters, &password, salt, memory).ok_or(Overloaded));
            }
            Self::Import { imported, salt, answer } => {
                let _ = answer.send(imported.store(parameters, salt, memory).ok_or(Overloaded));
            }
            Self::Verify { password, stored, fresh_salt, answer } => {
                let watch = Stopwatch::start();
                let verdict = verify(parameters, &password, stored.as_ref(), fresh_salt, (memory, pace));
                let _ = answer.send(verdict.map(|verdict| (verdict, watch.elapsed())).ok_or(Overloaded));
            }
        }
    }
}

/// How much further down than the rest of the process a hashing thread stands, in steps of `nice`: where processors are short, about a tenth
/// of what a thread that answers requests gets. A hash holds a processor for tens of milliseconds, and whoever only wants a key set would wait that
/// long for a turn.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Lowers the calling thread's priority. Only Linux has one for each thread; elsewhere it would be the whole process's.
#[cfg(target_os = "linux")]
fn give_way() {
    // Where this is not allowed, hashing competes as before.
    let _ = rustix::process::nice(NICE);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const CHEAP: Parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };

    fn settings() -> PoolSettings {
        PoolSettings { parameters: CHEAP, workers: 2, queue: 4, idle_release: Duration::from_mins(1) }
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    /// A pool whose only thread never starts, so that jobs stay in the queue.
    fn stalled(queue: usize) -> Pool {
        let settings = PoolSettings { queue, ..settings() };
        let (queue, arrived, meter) = (Mutex::default(), Condvar::new(), HashMeter::default());
        let shared = Arc::new(Shared { settings, queue, arrived, meter, pace: Pace::default() });
        Pool { owner: Arc::new(Owner { shared }), leaked: None, service: Arc::from("") }
    }

    #[tokio::test]
    async fn right_and_wrong_passwords_are_told_apart() {
        let pool = Pool::start(settings()).unwrap();
        let stored = pool.hash(password("correct horse"), [1; SALT_LEN]).await.unwrap();
        let verify = |text: &str, stored: Option<String>| pool.verify(password(text), stored, [2; SALT_LEN]);
        assert_eq!(verify("correct horse", Some(stored.clone())).await, Ok(Verdict::Match));
        assert_eq!(verify("correct horse ", Some(stored.clone())).await, Ok(Verdict::NoMatch));
        assert_eq!(verify("", Some(stored)).await, Ok(Verdict::NoMatch));
        assert_eq!(verify("correct horse", None).await, Ok(Verdict::NoMatch));
        assert_eq!(verify("correct horse", Some("garbage".into())).await, Ok(Verdict::NoMatch));
    }

    /// What is read of threads: nice is field 19 of `stat` (proc(5)), counted after the name, which may hold spaces.
    #[cfg(target_os = "linux")]
    fn nice(stat: &str) -> i32 {
        stat.rsplit_once(") ").unwrap().1.split(' ').nth(19 - 3).unwrap().parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_gives_way_and_requests_do_not() {
        let own = || nice(&std::fs::read_to_string("/proc/thread-self/stat").unwrap());
        let before = own();
        let pool = Pool::start(settings()).unwrap();
        pool.hash(password("x"), [1; SALT_LEN]).await.unwrap();
        let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
        let hashing: Vec<i32> = stats.filter(|stat| stat.contains("(password-")).map(|stat| nice(&stat)).collect();
        assert!(hashing.contains(&(before + NICE).min(19)), "{hashing:?}");
        assert_eq!(own(), before);
    }

    #[test]
    fn an_unknown_user_costs_as_much_as_a_known_one() {
        let stored = phc::hash(CHEAP, &password("x"), [1; SALT_LEN], &mut Memory::default()).unwrap();
        for stored in [None, Some("garbage"), Some(stored.as_str())] {
            let mut memory = Memory::default();
            let (record, pace) = (on_record(stored), Pace::default());
            let verdict = verify(CHEAP, &password("wrong"), record.as_ref(), [2; SALT_LEN], (&mut memory, &pace));
            assert_eq!((verdict, memory.kib()), (Some(Verdict::NoMatch), 64), "{stored:?}");
        }
    }

    #[tokio::test]
    async fn an_outdated_hash_is_renewed_only_for_the_right_password() {
        let old = Pool::start(settings()).unwrap();
        let stored = old.hash(password("correct horse"), [1; SALT_LEN]).await.unwrap();
        let newer = Parameters { passes: 2, ..CHEAP };
        let pool = Pool::start(PoolSettings { parameters: newer, ..settings() }).unwrap();
        let wrong = pool.verify(password("wrong horse"), Some(stored.clone()), [2; SALT_LEN]).await;
        assert_eq!(wrong, Ok(Verdict::NoMatch));
        let right = pool.verify(password("correct horse"), Some(stored), [2; SALT_LEN]).await.unwrap();
        let Verdict::MatchNeedsRehash(renewed) = right else { panic!("{right:?}") };
        assert!(renewed.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{renewed}");
        assert_eq!(pool.verify(password("correct horse"), Some(renewed), [3; SALT_LEN]).await, Ok(Verdict::Match));
    }

    #[tokio::test]
    async fn a_hash_of_another_system_is_replaced_at_the_right_sign_in() {
        let pool = Pool::start(settings()).unwrap();
        for theirs in
            ["$2b$04$5YJBOO.yUoTxRfZOQQLEMe4FFiNCaKDoNH0.jhOcjNOzZ0sB0.okG", "{SSHA}Vu3DLlGWYSIhd9C/1Laveqyx1ROr1fpf"]
        {
            let stored = pool.store(ImportedHash::read(theirs).unwrap(), [1; SALT_LEN]).await.unwrap();
            let wrong = pool.verify(password("correct horse"), Some(stored.clone()), [2; SALT_LEN]).await;
            assert_eq!(wrong, Ok(Verdict::NoMatch));
            let right = pool.verify(password("correct horse battery"), Some(stored), [2; SALT_LEN]).await.unwrap();
            let Verdict::MatchNeedsRehash(ours) = right else { panic!("{right:?}") };
            assert!(ours.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{ours}");
            assert_eq!(
                pool.verify(password("correct horse battery"), Some(ours), [3; SALT_LEN]).await,
                Ok(Verdict::Match)
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_takes_as_long_as_the_slowest_imported_hash() {
        let pool = stalled(1);
        let told_within = |ms, taken| {
            let (pool, taken) = (pool.clone(), Duration::from_millis(taken));
            async move { tokio::time::timeout(Duration::from_millis(ms), pool.even_out(taken)).await.is_ok() }
        };
        assert!(told_within(0, 0).await, "nothing was imported");
        pool.owner.shared.pace.note(("bcrypt".to_owned(), 12), Duration::from_millis(200));
        assert!(!told_within(199, 70).await, "200 ms, a quarter and 20 ms, of which 70 have passed");
        assert!(told_within(201, 70).await);
        assert!(told_within(0, 1000).await);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let pool = stalled(2);
        let waiting: Vec<_> = (0..2)
            .map(|_| {
                tokio::spawn({
                    let pool = pool.clone();
                    async move { pool.hash(password("x"), [0; SALT_LEN]).await }
                })
            })
            .collect();
        while pool.waiting() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.hash(password("y"), [0; SALT_LEN]).await, Err(Overloaded));
        assert_eq!(pool.waiting(), 2);
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn callers_that_hung_up_while_waiting_make_room() {
        let pool = stalled(1);
        let (answer, gone) = oneshot::channel();
        drop(gone);
        pool.submit(Job::Hash { password: password("x"), salt: [0; SALT_LEN], answer }).unwrap();
        let (answer, _waits) = oneshot::channel();
        pool.submit(Job::Hash { password: password("y"), salt: [0; SALT_LEN], answer }).unwrap();
        assert_eq!(pool.waiting(), 1);
    }

    #[tokio::test]
    async fn more_callers_than_threads_are_all_served() {
        let pool = Pool::start(PoolSettings { queue: 64, ..settings() }).unwrap();
        let jobs: Vec<_> = (0..32_u8)
            .map(|n| {
                tokio::spawn({
                    let pool = pool.clone();
                    async move { pool.hash(password("same"), [n; SALT_LEN]).await }
                })
            })
            .collect();
        for job in jobs {
            assert!(job.await.unwrap().is_ok());
        }
    }

    #[test]
    fn threads_end_with_the_last_clone() {
        let pool = Pool::start(settings()).unwrap();
        let shared = Arc::downgrade(&pool.owner.shared);
        drop(pool.clone());
        assert!(shared.upgrade().is_some());
        let (ended, wait) = mpsc::channel();
        drop(pool);
        thread::spawn(move || {
            while shared.strong_count() > 0 {
                thread::yield_now();
            }
            ended.send(()).unwrap();
        });
        wait.recv_timeout(Duration::from_secs(10)).expect("the threads end");
    }

    #[test]
    fn a_thread_without_work_gives_its_memory_back() {
        let shared = Arc::new(Shared {
            settings: PoolSettings { idle_release: Duration::from_millis(1), ..settings() },
            queue: Mutex::default(),
            arrived: Condvar::new(),
            meter: HashMeter::default(),
            pace: Pace::default(),
        });
        let mut memory = Memory::default();
        phc::hash(CHEAP, &password("x"), [0; SALT_LEN], &mut memory).unwrap();
        assert_eq!(memory.kib(), 64);
        thread::scope(|scope| {
            let idle = scope.spawn(|| {
                assert!(shared.next(&mut memory).is_none());
                memory.kib()
            });
            thread::sleep(Duration::from_millis(50));
            shared.lock().close();
            shared.arrived.notify_all();
            assert_eq!(idle.join().unwrap(), 0);
        });
    }

    #[test]
    fn parameters_out_of_range_do_not_start() {
        for parameters in [
            Parameters { memory_kib: 4, ..CHEAP },
            Parameters { passes: 0, ..CHEAP },
            Parameters { lanes: 0, ..CHEAP },
            Parameters { lanes: 17, memory_kib: 1024, ..CHEAP },
            Parameters { memory_kib: u32::MAX, ..CHEAP },
        ] {
            assert!(Pool::start(PoolSettings { parameters, ..settings() }).is_err(), "{parameters:?}");
        }
    }

    #[test]
    fn a_verdict_never_prints_a_hash() {
        let verdict = Verdict::MatchNeedsRehash("$argon2id$secret".into());
        assert_eq!(format!("{verdict:?}"), "MatchNeedsRehash(…)");
    }
}
