//! What can be found out before a gateway starts: whether it would reach the issuer, trusting whom it will trust then.

use std::fmt;

use symbolon_server::{Clock, outgoing};

use crate::config::Config;
use crate::http::Http;
use crate::provider::{self, ProviderError};

/// Why the issuer was not reached. For the operator.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unreachable {
    /// `upstream.ca` cannot be used.
    Trust(String),
    /// The issuer's certificate does not count.
    Certificate(String),
    /// It does not answer, or with nonsense.
    Issuer(String),
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trust(why) | Self::Certificate(why) | Self::Issuer(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unreachable {}

/// Asks the issuer what it says of itself and for its keys, as the gateway will.
pub async fn reach_issuer(config: &Config, clock: &Clock) -> Result<(), Unreachable> {
    let trust = outgoing::trusting(config.upstream.ca.as_deref()).map_err(Unreachable::Trust)?;
    match provider::read(&Http::new(&trust), &config.issuer, clock.now()).await {
        Ok(_) => Ok(()),
        // As rustls says it: there is no type of it behind the client's error that would outlive a version.
        Err(ProviderError::Away(why)) if why.contains("invalid peer certificate") => Err(Unreachable::Certificate(why)),
        Err(ProviderError::Away(why)) => Err(Unreachable::Issuer(why)),
        Err(error) => Err(Unreachable::Issuer(error.to_string())),
    }
}
