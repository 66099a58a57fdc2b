//! The open connections of a guard, and the one task that sees to it that none outlives its token.
//!
//! The task looks at all of them when the issuer's feed has brought something, and once a second for what has expired by the guard's clock: a
//! few comparisons for each, and nobody else is woken. What seems to count no longer is judged like a token of a request; only that verdict
//! ends a connection.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore, watch},
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::message::Ending;
use crate::{
    caller::{Authentication, Caller},
    error::Rejection,
    guard::Guard,
    judge::{Look, Standing},
    scope::Requirement,
    seen::Proven,
};

/// How often expiry is looked at.
const TICK: Duration = Duration::from_secs(1);
/// How many tokens are asked about at a time, where the issuer has to be asked.
const MAX_QUESTIONS: usize = 32;
/// How long its answer holds for an open connection, in seconds.
const ANSWER_SECS: u64 = 30;

/// What holds for a connection now.
#[derive(Debug, Clone)]
pub(super) enum Life {
    Open(Caller),
    Over(Ending),
}

impl Life {
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Over(_))
    }
}

/// The connections of one guard.
pub(crate) struct Open {
    state: Mutex<State>,
    /// Connections that have not shown a token yet take one of these.
    pub(super) unknown: Arc<Semaphore>,
    questions: Arc<Semaphore>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    entries: HashMap<u64, Entry>,
    next: u64,
    watching: Option<JoinHandle<()>>,
}

struct Entry {
    token: Arc<str>,
    proven: Arc<Proven>,
    requirements: Arc<[Requirement]>,
    life: watch::Sender<Life>,
    /// It is being asked about.
    asked: bool,
    /// Before this second the issuer is not asked again.
    ask_from: u64,
}

/// A connection's place among the open ones, which it gives up when dropped.
pub(super) struct Ticket {
    id: u64,
    open: Arc<Open>,
    pub(super) life: watch::Receiver<Life>,
}

impl Open {
    /// For connections of which so many may be unknown.
    pub(crate) fn new(unknown: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            unknown: Arc::new(Semaphore::new(unknown.min(Semaphore::MAX_PERMITS))),
            questions: Arc::new(Semaphore::new(MAX_QUESTIONS)),
            wake: Notify::new(),
        })
    }

    /// How many connections there are.
    pub(crate) fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Takes in a connection whose token was judged good.
    pub(super) fn enter(
        self: &Arc<Self>,
        guard: &Guard,
        (token, proven): (Arc<str>, Arc<Proven>),
        requirements: Arc<[Requirement]>,
    ) -> Ticket {
        let (life, receiver) = watch::channel(Life::Open(Caller::new(Arc::clone(&proven))));
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        state.entries.insert(id, Entry { token, proven, requirements, life, asked: false, ask_from: 0 });
        // It ends when there is no connection any more, or with the runtime it was begun on.
        if state.watching.as_ref().is_none_or(JoinHandle::is_finished)
            && let Ok(runtime) = Handle::try_current()
        {
            state.watching = Some(runtime.spawn(watch_over(Arc::clone(self), guard.clone())));
        }
        drop(state);
        // What was heard between the verdict and now was heard without this connection.
        self.wake.notify_one();
        Ticket { id, open: Arc::clone(self), life: receiver }
    }

    /// The connections whose tokens seem not to count; `None` if there are no connections, and whoever asks is done.
    fn doubtful(&self, guard: &Guard) -> Option<Vec<(u64, Arc<str>)>> {
        let (judge, now) = (guard.judge(), guard.judge().second());
        let mut state = self.state();
        if state.entries.is_empty() {
            state.watching = None;
            return None;
        }
        let mut found = Vec::new();
        for (id, entry) in state.entries.iter_mut().filter(|(_, entry)| !entry.asked) {
            let in_doubt = match judge.standing(&entry.token, &entry.proven, now) {
                Standing::Good => false,
                Standing::Unknown => entry.ask_from <= now,
                Standing::Gone => true,
            };
            if in_doubt {
                entry.asked = true;
                entry.ask_from = now.saturating_add(ANSWER_SECS);
                found.push((*id, Arc::clone(&entry.token)));
            }
        }
        Some(found)
    }

    /// Takes up the verdict on a connection's token, unless it has shown another one since.
    fn settle(&self, guard: &Guard, (id, token): (u64, &Arc<str>), verdict: Result<Arc<Proven>, Rejection>) {
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(&id).filter(|entry| Arc::ptr_eq(&entry.token, token)) else { return };
        entry.asked = false;
        let verdict = verdict.and_then(|proven| {
            // A session may go on with other roles.
            let authentication = Authentication::of(guard.clone(), Arc::clone(&proven));
            entry.requirements.iter().try_for_each(|needed| authentication.require(needed)).map(|()| proven)
        });
        let life = match verdict {
            Ok(proven) => {
                entry.proven = Arc::clone(&proven);
                Life::Open(Caller::new(proven))
            }
            Err(rejection) => {
                let ending = Ending::of(&rejection);
                let told = entry.life.send_replace(Life::Over(ending));
                state.entries.remove(&id);
                drop(state);
                if !told.is_over() {
                    guard.note(&rejection);
                }
                return;
            }
        };
        entry.life.send_replace(life);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole at every step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Goes on with another token of the same subject, which was judged good.
    pub(super) fn renew(&self, token: Arc<str>, proven: Arc<Proven>) {
        let mut state = self.open.state();
        // Ended in this very moment: it stays so.
        let Some(entry) = state.entries.get_mut(&self.id) else { return };
        entry.life.send_replace(Life::Open(Caller::new(Arc::clone(&proven))));
        (entry.token, entry.proven, entry.asked, entry.ask_from) = (token, proven, false, 0);
        drop(state);
        self.open.wake.notify_one();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.open.state().entries.remove(&self.id);
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").field("connections", &self.len()).finish_non_exhaustive()
    }
}

/// Until there is no connection any more.
async fn watch_over(open: Arc<Open>, guard: Guard) {
    let mut news = guard.judge().watch.news();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = open.wake.notified() => {}
            // The sender is the guard's, which we hold.
            _ = news.changed() => {}
        }
        let Some(doubtful) = open.doubtful(&guard) else { return };
        for (id, token) in doubtful {
            match guard.judge().look(&token) {
                Look::Good(proven) => open.settle(&guard, (id, &token), Ok(proven)),
                Look::Refused(rejection) => open.settle(&guard, (id, &token), Err(rejection)),
                Look::Wait => drop(tokio::spawn(ask(Arc::clone(&open), guard.clone(), id, token))),
            }
        }
    }
}

/// Asks the issuer, in turn.
async fn ask(open: Arc<Open>, guard: Guard, id: u64, token: Arc<str>) {
    // Never closed.
    let _permit = open.questions.acquire().await;
    let verdict = guard.judge().verify(&token).await;
    open.settle(&guard, (id, &token), verdict);
}
