//! `symbolon healthcheck`: asks `/readyz` of the configured listener, so that a container needs no other program for it. Where no
//! listener is configured, or it does not answer, the server of the data folder is asked through its control socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clap::Args;
use hyper::{Method, StatusCode};
use serde_json::json;
use symbolon_server::Config;
use symbolon_server::config::{Listen, Loaded, Source};
use tokio::net::{TcpStream, UnixStream};

use super::Global;
use crate::connect;
use crate::error::{CHECK_FAILED, CliError, UNREACHABLE};
use crate::output::Output;

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  symbolon healthcheck\n  symbolon healthcheck --data DIR      the server of that folder, wherever it listens"
)]
pub(crate) struct Healthcheck {}

impl Healthcheck {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let Self {} = self;
        let loaded = global.load()?;
        let status = connect::runtime()?.block_on(ready(&loaded))?;
        if status != StatusCode::OK {
            return Err(CliError::new(
                CHECK_FAILED,
                format!("the server is not ready: status {status}"),
                "symbolon doctor",
            ));
        }
        if output.is_json() {
            output.json(&json!({ "ready": true }));
        } else {
            output.line("ready");
        }
        Ok(())
    }
}

async fn ready(loaded: &Loaded) -> Result<StatusCode, CliError> {
    let config = &loaded.config;
    let is_default = |path| loaded.source(path) == Some(&Source::Default);
    if !is_default("http.listen") {
        return match listener(config).await {
            Err(error) => inside(config).await.unwrap_or(Err(error)),
            answer => answer,
        };
    }
    match inside(config).await {
        Some(answer) => answer,
        // On the default address the server of other data may answer: nobody asked about that one.
        None if !is_default("data") => Err(CliError::new(
            UNREACHABLE,
            format!("no server of the data in {} answers", config.data.display()),
            "symbolon serve",
        )),
        None => listener(config).await,
    }
}

/// The server of the data folder, if one answers there. A socket that is not for this user counts for none.
async fn inside(config: &Config) -> Option<Result<StatusCode, CliError>> {
    let stream = connect::dial(&config.control_socket()).await.ok()??;
    let answer = connect::exchange(stream, Method::GET, "/readyz", Vec::new().into()).await;
    Some(answer.map(|(status, _)| status))
}

async fn listener(config: &Config) -> Result<StatusCode, CliError> {
    let listen = &config.http.listen;
    let away = |why: std::io::Error| {
        CliError::new(UNREACHABLE, format!("nothing answers on {listen}: {why}"), "symbolon serve")
    };
    let (status, _) = match listen {
        Listen::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(away)?;
            connect::exchange(stream, Method::GET, "/readyz", Vec::new().into()).await?
        }
        Listen::Tcp(address) => {
            let stream = TcpStream::connect(reachable(*address)).await.map_err(away)?;
            if config.speaks_tls() {
                // The certificate is for the public name, which need not lead here: the listener answers, the rest is asked inside.
                return inside(config).await.unwrap_or(Ok(StatusCode::SERVICE_UNAVAILABLE));
            }
            connect::exchange(stream, Method::GET, "/readyz", Vec::new().into()).await?
        }
    };
    Ok(status)
}

/// A listener on all addresses is reached on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_asked_on_loopback() {
        for (from, to) in [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:80", "10.0.0.1:80")] {
            assert_eq!(reachable(from.parse().unwrap()).to_string(), to);
        }
    }
}
