//! Grants (RFC 6749 §4, §6): one file each, one line each at the end of this one.
//!
//! A grant's file holds `NAME` (the wire value), `PARAMETERS` (what it reads), `Request` with `parse`, what to look up, `Facts`, and
//! `decide`. Everything that lists grants, from discovery to registration, is derived from [`Grant::ALL`].

use crate::error::OAuthError;
use crate::params::Params;

/// The `grant_types` entry of clients that get tokens from the authorization endpoint (RFC 7591 §2.1); nothing at the token endpoint.
pub const IMPLICIT: &str = "implicit";

pub mod answered;

macro_rules! grants {
    ($($module:ident => $variant:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// A grant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Grant {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant,)+
        }

        impl Grant {
            /// Every grant.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value of `grant_type`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $module::NAME,)+
                }
            }

            /// The parameters it reads, beside `grant_type` and those of client authentication.
            #[must_use]
            pub const fn parameters(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => $module::PARAMETERS,)+
                }
            }
        }

        /// A parsed request to the token endpoint.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum TokenRequest {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Request),)+
        }

        impl TokenRequest {
            /// Reads `grant_type` and what belongs to it. Parameters of others are ignored (RFC 6749 §3.2).
            ///
            /// # Errors
            /// A grant nobody knows, or a parameter missing or malformed.
            pub fn parse(params: &Params) -> Result<Self, OAuthError> {
                match Grant::from_name(params.require("grant_type")?).ok_or(OAuthError::GrantTypeUnsupported)? {
                    $(Grant::$variant => $module::Request::parse(params).map(Self::$variant),)+
                }
            }

            /// Which grant it is.
            #[must_use]
            pub const fn grant(&self) -> Grant {
                match self {
                    $(Self::$variant(_) => Grant::$variant,)+
                }
            }
        }
    };
}

impl Grant {
    /// The grant of that wire value.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|grant| grant.name() == name)
    }
}

grants![
    authorization_code => AuthorizationCode,
    ciba => Ciba,
    client_credentials => ClientCredentials,
    device_code => DeviceCode,
    jwt_bearer => JwtBearer,
    password_realm => PasswordRealm,
    refresh_token => RefreshToken,
    token_exchange => TokenExchange,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(form: &str) -> Result<TokenRequest, OAuthError> {
        TokenRequest::parse(&Params::parse(form.as_bytes()).unwrap())
    }

    #[test]
    fn password_implicit_and_invented_grants_do_not_exist() {
        for name in [
            "password",
            "implicit",
            "Authorization_Code",
            "refresh_token ",
            "urn:ietf:params:oauth:grant-type:saml2-bearer",
        ] {
            assert_eq!(parse(&format!("grant_type={name}")).err(), Some(OAuthError::GrantTypeUnsupported), "{name}");
        }
        assert_eq!(parse("grant_type=").err(), Some(OAuthError::ParameterMissing("grant_type")));
        assert_eq!(parse("").err(), Some(OAuthError::ParameterMissing("grant_type")));
    }

    #[test]
    fn names_and_parameters_are_unique() {
        for grant in Grant::ALL {
            assert_eq!(Grant::from_name(grant.name()), Some(*grant));
            let mut names = grant.parameters().to_vec();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), grant.parameters().len());
        }
    }
}
