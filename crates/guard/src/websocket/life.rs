//! The life of one connection: the first token, messages to and fro, renewals, the end.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Extensions, HeaderMap, HeaderValue, Method, Uri};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use tokio_websockets::{CloseCode, Error, Message as Frame, ServerBuilder, WebSocketStream};

use super::{
    message::{Authenticate, Ending, MAX_BYTES, Told},
    open::{Life, Ticket},
    socket::{Message, Sender, Socket, Wish},
};
use crate::{
    caller::{Authentication, Caller},
    dpop::PROOF,
    error::Rejection,
    extract::{Head, Place},
    guard::Guard,
    scope::Requirement,
    seen::Proven,
    service::Heading,
};

/// How long the other end may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often something is sent that keeps proxies from cutting an idle connection.
const PING_EVERY: Duration = Duration::from_secs(30);
/// Messages that wait for the handler, and for the client.
const QUEUE: usize = 16;

type Stream = WebSocketStream<TokioIo<Upgraded>>;
/// A token that counts, and what it proves.
pub(super) type Shown = (Arc<str>, Arc<Proven>);

/// On what terms a connection is open.
pub(super) struct Terms {
    pub(super) guard: Guard,
    pub(super) requirements: Arc<[Requirement]>,
    /// Where the connection was opened, and how: what a proof must name, and what certificate there is.
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) extensions: Extensions,
    pub(super) max_message_bytes: usize,
    /// How long the first token may take.
    pub(super) within: Duration,
}

/// Who is at the other end, as far as the handshake tells.
pub(super) enum Handshake {
    Known(Shown),
    /// There was a token, and it does not count.
    Refused(Ending),
    /// The first message will tell.
    Unknown(OwnedSemaphorePermit),
}

/// From the first token to the end. Boxed once: it lives long.
pub(super) async fn live<H, F>(terms: Terms, upgraded: Upgraded, handshake: Handshake, handle: H)
where
    H: FnOnce(Socket, Caller) -> F,
    F: Future<Output = ()>,
{
    let limits = tokio_websockets::Limits::default().max_payload_len(Some(MAX_BYTES));
    let mut stream = ServerBuilder::new().limits(limits).serve(TokioIo::new(upgraded));
    let shown = match handshake {
        Handshake::Known(shown) => Ok(shown),
        Handshake::Refused(ending) => Err(ending),
        Handshake::Unknown(_permit) => {
            timeout(terms.within, terms.first(&mut stream)).await.unwrap_or(Err(Ending::TOKEN_MISSING))
        }
    };
    let (token, proven) = match shown {
        Ok(shown) => shown,
        Err(ending) => return close(stream, ending.code, ending.reason).await,
    };
    stream.limits_mut().set_max_payload_len(Some(terms.max_message_bytes));
    let greeting = terms.authenticated(&proven);
    let caller = Caller::new(Arc::clone(&proven));
    let ticket = terms.guard.open().enter(&terms.guard, (token, proven), Arc::clone(&terms.requirements));
    let (incoming, received) = mpsc::channel(QUEUE);
    let (outgoing, wishes) = mpsc::channel(QUEUE);
    let socket = Socket { incoming: received, sender: Sender { outgoing, life: ticket.life.clone() } };
    let subject = caller.sub.clone();
    let pump = Pump { terms, stream, ticket, subject, incoming: Some(incoming) };
    tokio::join!(pump.run(greeting, wishes), handle(socket, caller));
}

impl Terms {
    /// The token of the first message.
    async fn first(&self, stream: &mut Stream) -> Result<Shown, Ending> {
        loop {
            let frame = stream.next().await.ok_or(Ending::NORMAL)?.map_err(|error| broken(&error))?;
            if frame.is_ping() || frame.is_pong() {
                continue;
            }
            if frame.is_close() {
                return Err(Ending::NORMAL);
            }
            let shown = frame.as_text().and_then(Authenticate::read).ok_or(Ending::TOKEN_MISSING)?;
            match self.judge(&shown).await {
                Ok(shown) => return Ok(shown),
                Err(rejection) => self.again_or_over(stream, &rejection).await?,
            }
        }
    }

