//! A deployment to measure: nodes, their data, clients registered, users in the tables.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use symbolon_jose::base64url;

use super::database::{self, Database, Shell};
use super::rows;
use super::script::{ALGORITHM, Account, Client, Front, Job, PASSWORD, SESSIONS, Step};
use crate::clock::Stopwatch;
use crate::core::setup;
use crate::load;
use crate::server::{Installation, Running};
use crate::{Failure, cpu};

/// The cheapest hash that a server accepts outside of development: signing in is not about hashing here.
pub(crate) const HASH: (u32, u32, u32) = (7 * 1024, 1, 1);

/// The user whose rows are copied.
const TEMPLATE: &str = "template@bench.example";

/// Nodes over one store.
pub(crate) struct Site<'s> {
    database: Database<'s>,
    nodes: Vec<Installation>,
    running: Vec<Running>,
    front: Arc<Front>,
    /// What is known of the users, dealt out to connections.
    accounts: Vec<Account>,
}

/// What a turn came to.
pub(crate) struct Turn {
    pub(crate) per_second: f64,
    /// Processor seconds per 1,000 requests, of all nodes together.
    pub(crate) cpu: f64,
    /// The same of the database's processes; of a file there are none.
    pub(crate) database_cpu: Option<f64>,
    /// Bytes of write-ahead log for each request, of a shared database.
    pub(crate) database_log: Option<f64>,
    /// Of each request, in milliseconds.
    pub(crate) times: Vec<f64>,
}

impl<'s> Site<'s> {
    /// Makes a deployment of so many nodes with so many users, of whom `sample` can be used. It does not run yet.
    pub(crate) fn new(database: Database<'s>, nodes: usize, users: u64, sample: u64) -> Result<Self, Failure> {
        let first = Installation::with(settings(&database))?;
        let running = first.serve()?;
        let front = Arc::new(register(&first)?);
        setup::user(&first, TEMPLATE, PASSWORD)?;
        for job in [Job::SignIn, Job::SignInForSession] {
            let none = String::new();
            let template = Account {
                email: TEMPLATE.to_owned(),
                refresh_token: none.clone(),
                cookie: none.clone(),
                session_value: none.clone(),
                access_token: none,
            };
            let client =
                Client { front: Arc::clone(&front), job, accounts: vec![template], step: Step::Begin, next: 0 };
            load::run(running.address, vec![client], Duration::ZERO)?;
        }
        drop(running);
        let accounts = rows::fill(&database.open(first.database())?, database.words(), users, sample.min(users))?;
        let mut nodes: Vec<Installation> = (1..nodes).map(|_| first.beside()).collect::<Result<_, Failure>>()?;
        nodes.insert(0, first);
        Ok(Self { database, nodes, running: Vec::new(), front, accounts })
    }

    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        self.start_with(&[])
    }

    /// The same with more settings.
    pub(crate) fn start_with(&mut self, settings: &[(&str, &str)]) -> Result<(), Failure> {
        for node in &self.nodes {
            self.running.push(node.serve_with(settings)?);
        }
        Ok(())
    }

    /// What the accounts that can be used sign in with.
    pub(crate) fn emails(&self) -> Vec<String> {
        self.accounts.iter().map(|account| account.email.clone()).collect()
    }

    /// Processor time of all nodes so far.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        self.used().map(|used| used.nodes)
    }

    /// Registers so many more clients, as copies of the app, while no node runs.
    pub(crate) fn register_clients(&self, clients: u64) -> Result<(), Failure> {
        let words = self.database.words();
        let (numbers, body) = (words.numbers(1, clients), words.client_body);
        self.shell()?.run(&format!(
            "{numbers} INSERT INTO document (kind, id, revision, body)
                SELECT d.kind, 'bulk-' || CAST(numbers.n AS TEXT), d.revision, {body}
                FROM numbers CROSS JOIN document d WHERE d.kind = 'client' AND d.id = '{}'",
            self.front.app
        ))?;
        self.shell()?.run("ANALYZE document")
    }

    /// Changes a client that is of no further use, and how long that takes with the command that does it.
    pub(crate) fn change_client(&self, number: usize) -> Result<Duration, Failure> {
        let watch = Stopwatch::start();
        self.first().run(&["client", "set", SESSIONS, "--name", &format!("change {number}")], "")?;
        Ok(watch.elapsed())
    }

    /// How long the first node took to answer, and what memory it has.
    pub(crate) fn started(&self) -> Result<(Duration, u64), Failure> {
        let node = self.running.first().ok_or("no node runs")?;
        Ok((node.started_in, cpu::memory(node.pid())?.resident))
    }

    /// Where the nodes answer.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.running.iter().map(|node| node.address).collect()
    }

    pub(crate) fn first(&self) -> &Installation {
        &self.nodes[0]
    }

    /// Statements beside the nodes.
    pub(crate) fn shell(&self) -> Result<Shell<'_>, Failure> {
        self.database.open(self.first().database())
    }

    pub(crate) fn database(&self) -> &Database<'s> {
        &self.database
    }

    /// Sends one job over so many connections to the first so many nodes.
    pub(crate) fn turn(
        &mut self,
        job: Job,
        nodes: usize,
        connections: usize,
        duration: Duration,
    ) -> Result<Turn, Failure> {
        let before = self.used()?;
        let addresses = self.addresses();
        let outcome = self.load(job, &addresses[..nodes], connections, duration);
        let outcome = outcome.map_err(|why| format!("{}: {why}", job.name()))?;
        let after = self.used()?;
        let each = |before: Duration, after: Duration| {
            after.saturating_sub(before).as_secs_f64() * 1e3 / load::count(outcome.requests)
        };
        let (cpu, database) = (each(before.nodes, after.nodes), before.database.zip(after.database));
        let database_cpu = database.map(|(before, after)| each(before.0, after.0));
        let database_log =
            database.map(|(before, after)| load::count(after.1 - before.1) / load::count(outcome.requests));
        Ok(Turn { per_second: outcome.per_second(), cpu, database_cpu, database_log, times: outcome.times })
    }

    /// The same to nodes that somebody else has started.
    pub(crate) fn load(
        &mut self,
        job: Job,
        nodes: &[SocketAddr],
        connections: usize,
        duration: Duration,
    ) -> Result<load::Outcome<()>, Failure> {
        let is_of_use = |account: &Account| job != Job::Introspect || !account.access_token.is_empty();
        let (accounts, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.accounts).into_iter().partition(is_of_use);
        if accounts.len() < connections {
            return Err("too few accounts for this many connections".into());
        }
        self.accounts = others;
        let share = accounts.len() / connections;
        let mut accounts = accounts.into_iter();
        let mut clients = Vec::new();
        for _ in 0..connections {
            let accounts: Vec<Account> = accounts.by_ref().take(share).collect();
            clients.push(Client { front: Arc::clone(&self.front), job, accounts, step: Step::Begin, next: 0 });
        }
        self.accounts.extend(accounts);
        let load::Outcome { requests, elapsed, scripts, times } = load::run_over(nodes, clients, duration)?;
        for Client { mut accounts, next, .. } in scripts {
            // The next turn goes on with those who have waited longest.
            let turned = next % accounts.len();
            accounts.rotate_left(turned);
            self.accounts.append(&mut accounts);
        }
        Ok(load::Outcome { requests, elapsed, scripts: Vec::new(), times })
    }

    /// Processor time so far, of the nodes and of the database.
    fn used(&self) -> Result<Used, Failure> {
        let mut nodes = Duration::ZERO;
        for node in &self.running {
            nodes += cpu::used(node.pid())?;
        }
        let database = match &self.database {
            Database::File => None,
            Database::Shared { server, name } => {
                let log = Shell::Shared(server, name).number("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")?;
                Some((cpu::used_by_all(database::pid(server)?)?, log))
            }
        };
        Ok(Used { nodes, database })
    }
}

