//! The HTTP side: one file per endpoint, and the router that lists them all.

mod answer;
mod authenticate;
mod authorize;
mod browser;
mod client;
mod consent;
mod cors;
mod discovery;
mod dpop;
mod form;
mod headers;
mod health;
mod hint;
mod home;
mod introspect;
mod jwks;
mod login;
mod logout;
pub mod meta;
mod page;
mod par;
mod posted;
mod request;
mod request_uri;
mod reset;
mod revocations;
mod revoke;
mod router;
mod sdk;
mod session;
mod setup;
mod ssf;
mod status_list;
mod token;
mod userinfo;

pub use router::{guarded, router, routes};
