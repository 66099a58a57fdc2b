//! The gateway: a token-mediating backend (RFC 10017 §6.1, §6.2) for an app that has no backend of its own, or whose site is not the issuer's.
//!
//! It signs people in at an OpenID Provider, keeps their tokens, gives the browser a session cookie that no script reads, and calls the app's
//! APIs with the tokens. A page learns who is signed in, and never a token.
//!
//! | Module | |
//! | --- | --- |
//! | [`config`] | `gateway.toml` |
//! | `serve` | starting, routes, a changed configuration |
//! | `examine` | what `symbolon gateway check` asks |
//! | `sign_in`, `sign_out`, `state` | what pages call |
//! | `facade` | the same in the words of an issuer in cookie mode, for the browser SDK |
//! | `forward`, `path`, `headers` | calls to the APIs |
//! | `websocket` | WebSockets to the APIs |
//! | `tokens` | renewal, once for all who wait |
//! | `sessions`, `store` | who is signed in; in memory, and in a sealed file |
//! | `provider` | the issuer, as its client talks to it |

pub mod config;
mod cookie;
mod examine;
mod facade;
mod folder;
mod forward;
mod gateway;
mod headers;
mod http;
mod layer;
mod origin;
mod page;
mod path;
mod problem;
mod provider;
mod serve;
mod sessions;
mod sign_in;
mod sign_out;
mod state;
mod store;
mod tokens;
mod websocket;

pub use examine::{Unreachable, reach_issuer};
pub use origin::Origin;
pub use serve::{Running, StartError, start};
pub use store::StoreError;
