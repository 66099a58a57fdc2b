//! The control socket in the data folder: how the command line reaches a running server. Plain HTTP/1.1 over a Unix socket of
//! mode 0600, so the file system decides who may: whoever can open it could open the database too.
//!
//! `POST /command` takes a [`Command`] as JSON and answers with its result, or with an [`AdminError`] and a status other than 200.
//! `POST /backup` answers with an archive of everything. `GET /readyz` tells whether the server is ready.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::{Value, json};
use symbolon_jose::Algorithm;
use symbolon_store::{Document, DocumentWrite, NewRevocation};
use tokio::net::UnixStream;

use super::{AdminContext, AdminError, AdminErrorKind, Command, KeyRotation, Origin, execute, revocation};
use crate::app::{App, AppError, META_ISSUER};
use crate::clock::Clock;
use crate::config::Config;
use crate::keys;
use crate::rng::SystemRng;
use crate::storage;

/// The largest command: a client with many redirect URIs and a key set.
const MAX_COMMAND_BYTES: usize = 1024 * 1024;

/// Who asks a server that runs.
pub(super) const SERVING: &str = "cli";

/// The longest path in a socket address, with room for the NUL.
const MAX_ADDRESS_BYTES: usize = 107;

/// The routes of the control socket.
pub fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/command", post(command))
        .route("/backup", post(super::backup::stream))
        .route("/readyz", get(ready))
        .layer(DefaultBodyLimit::max(MAX_COMMAND_BYTES))
        .layer(from_fn(refuse_browsers))
        .with_state(Arc::clone(app))
}

/// Connects to the control socket at `path`.
pub async fn connect(path: &Path) -> io::Result<UnixStream> {
    let (_folder, path) = short(path)?;
    UnixStream::connect(path).await
}

/// A name for `path` that fits into a socket address, which holds 107 bytes (unix(7)), and what must stay open while it is used.
pub(crate) fn short(path: &Path) -> io::Result<(Option<File>, PathBuf)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok((None, path.to_owned())) };
    if path.as_os_str().len() <= MAX_ADDRESS_BYTES {
        return Ok((None, path.to_owned()));
    }
    let folder = File::open(folder)?;
    let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    Ok((Some(folder), path))
}

/// Carries out a command, and takes up what it registered before it answers.
pub async fn run(app: &App, command: Command, actor: &str) -> Result<Value, AdminError> {
    let (config, mut rng) = (app.config(), SystemRng);
    let mut context = context(app, &config, &mut rng, actor);
    let answer = execute(&mut context, command).await;
    let rules = std::mem::take(&mut context.rules);
    take_up(app, rules, &answer).await?;
    answer
}

/// What a change works with that comes to a server that runs.
pub(crate) fn context<'a>(
    app: &'a App,
    config: &'a Config,
    rng: &'a mut SystemRng,
    actor: &'a str,
) -> AdminContext<'a> {
    AdminContext {
        store: &*app.store,
        issuer: app.issuer.as_str(),
        config,
        now: app.clock.now(),
        rng,
        passwords: &app.passwords,
        keys: app,
        sealer: &app.sealer,
        outgoing: &app.outgoing,
        mail: &app.mail,
        actor,
        origin: Origin::default(),
        forwarded_by: app.forwarded_by.load().as_deref().copied(),
        rules: Vec::new(),
    }
}

/// Takes up what a change did, with the rules that it logged. Some of it can be done when a later step fails.
pub(crate) async fn take_up<T>(
    app: &App,
    rules: Vec<NewRevocation>,
    outcome: &Result<T, AdminError>,
) -> Result<(), AdminError> {
    if outcome.is_ok() || !rules.is_empty() {
        app.take_up().await?;
        revocation::extend(&*app.store, rules, app.clock.now()).await?;
    }
    Ok(())
}

/// Opens the data of `config` for commands while no server runs. Without a configured issuer the one the data was made with counts:
/// it is fixed anyway.
pub async fn open_offline(mut config: Config) -> Result<Arc<App>, AdminError> {
    if config.issuer.is_empty() && storage::exists(&config) {
        let store = storage::open(&config).await?;
        config.issuer = store.meta(META_ISSUER).await?.unwrap_or_default();
    }
    // The writer of event batches is not needed: a command writes its event before it answers.
    let (app, _) = App::open(config, Clock::system()).await?;
    Ok(app)
}

async fn command(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let answer = match serde_json::from_slice::<Command>(&body) {
        Ok(command) => run(&app, command, SERVING).await,
        // The text of the fault may hold a part of the command, and so a password.
        Err(_) => Err(AdminError::invalid(
            "the server does not know this command",
            "use the command line of the same version",
        )),
    };
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => (status(error.kind), Json(error)).into_response(),
    }
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.store.ping().await {
        Ok(()) => Json(json!({ "ready": true })).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Nothing a web page causes may ever get here, should a proxy be pointed at the socket by mistake.
async fn refuse_browsers(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key("origin")
        || headers.contains_key("sec-fetch-site")
        || headers.contains_key("x-forwarded-for")
    {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

pub(super) const fn status(kind: AdminErrorKind) -> StatusCode {
    match kind {
        AdminErrorKind::Conflict => StatusCode::CONFLICT,
        AdminErrorKind::CheckFailed | AdminErrorKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        AdminErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        AdminErrorKind::NotAllowed => StatusCode::FORBIDDEN,
        AdminErrorKind::NotFound => StatusCode::NOT_FOUND,
        AdminErrorKind::InUse | AdminErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[async_trait]
impl KeyRotation for App {
    async fn rotation(
        &self,
        documents: Vec<Document>,
        algorithm: Option<Algorithm>,
        now: u64,
    ) -> Result<Vec<DocumentWrite>, AdminError> {
        let in_use = self.registry().wanted_algorithms();
        let algorithms = in_use.into_iter().filter(|used| algorithm.is_none_or(|only| only == *used)).collect();
        let (sealer, schedule) = (Arc::clone(&self.sealer), self.key_schedule());
        // An RSA key takes a good part of a second to make: not on a thread that answers requests.
        let made =
            tokio::task::spawn_blocking(move || keys::rotation(&documents, &algorithms, schedule, &sealer, now)).await;
        let writes = made.map_err(|_| AppError::Stopped)?;
        Ok(writes.map_err(AppError::from)?)
    }

    async fn retirement(
        &self,
        documents: Vec<Document>,
        kid: &str,
        now: u64,
    ) -> Result<Vec<DocumentWrite>, AdminError> {
        let (sealer, kid) = (Arc::clone(&self.sealer), kid.to_owned());
        let made = tokio::task::spawn_blocking(move || keys::retirement(&documents, &kid, &sealer, now)).await;
        let writes = made.map_err(|_| AppError::Stopped)?;
        Ok(writes.map_err(AppError::from)?)
    }
}

impl From<AppError> for AdminError {
    fn from(error: AppError) -> Self {
        let (kind, hint) = match error {
            AppError::Store(error) => return error.into(),
            AppError::Stopped => (AdminErrorKind::Unavailable, "repeat the command"),
            AppError::IssuerChanged { .. } => {
                (AdminErrorKind::Failed, "set the issuer back, or name another folder with --data")
            }
            AppError::WrongMasterKey | AppError::MasterKey(_) => {
                (AdminErrorKind::Failed, "restore the master key from your backup")
            }
            AppError::Unfinished => {
                (AdminErrorKind::Failed, "repeat the symbolon migrate copy that began it: it goes on where it was")
            }
            _ => (AdminErrorKind::Failed, "symbolon doctor"),
        };
        Self::new(kind, error.to_string(), hint)
    }
}
