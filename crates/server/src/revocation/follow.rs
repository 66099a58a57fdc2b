//! One follower: the body of an answer that goes on until the follower, or this node, goes.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::Frame;
use symbolon_revocation::Position;
use tokio::sync::watch;

use super::places::{Place, Who};
use super::publish::following;
use super::ring::At;
use super::{EVENT_ENTRIES, Feed, FeedError, Span, let_go_of_revoked_key, sign};
use crate::app::App;
use crate::listen::Activity;

/// How many entries a follower may have missed to get them from the store; beyond, a snapshot is the shorter way.
pub(super) const MAX_CATCH_UP: u64 = 4 * EVENT_ENTRIES as u64;

/// A connection whose follower takes no event for so many heartbeats is given up.
const SILENCES: u32 = 3;

type Waiting = Pin<Box<dyn Future<Output = watch::Receiver<u64>> + Send>>;

/// The stream of one follower.
pub(crate) struct Follower {
    feed: Arc<Feed>,
    /// Made for this follower alone.
    backlog: VecDeque<Bytes>,
    next: u64,
    waiting: Waiting,
    /// Of its connection, which is kept for as long as events are taken.
    activity: Activity,
    _place: Place,
}

/// Why there is no stream.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There are too many, or too many from there.
    Full,
    /// The follower knows another log, or too little of this one.
    SnapshotRequired,
    /// What it missed could not be read.
    Failed(FeedError),
}

/// Begins a stream after what the follower has, or with the newest event.
pub(crate) async fn follow(
    app: &App,
    from: Option<&Position>,
    who: Who,
    activity: Activity,
) -> Result<Follower, Refused> {
    let feed = &app.feed;
    let Some(place) = feed.places.take(who) else {
        app.metrics.limited("feed");
        return Err(Refused::Full);
    };
    activity.expect_signs_every(SILENCES * Duration::from_secs(app.config().revocation.heartbeat_secs));
    // Before the ring is read, so that no news falls between.
    let news = feed.news.subscribe();
    let mut backlog = VecDeque::new();
    let next = match from {
        None => feed.ring().newest(),
        Some(from) if from.epoch != feed.epoch => return Err(Refused::SnapshotRequired),
        Some(from) => {
            let kept = start_after(feed, from.seq);
            if let Some(next) = kept {
                next
            } else {
                let known;
                (known, backlog) = catch_up(app, from.seq).await?;
                // What the store knows is published in a moment, if it is not yet.
                start_after(feed, known).unwrap_or_else(|| feed.ring().end())
            }
        }
    };
    Ok(Follower { feed: Arc::clone(feed), backlog, next, waiting: change_of(news), activity, _place: place })
}

fn start_after(feed: &Feed, seq: u64) -> Option<u64> {
    feed.ring().start_after(seq)
}

/// What the store still has after `seq`, signed for one follower.
async fn catch_up(app: &App, seq: u64) -> Result<(u64, VecDeque<Bytes>), Refused> {
    let failed = |error: FeedError| Refused::Failed(error);
    // Four signatures and thousands of hashes are more than a request of a stranger should cost at the same time as many others.
    let _turn = app.feed.catching_up.acquire().await.map_err(|_| failed(FeedError::Stopped))?;
    let now = app.clock.now();
    let head = app.store.revocation_head().await.map_err(|error| failed(error.into()))?.seq;
    if seq > head || head - seq > MAX_CATCH_UP {
        return Err(Refused::SnapshotRequired);
    }
    let (mut known, mut frames) = (seq, VecDeque::new());
    while known < head {
        let rows = app.store.revocations(known, EVENT_ENTRIES).await.map_err(|error| failed(error.into()))?;
        let entries = following(&rows, known).ok_or(Refused::SnapshotRequired)?;
        let_go_of_revoked_key(app, &rows).await.map_err(failed)?;
        let span = Span { after: known, seq: known + entries.len() as u64 };
        frames.push_back(sign(app, span, &entries, now).map_err(failed)?.frame);
        known = span.seq;
    }
    Ok((known, frames))
}

fn change_of(mut news: watch::Receiver<u64>) -> Waiting {
    Box::pin(async move {
        // An error means that the feed is gone, and then so is the node.
        let _ = news.changed().await;
        news
    })
}

impl HttpBody for Follower {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let event = |frame| {
            this.activity.sign();
            Poll::Ready(Some(Ok(Frame::data(frame))))
        };
        if let Some(frame) = this.backlog.pop_front() {
            return event(frame);
        }
        loop {
            let at = this.feed.ring().at(this.next);
            match at {
                At::Event(frame) => {
                    this.next += 1;
                    return event(frame);
                }
                At::Gone => return Poll::Ready(None),
                At::Later => {
                    let news = ready!(this.waiting.as_mut().poll(context));
                    this.waiting = change_of(news);
                }
            }
        }
    }
}
