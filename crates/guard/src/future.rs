//! The future of the guard's services: an answer at hand, the inner service's, or one that has to wait.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Response, header};
use pin_project_lite::pin_project;

use crate::{dpop::NONCE, extract::Place};

pin_project! {
    /// What the guard's services answer with.
    pub struct ResponseFuture<F, O> {
        #[pin]
        state: State<F, O>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, O> {
        Ready { output: Option<O> },
        Inner { #[pin] future: F, place: Option<Place>, nonce: Option<HeaderValue> },
        Boxed { future: Pin<Box<dyn Future<Output = O> + Send>> },
    }
}

impl<F, O> ResponseFuture<F, O> {
    pub(crate) fn ready(output: O) -> Self {
        Self { state: State::Ready { output: Some(output) } }
    }

    /// The inner service's answer to a request whose token stood at `place`, with the nonce for the next.
    pub(crate) fn inner(future: F, place: Option<Place>, nonce: Option<HeaderValue>) -> Self {
        Self { state: State::Inner { future, place, nonce } }
    }

    pub(crate) fn boxed(future: impl Future<Output = O> + Send + 'static) -> Self {
        Self { state: State::Boxed { future: Box::pin(future) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F, Result<Response<B>, E>>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            // Polled again after its end: there is nothing to say any more.
            StateProjection::Ready { output } => output.take().map_or(Poll::Pending, Poll::Ready),
            StateProjection::Inner { future, place, nonce } => {
                let mut response = ready!(future.poll(cx))?;
                // RFC 6750 §2.3: an answer to a URL that holds a token must not land in a shared cache.
                if *place == Some(Place::Query) {
                    let private = HeaderValue::from_static("private");
                    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(private);
                }
                // A URL that is good for seconds is nobody else's to have.
                if *place == Some(Place::Signed) {
                    let headers = response.headers_mut();
                    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
                    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
                }
                // RFC 9449 §8.2: also an answer that is no challenge says which one to use next.
                if let Some(nonce) = nonce.take() {
                    response.headers_mut().insert(NONCE, nonce);
                }
                Poll::Ready(Ok(response))
            }
            StateProjection::Boxed { future } => future.as_mut().poll(cx),
        }
    }
}

impl<F, O> std::fmt::Debug for ResponseFuture<F, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseFuture")
    }
}
