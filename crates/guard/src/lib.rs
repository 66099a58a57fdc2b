#![doc = include_str!("../README.md")]

#[cfg(feature = "axum")]
mod axum;
mod caller;
mod certificate;
mod challenge;
mod claims;
mod client;
mod clock;
mod counter;
mod csrf;
mod dpop;
mod error;
mod extract;
mod future;
mod guard;
mod judge;
mod jwks;
mod layer;
mod revocation;
mod rng;
mod scope;
mod seen;
mod service;
mod session;
mod signed;
mod status;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod verify;
#[cfg(feature = "ws")]
pub mod websocket;

#[cfg(feature = "axum")]
pub use crate::axum::Scoped;
pub use caller::Caller;
pub use certificate::{Certificates, PeerAddress, PeerCertificate};
pub use claims::{Audience, Claims, NoExtra};
pub use clock::Clock;
pub use csrf::{CSRF_CLAIM, CSRF_HEADER, Sender, csrf_token, is_csrf_token, sender};
pub use dpop::Dpop;
pub use error::{ConfigError, InvalidToken, Malformed, Rejection};
pub use future::ResponseFuture;
pub use guard::{DEFAULT_ALGORITHMS, Guard};
pub use jwks::Keys;
pub use layer::{GuardLayer, RequireLayer};
pub use revocation::{FeedState, Revocation, RevocationStatus, Revoked, WhenStale};
pub use scope::{RequiredScope, SignInNeeded, is_scope_token};
pub use service::{GuardService, RequireService};
pub use session::Sessions;
pub use signed::{NotSigned, SignedUrls, UrlToSign};
pub use status::{CacheStatus, ProofStatus, Status};
pub use symbolon_jose::{Algorithm, Jwk, JwkSet};
pub use symbolon_oauth::DpopFailure;
pub use verify::TokenType;
