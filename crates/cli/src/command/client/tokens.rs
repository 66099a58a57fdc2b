//! What a client's access tokens are, and how they reach it, as typed.

use clap::ValueEnum;
use symbolon_oauth::registration::{AccessTokenFormat, TokenDelivery};

/// How tokens reach a client.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Delivery {
    /// In the answer's body, which the page reads
    Body,
    /// As HttpOnly cookies; the body has the claims
    Cookie,
}

/// What access tokens are.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// A signed statement that an API checks by itself
    Jwt,
    /// An opaque value that lives as long as the sign-in; no refresh tokens
    Session,
}

impl Delivery {
    pub(super) const fn registered(self) -> TokenDelivery {
        match self {
            Self::Body => TokenDelivery::Body,
            Self::Cookie => TokenDelivery::Cookie,
        }
    }
}

impl Format {
    pub(super) const fn registered(self) -> AccessTokenFormat {
        match self {
            Self::Jwt => AccessTokenFormat::Jwt,
            Self::Session => AccessTokenFormat::Session,
        }
    }
}
