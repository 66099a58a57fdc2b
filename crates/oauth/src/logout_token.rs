//! Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4): what a client is told when a session it got tokens in has ended.
//!
//! Refuses to tell whoever did not ask (no `backchannel_logout_uri`), cannot be told what it insists on
//! (`backchannel_logout_session_required` without a session), or is switched off.

use serde::{Deserialize, Serialize};
use symbolon_jose::Algorithm;

use crate::context::Context;
use crate::ids::random_id;
use crate::registration::Client;

/// The header's `typ`: a logout token is taken for no other token, nor the other way round (RFC 8725 §3.11).
pub const TYP: &str = "logout+jwt";

/// How long one counts: "preferably at most two minutes in the future, to prevent captured Logout Tokens from being replayable"
/// (§2.4). Each attempt to deliver has a token of its own.
pub const LIFETIME_SECS: u64 = 120;

/// What ended: a session of a user, or, where none is named, whatever the client has of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOut {
    /// The user.
    pub sub: String,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// The claims (§2.4). There is never a `nonce`: "A nonce Claim MUST NOT be present". Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogoutTokenClaims {
    /// Who issued it.
    pub iss: String,
    /// The user.
    pub sub: String,
    /// The client, as a plain string as in its ID tokens.
    pub aud: String,
    /// When it was issued.
    pub iat: u64,
    /// When it ends.
    pub exp: u64,
    /// Its own random id.
    pub jti: String,
    /// That it is a logout token.
    pub events: Events,
    /// The session; without it "all sessions at the RP for the End-User … be logged out".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// The claim that says what sort of security event this is (RFC 8417 §2.2): one member, an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    backchannel_logout: Empty,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Empty {}

/// A logout token to sign, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutTokenPlan {
    /// The client's `backchannel_logout_uri`.
    pub uri: String,
    /// The claims, complete.
    pub claims: LogoutTokenClaims,
    /// What to sign it with: "the same keys are used … as are used for ID Tokens" (§2.4).
    pub alg: Algorithm,
}

/// What the client is to be told, if anything.
#[must_use]
pub fn plan(ctx: &mut Context<'_>, client: &Client, ended: &SignOut) -> Option<LogoutTokenPlan> {
    let uri = client.backchannel_logout_uri.clone().filter(|_| !client.disabled)?;
    if client.backchannel_logout_session_required && ended.sid.is_none() {
        return None;
    }
    let claims = LogoutTokenClaims {
        iss: ctx.issuer.as_str().to_owned(),
        sub: ctx.pairwise.subject(client, &ended.sub),
        aud: client.client_id.as_str().to_owned(),
        iat: ctx.now,
        exp: ctx.now.saturating_add(LIFETIME_SECS),
        jti: random_id(ctx.rng),
        events: Events::default(),
        sid: ended.sid.as_ref().map(|sid| ctx.pairwise.session(client, sid)),
    };
    Some(LogoutTokenPlan { uri, claims, alg: client.id_token_signed_response_alg })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, NOW};
    use serde_json::{Value, json};

    fn client() -> Client {
        let mut client = testing::third_party();
        client.backchannel_logout_uri = Some("https://third.example/logout?tenant=1".to_owned());
        client.id_token_signed_response_alg = Algorithm::ES256;
        client
    }

    fn planned(client: &Client, sid: Option<&str>) -> Option<LogoutTokenPlan> {
        let ended = SignOut { sub: "usr_1".to_owned(), sid: sid.map(str::to_owned) };
        testing::at(NOW, |ctx| plan(ctx, client, &ended))
    }

    fn claims(plan: &LogoutTokenPlan) -> Value {
        serde_json::to_value(&plan.claims).unwrap()
    }

    /// §2.4, member by member; that there is no other is what keeps a `nonce` out.
    #[test]
    fn a_logout_token_has_exactly_the_claims_of_section_2_4() {
        let plan = planned(&client(), Some("s1")).unwrap();
        let mut claims = claims(&plan);
        let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert!(jti.as_str().unwrap().len() >= 22, "128 bits: {jti}");
        assert_eq!(
            claims,
            json!({
                "iss": "https://auth.example",
                "aud": "third",
                "sub": "usr_1",
                "sid": "s1",
                "iat": NOW,
                "exp": NOW + 120,
                "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            })
        );
        assert_eq!((plan.uri.as_str(), plan.alg), ("https://third.example/logout?tenant=1", Algorithm::ES256));
    }

    #[test]
    fn without_a_session_it_means_all_of_the_user() {
        let claims = claims(&planned(&client(), None).unwrap());
        assert_eq!((claims["sub"].as_str(), claims.get("sid")), (Some("usr_1"), None));
    }

    #[test]
    fn a_user_and_a_session_are_called_as_in_the_clients_id_tokens_core_8_1() {
        let client = testing::pairwise(client());
        let claims = claims(&planned(&client, Some("s1")).unwrap());
        let names = testing::names();
        assert_eq!(claims["sub"], names.subject(&client, "usr_1"));
        assert_eq!(claims["sid"], names.session(&client, "s1"));
        assert!(!claims.to_string().contains("usr_1\"") && !claims.to_string().contains("\"s1\""));
    }

    #[test]
    fn two_tokens_have_two_ids() {
        let ended = SignOut { sub: "usr_1".to_owned(), sid: None };
        testing::at(NOW, |ctx| {
            let [one, other] = [(); 2].map(|()| plan(ctx, &client(), &ended).unwrap().claims.jti);
            assert_ne!(one, other);
        });
    }

    #[test]
    fn a_client_is_told_only_if_it_asked_and_only_what_it_can_use() {
        let silent = Client { backchannel_logout_uri: None, ..client() };
        let off = Client { disabled: true, ..client() };
        let strict = Client { backchannel_logout_session_required: true, ..client() };
        assert_eq!(planned(&silent, Some("s1")), None);
        assert_eq!(planned(&off, Some("s1")), None);
        assert_eq!(planned(&strict, None), None, "it could not tell whose session is meant");
        assert!(planned(&strict, Some("s1")).is_some());
    }
}
