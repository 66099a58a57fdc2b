//! One log, two guards, and everything that can come between: a history made by chance, under a clock that is a number.
//!
//! After each step every living token is shown to both guards. What was revoked and acknowledged is refused by whoever has heard of
//! it, and by the guard that refuses when it knows too little no later than the limit allows, whatever was cut, held back or said
//! again. What was not revoked is never called revoked. Refused once is refused as long as the guard lives.

use std::{
    collections::HashSet,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use proptest::prelude::*;
use symbolon_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, VerifyingKeys};
use symbolon_revocation::{Entry, Event, Fingerprint, IdKind, Kind, RuleKind, Snapshot, SnapshotToSign, snapshot};

use super::{
    Options, Revocation, Watch, WhenStale, Word,
    knowledge::{Heard, Now},
};
use crate::{
    claims::{Audience, Claims},
    clock::Clock,
    seen::Proven,
};

const ISSUER: &str = "https://id.example";
const API: &str = "https://api.example";
const BEGIN: u64 = 1_800_000_000;
/// How old knowledge may be.
const LIMIT: u64 = 30;
/// How far a guard's clock may be off.
const SKEW: u64 = 3;
/// A token's life, and how much longer a guard accepts it.
const LIFE: u64 = 90;
const LEEWAY: u64 = 30;
/// How many missed entries the issuer tells one by one.
const CATCH_UP: u64 = 3;

static KEY: LazyLock<(SigningKey, VerifyingKeys)> = LazyLock::new(|| {
    let jwk = Jwk::generate(Algorithm::EdDSA).unwrap();
    let verifying = VerifyingKey::from_jwk(&jwk, Algorithm::EdDSA).unwrap();
    (SigningKey::from_jwk(&jwk, Algorithm::EdDSA).unwrap(), VerifyingKeys::single(verifying))
});

/// A step. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    SignIn {
        user: usize,
    },
    /// Another token of a session.
    Refresh(usize),
    RevokeToken(usize),
    EndSession(usize),
    /// All tokens of a user.
    RenewHandle {
        user: usize,
    },
    RevokeClient,
    /// The issuer tells those who follow what is new, or that nothing is.
    Publish,
    Pass(u64),
    /// The issuer drops what nobody needs any more.
    Sweep,
    Cut(usize),
    Heal(usize),
    /// The guard loses its memory.
    Restart(usize),
    /// The guard drops what is due.
    Forget(usize),
    /// Somebody in between delivers an event that was said at any time, to a guard that is cut off or not.
    Replay {
        guard: usize,
        word: usize,
    },
    ReplaySnapshot {
        guard: usize,
        word: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let any = || 0_usize..1000;
    prop_oneof![
        3 => (0_usize..2).prop_map(|user| Step::SignIn { user }),
        3 => any().prop_map(Step::Refresh),
        4 => any().prop_map(Step::RevokeToken),
        1 => any().prop_map(Step::EndSession),
        1 => (0_usize..2).prop_map(|user| Step::RenewHandle { user }),
        1 => Just(Step::RevokeClient),
        4 => Just(Step::Publish),
        6 => (1_u64..12).prop_map(Step::Pass),
        1 => (20_u64..200).prop_map(Step::Pass),
        1 => Just(Step::Sweep),
        2 => (0_usize..2).prop_map(Step::Cut),
        3 => (0_usize..2).prop_map(Step::Heal),
        1 => (0_usize..2).prop_map(Step::Restart),
        1 => (0_usize..2).prop_map(Step::Forget),
        4 => (0_usize..2, any()).prop_map(|(guard, word)| Step::Replay { guard, word }),
        2 => (0_usize..2, any()).prop_map(|(guard, word)| Step::ReplaySnapshot { guard, word }),
    ]
}

#[derive(Debug, Default)]
struct TurnedClock {
    unix: AtomicU64,
    steady: AtomicU64,
}

impl Clock for TurnedClock {
    fn unix_now(&self) -> u64 {
        self.unix.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.steady.load(Ordering::Relaxed))
    }
}

