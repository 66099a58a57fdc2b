//! A client's document in few words: most of its members say what their absence would say, too.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use symbolon_oauth::registration::Client;

/// What a client has that has only what each must have: members that can be left out as long as they say this.
static UNSAID: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let must = json!({
        "client_id": "client",
        "name": "Client",
        "kind": "web",
        "token_endpoint_auth_method": "none",
        "id_token_signed_response_alg": "RS256",
        "require_pkce": true,
    });
    let read = serde_json::from_value::<Client>(must.clone()).and_then(serde_json::to_value);
    let mut members = match read.expect("it has all that a client must have") {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.retain(|name, _| must.get(name).is_none());
    members
});

/// The same document without what need not be said.
pub(super) fn short(document: &str) -> serde_json::Result<Box<str>> {
    let mut members: Map<String, Value> = serde_json::from_str(document)?;
    members.retain(|name, value| UNSAID.get(name) != Some(value));
    Ok(serde_json::to_string(&members)?.into())
}

#[cfg(test)]
mod tests {
    use symbolon_oauth::ClientId;

    use super::*;

    #[test]
    fn a_document_in_few_words_is_the_same_client() {
        let id = || ClientId::parse("client").unwrap();
        for client in
            [Client::spa(id(), "A"), Client::native(id(), "B"), Client::web(id(), "C"), Client::machine(id(), "D")]
        {
            let long = serde_json::to_string(&client).unwrap();
            let text = short(&long).unwrap();
            assert!(text.len() < long.len() / 2, "{text}");
            assert_eq!(serde_json::from_str::<Client>(&text).unwrap(), client);
        }
    }

    #[test]
    fn each_member_that_says_something_stays() {
        let usual = serde_json::to_value(Client::web(ClientId::parse("client").unwrap(), "C")).unwrap();
        for (name, unsaid) in UNSAID.iter() {
            let other = match unsaid {
                Value::Bool(it) => json!(!it),
                Value::Number(_) => json!(7),
                Value::Array(_) => json!(["id_token"]),
                Value::String(_) => continue,
                _ => panic!("{name}: what else can be left out?"),
            };
            let mut document = usual.clone();
            document[name] = other.clone();
            let text = short(&document.to_string()).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap()[name], other, "{name}");
        }
    }

    #[test]
    fn members_of_a_newer_version_stay_whatever_they_say() {
        let mut document = serde_json::to_value(Client::spa(ClientId::parse("client").unwrap(), "A")).unwrap();
        document["tomorrow"] = json!(false);
        let client: Client = serde_json::from_str(&short(&document.to_string()).unwrap()).unwrap();
        assert_eq!(client.extra["tomorrow"], json!(false));
        assert!(short("[]").is_err());
    }
}
