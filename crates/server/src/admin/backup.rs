//! A backup by way of the control socket: the archive is the body of the answer, encrypted before it leaves the server. Whoever asked writes the
//! file, with their own rights and in their own file system.
//!
//! A failure under way breaks the connection off: the body has no end, and neither has the archive.

use std::io::BufWriter;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::BytesMut;
use http_body_util::channel::{Channel, Sender};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::{AdminError, control};
use crate::app::App;
use crate::backup::{self, BackupError, Summary};

/// Bytes that travel at once.
const CHUNK: usize = 64 * 1024;

type Taking = JoinHandle<Result<Summary, BackupError>>;

/// Answers with an archive of this moment.
pub(super) async fn stream(State(app): State<Arc<App>>) -> Response {
    match begin(&app).await {
        Ok(body) => body.into_response(),
        Err(error) => {
            let error = AdminError::from(error);
            (control::status(error.kind), Json(error)).into_response()
        }
    }
}

/// The archive is written on a thread that may wait for its reader, so it goes through a pair of sockets: what reads them never waits.
async fn begin(app: &Arc<App>) -> Result<Body, BackupError> {
    let (near, far) = StdStream::pair()?;
    far.set_nonblocking(true)?;
    let mut far = UnixStream::from_std(far)?;
    let (store, issuer) = (Arc::clone(&app.store), app.issuer.as_str().to_owned());
    let (now, key) = (app.clock.now(), app.archive_key.clone());
    let taking: Taking = tokio::spawn(async move {
        let (summary, out) = backup::take(store, issuer, now, key, BufWriter::with_capacity(CHUNK, near)).await?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        Ok(summary)
    });
    // What fails at once has an answer of its own.
    let mut first = BytesMut::with_capacity(CHUNK);
    if far.read_buf(&mut first).await? == 0 {
        return Err(outcome(taking).await.err().unwrap_or(BackupError::Truncated));
    }
    let (mut sender, body) = Channel::<_, BackupError>::new(4);
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let mut chunk = first;
        loop {
            // An error means that whoever asked has gone; the thread hears of it when it writes on.
            if sender.send_data(chunk.split().freeze()).await.is_err() {
                return;
            }
            match far.read_buf(&mut chunk).await {
                Ok(0) => return finish(&app, taking, sender).await,
                Ok(_) => {}
                Err(error) => return sender.abort(error.into()),
            }
        }
    });
    Ok(Body::new(body))
}

async fn finish(app: &App, taking: Taking, sender: Sender<bytes::Bytes, BackupError>) {
    let recorded = async {
        let summary = outcome(taking).await?;
        Ok::<(), BackupError>(backup::record(&*app.store, "cli", &summary).await?)
    };
    match recorded.await {
        Ok(()) => drop(sender),
        Err(error) => {
            tracing::error!(%error, "a backup failed under way");
            sender.abort(error);
        }
    }
}

async fn outcome(taking: Taking) -> Result<Summary, BackupError> {
    taking.await.unwrap_or(Err(BackupError::Truncated))
}
