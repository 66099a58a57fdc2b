//! Front-channel logout (OpenID Connect Front-Channel Logout 1.0 §3): what a client's page is asked for, in a frame of ours, when a session ends.

use crate::ids::Issuer;
use crate::pairwise::Pairwise;
use crate::registration::Client;

/// The address of the frame, if the client registered one: with `iss` and `sid`, whether it needs them or not, behind the query it has.
#[must_use]
pub fn frame(issuer: &Issuer, pairwise: &Pairwise, client: &Client, sid: &str) -> Option<String> {
    let uri = client.in_browser.frontchannel_logout_uri.as_ref().filter(|_| !client.disabled)?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("iss", issuer.as_str()).append_pair("sid", &pairwise.session(client, sid));
    let joint = if uri.contains('?') { '&' } else { '?' };
    Some(format!("{uri}{joint}{}", query.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{issuer, names, pairwise, third_party};

    fn client(uri: &str) -> Client {
        let mut client = third_party();
        client.in_browser.frontchannel_logout_uri = Some(uri.to_owned());
        client
    }

    #[test]
    fn frontchannel_logout_section_3_iss_and_sid_come_together_behind_the_registered_query() {
        let framed = |uri: &str| frame(&issuer(), &names(), &client(uri), "s/1").unwrap();
        let added = "iss=https%3A%2F%2Fauth.example&sid=s%2F1";
        assert_eq!(framed("https://third.example/out"), format!("https://third.example/out?{added}"));
        assert_eq!(framed("https://third.example/out?t=1"), format!("https://third.example/out?t=1&{added}"));
    }

    #[test]
    fn the_session_is_called_as_in_the_clients_id_tokens() {
        let client = pairwise(client("https://third.example/out"));
        let framed = frame(&issuer(), &names(), &client, "s1").unwrap();
        assert!(framed.ends_with(&format!("sid={}", names().session(&client, "s1"))), "{framed}");
    }

    #[test]
    fn who_did_not_ask_or_is_switched_off_gets_no_frame() {
        assert_eq!(frame(&issuer(), &names(), &third_party(), "s1"), None);
        let off = Client { disabled: true, ..client("https://third.example/out") };
        assert_eq!(frame(&issuer(), &names(), &off, "s1"), None);
    }
}