struct Token {
    claims: Claims,
    session: usize,
    user: usize,
    /// When, and the number of the entry.
    revoked: Option<(u64, u64)>,
}

struct Guarded {
    clock: Arc<TurnedClock>,
    skew: i64,
    choice: WhenStale,
    connected: bool,
    watch: Watch,
    /// Seen before, in this life.
    seen: Vec<Option<Proven>>,
    /// Called revoked, in this life.
    refused: HashSet<usize>,
}

struct World {
    now: u64,
    log: Vec<Entry>,
    /// Entries up to this number are gone from the log.
    swept: u64,
    /// Told to whoever follows.
    published: u64,
    tokens: Vec<Token>,
    /// The user of each session, and whether it has ended.
    sessions: Vec<(usize, bool)>,
    handles: [u64; 2],
    /// When the client's tokens were revoked last, and the number of the entry.
    client_revoked: Option<(u64, u64)>,
    events: Vec<Event>,
    snapshots: Vec<Vec<u8>>,
    guards: [Guarded; 2],
}

impl Guarded {
    fn new(skew: i64, choice: WhenStale, now: u64) -> Self {
        let clock = Arc::new(TurnedClock::default());
        let watch = new_watch(choice, &clock);
        let mut guard = Self { clock, skew, choice, connected: true, watch, seen: Vec::new(), refused: HashSet::new() };
        guard.tell_time(now);
        guard
    }

    fn tell_time(&mut self, now: u64) {
        self.clock.unix.store(now.saturating_add_signed(self.skew), Ordering::Relaxed);
        self.clock.steady.store(now - BEGIN, Ordering::Relaxed);
    }

    fn now(&self) -> Now {
        self.watch.now()
    }

    /// What the guard says of a token, as it would to a request.
    fn word(&mut self, number: usize, claims: &Claims) -> Word {
        self.watch.assess();
        self.seen.resize_with(self.seen.len().max(number + 1), || None);
        let proven = self.seen[number].get_or_insert_with(|| Proven::new(claims.clone()));
        self.watch.word(proven, self.clock.unix_now())
    }

    fn knows_up_to(&self) -> u64 {
        self.watch.knowledge.position().map_or(0, |position| position.seq)
    }
}

fn new_watch(choice: WhenStale, clock: &Arc<TurnedClock>) -> Watch {
    let options = Options {
        mode: Revocation::Required,
        max_staleness: Duration::from_secs(LIMIT),
        when_stale: choice,
        credentials: None,
    };
    Watch::new(options, API, Arc::clone(clock) as Arc<dyn Clock>)
}

impl World {
    fn new(skews: [i64; 2]) -> Self {
        let [first, second] = skews;
        let guards = [Guarded::new(first, WhenStale::Refuse, BEGIN), Guarded::new(second, WhenStale::Accept, BEGIN)];
        Self {
            now: BEGIN,
            log: Vec::new(),
            swept: 0,
            published: 0,
            tokens: Vec::new(),
            sessions: Vec::new(),
            handles: [0, 1],
            client_revoked: None,
            events: Vec::new(),
            snapshots: Vec::new(),
            guards,
        }
    }

