//! Sign-in that begins elsewhere than at the client (OpenID Connect Core §4): the address at which the client is asked to begin one with us.
//!
//! Never a `target_link_uri`: where people land afterwards is the client's business.

use url::Url;

use crate::ids::Issuer;
use crate::registration::{Client, ClientKind};

/// The client's `initiate_login_uri`, with `iss` behind the query it has.
#[must_use]
pub fn initiate_login(issuer: &Issuer, uri: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("iss", issuer.as_str()).finish();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}

/// Where people begin a sign-in anew whose time has run out: where the client begins one, else its home page, else the origin that its answers go
/// to; never an address that nobody has registered. `redirect_uri` is that of the request that is over, which counts if it is registered. None
/// for a client that nobody has looked at ([`Client::is_unvetted`]).
#[must_use]
pub fn begin_again(issuer: &Issuer, client: &Client, redirect_uri: Option<&str>) -> Option<String> {
    if client.disabled || client.is_unvetted() {
        return None;
    }
    if let Some(begins) = &client.in_browser.initiate_login_uri {
        return Some(initiate_login(issuer, begins));
    }
    if let Some(home) = &client.metadata.client_uri {
        return Some(home.clone());
    }
    // An app on a device has no page there.
    if !matches!(client.kind, ClientKind::Spa | ClientKind::Web) {
        return None;
    }
    let registered = &client.redirect_uris;
    let asked = registered.iter().find(|uri| Some(uri.as_str()) == redirect_uri);
    // A pushed request does not say it here; then rather where people are than where somebody develops.
    let public = || registered.iter().find(|uri| uri.starts_with("https://"));
    let uri = asked.or_else(public).or_else(|| registered.first())?;
    let origin = Url::parse(uri).ok()?.origin();
    origin.is_tuple().then(|| format!("{}/", origin.ascii_serialization()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ClientId;
    use crate::registration::Dynamic;
    use crate::testing::issuer;

    #[test]
    fn an_end_leads_back_to_what_is_registered_and_to_nothing_that_was_asked() {
        let mut client = Client::web(ClientId::parse("web").unwrap(), "Web");
        let begins = |client: &Client, asked| begin_again(&issuer(), client, asked);
        assert_eq!(begins(&client, Some("https://evil.example/")), None);
        client.redirect_uris = ["http://localhost:4401/cb", "https://app.example/cb?x=1"].map(str::to_owned).into();
        assert_eq!(begins(&client, Some("https://evil.example/cb")).as_deref(), Some("https://app.example/"));
        assert_eq!(begins(&client, Some("http://localhost:4401/cb")).as_deref(), Some("http://localhost:4401/"));
        client.metadata.client_uri = Some("https://app.example/home".to_owned());
        assert_eq!(begins(&client, None).as_deref(), Some("https://app.example/home"));
        let mut stranger = client.clone();
        stranger.metadata.dynamic = Some(Dynamic::default());
        assert_eq!(begins(&stranger, None), None);
        client.in_browser.initiate_login_uri = Some("https://app.example/login".to_owned());
        assert_eq!(begins(&client, None).as_deref(), Some("https://app.example/login?iss=https%3A%2F%2Fauth.example"));
        assert_eq!(begins(&Client { disabled: true, ..client.clone() }, None), None);
    }

    #[test]
    fn an_app_on_a_device_has_no_page_to_go_back_to() {
        let mut client = Client::native(ClientId::parse("app").unwrap(), "App");
        client.redirect_uris = vec!["com.example.app:/cb".to_owned(), "http://127.0.0.1/cb".to_owned()];
        assert_eq!(begin_again(&issuer(), &client, None), None);
    }

    #[test]
    fn core_section_4_the_client_is_told_who_the_issuer_is_and_nothing_else() {
        let begins = |uri| initiate_login(&issuer(), uri);
        assert_eq!(begins("https://app.example/login"), "https://app.example/login?iss=https%3A%2F%2Fauth.example");
        assert_eq!(
            begins("https://app.example/login?t=1"),
            "https://app.example/login?t=1&iss=https%3A%2F%2Fauth.example"
        );
    }
}
