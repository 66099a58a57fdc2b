//! What a node counts and measures, for Prometheus: one place that holds every name.
//!
//! Labels come from closed sets only: matched routes, the table of grants, error codes, names of ours. Nothing that a caller
//! writes becomes a label, and no client, user or address does. Counting costs a look-up and an atomic addition.

mod labels;
mod process;
pub(crate) mod scrape;
mod seconds;

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry, Unit};

pub(crate) use labels::{
    Active, DeliveryFate, Grant, Limit, MailFate, Op, Outcome, Reason, Request, RevokedKind, Route, RouteOnly, SignIn,
    SignUp, TokenRequest, TokensIssued, Verdict, method,
};
pub use seconds::Seconds;

/// The counters of a node, and the registry that names them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// When the node started, Unix seconds.
    started_at: u64,
    pub(crate) authorizations: Family<Outcome, Counter>,
    /// When the last scheduled backup was made, Unix seconds; 0 while none is known.
    pub(crate) backup_made_at: AtomicU64,
    pub(crate) connections_turned_away: Counter,
    pub(crate) db: Family<Op, Seconds>,
    pub(crate) db_write_queue: Gauge,
    pub(crate) deliveries: Family<DeliveryFate, Counter>,
    pub(crate) http_duration: Family<RouteOnly, Seconds>,
    pub(crate) http_requests: Family<Request, Counter>,
    pub(crate) introspections: Family<Active, Counter>,
    pub(crate) login_duration: Seconds,
    pub(crate) logins: Family<SignIn, Counter>,
    pub(crate) mail: Family<MailFate, Counter>,
    pub(crate) panics: Counter,
    pub(crate) rate_limited: Family<Limit, Counter>,
    pub(crate) refresh_reuse: Family<Verdict, Counter>,
    pub(crate) revocations: Family<RevokedKind, Counter>,
    pub(crate) sessions_active: Gauge,
    pub(crate) sessions_ended: Family<Reason, Counter>,
    pub(crate) sign_ups: Family<SignUp, Counter>,
    pub(crate) token_requests: Family<TokenRequest, Counter>,
    pub(crate) tokens_issued: Family<TokensIssued, Counter>,
}

/// What the password pool counts, for the registry.
#[derive(Clone, Debug, Default)]
pub struct HashMeter {
    /// Time on a thread of the pool, without the time in the queue.
    pub(crate) seconds: Seconds,
    /// Refused because the queue was full.
    pub(crate) shed: Counter,
}

/// Registers metrics under the common prefix.
struct Names<'r>(&'r mut Registry);

impl Names<'_> {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn time<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register_with_unit(name, help, Unit::Seconds, metric.clone());
        metric
    }
}

impl Metrics {
    /// Everything at nought.
    pub fn new(hashing: &HashMeter, started_at: u64) -> Self {
        let mut registry = Registry::default();
        let mut names = Names(registry.sub_registry_with_prefix("symbolon"));
        names.time("password_hash", "Time to compute one password hash, without waiting", hashing.seconds.clone());
        names.add(
            "password_hash_shed",
            "Sign-ins refused because too many passwords were waiting",
            hashing.shed.clone(),
        );
        let rate_limited = Family::<Limit, Counter>::default();
        let connections_turned_away = rate_limited.get_or_create_owned(&Limit { limit: "connections" });
        Self {
            authorizations: names.add("authorizations", "Answers to authorization requests", Family::default()),
            backup_made_at: AtomicU64::new(0),
            connections_turned_away,
            db: names.time("db", "Time an operation of the store takes, with waiting", Family::default()),
            db_write_queue: names.add("db_write_queue", "Changes that wait for the store", Gauge::default()),
            deliveries: names.add("deliveries", "Attempts to deliver messages to others", Family::default()),
            http_duration: names.time("http_request_duration", "Time from head to answer", Family::default()),
            http_requests: names.add("http_requests", "Requests answered", Family::default()),
            introspections: names.add("introspections", "Tokens introspected", Family::default()),
            login_duration: names.time("login_duration", "Time to judge a name and a password", Seconds::default()),
            logins: names.add("logins", "Attempts to sign in", Family::default()),
            mail: names.add("mail", "Attempts to send letters", Family::default()),
            panics: names.add(
                "panics",
                "Requests that ended in a panic; each is a fault of the program",
                Counter::default(),
            ),
            rate_limited: names.add("rate_limited", "What was turned away by a limit", rate_limited),
            refresh_reuse: names.add("refresh_reuse", "Refresh tokens used again", Family::default()),
            revocations: names.add("revocations", "What this node has revoked", Family::default()),
            sessions_active: names.add("sessions_active", "Live sessions in the store, of all nodes", Gauge::default()),
            sessions_ended: names.add("sessions_ended", "Sessions this node has ended", Family::default()),
            sign_ups: names.add("sign_up", "What became of wishes for an account", Family::default()),
            token_requests: names.add("token_requests", "Requests to the token endpoint", Family::default()),
            tokens_issued: names.add("tokens_issued", "Tokens issued", Family::default()),
            started_at,
            registry,
        }
    }

    /// Counts what a limit turned away.
    pub(crate) fn limited(&self, limit: &'static str) {
        self.rate_limited.get_or_create(&Limit { limit }).inc();
    }

    /// Counts a judged attempt to sign in.
    pub(crate) fn signed_in(&self, outcome: &'static str, reason: &'static str) {
        self.signed_in_by("password", outcome, reason);
    }

    /// The same of another way.
    pub(crate) fn signed_in_by(&self, method: &'static str, outcome: &'static str, reason: &'static str) {
        self.logins.get_or_create(&SignIn { method, outcome, reason }).inc();
    }

    /// Counts what became of a wish for an account.
    pub(crate) fn sign_up(&self, outcome: &'static str) {
        self.sign_ups.get_or_create(&SignUp { outcome }).inc();
    }

    /// Counts issued tokens of one kind.
    pub(crate) fn issued(&self, grant: &'static str, kind: &'static str) {
        self.tokens_issued.get_or_create(&TokensIssued { grant, kind }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_fall_into_the_bucket_that_ends_with_them() {
        let metrics = Metrics::new(&HashMeter::default(), 0);
        for micros in [100, 101, 20_000_000] {
            metrics.login_duration.observe(Duration::from_micros(micros));
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &metrics.registry).unwrap();
        for line in [
            "symbolon_login_duration_seconds_bucket{le=\"0.0001\"} 1",
            "symbolon_login_duration_seconds_bucket{le=\"0.00025\"} 2",
            "symbolon_login_duration_seconds_bucket{le=\"10.0\"} 2",
            "symbolon_login_duration_seconds_bucket{le=\"+Inf\"} 3",
            "symbolon_login_duration_seconds_count 3",
            "symbolon_login_duration_seconds_sum 20.000201",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in {text}");
        }
    }
}