/// What has been used so far.
struct Used {
    /// Processor time of all nodes.
    nodes: Duration,
    /// Of a shared database, processor time and bytes of its log.
    database: Option<(Duration, u64)>,
}

/// Of data that lives for minutes.
pub(crate) fn master_key() -> String {
    base64url::encode(&[7; 32])
}

/// What all nodes are told.
pub(crate) fn settings(database: &Database<'_>) -> Vec<(String, String)> {
    let (memory_kib, passes, _) = HASH;
    let mut settings = vec![
        ("SYMBOLON_MASTER_KEY".to_owned(), master_key()),
        ("SYMBOLON_PASSWORD__MEMORY".to_owned(), format!("{memory_kib}KiB")),
        ("SYMBOLON_PASSWORD__PASSES".to_owned(), passes.to_string()),
    ];
    settings.extend(database.url().map(|url| ("SYMBOLON_STORE__URL".to_owned(), url)));
    settings
}

/// An API, an app that is given tokens, one that is given session values, and a machine.
fn register(installation: &Installation) -> Result<Front, Failure> {
    let app = setup::app(installation, ALGORITHM)?;
    let machine = setup::machine(installation, ALGORITHM)?;
    let audience = setup::audience(ALGORITHM);
    let api = format!("{audience}=read:bench");
    let arguments = ["client", "add", "--spa", "--id", SESSIONS, "--name", SESSIONS, "--api", &api];
    let more = ["--password-sign-in", "--redirect", "http://localhost:9/", "--access-token-format", "session"];
    installation.run(&[&arguments[..], &more[..]].concat(), "")?;
    installation.run(&["api", "set", &audience, "--token-lifetime", "1h"], "")?;
    let answer = installation.run(&["api", "secret", "rotate", &audience], "")?;
    let api_secret = answer["api_secret"].as_str().ok_or("the API has no secret")?.to_owned();
    let (issuer, host, port) = (installation.issuer(), installation.host(), installation.issuer_port());
    Ok(Front { issuer, host, port, app, machine, api_secret })
}
