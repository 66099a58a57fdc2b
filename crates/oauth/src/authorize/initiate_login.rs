//! Sign-in that begins elsewhere than at the client (OpenID Connect Core §4): the address at which the client is asked to begin one with us.
//!
//! Never a `target_link_uri`: where people land afterwards is the client's business.

use crate::ids::Issuer;

/// The client's `initiate_login_uri`, with `iss` behind the query it has.
#[must_use]
pub fn initiate_login(issuer: &Issuer, uri: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("iss", issuer.as_str()).finish();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::issuer;

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
