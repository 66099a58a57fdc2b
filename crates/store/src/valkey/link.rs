//! One connection to Valkey, from the first word to the first failure, and the task that makes the next one.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, RedisResult};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Options;
use crate::record::ThrottleKey;

const BEGIN: &str = include_str!("begin.lua");
const FORGIVE: &str = include_str!("forgive.lua");

/// Looked for in the background, so it may take longer than an answer.
const CONNECT: Duration = Duration::from_secs(1);
/// Between two looks, doubled up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A connection that has proved that it counts.
pub(super) struct Link {
    connection: MultiplexedConnection,
    patience: Duration,
    begin: String,
    forgive: String,
}

impl Link {
    /// Connects, brings the scripts and counts once on a key of its own: a replica, or a server that is loading or out of memory, does not pass.
    pub(super) async fn make(client: &Client, options: &Options) -> Result<Self, String> {
        let link = timeout(CONNECT, Self::connect(client, options.patience)).await;
        let link = link.map_err(|_| "it does not answer".to_owned())?.map_err(|error| error.to_string())?;
        let free = u32::MAX;
        let key = ThrottleKey { key: "probe".into(), free, base_delay_secs: 1, max_delay_secs: 1, window_secs: 60 };
        link.ask(&link.begin(&options.prefix, &[key], 0)).await?;
        Ok(link)
    }

    async fn connect(client: &Client, patience: Duration) -> RedisResult<Self> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut load = redis::pipe();
        load.cmd("SCRIPT").arg("LOAD").arg(BEGIN).cmd("SCRIPT").arg("LOAD").arg(FORGIVE);
        let (begin, forgive) = load.query_async(&mut connection).await?;
        Ok(Self { connection, patience, begin, forgive })
    }

    pub(super) fn begin(&self, prefix: &str, keys: &[ThrottleKey], now: u64) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.begin).arg(keys.len());
        for key in keys {
            command.arg(format!("{prefix}{}", key.key));
        }
        command.arg(now);
        for key in keys {
            command.arg(key.free).arg(key.base_delay_secs).arg(key.max_delay_secs).arg(key.window_secs);
        }
        command
    }

    pub(super) fn forgive(&self, prefix: &str, forget: &[String], give_back: &[String]) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.forgive).arg(forget.len() + give_back.len());
        for key in forget.iter().chain(give_back) {
            command.arg(format!("{prefix}{key}"));
        }
        command.arg(forget.len());
        command
    }

    /// What a script answers, if it does in time.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<u64, String> {
        let mut connection = self.connection.clone();
        let answer = timeout(self.patience, command.query_async(&mut connection)).await;
        answer.map_err(|_| "it does not answer in time".to_owned())?.map_err(|error| error.to_string())
    }
}

/// The link of the moment, if there is one.
#[derive(Clone)]
pub(super) struct Lease(pub(super) watch::Sender<Option<Arc<Link>>>);

impl Lease {
    /// Gives a link up that has failed, unless somebody did already.
    pub(super) fn end(&self, failed: &Arc<Link>, why: &str) {
        let ended = self.0.send_if_modified(|link| {
            let is_it = link.as_ref().is_some_and(|link| Arc::ptr_eq(link, failed));
            if is_it {
                *link = None;
            }
            is_it
        });
        if ended {
            warn(why);
        }
    }
}

pub(super) fn warn(why: &str) {
    tracing::warn!(why, "Valkey is away; the store counts failed attempts until it is back");
}

/// Makes a new link whenever there is none, for as long as it is run.
pub(super) async fn keep(client: Client, options: Options, lease: Lease) {
    let mut links = lease.0.subscribe();
    let mut pause = SHORTEST_PAUSE;
    loop {
        // One that fails again and again is not looked for, and told about, all the time.
        if timeout(LONGEST_PAUSE, links.wait_for(Option::is_none)).await.is_err() {
            pause = SHORTEST_PAUSE;
        }
        if links.wait_for(Option::is_none).await.is_err() {
            return;
        }
        let link = loop {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match Link::make(&client, &options).await {
                Ok(link) => break link,
                Err(why) => tracing::debug!(why, "Valkey is still away"),
            }
        };
        tracing::info!("Valkey counts failed attempts again");
        lease.0.send_replace(Some(Arc::new(link)));
    }
}
