//! What of a registration is chosen from a list, as it is typed.

use clap::ValueEnum;
use symbolon_server::admin::{DpopDemand, Preset};

/// For which other server an app was made.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Made {
    /// With auth0-js or auth0-spa-js: JSON at the token endpoint, tokens from the authorization endpoint, profile claims in ID tokens
    Auth0,
    /// With keycloak-js, which sends the browser's cookies to the token endpoint
    Keycloak,
}

/// Whether proofs are demanded.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Dpop {
    /// With a proof its tokens are bound, without one they are not
    Optional,
    /// No token without a proof
    Required,
    /// And each proof with a nonce, so that none can have been made in advance
    RequiredWithNonce,
}

impl Made {
    pub(crate) const fn preset(self) -> Preset {
        match self {
            Self::Auth0 => Preset::Auth0,
            Self::Keycloak => Preset::Keycloak,
        }
    }
}

impl Dpop {
    pub(crate) const fn demanded(self) -> DpopDemand {
        match self {
            Self::Optional => DpopDemand::Optional,
            Self::Required => DpopDemand::Required,
            Self::RequiredWithNonce => DpopDemand::RequiredWithNonce,
        }
    }
}
