//! The other side: what a client of an OpenID Provider has to check of what comes back to it. Pure, as everything here; the gateway
//! (`crates/gateway`) is such a client.
//!
//! - [`callback`]: the answer in the redirect (RFC 6749 §4.1.2, RFC 9207).
//! - [`id_token`]: the ID token (OpenID Connect Core §3.1.3.7, §12.2).
//! - [`logout_token`]: that a session has ended elsewhere (OpenID Connect Back-Channel Logout 1.0 §2.6).

pub mod callback;
pub mod id_token;
pub mod logout_token;

pub use callback::{Callback, CallbackRefused};
pub use id_token::{IdTokenRefused, SignedIn};
pub use logout_token::{Ended, LogoutRefused};
