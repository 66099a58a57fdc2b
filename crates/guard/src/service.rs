//! The tower services.

use std::{
    any::Any,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Extensions, Request, Response, Uri, header};
use tower::Service;

use crate::{
    caller::Authentication,
    error::{Malformed, Rejection},
    extract::{Head, Place},
    future::ResponseFuture,
    guard::Guard,
    judge::Look,
    revocation::Watch,
    scope::Requirement,
    signed::Presented,
};

/// Authenticates every request before the inner service sees it.
///
/// A token whose key is at hand is judged at once, in `call`; only a missing key or a form body makes a request wait.
#[derive(Debug, Clone)]
pub struct GuardService<S> {
    guard: Guard,
    inner: S,
}

/// The verdict on a request's head.
enum Verdict {
    /// The request may pass.
    Pass(Authentication, Option<Place>),
    /// Something has to be fetched first.
    Wait { token: String, place: Place },
    /// The same for a signed URL.
    Inform(Presented),
}

impl<S> GuardService<S> {
    pub(crate) fn new(guard: Guard, inner: S) -> Self {
        Self { guard, inner }
    }
}

impl<S, B, R> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Send + 'static,
    R: From<Bytes> + Send,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let guard = &self.guard;
        if guard.sources().wants_form(head(&request)) {
            let waiting = self.waiting();
            return ResponseFuture::boxed(async move { waiting.read_form(request).await });
        }
        match look(guard, heading(&request), None) {
            Ok(Verdict::Pass(authentication, place)) => {
                request.extensions_mut().insert(authentication);
                let nonce = guard.next_nonce(place);
                ResponseFuture::inner(self.inner.call(request), place, nonce)
            }
            Ok(Verdict::Wait { token, place }) => {
                let waiting = self.waiting();
                ResponseFuture::boxed(async move { waiting.wait(request, token, place).await })
            }
            Ok(Verdict::Inform(presented)) => {
                let waiting = self.waiting();
                ResponseFuture::boxed(async move { waiting.inform(request, presented).await })
            }
            Err(rejection) => ResponseFuture::ready(Ok(guard.reject(&rejection))),
        }
    }
}

impl<S: Clone> GuardService<S> {
    /// This service, with the inner one that `poll_ready` has prepared; a fresh clone stays behind.
    fn waiting(&mut self) -> Self {
        let fresh = self.inner.clone();
        Self { guard: self.guard.clone(), inner: std::mem::replace(&mut self.inner, fresh) }
    }
}

impl<S> GuardService<S> {
    async fn read_form<B, R>(self, mut request: Request<B>) -> Result<Response<R>, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>>,
        B: Send + 'static,
        R: From<Bytes>,
    {
        let verdict = match buffer_form(request.body_mut()).await {
            Ok(form) => look(&self.guard, heading(&request), form.as_deref()),
            Err(rejection) => Err(rejection),
        };
        match verdict {
            Ok(Verdict::Pass(authentication, place)) => self.pass(request, authentication, place).await,
            Ok(Verdict::Wait { token, place }) => self.wait(request, token, place).await,
            Ok(Verdict::Inform(presented)) => self.inform(request, presented).await,
            Err(rejection) => Ok(self.guard.reject(&rejection)),
        }
    }

    async fn wait<B, R>(self, request: Request<B>, token: String, place: Place) -> Result<Response<R>, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>>,
        R: From<Bytes>,
    {
        let guard = &self.guard;
        let judged = guard.judge().verify(&token).await.and_then(|proven| {
            guard.admit(&proven, &token, heading(&request), place)?;
            Ok(proven)
        });
        match judged {
            Ok(proven) => {
                let authentication = Authentication::of(guard.clone(), proven);
                self.pass(request, authentication, Some(place)).await
            }
            Err(rejection) => Ok(guard.reject(&rejection)),
        }
    }

    async fn inform<B, R>(self, request: Request<B>, presented: Presented) -> Result<Response<R>, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>>,
        R: From<Bytes>,
    {
        let judged = match self.guard.judge().inform().await {
            Ok(()) => self.guard.admit_signed(&presented).unwrap_or_else(|| Err(Watch::unavailable())),
            Err(rejection) => Err(rejection),
        };
        match judged {
            Ok(()) => {
                let authentication = Authentication::of(self.guard.clone(), presented.proven);
                self.pass(request, authentication, Some(Place::Signed)).await
            }
            Err(rejection) => Ok(self.guard.reject(&rejection)),
        }
    }

