//! Who may manage streams: a client with an access token of its own for the transmitter's API, which the operator registers to let
//! receivers in (Shared Signals Framework 1.0 §8, CAEP Interoperability Profile 1.0 §2.7).

use crate::access_token::AccessTokenClaims;
use crate::endpoint::userinfo::{TokenFacts, is_not_revoked};
use crate::ids::Issuer;
use crate::registration::{Api, Client};

/// The scope that lets a client create, change and delete its streams, and all that [`READ`] does.
pub const MANAGE: &str = "ssf.manage";
/// The scope that lets a client read its streams and poll them.
pub const READ: &str = "ssf.read";

/// The identifier of the API that access tokens for streams are for.
#[must_use]
pub fn api_identifier(issuer: &Issuer) -> String {
    issuer.endpoint("/ssf")
}

/// Whether the client is registered as a receiver, and the door is open at all. Once it no longer is, nothing goes out to it.
#[must_use]
pub fn is_receiver(client: &Client, api: Option<&Api>) -> bool {
    let Some(api) = api.filter(|api| !api.disabled) else { return false };
    let scopes = client.api(&api.identifier).map(|entry| &entry.scopes);
    !client.disabled && scopes.is_some_and(|scopes| scopes.contains(MANAGE) || scopes.contains(READ))
}

/// What a receiver may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// All.
    Manager,
    /// Read and poll.
    Reader,
}

/// Why a token does not open the endpoints (RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It does not allow that.
    InsufficientScope,
    /// It is of another kind, for another API, or counts no more.
    InvalidToken,
}

/// Decides about a token whose signature, issuer, type and expiry the shell has verified.
///
/// # Errors
/// Among others for every user's token: a first-party program gets one for any API on anybody's behalf, and nobody's sign-in
/// must open the events of everybody.
pub fn decide_access(
    issuer: &Issuer,
    token: &AccessTokenClaims,
    facts: &TokenFacts,
    client: &Client,
    api: Option<&Api>,
) -> Result<Receiver, Refused> {
    let own = token.sub == token.client_id && token.rh.is_none() && client.client_id == *token.client_id;
    let meant = token.aud.iter().any(|audience| audience == api_identifier(issuer));
    let open = api.is_some_and(|api| !api.disabled) && !client.disabled;
    // Shown as a bearer's here, which a token that is bound to a key must not be (RFC 9449 §7.2).
    let bearer = token.cnf.is_none();
    if !own || !meant || !open || !bearer || !is_not_revoked(token, facts) {
        return Err(Refused::InvalidToken);
    }
    if token.scope.contains(MANAGE) {
        Ok(Receiver::Manager)
    } else if token.scope.contains(READ) {
        Ok(Receiver::Reader)
    } else {
        Err(Refused::InsufficientScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confirmation::Confirmation;
    use crate::endpoint::userinfo::JtiState;
    use crate::issue::SessionState;
    use crate::registration::ClientApi;
    use crate::scope::Scope;
    use crate::testing::{NOW, issuer, machine};
    use symbolon_jose::jwt::Audience;

    fn api() -> Api {
        Api::new("https://auth.example/ssf", "Signals").with_scope(MANAGE, "").with_scope(READ, "")
    }

    fn token(scope: &str) -> AccessTokenClaims {
        AccessTokenClaims {
            iss: issuer().as_str().to_owned(),
            user_id: None,
            sub: "machine".to_owned(),
            aud: Audience::One("https://auth.example/ssf".to_owned()),
            exp: NOW + 600,
            iat: NOW,
            jti: "j".to_owned(),
            client_id: "machine".to_owned(),
            scope: Scope::parse(scope).unwrap(),
            sid: None,
            rh: None,
            auth_time: None,
            acr: None,
            amr: Vec::new(),
            authorization_details: Vec::new(),
            roles: Vec::new(),
            cnf: None,
            act: None,
            csrf: None,
            status: None,
        }
    }

    fn facts() -> TokenFacts {
        TokenFacts { user: None, session: SessionState::Unknown, jti: JtiState::Live, revoked_until: None }
    }

    #[test]
    fn a_token_bound_to_a_key_is_no_bearer_s_rfc_9449_7_2() {
        let bound = AccessTokenClaims { cnf: Some(Confirmation::Jkt("k".to_owned())), ..token("ssf.manage") };
        let decided = decide_access(&issuer(), &bound, &facts(), &machine(), Some(&api()));
        assert_eq!(decided, Err(Refused::InvalidToken));
    }

    #[test]
    fn the_scope_says_what_a_receiver_may() {
        let decide = |scope| decide_access(&issuer(), &token(scope), &facts(), &machine(), Some(&api()));
        assert_eq!(decide("ssf.manage"), Ok(Receiver::Manager));
        assert_eq!(decide("ssf.read"), Ok(Receiver::Reader));
        assert_eq!(decide("ssf.read ssf.manage"), Ok(Receiver::Manager));
        assert_eq!(decide("ssf"), Err(Refused::InsufficientScope));
        assert_eq!(decide("SSF.MANAGE"), Err(Refused::InsufficientScope));
    }

    #[test]
    fn only_a_clients_own_token_for_this_api_counts() {
        let good = token("ssf.manage");
        let of_a_user = AccessTokenClaims {
            sub: "usr_1".to_owned(),
            rh: Some("h".to_owned()),
            sid: Some("s".into()),
            ..good.clone()
        };
        let elsewhere =
            AccessTokenClaims { aud: Audience::One("https://auth.example/userinfo".to_owned()), ..good.clone() };
        let of_another = AccessTokenClaims { client_id: "other".into(), sub: "other".into(), ..good.clone() };
        for wrong in [of_a_user, elsewhere, of_another] {
            let decided = decide_access(&issuer(), &wrong, &facts(), &machine(), Some(&api()));
            assert_eq!(decided, Err(Refused::InvalidToken), "{wrong:?}");
        }
        let decide = |facts: &TokenFacts, client: &Client, api: Option<&Api>| {
            decide_access(&issuer(), &good, facts, client, api).is_ok()
        };
        assert!(decide(&facts(), &machine(), Some(&api())));
        assert!(!decide(&facts(), &machine(), None));
        assert!(!decide(&facts(), &machine(), Some(&Api { disabled: true, ..api() })));
        assert!(!decide(&facts(), &Client { disabled: true, ..machine() }, Some(&api())));
        assert!(!decide(&TokenFacts { jti: JtiState::Revoked, ..facts() }, &machine(), Some(&api())));
        assert!(!decide(&TokenFacts { revoked_until: Some(NOW), ..facts() }, &machine(), Some(&api())));
    }

    #[test]
    fn a_receiver_is_one_as_long_as_it_is_registered() {
        let registered = |scopes: &str| Client {
            apis: vec![ClientApi { audience: api().identifier, scopes: Scope::parse(scopes).unwrap() }],
            ..machine()
        };
        assert!(is_receiver(&registered("ssf.read"), Some(&api())));
        assert!(is_receiver(&registered("ssf.manage"), Some(&api())));
        assert!(!is_receiver(&registered("other"), Some(&api())));
        assert!(!is_receiver(&machine(), Some(&api())));
        assert!(!is_receiver(&registered("ssf.read"), None));
        assert!(!is_receiver(&registered("ssf.read"), Some(&Api { disabled: true, ..api() })));
        assert!(!is_receiver(&Client { disabled: true, ..registered("ssf.read") }, Some(&api())));
    }
}
