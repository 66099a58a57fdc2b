//! What a registration says of certificates (RFC 8705) beside what this server takes.

use serde_json::{Value, json};
use symbolon_oauth::Client;
use symbolon_oauth::endpoint::discovery::Certificates;

/// An answer about a client, with what is probably not meant so: it has to show a certificate that nothing here takes. That may be configured
/// later, so it is no fault.
pub(super) fn with_warning(taken: &Certificates, client: &Client, mut answer: Value) -> Value {
    if let Some(warning) = warning(taken, client) {
        answer["warning"] = warning;
    }
    answer
}

fn warning(taken: &Certificates, client: &Client) -> Option<Value> {
    let (id, is_served) = (&client.client_id, taken.serve(client.token_endpoint_auth_method));
    let (message, fix) = if !taken.are_taken() && (client.is_certificate_bound() || !is_served) {
        let message = format!("`{id}` must show a certificate, and none is taken here");
        (message, "set mtls.listen, or mtls.header behind a proxy")
    } else if !is_served {
        let message = format!("`{id}` is known by a name in its certificate, and no authority is trusted to write it");
        (message, "set mtls.ca to the authorities' certificates")
    } else {
        return None;
    };
    Some(json!({ "message": message, "try": fix }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use symbolon_oauth::ClientId;
    use symbolon_oauth::registration::AuthMethod;

    #[test]
    fn a_certificate_that_nothing_takes() {
        let mut client = Client::web(ClientId::parse("shop").unwrap(), "Shop");
        let some = |authorities| Certificates::Taken { base: None, authorities };
        assert_eq!(warning(&Certificates::Off, &client), None);
        client.certificate.tls_client_certificate_bound_access_tokens = true;
        assert!(warning(&Certificates::Off, &client).unwrap()["message"].as_str().unwrap().contains("none is taken"));
        assert_eq!(warning(&some(false), &client), None);
        client.certificate.tls_client_certificate_bound_access_tokens = false;
        client.token_endpoint_auth_method = AuthMethod::TlsClientAuth;
        assert!(warning(&Certificates::Off, &client).is_some());
        assert!(warning(&some(false), &client).unwrap()["try"].as_str().unwrap().contains("mtls.ca"));
        assert_eq!(warning(&some(true), &client), None);
    }
}
