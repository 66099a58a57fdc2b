//! `http://auth0.com/oauth/grant-type/password-realm`: a client sends what a person typed into its own page. No standard; what `client.login` of
//! auth0-js sends, for apps that move here with pages of their own.
//!
//! RFC 9700 §2.4 forbids the password grant of RFC 6749 §4.3, and `password` is no grant here. This one is for clients that the operator
//! lets see passwords one by one ([`password_sign_in`]), and for nobody by default. `realm` names a store of users elsewhere; here is one.

use std::fmt;

use zeroize::Zeroizing;

use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::issue::{Issue, Refusal, UserFacts};
use crate::params::Params;
use crate::password_sign_in::{self, SignedIn};
use crate::registration::{Apis, Client};
use crate::scope::Scope;
use crate::target;

/// The value of `grant_type`.
pub const NAME: &str = "http://auth0.com/oauth/grant-type/password-realm";
/// What it reads.
pub const PARAMETERS: &[&str] = &["audience", "password", "realm", "resource", "scope", "username"];

/// What was typed, and what is asked for. `Debug` shows neither name nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The login name.
    pub username: String,
    /// The password.
    pub password: Zeroizing<String>,
    /// What is asked for beside.
    pub asked: password_sign_in::Request,
}

impl Request {
    /// Reads the parameters.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            username: params.require("username")?.to_owned(),
            password: Zeroizing::new(params.require("password")?.to_owned()),
            asked: password_sign_in::Request {
                audience: target::requested(params)?.map(str::to_owned),
                scope: params.get("scope").map(Scope::parse).transpose()?,
            },
        })
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("asked", &self.asked).finish_non_exhaustive()
    }
}

/// Whether the client may use it. Ask before looking at the password.
///
/// # Errors
/// [`OAuthError::GrantNotAllowed`] or [`OAuthError::ClientDisabled`].
pub fn check_client(client: &Client) -> Result<(), OAuthError> {
    password_sign_in::check_client(client)?;
    // A session of its own would need a cookie that nobody gets here; such clients use `POST /authenticate`.
    let may = client.may_use(Grant::PasswordRealm) && !client.gets_sessions();
    if may { Ok(()) } else { Err(OAuthError::GrantNotAllowed) }
}

/// Decides what a user whose password was right gets.
///
/// # Errors
/// The client may not use this, the user is blocked, or the API is not to be had.
pub fn decide(
    ctx: &mut Context<'_>,
    client: &Client,
    held: Option<&Confirmation>,
    request: &Request,
    user: &UserFacts,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    check_client(client)?;
    let signed_in = SignedIn { session: None, amr: vec!["pwd".to_owned()], held: held.cloned() };
    Ok(password_sign_in::decide(ctx, client, &request.asked, user, &signed_in, apis)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Effect;
    use crate::issue::UserStatus;
    use crate::registration::AccessTokenFormat;
    use crate::testing::{API, NOW, apis, at, spa, third_party, user};

    const FORM: &str = "username=ada&password=secret&realm=Username-Password-Authentication&scope=openid";

    fn allowed() -> Client {
        let mut client = Client { password_sign_in: true, default_audience: Some(API.to_owned()), ..spa() };
        client.grant_types.insert(NAME.to_owned());
        client
    }

    fn request(form: &str) -> Result<Request, OAuthError> {
        Request::parse(&Params::parse(form.as_bytes()).unwrap())
    }

    fn run(client: &Client, form: &str, user: &UserFacts) -> Result<Issue, OAuthError> {
        let request = request(form)?;
        at(NOW, |ctx| decide(ctx, client, None, &request, user, &apis())).map_err(|refusal| refusal.error)
    }

    #[test]
    fn the_right_password_begins_a_family_and_says_how_it_was_proven() {
        let issue = run(&allowed(), FORM, &user()).unwrap();
        let claims = &issue.access_token.claims;
        assert_eq!(
            (claims.sub.as_str(), claims.auth_time, claims.amr.as_slice()),
            ("usr_ada", Some(NOW), &["pwd".to_owned()][..])
        );
        assert_eq!(claims.scope.to_string(), "openid");
        assert!(issue.id_token.is_some() && matches!(issue.effect, Effect::CreateFamily { .. }));
    }

    #[test]
    fn a_key_that_was_proven_binds_the_token_rfc_9449_5() {
        let (request, held) = (request(FORM).unwrap(), Confirmation::Jkt("k".to_owned()));
        let issue = at(NOW, |ctx| decide(ctx, &allowed(), Some(&held), &request, &user(), &apis())).unwrap();
        assert_eq!(issue.access_token.claims.cnf, Some(held));
    }

    #[test]
    fn only_for_clients_the_operator_lets_see_passwords() {
        let unregistered = Client { password_sign_in: true, ..spa() };
        let without_switch = Client { password_sign_in: false, ..allowed() };
        let mut foreign = Client { password_sign_in: true, ..third_party() };
        foreign.grant_types.insert(NAME.to_owned());
        let of_sessions = Client { access_token_format: AccessTokenFormat::Session, ..allowed() };
        for client in [unregistered, without_switch, foreign, of_sessions] {
            assert_eq!(run(&client, FORM, &user()).err(), Some(OAuthError::GrantNotAllowed), "{client:?}");
        }
        let off = Client { disabled: true, ..allowed() };
        assert_eq!(run(&off, FORM, &user()).err(), Some(OAuthError::ClientDisabled));
    }

    #[test]
    fn a_blocked_user_and_an_unknown_api_get_nothing() {
        let blocked = UserFacts { status: UserStatus::Blocked, ..user() };
        assert_eq!(run(&allowed(), FORM, &blocked).err(), Some(OAuthError::UserBlocked));
        let elsewhere = format!("{FORM}&audience=https%3A%2F%2Fother.example");
        assert_eq!(run(&allowed(), &elsewhere, &user()).err(), Some(OAuthError::TargetUnknown));
    }

    #[test]
    fn what_was_typed_must_be_there_and_is_shown_to_nobody() {
        for (form, missing) in
            [("username=ada", "password"), ("password=secret", "username"), ("username=&password=x", "username")]
        {
            assert_eq!(request(form).err(), Some(OAuthError::ParameterMissing(missing)), "{form}");
        }
        let shown = format!("{:?}", request(FORM).unwrap());
        assert!(!shown.contains("secret") && !shown.contains("ada"), "{shown}");
    }
}
