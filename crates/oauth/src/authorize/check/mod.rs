//! The rules of the authorization endpoint, one per file, each named after what it checks.

pub(super) mod acr_values;
pub(super) mod authorization_details;
pub(super) mod claims;
pub(super) mod client;
pub(super) mod code_challenge;
pub(super) mod dpop_jkt;
pub(super) mod grant;
pub(super) mod hints;
pub(super) mod max_age;
pub(super) mod nonce;
pub(super) mod prompt;
pub(super) mod redirect_uri;
pub(super) mod repeated;
pub(super) mod request_object;
pub(super) mod response_mode;
pub(crate) mod response_type;
pub(super) mod scope;
pub(super) mod state;

use super::Source;
use crate::params::Params;
use crate::redirect_uri::RegisteredRedirectUri;
use crate::registration::Client;

/// A request whose client and redirect URI are proven, and nothing else yet.
pub(super) struct Draft<'a, 'p> {
    pub(super) params: &'p Params,
    pub(super) source: Source,
    pub(super) client: &'a Client,
    pub(super) redirect_uri: &'p RegisteredRedirectUri,
}

#[cfg(test)]
pub(super) mod testing {
    use super::Draft;
    use crate::authorize::Source;
    use crate::params::Params;
    use crate::registration::Client;
    use crate::testing::{SPA_URI, registered, spa};

    /// Runs a check on the parameters of a query, for the browser client.
    pub(in crate::authorize) fn on<T>(query: &str, check: impl FnOnce(&Draft<'_, '_>) -> T) -> T {
        on_client(&spa(), query, check)
    }

    /// The same for another client.
    pub(in crate::authorize) fn on_client<T>(
        client: &Client,
        query: &str,
        check: impl FnOnce(&Draft<'_, '_>) -> T,
    ) -> T {
        let params = Params::parse_for_authorize(query.as_bytes()).unwrap();
        check(&Draft { params: &params, source: Source::default(), client, redirect_uri: &registered(SPA_URI) })
    }

    /// The same for a request that came from there.
    pub(in crate::authorize) fn from<T>(client: &Client, source: Source, check: impl FnOnce(&Draft<'_, '_>) -> T) -> T {
        check(&Draft { params: &Params::default(), source, client, redirect_uri: &registered(SPA_URI) })
    }
}
