//! Registrations for apps that were made for another server: what their libraries send and expect, in one word.

use serde::{Deserialize, Serialize};
use symbolon_oauth::grant::IMPLICIT;
use symbolon_oauth::registration::{AuthMethod, Client, ClientKind, ProfileClaims};
use symbolon_oauth::{Grant, ResponseType};

/// What an app was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Auth0, by auth0-js or auth0-spa-js.
    Auth0,
    /// Keycloak, by keycloak-js.
    Keycloak,
}

impl Preset {
    /// Adds to a registration what the app needs; takes nothing away but what would stop it.
    pub(super) fn apply(self, client: &mut Client) {
        match self {
            Self::Auth0 => auth0(client),
            // It asks the token endpoint with the browser's cookies.
            Self::Keycloak => client.allow_credentials = true,
        }
    }
}

fn auth0(client: &mut Client) {
    client.json_requests = true;
    if client.kind == ClientKind::Machine {
        return;
    }
    // `getUser()` reads the ID token and nothing else.
    client.profile_claims = ProfileClaims::IdTokenToo;
    client.grant_types.insert(IMPLICIT.to_owned());
    let front = [ResponseType::IdToken, ResponseType::IdTokenToken, ResponseType::Token];
    client.responses.response_types.extend(front);
    if client.kind == ClientKind::Web {
        // `authorize({ responseType: 'code' })` of auth0-js sends no challenge, and the app's server sends its secret in the body.
        client.require_pkce = false;
        if client.token_endpoint_auth_method == AuthMethod::ClientSecretBasic {
            client.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
        }
    }
    if client.password_sign_in && !client.gets_sessions() {
        client.grant_types.insert(Grant::PasswordRealm.name().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use symbolon_oauth::ClientId;

    use super::*;

    fn made(mut client: Client) -> Client {
        client.redirect_uris = vec!["https://app.example/callback".to_owned()];
        Preset::Auth0.apply(&mut client);
        assert_eq!(client.validate(), Ok(()));
        client
    }

    fn id() -> ClientId {
        ClientId::parse("app").unwrap()
    }

    #[test]
    fn a_browser_program_may_do_what_the_libraries_do_and_keeps_pkce() {
        let spa = made(Client::spa(id(), "App"));
        assert!(spa.json_requests && spa.require_pkce && spa.may_answer_with(ResponseType::IdTokenToken));
        assert_eq!(spa.profile_claims, ProfileClaims::IdTokenToo);
    }

    #[test]
    fn keycloak_js_may_send_cookies_that_nobody_looks_at() {
        let mut spa = Client::spa(id(), "App");
        assert!(!spa.allow_credentials);
        Preset::Keycloak.apply(&mut spa);
        assert!(spa.allow_credentials && !spa.json_requests);
    }

    #[test]
    fn a_program_on_a_server_needs_no_challenge_and_still_its_secret() {
        let web = made(Client::web(id(), "App"));
        assert!(!web.require_pkce && web.has_secret());
    }

    #[test]
    fn passwords_are_taken_only_where_the_operator_lets_the_client_see_them() {
        assert!(!made(Client::spa(id(), "App")).may_use(Grant::PasswordRealm));
        let trusted = Client { first_party: true, password_sign_in: true, ..Client::spa(id(), "App") };
        assert!(made(trusted).may_use(Grant::PasswordRealm));
    }
}