    fn head(&self) -> u64 {
        self.log.len() as u64
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::SignIn { user } => {
                self.sessions.push((user, false));
                self.issue(self.sessions.len() - 1);
            }
            Step::Refresh(session) => {
                if let Some(session) = chosen(&self.sessions, session)
                    && !self.sessions[session].1
                {
                    self.issue(session);
                }
            }
            Step::RevokeToken(token) => {
                if let Some(token) = chosen(&self.tokens, token) {
                    let id = self.tokens[token].claims.jti.clone().unwrap();
                    self.revoke(IdKind::Jti, &id, |number, _| number == token);
                }
            }
            Step::EndSession(session) => {
                if let Some(session) = chosen(&self.sessions, session) {
                    self.sessions[session].1 = true;
                    self.revoke(IdKind::Sid, &format!("s{session}"), |_, token| token.session == session);
                }
            }
            Step::RenewHandle { user } => {
                let handle = format!("h{}", self.handles[user]);
                self.handles[user] += 2;
                self.revoke(IdKind::Handle, &handle, |_, token| token.user == user);
            }
            Step::RevokeClient => {
                self.revoke(RuleKind::Client, "c", |_, _| true);
                self.client_revoked = Some((self.now, self.head()));
            }
            Step::Publish => self.publish(),
            Step::Pass(secs) => {
                self.now += secs;
                let now = self.now;
                self.guards.iter_mut().for_each(|guard| guard.tell_time(now));
            }
            Step::Sweep => {
                // In the order of their numbers, as far as it goes.
                while self.swept < self.published && self.entry(self.swept).forget_at <= self.now {
                    self.swept += 1;
                }
            }
            Step::Cut(guard) => self.guards[guard].connected = false,
            Step::Heal(guard) => {
                self.guards[guard].connected = true;
                self.catch_up(guard);
            }
            Step::Restart(guard) => {
                let it = &mut self.guards[guard];
                (it.watch, it.seen, it.refused) = (new_watch(it.choice, &it.clock), Vec::new(), HashSet::new());
            }
            Step::Forget(guard) => {
                let guard = &self.guards[guard];
                while !guard.watch.knowledge.forget(guard.now()) {}
            }
            Step::Replay { guard, word } => {
                if let Some(word) = chosen(&self.events, word) {
                    self.hear(guard, &self.events[word].clone());
                }
            }
            Step::ReplaySnapshot { guard, word } => {
                if let Some(word) = chosen(&self.snapshots, word) {
                    self.take_snapshot(guard, &self.snapshots[word].clone());
                }
            }
        }
    }

    fn issue(&mut self, session: usize) {
        let (user, number) = (self.sessions[session].0, self.tokens.len());
        let claims = Claims {
            iss: ISSUER.into(),
            aud: Audience::One(API.into()),
            exp: self.now + LIFE,
            iat: Some(self.now),
            jti: Some(format!("t{number}")),
            sid: Some(format!("s{session}")),
            rh: Some(format!("h{}", self.handles[user])),
            client_id: Some("c".into()),
            ..Claims::default()
        };
        // A rule holds for the whole second.
        let revoked = self.client_revoked.filter(|(at, _)| *at == self.now);
        self.tokens.push(Token { claims, session, user, revoked });
    }

    /// Revokes, and has it acknowledged.
    fn revoke(&mut self, kind: impl Into<Kind>, id: &str, concerns: impl Fn(usize, &Token) -> bool) {
        let kind = kind.into();
        let forget_at = self.now + LIFE + 300;
        self.log.push(Entry::new(kind, Fingerprint::of(kind, id), self.now, forget_at));
        let revoked = (self.now, self.head());
        for (number, token) in self.tokens.iter_mut().enumerate() {
            if concerns(number, token) {
                token.revoked.get_or_insert(revoked);
            }
        }
    }

    fn entry(&self, index: u64) -> Entry {
        self.log[usize::try_from(index).unwrap()]
    }

    /// What the issuer says of the entries after `after`.
    fn event(&self, after: u64) -> Event {
        let entries = (after..self.head()).map(|index| self.entry(index)).collect();
        Event { iat: self.now, epoch: "E".into(), after, seq: self.head(), entries, unknown: 0 }
    }

    fn publish(&mut self) {
        let event = self.event(self.published);
        self.published = self.head();
        self.events.push(event.clone());
        for guard in 0..2 {
            if self.guards[guard].connected && self.hear(guard, &event) == Heard::Hole {
                self.snapshot_for(guard);
            }
        }
    }

    /// A guard that comes back says where it is.
    fn catch_up(&mut self, guard: usize) {
        let position = self.guards[guard].watch.knowledge.position();
        match position {
            Some(known) if known.seq >= self.swept && self.head() - known.seq <= CATCH_UP => {
                let event = self.event(known.seq);
                self.events.push(event.clone());
                assert_ne!(self.hear(guard, &event), Heard::Hole, "it follows on");
            }
            _ => self.snapshot_for(guard),
        }
    }

    fn snapshot_for(&mut self, guard: usize) {
        let head = SnapshotToSign { iss: ISSUER, iat: self.now, epoch: "E", seq: self.head() };
        let kept = (self.swept..self.head()).map(|index| self.entry(index)).filter(|entry| entry.forget_at > self.now);
        let bytes = snapshot::encode(&KEY.0, &head, kept).unwrap();
        self.snapshots.push(bytes.clone());
        assert_eq!(self.take_snapshot(guard, &bytes), Heard::Known, "there is none newer");
    }

    fn hear(&self, guard: usize, event: &Event) -> Heard {
        let guard = &self.guards[guard];
        let heard = guard.watch.knowledge.hear(event, guard.now());
        guard.watch.assess();
        heard
    }

    fn take_snapshot(&self, guard: usize, bytes: &[u8]) -> Heard {
        let guard = &self.guards[guard];
        let snapshot = Snapshot::verify(bytes, &KEY.1, ISSUER, guard.clock.unix_now()).unwrap();
        let heard = guard.watch.knowledge.take(&snapshot, guard.now());
        guard.watch.assess();
        heard
    }

    /// Shows every living token to both guards.
    fn check(&mut self) {
        for guard in &mut self.guards {
            let (known, staleness) = (guard.knows_up_to(), guard.watch.knowledge.staleness(guard.now()));
            let is_fresh = staleness.is_some_and(|it| it.as_secs() <= LIMIT);
            for (number, token) in self.tokens.iter().enumerate() {
                if guard.clock.unix_now() >= token.claims.exp + LEEWAY {
                    continue;
                }
                let word = guard.word(number, &token.claims);
                let told = format!("{word:?} of token {number}, revoked {:?}, at {}", token.revoked, self.now);
                match (word, token.revoked) {
                    (Word::Revoked(_), None) => panic!("refused without cause: {told}"),
                    (Word::Revoked(_), Some(_)) => {
                        guard.refused.insert(number);
                    }
                    (Word::Good, Some((at, entry))) => {
                        assert!(!guard.refused.contains(&number), "accepted after it was refused: {told}");
                        assert!(known < entry, "accepted although it is known: {told}");
                        let too_late = self.now - at > LIMIT + SKEW;
                        assert!(guard.choice == WhenStale::Accept || !too_late, "accepted for too long: {told}");
                    }
                    (Word::Unavailable, revoked) => {
                        assert_eq!(guard.choice, WhenStale::Refuse, "{told}");
                        assert!(!is_fresh, "unavailable although fresh: {told}");
                        assert!(
                            revoked.is_none_or(|(_, entry)| known < entry),
                            "known, and called something else: {told}"
                        );
                    }
                    (Word::Good, None) => assert!(is_fresh || guard.choice == WhenStale::Accept, "{told}"),
                    (Word::Ask, _) => panic!("nobody chose to ask"),
                }
            }
        }
    }
}

/// One of those there are, if there are any.
fn chosen<T>(among: &[T], number: usize) -> Option<usize> {
    (!among.is_empty()).then(|| number % among.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_what_was_revoked_is_refused_and_nothing_else(
        steps in proptest::collection::vec(step(), 1..150),
        skews in [-3_i64..=3, -3_i64..=3],
    ) {
        let mut world = World::new(skews);
        for step in &steps {
            world.take(step);
            world.check();
        }
        // In the end both can be reached again: nobody is refused who was not revoked, and all who were are.
        for guard in 0..2 {
            world.take(&Step::Heal(guard));
        }
        world.check();
        for guard in &mut world.guards {
            for (number, token) in world.tokens.iter().enumerate() {
                if guard.clock.unix_now() < token.claims.exp + LEEWAY {
                    let word = guard.word(number, &token.claims);
                    prop_assert_eq!(matches!(word, Word::Revoked(_)), token.revoked.is_some());
                    prop_assert!(word != Word::Unavailable);
                }
            }
        }
    }
}