    async fn pass<B, R>(
        mut self,
        mut request: Request<B>,
        authentication: Authentication,
        place: Option<Place>,
    ) -> Result<Response<R>, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>>,
    {
        request.extensions_mut().insert(authentication);
        let nonce = self.guard.next_nonce(place);
        ResponseFuture::inner(self.inner.call(request), place, nonce).await
    }
}

fn head<B>(request: &Request<B>) -> Head<'_> {
    Head { method: request.method(), uri: request.uri(), headers: request.headers() }
}

/// The head, what the connection is known to be, and where the request went: within a nested router of axum the head has only the rest of the
/// path.
#[derive(Clone, Copy)]
pub(crate) struct Heading<'r> {
    pub(crate) head: Head<'r>,
    pub(crate) uri: &'r Uri,
    pub(crate) extensions: &'r Extensions,
}

fn heading<B>(request: &Request<B>) -> Heading<'_> {
    #[cfg(feature = "axum")]
    let uri = request.extensions().get::<axum::extract::OriginalUri>().map_or(request.uri(), |original| &original.0);
    #[cfg(not(feature = "axum"))]
    let uri = request.uri();
    Heading { head: head(request), uri, extensions: request.extensions() }
}

/// Judges a request without waiting.
fn look(guard: &Guard, heading: Heading<'_>, form: Option<&[u8]>) -> Result<Verdict, Rejection> {
    if let Some(presented) = guard.presented(heading.head.method, heading.uri)? {
        if heading.head.headers.contains_key(header::AUTHORIZATION) {
            return Err(Rejection::Malformed(Malformed::TwoTokens));
        }
        return match guard.admit_signed(&presented) {
            Some(admitted) => admitted
                .map(|()| Verdict::Pass(Authentication::of(guard.clone(), presented.proven), Some(Place::Signed))),
            None => Ok(Verdict::Inform(presented)),
        };
    }
    let Some(found) = guard.sources().find(heading.head, form)? else {
        return guard.without_token().map(|anonymous| Verdict::Pass(anonymous, None));
    };
    match guard.judge().look(&found.token) {
        Look::Good(proven) => {
            guard.admit(&proven, &found.token, heading, found.place)?;
            Ok(Verdict::Pass(Authentication::of(guard.clone(), proven), Some(found.place)))
        }
        Look::Refused(rejection) => Err(rejection),
        Look::Wait => Ok(Verdict::Wait { token: found.token.into_owned(), place: found.place }),
    }
}

/// Reads the body and puts it back, if it is axum's. Another body cannot be rebuilt here, so no token is looked for in it.
#[cfg(feature = "axum")]
async fn buffer_form<B: Send + 'static>(body: &mut B) -> Result<Option<Bytes>, Rejection> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};

    let Some(body) = (body as &mut (dyn Any + Send)).downcast_mut::<axum::body::Body>() else {
        return Ok(None);
    };
    let taken = std::mem::take(body);
    match Limited::new(taken, crate::extract::MAX_FORM_BYTES).collect().await {
        Ok(read) => {
            let bytes = read.to_bytes();
            *body = axum::body::Body::from(bytes.clone());
            Ok(Some(bytes))
        }
        Err(error) if error.is::<LengthLimitError>() => Err(Rejection::BodyTooLarge),
        Err(_) => Err(Rejection::BodyUnreadable),
    }
}

#[cfg(not(feature = "axum"))]
#[expect(clippy::unused_async, reason = "the same shape as with axum")]
async fn buffer_form<B: Any>(_body: &mut B) -> Result<Option<Bytes>, Rejection> {
    Ok(None)
}

/// Lets pass only callers with a scope or role.
#[derive(Debug, Clone)]
pub struct RequireService<S> {
    guard: Guard,
    requirement: Arc<Requirement>,
    inner: S,
}

impl<S> RequireService<S> {
    pub(crate) fn new(guard: Guard, requirement: Arc<Requirement>, inner: S) -> Self {
        Self { guard, requirement, inner }
    }
}

impl<S, B, R> Service<Request<B>> for RequireService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let authentication = request.extensions().get::<Authentication>().ok_or(Rejection::NotGuarded);
        match authentication.and_then(|authentication| authentication.require(&self.requirement)) {
            Ok(()) => ResponseFuture::inner(self.inner.call(request), None, None),
            Err(rejection) => ResponseFuture::ready(Ok(self.guard.reject(&rejection))),
        }
    }
}
