//! How a client proves who it is, as it is typed.

use clap::ValueEnum;
use symbolon_oauth::registration::AuthMethod;

/// Client authentication, in the words of the standard.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Method {
    #[value(name = "client_secret_basic")]
    ClientSecretBasic,
    #[value(name = "client_secret_jwt")]
    ClientSecretJwt,
    #[value(name = "client_secret_post")]
    ClientSecretPost,
    #[value(name = "none")]
    None,
    #[value(name = "private_key_jwt")]
    PrivateKeyJwt,
    #[value(name = "self_signed_tls_client_auth")]
    SelfSignedTlsClientAuth,
    #[value(name = "tls_client_auth")]
    TlsClientAuth,
}

impl Method {
    pub(crate) const fn registered(self) -> AuthMethod {
        match self {
            Self::ClientSecretBasic => AuthMethod::ClientSecretBasic,
            Self::ClientSecretJwt => AuthMethod::ClientSecretJwt,
            Self::ClientSecretPost => AuthMethod::ClientSecretPost,
            Self::None => AuthMethod::None,
            Self::PrivateKeyJwt => AuthMethod::PrivateKeyJwt,
            Self::SelfSignedTlsClientAuth => AuthMethod::SelfSignedTlsClientAuth,
            Self::TlsClientAuth => AuthMethod::TlsClientAuth,
        }
    }
}
