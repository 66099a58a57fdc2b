//! The other endpoints: what they read, what they decide, what they answer.

pub mod backchannel_authentication;
pub mod check_session;
pub mod current;
pub mod device_authorization;
pub mod discovery;
pub mod elsewhere;
pub mod end_session;
pub mod frontchannel_logout;
pub mod introspection;
pub mod path;
pub mod revocation;
pub mod session;
pub mod userinfo;

use crate::grant::Grant;
use crate::{authorize, client_auth};

/// Every parameter that some endpoint takes in the body of a request, where none may stand in the URL (RFC 6749 §2.3.1, §3.2).
pub fn parameters() -> impl Iterator<Item = &'static str> {
    let of_grants = Grant::ALL.iter().flat_map(|grant| grant.parameters());
    let of_tokens = ["grant_type", "token", "token_type_hint", session::PARAMETER];
    of_grants
        .chain(client_auth::PARAMETERS)
        .chain(authorize::PARAMETERS)
        .chain(backchannel_authentication::PARAMETERS)
        .copied()
        .chain(of_tokens)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::authorize::{Effective, Source, validate};
    use crate::client_auth::Credentials;
    use crate::grant::TokenRequest;
    use crate::params::Params;
    use crate::testing::{API, CHALLENGE, SPA_URI, TestRng, apis, issuer, spa};
    use crate::token_format::{OpaqueToken, TokenKind};

    /// A value that is good where the parameter is known.
    fn good(name: &str) -> String {
        let token = |kind| OpaqueToken::generate(kind, &mut TestRng::new(5)).reveal().to_owned();
        match name {
            "auth_req_id" => token(TokenKind::AuthReqId),
            "code" => token(TokenKind::AuthorizationCode),
            "device_code" => token(TokenKind::DeviceCode),
            "refresh_token" => token(TokenKind::RefreshToken),
            "audience" | "resource" => API.to_owned(),
            "scope" => "openid".to_owned(),
            _ if name.ends_with("_token_type") => "urn:ietf:params:oauth:token-type:access_token".to_owned(),
            _ => "any".to_owned(),
        }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_grant_reads_the_parameters_it_lists_and_no_other() {
        for grant in Grant::ALL.iter().copied() {
            let pairs = grant.parameters().iter().map(|name| (*name, good(name)));
            let pairs = pairs.chain([("grant_type", grant.name().to_owned())]);
            let params = Params::from_pairs(pairs).unwrap();
            TokenRequest::parse(&params).unwrap_or_else(|error| panic!("{}: {error:?}", grant.name()));
            let mut listed = set(grant.parameters());
            listed.insert("grant_type".to_owned());
            // Sent along by old apps, and there is one store of users.
            assert_eq!(listed.remove("realm"), grant == Grant::PasswordRealm);
            assert_eq!(params.read(), listed, "{}", grant.name());
        }
    }

    #[test]
    fn the_authorization_endpoint_reads_the_parameters_it_lists_and_no_other() {
        let params = Params::from_pairs([
            ("client_id", spa().client_id.as_str()),
            ("redirect_uri", SPA_URI),
            ("response_type", "code"),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .unwrap();
        let request = Effective { params, source: Source::default() };
        validate(&request, Some(&spa()), &apis(), &issuer()).unwrap();
        let mut listed = set(authorize::PARAMETERS);
        // A wish that every page fulfils; and what is named only to be refused.
        assert!(listed.remove("display"));
        listed.extend(set(&["client_id", "registration"]));
        let mut read = request.params.read();
        // By which `Params` knows whether a parameter may be there twice.
        assert!(read.remove("grant_type"));
        assert_eq!(read, listed);
    }

    #[test]
    fn the_backchannel_endpoint_reads_what_it_lists_beside_the_parameters_of_the_authorization_endpoint() {
        let params = Params::parse(b"scope=openid&login_hint=ada%40example.com").unwrap();
        backchannel_authentication::Request::parse(&params).unwrap();
        let read = params.read();
        assert!(read.contains("scope"));
        let unread = |name: &&&str| !read.contains(**name);
        let unread: Vec<_> = backchannel_authentication::PARAMETERS.iter().filter(unread).collect();
        assert_eq!(unread, [&"user_code"], "there are no user codes");
        let listed: BTreeSet<String> = parameters().map(str::to_owned).collect();
        assert_eq!(read.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new());
    }

    #[test]
    fn client_authentication_reads_the_parameters_it_lists_and_no_other() {
        let mut read = BTreeSet::new();
        let basic = Some("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
        for (header, form) in [
            (basic, "client_id=s6BhdRkqt3"),
            (None, "client_id=web&client_secret=x"),
            (
                None,
                "client_id=web&client_assertion=a.b.c&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            (None, "client_id=web"),
        ] {
            let params = Params::parse(form.as_bytes()).unwrap();
            let _ = Credentials::from_request(header, &params);
            read.extend(params.read());
        }
        // By which `Params` knows whether a parameter may be there twice.
        read.remove("grant_type");
        assert_eq!(read, set(client_auth::PARAMETERS));
    }
}
