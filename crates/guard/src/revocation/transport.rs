//! The requests of a follower (decision 6): the snapshot in full, the stream piece by piece. Bounded in size, and in how long
//! nothing may come.

use std::{fmt, time::Duration};

use bytes::{Buf, Bytes};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use symbolon_revocation::{Position, snapshot::MEDIA_TYPE};
use url::Url;

use super::{Credentials, sse};
use crate::client::{Http, chain};

/// The longest snapshot that is read: 22 million entries.
const MAX_SNAPSHOT_BYTES: usize = 256 * 1024 * 1024;
/// How long the head of an answer may take. A large snapshot has to be made first.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a snapshot may pause between two pieces.
const PIECE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a snapshot may take in all.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_mins(5);
/// The longest wait that a server can ask for.
const MAX_RETRY_AFTER: u64 = 60;

/// Why the feed cannot be followed just now. For the log and the status; never holds a secret.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The connection failed or broke.
    Transport(String),
    /// Another status than 200.
    Status(StatusCode),
    /// 503: come again.
    Busy(Option<Duration>),
    /// 401 or 403.
    Closed,
    /// 410: the stream does not go on from there.
    SnapshotRequired,
    /// Longer than it may be.
    TooLong,
    /// Nothing came for too long.
    Silent,
    /// What came is not the issuer's, or not well formed.
    Refused(symbolon_revocation::Error),
    /// It is signed by a key that was revoked.
    RevokedKey,
    /// The issuer's keys or its discovery document cannot be had.
    Issuer(String),
    /// Only older news than what is known.
    Older,
    /// Entries are missing.
    Hole,
    /// The stream has ended.
    Ended,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(text) | Self::Issuer(text) => f.write_str(text),
            Self::Status(status) => write!(f, "the feed answered {status}"),
            Self::Busy(_) => f.write_str("the feed is busy"),
            Self::Closed => f.write_str("the feed is closed: it asks for the credentials of this API, or for others"),
            Self::SnapshotRequired => f.write_str("the stream does not go on from what is known"),
            Self::TooLong => f.write_str("the feed sent more than is read"),
            Self::Silent => f.write_str("nothing came from the feed for too long"),
            Self::Refused(error) => write!(f, "the feed sent something that does not count: {error}"),
            Self::RevokedKey => f.write_str("the feed is signed by a key that was revoked"),
            Self::Older => f.write_str("the feed sent only what is older than what is known"),
            Self::Hole => f.write_str("entries are missing"),
            Self::Ended => f.write_str("the stream has ended"),
        }
    }
}

/// One request to the feed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) http: &'a Http,
    pub(crate) credentials: Option<&'a Credentials>,
}

impl Ask<'_> {
    /// The whole snapshot. `anew`: not from a cache on the way.
    pub(crate) async fn snapshot(&self, url: &Url, anew: bool) -> Result<Vec<u8>, Trouble> {
        let whole = async {
            let response = self.get(url, MEDIA_TYPE, anew).await.map_err(|trouble| match trouble {
                // No snapshot helps where there is none.
                Trouble::SnapshotRequired => Trouble::Status(StatusCode::GONE),
                trouble => trouble,
            })?;
            let announced = response.headers().get(header::CONTENT_LENGTH);
            let announced: usize = announced.and_then(|it| it.to_str().ok()?.parse().ok()).unwrap_or_default();
            if announced > MAX_SNAPSHOT_BYTES {
                return Err(Trouble::TooLong);
            }
            let (mut body, mut bytes) = (response.into_body(), Vec::with_capacity(announced));
            while let Some(piece) = piece(&mut body, PIECE_TIMEOUT).await? {
                if bytes.len() + piece.len() > MAX_SNAPSHOT_BYTES {
                    return Err(Trouble::TooLong);
                }
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes)
        };
        tokio::time::timeout(SNAPSHOT_TIMEOUT, whole).await.unwrap_or(Err(Trouble::Silent))
    }

    /// The stream from there on.
    pub(crate) async fn stream(&self, url: &Url, after: &Position) -> Result<Stream, Trouble> {
        let mut url = url.clone();
        url.query_pairs_mut().append_pair("after", &after.to_string());
        let response = self.get(&url, "text/event-stream", true).await?;
        Ok(Stream { body: response.into_body(), piece: Bytes::new(), parser: sse::Parser::default() })
    }

    async fn get(&self, url: &Url, accept: &'static str, anew: bool) -> Result<Response<Incoming>, Trouble> {
        let mut request = Request::get(url.as_str()).header(header::ACCEPT, accept);
        if anew {
            request = request.header(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        if let Some(credentials) = self.credentials {
            request = request.header(header::AUTHORIZATION, credentials.header());
        }
        let request = request.body(Full::default()).map_err(|error| Trouble::Transport(chain(&error)))?;
        let sent = tokio::time::timeout(HEAD_TIMEOUT, self.http.send(request)).await;
        let response = sent.map_err(|_| Trouble::Silent)?.map_err(Trouble::Transport)?;
        // Redirects are not followed: what discovery names is what is asked.
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Trouble::Closed),
            StatusCode::GONE => Err(Trouble::SnapshotRequired),
            StatusCode::SERVICE_UNAVAILABLE => Err(Trouble::Busy(retry_after(&response))),
            other => Err(Trouble::Status(other)),
        }
    }
}

fn retry_after(response: &Response<Incoming>) -> Option<Duration> {
    let secs: u64 = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(secs.min(MAX_RETRY_AFTER)))
}

/// The next piece of a body; `None` at its end.
async fn piece(body: &mut Incoming, patience: Duration) -> Result<Option<Bytes>, Trouble> {
    loop {
        let frame = tokio::time::timeout(patience, body.frame()).await.map_err(|_| Trouble::Silent)?;
        let Some(frame) = frame else { return Ok(None) };
        let frame = frame.map_err(|error| Trouble::Transport(chain(&error)))?;
        // Trailers say nothing to us.
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

/// A stream of events.
#[derive(Debug)]
pub(crate) struct Stream {
    body: Incoming,
    piece: Bytes,
    parser: sse::Parser,
}

impl Stream {
    /// The next event's data; `None` when the stream ends. `patience` is how long the silence between two may last.
    pub(crate) async fn next(&mut self, patience: Duration) -> Result<Option<String>, Trouble> {
        // One limit for the whole event: comments or single bytes do not keep a stream alive that says nothing.
        let event = async {
            loop {
                while !self.piece.is_empty() {
                    let mut rest = &self.piece[..];
                    let before = rest.len();
                    let event = self.parser.next(&mut rest).map_err(|sse::TooLong| Trouble::TooLong)?;
                    let taken = before - rest.len();
                    self.piece.advance(taken);
                    match event {
                        Some(event) if event.name == "revocations" => return Ok(Some(event.data)),
                        Some(_) | None => {}
                    }
                }
                match piece(&mut self.body, patience).await? {
                    Some(piece) => self.piece = piece,
                    None => return Ok(None),
                }
            }
        };
        tokio::time::timeout(patience, event).await.unwrap_or(Err(Trouble::Silent))
    }
}
