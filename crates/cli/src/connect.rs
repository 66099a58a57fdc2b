//! How a command reaches the data: through the control socket of the running server, or by opening the store itself when none
//! runs. The store's lock decides who may open it, so the two ways cannot meet. A socket file that a crash left behind counts for
//! nothing: whether someone answers does.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use symbolon_server::admin::{AdminError, AdminErrorKind, Command, control};
use symbolon_server::{App, Config};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

use crate::command::Global;
use crate::error::{CliError, NOT_ALLOWED, UNREACHABLE};

/// The longest a command may take, key generation and a full hash queue included.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The longest answer, a page of a thousand users.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// A server that starts holds the store before it answers: how often, and how far apart, to look again.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// How the data is reached.
pub(crate) enum Reached {
    /// Nobody serves it: it is open here.
    Data(Arc<App>),
    /// Through its server.
    Server(UnixStream),
}

/// Carries out a command beside the server or without it.
pub(crate) fn execute(global: &Global, command: &Command) -> Result<Value, CliError> {
    let config = global.load()?.config;
    runtime()?.block_on(async {
        match reach(&config).await? {
            Reached::Server(stream) => Ok(ask(stream, command).await??),
            Reached::Data(app) => Ok(control::run(&app, command.clone(), "cli (offline)").await?),
        }
    })
}

/// A way to the data for many commands: opened once where nobody serves it.
pub(crate) struct Link {
    runtime: tokio::runtime::Runtime,
    config: Config,
    reached: Reached,
}

impl Link {
    pub(crate) fn open(global: &Global) -> Result<Self, CliError> {
        let (config, runtime) = (global.load()?.config, runtime()?);
        let reached = runtime.block_on(reach(&config))?;
        Ok(Self { runtime, config, reached })
    }

    pub(crate) fn execute(&self, command: &Command) -> Result<Value, CliError> {
        self.runtime.block_on(async {
            match &self.reached {
                Reached::Data(app) => Ok(control::run(app, command.clone(), "cli (offline)").await?),
                Reached::Server(_) => match dial(&self.config.control_socket()).await? {
                    Some(stream) => Ok(ask(stream, command).await??),
                    None => Err(unreachable_server(&"it has stopped")),
                },
            }
        })
    }
}

/// Finds the server, or opens the data where none runs.
pub(crate) async fn reach(config: &Config) -> Result<Reached, CliError> {
    for _ in 0..LOOKS {
        if let Some(stream) = dial(&config.control_socket()).await? {
            return Ok(Reached::Server(stream));
        }
        match offline(config).await {
            Err(error) if error.kind == AdminErrorKind::InUse => tokio::time::sleep(PAUSE).await,
            result => return Ok(Reached::Data(result?)),
        }
    }
    Err(CliError::new(
        UNREACHABLE,
        format!("the data in {} is in use, but no server answers there", config.data.display()),
        "look for another symbolon process; a server that starts may need a moment",
    ))
}

/// The issuer that the running server, or the data, belongs to; for commands that need one and were given none.
pub(crate) fn known_issuer(global: &Global) -> Option<String> {
    let facts = execute(global, &Command::Doctor).ok()?;
    facts["issuer"].as_str().map(str::to_owned)
}

/// The one-threaded runtime of a command.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| {
        CliError::new(crate::error::FAILED, format!("the command cannot start: {why}"), "symbolon doctor")
    })
}

/// Connects to the control socket; nobody there (no file, or a stale one) is no error.
pub(crate) async fn dial(socket: &Path) -> Result<Option<UnixStream>, CliError> {
    match control::connect(socket).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(CliError::new(
            NOT_ALLOWED,
            format!("{} may not be used by this user", socket.display()),
            "run the command as the user who runs the server, for example: sudo -u symbolon symbolon …",
        )),
        Err(error) => Err(CliError::new(
            UNREACHABLE,
            format!("{} cannot be used: {error}", socket.display()),
            "check the data folder with: symbolon doctor",
        )),
    }
}

/// Opens the store for this one command.
async fn offline(config: &Config) -> Result<Arc<App>, AdminError> {
    if !symbolon_server::storage::exists(config) && config.issuer.is_empty() {
        return Err(AdminError::new(
            AdminErrorKind::Unavailable,
            format!("there is no data in {} and no server runs there", config.data.display()),
            "symbolon serve --dev, or name the data folder with --data",
        ));
    }
    control::open_offline(config.clone()).await
}

/// Lets the server answer `POST path` into `out`, however long that is. The inner result is a refusal; a body that breaks off is an error.
pub(crate) async fn download(
    stream: UnixStream,
    path: &str,
    out: &mut (dyn Write + Send),
) -> Result<Result<(), AdminError>, CliError> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|why| unreachable_server(&why))?;
    let driver = tokio::spawn(connection);
    let request = Request::builder().method(Method::POST).uri(path).header("host", "localhost");
    let request = request.body(Full::new(Bytes::new())).map_err(|why| unreachable_server(&why))?;
    let mut response = sender.send_request(request).await.map_err(|why| unreachable_server(&why))?;
    if response.status() != StatusCode::OK {
        let answer = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        let answer = answer.map_err(|why| unreachable_server(&why))?.to_bytes();
        return match serde_json::from_slice::<AdminError>(&answer) {
            Ok(error) => Ok(Err(error)),
            Err(_) => Err(unreachable_server(&"it does not know this command; is it of the same version?")),
        };
    }
    loop {
        // A server that stands still is given up; a slow one is not.
        let next = tokio::time::timeout(TIMEOUT, response.frame()).await;
        let Some(frame) = next.map_err(|_| unreachable_server(&"it stopped in the middle"))? else { break };
        if let Some(bytes) = frame.map_err(|why| unreachable_server(&why))?.data_ref() {
            out.write_all(bytes).map_err(|why| {
                let hint = "check the path, and the room that is left";
                CliError::new(crate::error::FAILED, format!("the file could not be written: {why}"), hint)
            })?;
        }
    }
    driver.abort();
    Ok(Ok(()))
}

/// Sends the command; the inner result is the server's answer.
async fn ask(stream: UnixStream, command: &Command) -> Result<Result<Value, AdminError>, CliError> {
    let body = serde_json::to_vec(command).map_err(|why| unreachable_server(&why))?;
    let (status, answer) = exchange(stream, Method::POST, "/command", body.into()).await?;
    if status == StatusCode::OK {
        return serde_json::from_slice(&answer).map(Ok).map_err(|why| unreachable_server(&why));
    }
    match serde_json::from_slice::<AdminError>(&answer) {
        Ok(error) => Ok(Err(error)),
        Err(_) => Err(unreachable_server(&format!("it answered {status}; is it of the same version?"))),
    }
}

/// One HTTP/1.1 exchange over a connection.
pub(crate) async fn exchange<S>(
    stream: S,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<(StatusCode, Bytes), CliError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|why| unreachable_server(&why))?;
        let driver = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|why| unreachable_server(&why))?;
        let response = sender.send_request(request).await.map_err(|why| unreachable_server(&why))?;
        let status = response.status();
        let answer = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        driver.abort();
        Ok((status, answer.map_err(|why| unreachable_server(&why))?.to_bytes()))
    };
    tokio::time::timeout(TIMEOUT, exchange)
        .await
        .unwrap_or_else(|_| Err(unreachable_server(&"it did not answer in time")))
}

fn unreachable_server(why: &dyn std::fmt::Display) -> CliError {
    CliError::new(UNREACHABLE, format!("the running server could not be asked: {why}"), "symbolon doctor")
}