    /// The verdict on a token that was shown in a message.
    async fn judge(&self, shown: &Authenticate) -> Result<Shown, Rejection> {
        let judged = async {
            let proven = self.guard.judge().verify(&shown.token).await?;
            let mut headers = self.headers.clone();
            headers.remove(&PROOF);
            let place = match &shown.dpop {
                Some(proof) => {
                    let proof = HeaderValue::from_str(proof);
                    headers.insert(PROOF, proof.map_err(|_| Rejection::Dpop(crate::DpopFailure::Malformed))?);
                    Place::Proof
                }
                None => Place::Header,
            };
            let head = Head { method: &Method::GET, uri: &self.uri, headers: &headers };
            let heading = Heading { head, uri: &self.uri, extensions: &self.extensions };
            self.guard.admit(&proven, &shown.token, heading, place)?;
            let authentication = Authentication::of(self.guard.clone(), Arc::clone(&proven));
            self.requirements.iter().try_for_each(|needed| authentication.require(needed))?;
            Ok((Arc::from(shown.token.as_str()), proven))
        };
        let judged = judged.await;
        judged.inspect_err(|rejection| self.guard.note(rejection))
    }

    /// Tells what helps to try again on this connection; anything else is its end.
    async fn again_or_over(&self, stream: &mut Stream, rejection: &Rejection) -> Result<(), Ending> {
        let Rejection::Dpop(failure) = rejection else { return Err(Ending::of(rejection)) };
        let nonce = self.guard.next_nonce(Some(Place::Proof)).filter(|_| failure.code() == "use_dpop_nonce");
        let nonce = nonce.as_ref().and_then(|nonce| nonce.to_str().ok()).ok_or_else(|| Ending::of(rejection))?;
        let told = Told::Refused { error: failure.code(), nonce: Some(nonce) };
        stream.send(Frame::text(told.text())).await.map_err(|error| broken(&error))
    }

    fn authenticated(&self, proven: &Proven) -> String {
        let (now, _) = self.guard.time();
        Told::Authenticated { expires_in: proven.claims.exp.saturating_sub(now) }.text()
    }
}

/// Carries messages between client and handler for as long as the token counts.
struct Pump {
    terms: Terms,
    stream: Stream,
    ticket: Ticket,
    subject: String,
    /// `None`: the handler wants none.
    incoming: Option<mpsc::Sender<Message>>,
}

impl Pump {
    async fn run(mut self, greeting: String, mut wishes: mpsc::Receiver<Wish>) {
        let ending = match self.send(Frame::text(greeting)).await {
            Ok(()) => self.carry(&mut wishes).await,
            Err(ending) => ending,
        };
        // From here on nothing can be sent, and nobody waits for it.
        drop(wishes);
        let Self { stream, ticket, incoming, .. } = self;
        drop((ticket, incoming));
        let (code, reason) = ending.code_and_reason();
        close(stream, code, reason).await;
    }

    /// Until something ends it.
    async fn carry(&mut self, wishes: &mut mpsc::Receiver<Wish>) -> End {
        let mut ping = pings();
        loop {
            let mut life = self.ticket.life.clone();
            // Nothing is read that could not be handed on.
            let room = async {
                match &self.incoming {
                    Some(incoming) => incoming.reserve().await.is_ok(),
                    None => true,
                }
            };
            let read = async {
                let wanted = room.await;
                (wanted, self.stream.next().await)
            };
            let step = tokio::select! {
                over = over(&mut life) => return End::Guard(over),
                (wanted, frame) = read => Step::Read(wanted, frame),
                wish = wishes.recv() => Step::Wish(wish),
                _ = ping.tick() => Step::Ping,
            };
            let done = match step {
                Step::Read(wanted, frame) => self.read(wanted, frame).await,
                Step::Wish(Some(Wish::Send(Message::Text(text)))) => self.send(Frame::text(text)).await,
                Step::Wish(Some(Wish::Send(Message::Binary(bytes)))) => self.send(Frame::binary(bytes)).await,
                Step::Wish(Some(Wish::Close(code, reason))) => Err(End::Handler(code, reason)),
                Step::Wish(None) => Err(End::Guard(Ending::NORMAL)),
                Step::Ping => self.send(Frame::ping(Bytes::new())).await,
            };
            if let Err(end) = done {
                // Whoever heard of it first: a handler that ends because the token does is not why the connection ends.
                return match &*self.ticket.life.borrow() {
                    Life::Over(ending) => End::Guard(*ending),
                    Life::Open(_) => end,
                };
            }
        }
    }

