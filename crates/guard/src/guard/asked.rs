//! What the rest of the crate asks a guard.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde::Deserialize as _;
use symbolon_oauth::Confirmation;
#[cfg(feature = "axum")]
use url::Url;

use super::Guard;
use crate::{
    caller::Authentication,
    certificate::Certificates,
    csrf::{self, CSRF_CLAIM, Sender},
    dpop::{Dpop, NONCE, Shown},
    error::{InvalidToken, Rejection},
    extract::{Head, Place, Sources},
    judge::Judge,
    seen::Proven,
    service::Heading,
    signed::SignedUrls,
};

impl Guard {
    pub(crate) fn sources(&self) -> &Sources {
        &self.0.config.sources
    }

    pub(crate) fn judge(&self) -> &Judge {
        &self.0.judge
    }

    #[cfg(feature = "ws")]
    pub(crate) fn open(&self) -> &std::sync::Arc<crate::websocket::open::Open> {
        &self.0.open
    }

    #[cfg(feature = "ws")]
    pub(crate) fn websocket_settings(&self) -> crate::websocket::WebSockets {
        self.0.config.websockets
    }

    pub(crate) fn signed(&self) -> Option<&SignedUrls> {
        self.0.config.signed.as_ref()
    }

    /// Whether a token that is good in itself may be shown like this. Costs nothing in a header, where no bound tokens are taken.
    pub(crate) fn admit(
        &self,
        proven: &Proven,
        token: &str,
        heading: Heading<'_>,
        place: Place,
    ) -> Result<(), Rejection> {
        if place == Place::Cookie {
            vouched(proven, heading)?;
        }
        let (dpop, certificates) = (self.0.config.dpop.as_ref(), self.0.config.certificates.as_ref());
        if dpop.is_none() && certificates.is_none() {
            return Ok(());
        }
        let Some(cnf) = &proven.claims.cnf else {
            let required = dpop.is_some_and(Dpop::is_required) || certificates.is_some_and(Certificates::is_required);
            let unbound = required || place == Place::Proof;
            return if unbound { Err(Rejection::InvalidToken(InvalidToken::NotBound)) } else { Ok(()) };
        };
        // A kind that is not known is not "not bound".
        let unproven = || Rejection::InvalidToken(InvalidToken::SenderConstrained);
        let bound = Confirmation::deserialize(cnf).map_err(|_| unproven())?;
        match (&bound, place, dpop, certificates) {
            (Confirmation::Jkt(_), Place::Proof, Some(dpop), _) => {
                let (head, uri) = (heading.head, heading.uri);
                dpop.admit(&bound, token, Shown { head, uri, now: self.0.config.clock.unix_now() })
            }
            (Confirmation::X5tS256(_), place, _, Some(certificates)) if place != Place::Proof => {
                certificates.admit(&bound, heading)
            }
            // RFC 9449 §7.2: "MUST reject a DPoP-bound access token received as a bearer token". And what is bound to a certificate is no proof's.
            _ => Err(unproven()),
        }
    }

    /// The second, and how far the issuer's clock may differ.
    pub(crate) fn time(&self) -> (u64, u64) {
        (self.0.config.clock.unix_now(), self.0.config.leeway.as_secs())
    }

    #[cfg(feature = "axum")]
    pub(crate) fn takes_certificates(&self) -> bool {
        self.0.config.certificates.is_some()
    }

    #[cfg(feature = "axum")]
    pub(crate) fn told_scopes(&self) -> &[String] {
        &self.0.config.scopes_supported
    }

    pub(crate) fn dpop_settings(&self) -> Option<&Dpop> {
        self.0.config.dpop.as_ref()
    }

    /// The nonce for the caller's next proof, if it showed one.
    pub(crate) fn next_nonce(&self, place: Option<Place>) -> Option<HeaderValue> {
        let dpop = self.0.config.dpop.as_ref().filter(|_| place == Some(Place::Proof))?;
        dpop.next_nonce(self.0.config.clock.unix_now())
    }

    /// What a request without a token is: anonymous, or refused.
    pub(crate) fn without_token(&self) -> Result<Authentication, Rejection> {
        if self.0.config.optional { Ok(Authentication::anonymous(self.clone())) } else { Err(Rejection::NoToken) }
    }

    /// The answer to a turned-away request; also tells whoever wants to know.
    pub(crate) fn reject<B: From<Bytes>>(&self, rejection: &Rejection) -> Response<B> {
        self.note(rejection);
        let metadata = self.0.metadata_url.get().map(String::as_str);
        let mut response = self.0.config.challenge.response(rejection, metadata, self.0.config.dpop.as_ref());
        if matches!(rejection, Rejection::Dpop(_))
            && let Some(nonce) = self.next_nonce(Some(Place::Proof))
        {
            response.headers_mut().insert(NONCE, nonce);
        }
        response
    }

    /// The path of the protected resource metadata (RFC 9728 §3.1). If the audience is a URL, the challenges name it from now on.
    #[cfg(feature = "axum")]
    pub(crate) fn announce_metadata(&self) -> String {
        const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
        let Some(mut url) = Url::parse(self.audience()).ok().filter(Url::has_host) else {
            return WELL_KNOWN.to_owned();
        };
        let path = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        self.0.metadata_url.get_or_init(|| url.into());
        path
    }

    #[cfg(feature = "axum")]
    pub(crate) fn bearer_methods(&self) -> Vec<&'static str> {
        let sources = self.sources();
        let methods = [
            ("header", self.dpop_settings().is_none_or(|dpop| !dpop.is_required())),
            ("body", sources.form_body),
            ("query", sources.query),
        ];
        methods.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
    }

    pub(crate) fn note(&self, rejection: &Rejection) {
        self.0.refusals.count(rejection);
        match rejection {
            Rejection::NotGuarded => tracing::error!(%rejection, "a request was refused"),
            Rejection::KeysUnavailable { .. }
            | Rejection::RevocationsUnavailable { .. }
            | Rejection::SessionsUnavailable { .. } => {
                tracing::warn!(%rejection, "a request was refused");
            }
            _ => tracing::debug!(%rejection, "a request was refused"),
        }
        if let Some(on_reject) = &self.0.config.on_reject {
            on_reject(rejection);
        }
    }
}

/// A token that the issuer itself put into the cookie names the token of its page: where something may change, that must come along, too.
fn vouched(proven: &Proven, heading: Heading<'_>) -> Result<(), Rejection> {
    let Some(named) = proven.claims.extra.get(CSRF_CLAIM) else { return Ok(()) };
    let Head { method, uri, headers } = heading.head;
    if csrf::sender(method, uri, headers, &[]) == Sender::Irrelevant {
        return Ok(());
    }
    let carried = named.as_str().is_some_and(|hash| csrf::has_hash(headers, hash));
    if carried { Ok(()) } else { Err(Rejection::CrossSite) }
}
