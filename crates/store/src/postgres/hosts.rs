//! Which of several hosts to connect to: the first that answers as is wanted, asked one shortly after the other.
//!
//! A machine that is gone does not even refuse, and a process that hangs accepts without ever answering. The driver would spend all its time on such a host and never
//! come to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, Connection, Error, Socket};

use super::connect::Target;
use super::tls::Encrypted;

/// By how much a host is asked before the next.
const HEAD_START: Duration = Duration::from_millis(250);

/// The host that answered last, by its place in the URL; it is asked first.
#[derive(Clone, Default)]
pub(super) struct KnownGood(Arc<AtomicUsize>);

/// A client, and what carries its messages.
pub(super) type Connected = (Client, Connection<Socket, Encrypted<Socket>>);

impl Target {
    /// Connects to one of the hosts.
    pub(super) async fn connect(&self) -> Result<Connected, Error> {
        let Some(hosts) = each_host(&self.config) else { return self.config.connect(self.tls.clone()).await };
        let (count, first) = (hosts.len(), self.known_good.0.load(Ordering::Relaxed));
        let attempt = |turn: usize| {
            let place = (first + turn) % count;
            let (host, tls) = (&hosts[place], self.tls.clone());
            async move {
                tokio::time::sleep(HEAD_START * u32::try_from(turn).unwrap_or(u32::MAX)).await;
                (place, host.connect(tls).await)
            }
        };
        let mut attempts: FuturesUnordered<_> = (0..count).map(attempt).collect();
        let mut refusal = None;
        while let Some((place, outcome)) = attempts.next().await {
            match outcome {
                Ok(connected) => {
                    self.known_good.0.store(place, Ordering::Relaxed);
                    return Ok(connected);
                }
                // What a server says tells more than that another is not there.
                Err(error) if refusal.is_none() || error.as_db_error().is_some() => refusal = Some(error),
                Err(_) => {}
            }
        }
        match refusal {
            Some(error) => Err(error),
            // There is no host that was not asked.
            None => self.config.connect(self.tls.clone()).await,
        }
    }
}

/// For the pool, whose connections end with what holds them, whether they are answered or not.
impl Connect for Target {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        Box::pin(async {
            let (client, connection) = Self::connect(self).await?;
            let carries = tokio::spawn(async {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the database broke");
                }
            });
            Ok((client, carries))
        })
    }
}

/// The configuration of each host alone; `None` for a single one, and for lists that do not fit together, which the driver refuses in its own words.
fn each_host(config: &Config) -> Option<Vec<Config>> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len();
    let fit = (addresses.is_empty() || addresses.len() == count) && (ports.len() <= 1 || ports.len() == count);
    if count < 2 || !fit {
        return None;
    }
    let alone = hosts.iter().enumerate().map(|(place, host)| {
        let mut alone = without_hosts(config);
        match host {
            Host::Tcp(name) => alone.host(name),
            Host::Unix(path) => alone.host_path(path),
        };
        if let Some(address) = addresses.get(place) {
            alone.hostaddr(*address);
        }
        if let Some(port) = ports.get(place).or(ports.first()) {
            alone.port(*port);
        }
        alone
    });
    Some(alone.collect())
}

/// Everything else that a configuration says.
fn without_hosts(config: &Config) -> Config {
    let mut other = Config::new();
    if let Some(user) = config.get_user() {
        other.user(user);
    }
    if let Some(password) = config.get_password() {
        other.password(password);
    }
    if let Some(database) = config.get_dbname() {
        other.dbname(database);
    }
    if let Some(options) = config.get_options() {
        other.options(options);
    }
    if let Some(name) = config.get_application_name() {
        other.application_name(name);
    }
    if let Some(time) = config.get_connect_timeout() {
        other.connect_timeout(*time);
    }
    if let Some(time) = config.get_tcp_user_timeout() {
        other.tcp_user_timeout(*time);
    }
    if let Some(time) = config.get_keepalives_interval() {
        other.keepalives_interval(time);
    }
    if let Some(count) = config.get_keepalives_retries() {
        other.keepalives_retries(count);
    }
    other.keepalives(config.get_keepalives()).keepalives_idle(config.get_keepalives_idle());
    other.ssl_mode(config.get_ssl_mode()).ssl_negotiation(config.get_ssl_negotiation());
    other.target_session_attrs(config.get_target_session_attrs()).channel_binding(config.get_channel_binding());
    other.load_balance_hosts(config.get_load_balance_hosts());
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(url: &str) -> Option<Vec<Config>> {
        each_host(&url.parse().unwrap())
    }

    #[test]
    fn each_host_keeps_all_that_the_url_says() {
        let rest = "u:p@HOSTS/d?application_name=a&options=-c%20x%3D1&sslmode=require&sslnegotiation=direct\
            &connect_timeout=3&tcp_user_timeout=4&keepalives=0&keepalives_idle=5&keepalives_interval=6&keepalives_retries=7\
            &target_session_attrs=read-write&channel_binding=disable&load_balance_hosts=random";
        let url = |hosts: &str| format!("postgres://{}", rest.replace("HOSTS", hosts));
        let single = |host: &str| url(host).parse::<Config>().unwrap();
        assert_eq!(alone(&url("one:1,two:2")), Some(vec![single("one:1"), single("two:2")]));
        assert_eq!(alone(&url("one")), None);
    }

    #[test]
    fn one_port_and_one_address_each_go_with_their_host() {
        let of = |hosts: &[(&str, u8)]| {
            let mut config = Config::new();
            config.user("u").port(7);
            for (name, last) in hosts {
                config.host(*name).hostaddr([192, 0, 2, *last].into());
            }
            config
        };
        let (one, two) = (("one", 1), ("two", 2));
        assert_eq!(each_host(&of(&[one, two])), Some(vec![of(&[one]), of(&[two])]));
        let mut unfit = of(&[one, two]);
        unfit.hostaddr([192, 0, 2, 3].into());
        assert_eq!(each_host(&unfit), None);
    }
}