    /// Takes up what the client has sent.
    async fn read(&mut self, wanted: bool, frame: Option<Result<Frame, Error>>) -> Result<(), End> {
        if !wanted {
            self.incoming = None;
        }
        let frame = frame.ok_or(End::Gone)?.map_err(|error| End::Guard(broken(&error)))?;
        if frame.is_close() {
            return Err(End::Gone);
        }
        if let Some(text) = frame.as_text()
            && let Some(shown) = Authenticate::read(text)
        {
            return self.renew(&shown).await;
        }
        let message = match frame.as_text() {
            Some(text) => Message::Text(text.to_owned()),
            None if frame.is_binary() => Message::Binary(frame.into_payload().into()),
            None => return Ok(()),
        };
        if let Some(incoming) = &self.incoming
            && incoming.try_send(message).is_err()
        {
            // There was room a moment ago, so the handler is gone.
            self.incoming = None;
        }
        Ok(())
    }

    /// Goes on with another token: of the same subject, and good for what the connection needs.
    async fn renew(&mut self, shown: &Authenticate) -> Result<(), End> {
        let mut life = self.ticket.life.clone();
        let judged = tokio::select! {
            biased;
            over = over(&mut life) => return Err(End::Guard(over)),
            judged = self.terms.judge(shown) => judged,
        };
        let (token, proven) = match judged {
            Ok(shown) => shown,
            // The token at hand still counts, and nothing speaks against the new one.
            Err(rejection) if rejection.status().is_server_error() => {
                let told = Told::Refused { error: Ending::of(&rejection).reason, nonce: None };
                return self.send(Frame::text(told.text())).await;
            }
            Err(rejection) => {
                return self.terms.again_or_over(&mut self.stream, &rejection).await.map_err(End::Guard);
            }
        };
        if proven.claims.sub != self.subject {
            return Err(End::Guard(Ending::OTHER_SUBJECT));
        }
        let answer = self.terms.authenticated(&proven);
        self.ticket.renew(token, proven);
        self.send(Frame::text(answer)).await
    }

    /// Sends, as long as the token counts: a client that does not read is no reason to go on beyond that.
    async fn send(&mut self, frame: Frame) -> Result<(), End> {
        let mut life = self.ticket.life.clone();
        tokio::select! {
            biased;
            over = over(&mut life) => Err(End::Guard(over)),
            sent = self.stream.send(frame) => sent.map_err(|_| End::Gone),
        }
    }
}

enum Step {
    Read(bool, Option<Result<Frame, Error>>),
    Wish(Option<Wish>),
    Ping,
}

/// Who ended it.
enum End {
    Guard(Ending),
    Handler(u16, String),
    /// The client has said goodbye, or just gone.
    Gone,
}

impl End {
    /// What the closing frame says.
    fn code_and_reason(&self) -> (u16, &str) {
        match self {
            Self::Guard(ending) => (ending.code, ending.reason),
            Self::Handler(code, reason) => (*code, reason),
            Self::Gone => (Ending::NORMAL.code, Ending::NORMAL.reason),
        }
    }
}

/// Waits until the token does not count any more.
async fn over(life: &mut tokio::sync::watch::Receiver<Life>) -> Ending {
    match life.wait_for(Life::is_over).await.as_deref() {
        Ok(Life::Over(ending)) => *ending,
        // The connection's own ticket is gone, which comes at its end only.
        Ok(Life::Open(_)) | Err(_) => Ending::NORMAL,
    }
}

fn pings() -> Interval {
    let mut ping = interval(PING_EVERY);
    // The first one is not due at once.
    ping.reset();
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ping
}

/// What a connection that cannot be read ends with.
fn broken(error: &Error) -> Ending {
    match error {
        Error::PayloadTooLong { .. } => Ending::TOO_BIG,
        _ => Ending::NORMAL,
    }
}

/// Says how it ended, and waits a moment for the other end to have heard.
async fn close(mut stream: Stream, code: u16, reason: &str) {
    let farewell = async {
        let code = CloseCode::try_from(code).unwrap_or(CloseCode::NORMAL_CLOSURE);
        // After a goodbye of the other end, or of the protocol itself, there is none of ours: reading sends what is left.
        drop(stream.send(Frame::close(Some(code), reason)).await);
        while let Some(Ok(_)) = stream.next().await {}
    };
    // Whoever does not answer is cut off.
    drop(timeout(FAREWELL, farewell).await);
}
