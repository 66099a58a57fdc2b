//! A stream that waits only so long for its far end to take what is written (security requirement 155): a client
//! that asks and never reads would otherwise hold its connection, and the answer in memory, for ever.
//!
//! Reading has time-outs of its own (the head's, the request's); here only a write that stands still fails.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] when none makes progress for a set time.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    limit: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Waits for `stream` at most `limit` at a time.
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, waiting: None }
    }

    /// Passes on what a write came to; one that waits too long comes to an error.
    fn judge<T>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.waiting = None;
            return poll;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(context));
        // Whoever tries once more after the error waits once more.
        waiting.set(sleep(limit));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the far end takes nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            // A socket has nothing to flush: that is no progress of a write that waits.
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            poll => self.judge(context, poll),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(context, poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::timeout;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A patient end whose far end has room for four bytes.
    fn pair() -> (Patient<DuplexStream>, DuplexStream) {
        let (near, far) = duplex(4);
        (Patient::new(near, LIMIT), far)
    }

    /// The error of a write that goes on until the limit and no longer.
    async fn given_up_at_the_limit<T>(write: impl Future<Output = io::Result<T>>) -> io::ErrorKind {
        let mut write = pin!(write);
        assert!(timeout(LIMIT * 9 / 10, write.as_mut()).await.is_err(), "it waits");
        let ended = timeout(LIMIT / 5, write).await.expect("it does not wait longer");
        ended.err().expect("it fails").kind()
    }

    #[tokio::test(start_paused = true)]
    async fn a_far_end_that_reads_nothing_is_given_up_at_the_limit() {
        let (mut near, _far) = pair();
        assert_eq!(given_up_at_the_limit(near.write_all(b"more than four")).await, io::ErrorKind::TimedOut);
        assert_eq!(given_up_at_the_limit(near.write_all(b"again")).await, io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flush_between_does_not_start_the_time_anew() {
        let (mut near, _far) = pair();
        near.write_all(b"four").await.unwrap();
        let write = std::future::poll_fn(|context| {
            let _ = Pin::new(&mut near).poll_flush(context);
            Pin::new(&mut near).poll_write(context, b"five")
        });
        assert_eq!(given_up_at_the_limit(write).await, io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_far_end_that_reads_slowly_gets_everything() {
        let (mut near, mut far) = pair();
        let reader = tokio::spawn(async move {
            let (mut all, mut byte) = (Vec::new(), [0]);
            while far.read(&mut byte).await.unwrap() > 0 {
                all.push(byte[0]);
                sleep(LIMIT / 2).await;
            }
            all
        });
        near.write_all(b"slow but steady").await.unwrap();
        near.shutdown().await.unwrap();
        drop(near);
        assert_eq!(reader.await.unwrap(), b"slow but steady");
    }

    #[tokio::test(start_paused = true)]
    async fn reading_and_silence_are_not_limited_here() {
        let (mut near, mut far) = pair();
        near.write_all(b"hi").await.unwrap();
        sleep(LIMIT * 3).await;
        far.write_all(b"yo").await.unwrap();
        let mut answer = [0; 2];
        near.read_exact(&mut answer).await.unwrap();
        near.write_all(b"!!").await.unwrap();
        assert_eq!(&answer, b"yo");
    }
}
