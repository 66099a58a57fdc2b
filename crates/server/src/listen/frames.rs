//! A bound on the frames of an HTTP/2 connection that cost their sender nothing and us something (RFC 9113 §10.5): resets, pings, settings,
//! priorities, windows, and data without data.
//!
//! The library counts what it can see: streams reset before they are taken up (CVE-2023-44487), CONTINUATION frames of one head (CVE-2024-27316), the
//! size of a head however it is compressed. Here every connection has an allowance for the rest, which grows back with time. Whoever uses it up
//! is closed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::Stopwatch;

/// A page with all that belongs to it, opened and left again and again, uses some dozens.
const ALLOWANCE: u64 = 2_000;
/// What grows back in a second.
const PER_SEC: u64 = 200;
/// RFC 9113 §3.4.
const PREFACE_BYTES: usize = 24;
/// RFC 9113 §4.1.
const HEADER_BYTES: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;

/// What was decrypted of an HTTP/2 connection, from its first byte on.
#[derive(Debug)]
pub(super) struct Counted<S> {
    stream: S,
    frames: Frames,
    since: Stopwatch,
}

/// Reads the headers of frames as they pass.
#[derive(Debug)]
struct Frames {
    /// Bytes to pass over before the next header.
    skip: usize,
    header: [u8; HEADER_BYTES],
    /// How many bytes of the header are there.
    have: usize,
    spent: u64,
}

impl Frames {
    fn new() -> Self {
        Self { skip: PREFACE_BYTES, header: [0; HEADER_BYTES], have: 0, spent: 0 }
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let over = self.skip.min(bytes.len());
            self.skip -= over;
            bytes = &bytes[over..];
            if self.skip > 0 {
                return;
            }
            let taken = (HEADER_BYTES - self.have).min(bytes.len());
            self.header[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == HEADER_BYTES {
                self.have = 0;
                let [a, b, c, kind, flags, ..] = self.header;
                self.skip = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
                self.spent += u64::from(costs(kind, flags, self.skip));
            }
        }
    }
}

/// Whether a frame is one of those that nothing else bounds.
fn costs(kind: u8, flags: u8, length: usize) -> bool {
    match kind {
        DATA => length == 0 && flags & END_STREAM == 0,
        // Requests are bounded by what they ask for, and each can be reset but once.
        HEADERS | GOAWAY => false,
        _ => true,
    }
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, frames: Frames::new(), since: Stopwatch::start() }
    }

    fn is_over(&self) -> bool {
        self.frames.spent > ALLOWANCE && self.frames.spent > ALLOWANCE + PER_SEC * self.since.elapsed().as_secs()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.frames.pass(&buffer.filled()[before..]);
        if self.is_over() {
            return Poll::Ready(Err(io::Error::other("more frames than any client needs")));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    fn spent(frames: &[Vec<u8>], piece: usize) -> u64 {
        let bytes = [vec![b'P'; PREFACE_BYTES], frames.concat()].concat();
        let mut counter = Frames::new();
        for piece in bytes.chunks(piece) {
            counter.pass(piece);
        }
        counter.spent
    }

    #[test]
    fn each_kind_is_counted_however_it_arrives() {
        let frames = [
            frame(4, 0, &[0; 6]),
            frame(HEADERS, 5, b"a head"),
            frame(3, 0, &[0; 4]),
            frame(6, 0, &[0; 8]),
            frame(DATA, 0, b"data"),
            frame(DATA, END_STREAM, b""),
            frame(DATA, 0, b""),
            frame(8, 0, &[0; 4]),
            frame(GOAWAY, 0, &[0; 8]),
            frame(0xFA, 0, b"nobody knows"),
        ];
        for piece in [1, 2, 9, 10, 1_000] {
            assert_eq!(spent(&frames, piece), 6, "in pieces of {piece}");
        }
    }

    #[tokio::test]
    async fn the_allowance_is_for_more_than_anybody_needs_and_ends() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let ping = frame(6, 0, &[0; 8]);
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let mut counted = Counted::new(near);
        let allowed = usize::try_from(ALLOWANCE).unwrap();
        far.write_all(&[vec![0; PREFACE_BYTES], ping.repeat(allowed)].concat()).await.unwrap();
        let mut sink = vec![0; PREFACE_BYTES + ping.len() * allowed];
        counted.read_exact(&mut sink).await.unwrap();
        // As many again, far more than grew back.
        far.write_all(&ping.repeat(allowed)).await.unwrap();
        assert!(counted.read_exact(&mut sink).await.is_err());
    }
}
