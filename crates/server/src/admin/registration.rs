//! A client's registration, made from what the operator says and changed by it. Pure; whether what it names exists is the caller's to
//! check.

use serde_json::{Map, Value};
use symbolon_oauth::redirect_uri;
use symbolon_oauth::registration::{Client, ClientApi, ClientKind};
use symbolon_oauth::{ClientId, Grant, Scope};
use url::Url;

use super::{AdminError, ClientChange, ListChange, NewClient};

pub(super) fn registration(new: &NewClient, client_id: &str, now: u64) -> Result<Client, AdminError> {
    let id = ClientId::parse(client_id).map_err(|why| {
        AdminError::invalid(format!("`{client_id}` cannot be a client id: {why}"), "choose another with --id")
    })?;
    let name = new.name.clone();
    let mut client = match new.kind {
        ClientKind::Machine => Client::machine(id, name),
        ClientKind::Native => Client::native(id, name),
        ClientKind::Spa => Client::spa(id, name),
        ClientKind::Web => Client::web(id, name),
    };
    client.first_party = !new.third_party;
    client.redirect_uris = new.redirect_uris.iter().flat_map(|uri| spellings(uri)).collect();
    client.post_logout_redirect_uris = new.post_logout_redirect_uris.iter().flat_map(|uri| spellings(uri)).collect();
    client.backchannel_logout_uri.clone_from(&new.backchannel_logout_uri);
    client.backchannel_logout_session_required = new.backchannel_logout_session_required;
    client.allowed_origins.clone_from(&new.allowed_origins);
    client.apis = new.apis.iter().map(client_api).collect::<Result<_, _>>()?;
    client.default_audience.clone_from(&new.default_audience);
    client.jwks.clone_from(&new.jwks);
    client.metadata.jwks_uri.clone_from(&new.jwks_uri);
    client.password_sign_in = new.password_sign_in;
    client.access_token_format = new.access_token_format.unwrap_or_default();
    client.token_delivery = new.token_delivery.unwrap_or_default();
    (client.dpop_bound_access_tokens, client.dpop_nonce_required) = new.dpop.switches();
    if new.device == Some(true) {
        device(&mut client, true);
        if client.redirect_uris.is_empty() {
            client.grant_types.remove(Grant::AuthorizationCode.name());
        }
    }
    client.created_at = now;
    client.security.authorization_details_types.clone_from(&new.authorization_details_types);
    client = client.with_profile(new.security_profile.unwrap_or_default());
    client.id_token_signed_response_alg = new.id_token_alg.unwrap_or(client.id_token_signed_response_alg);
    if new.kind == ClientKind::Spa {
        // A browser program calls from, and comes back to, where it is redirected to.
        if client.allowed_origins.is_empty() {
            client.allowed_origins = redirect_uri::origins(&client.redirect_uris);
        }
        if client.post_logout_redirect_uris.is_empty() {
            client.post_logout_redirect_uris.clone_from(&client.redirect_uris);
        }
    }
    if let Some(preset) = new.preset {
        preset.apply(&mut client);
    }
    // Said in words, it counts more than a preset.
    client.token_endpoint_auth_method = new.auth_method.unwrap_or(client.token_endpoint_auth_method);
    match &new.metadata {
        Some(patch) => patched(&client, patch),
        None => Ok(client),
    }
}

/// Members that metadata does not change: who a client is, what it is, and what proves it.
const FIXED: &[&str] = &["client_id", "created_at", "dynamic", "kind", "secrets"];

/// A JSON merge patch (RFC 7396 §2) of a registration. A member that no registration has is refused: it would be misspelt.
fn patched(client: &Client, patch: &Value) -> Result<Client, AdminError> {
    let refuse = |why: String| AdminError::invalid(why, "symbolon client show ID --json shows the members' names");
    let Value::Object(members) = patch else { return Err(refuse("metadata must be a JSON object".to_owned())) };
    if let Some(fixed) = FIXED.iter().find(|name| members.contains_key(**name)) {
        return Err(refuse(format!("metadata cannot change `{fixed}`")));
    }
    let mut document = serde_json::to_value(client).map_err(|why| refuse(why.to_string()))?;
    merge(&mut document, &by_document(members));
    let patched: Client = serde_json::from_value(document).map_err(|why| refuse(format!("metadata: {why}")))?;
    match patched.extra.keys().find(|name| !client.extra.contains_key(*name)) {
        Some(unknown) => Err(refuse(format!("no member of a registration is called `{unknown}`"))),
        None => Ok(patched),
    }
}

/// The same change, of the document: there, members with a language (RFC 7591 §2.2) are kept together, and `client_name` is `name`.
fn by_document(members: &Map<String, Value>) -> Value {
    let (localized, mut others): (Map<_, _>, Map<_, _>) =
        members.clone().into_iter().partition(|(name, _)| name.contains('#'));
    if !localized.is_empty()
        && let Value::Object(together) = others.entry("localized").or_insert_with(|| Value::Object(Map::new()))
    {
        together.extend(localized);
    }
    if let Some(name) = others.remove("client_name") {
        others.insert("name".to_owned(), name);
    }
    Value::Object(others)
}

pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in members {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

pub(super) fn apply(change: &ClientChange, client: &mut Client) -> Result<(), AdminError> {
    if let Some(patch) = &change.metadata {
        *client = patched(client, patch)?;
    }
    addresses(change, client)?;
    for audience in &change.remove_apis {
        if client.api(audience).is_none() {
            return Err(AdminError::not_found(
                format!("the API `{audience}` is not registered for this client"),
                "symbolon client show ID",
            ));
        }
        client.apis.retain(|api| api.audience != *audience);
    }
    for entry in &change.apis {
        let api = client_api(entry)?;
        client.apis.retain(|present| present.audience != api.audience);
        client.apis.push(api);
    }
    let lifetime = |new: Option<u64>, old: &mut Option<u64>| match new {
        None => {}
        Some(0) => *old = None,
        Some(secs) => *old = Some(secs),
    };
    lifetime(change.access_token_lifetime_secs, &mut client.access_token_lifetime_secs);
    lifetime(change.refresh_idle_secs, &mut client.refresh_idle_secs);
    lifetime(change.refresh_absolute_secs, &mut client.refresh_absolute_secs);
    if let Some(audience) = &change.default_audience {
        client.default_audience = Some(audience.clone()).filter(|audience| !audience.is_empty());
    }
    if let Some(uri) = &change.backchannel_logout_uri {
        client.backchannel_logout_uri = Some(uri.clone()).filter(|uri| !uri.is_empty());
        // Without the address there is nothing to require.
        client.backchannel_logout_session_required &= client.backchannel_logout_uri.is_some();
    }
    client.backchannel_logout_session_required =
        change.backchannel_logout_session_required.unwrap_or(client.backchannel_logout_session_required);
    if let Some(wanted) = change.device {
        device(client, wanted);
    }
    keys(change, client);
    brand(change, client);
    client.security.authorization_details_types.extend(change.authorization_details_types.iter().cloned());
    client.security.security_profile = change.security_profile.unwrap_or(client.security.security_profile);
    client.name = change.name.clone().unwrap_or_else(|| client.name.clone());
    client.first_party = change.third_party.map_or(client.first_party, |third_party| !third_party);
    client.disabled = change.disabled.unwrap_or(client.disabled);
    client.access_token_format = change.access_token_format.unwrap_or(client.access_token_format);
    client.token_delivery = change.token_delivery.unwrap_or(client.token_delivery);
    made_for(change, client);
    if let Some(dpop) = change.dpop {
        (client.dpop_bound_access_tokens, client.dpop_nonce_required) = dpop.switches();
    }
    client.token_endpoint_auth_method = change.auth_method.unwrap_or(client.token_endpoint_auth_method);
    client.id_token_signed_response_alg = change.id_token_alg.unwrap_or(client.id_token_signed_response_alg);
    Ok(())
}

/// The addresses of its pages.
fn addresses(change: &ClientChange, client: &mut Client) -> Result<(), AdminError> {
    let spelt = |change: &ListChange| ListChange {
        add: change.add.iter().flat_map(|uri| spellings(uri)).collect(),
        remove: change.remove.clone(),
    };
    let redirects = spelt(&change.redirect_uris);
    let (mut post_logouts, mut origins) = (spelt(&change.post_logout_redirect_uris), change.allowed_origins.clone());
    if client.kind == ClientKind::Spa {
        follow(&redirects.add, &mut post_logouts, &mut origins);
    }
    let lists = [
        ("redirect URI", redirects, &mut client.redirect_uris),
        ("post-logout URI", post_logouts, &mut client.post_logout_redirect_uris),
        ("origin", origins, &mut client.allowed_origins),
    ];
    for (what, change, list) in lists {
        change.apply(list).map_err(|entry| {
            let hint = format!("symbolon client show {}", client.client_id.as_str());
            AdminError::not_found(format!("the {what} `{entry}` is not registered"), hint)
        })?;
    }
    Ok(())
}

/// A browser program calls from, and comes back to, where it is redirected to, at a change as at first. What is said in words counts more, also where
/// that is to remove it; of what is removed nothing follows, for other redirect URIs may need it.
fn follow(added: &[String], post_logouts: &mut ListChange, origins: &mut ListChange) {
    let with = |list: &mut ListChange, entries: Vec<String>| {
        if list.add.is_empty() {
            list.add = entries.into_iter().filter(|entry| !list.remove.contains(entry)).collect();
        }
    };
    with(post_logouts, added.to_vec());
    with(origins, redirect_uri::origins(added));
}

/// Whether it may see passwords, and what an app made for another server needs. Without passwords there is no grant that sends them.
fn made_for(change: &ClientChange, client: &mut Client) {
    client.password_sign_in = change.password_sign_in.unwrap_or(client.password_sign_in);
    if let Some(preset) = change.preset {
        preset.apply(client);
    }
    if change.password_sign_in == Some(false) {
        client.grant_types.remove(Grant::PasswordRealm.name());
    }
}

/// Keys are registered or fetched: what is set takes the other's place.
fn keys(change: &ClientChange, client: &mut Client) {
    if let Some(jwks) = &change.jwks {
        client.jwks = Some(jwks.clone());
        client.metadata.jwks_uri = None;
    }
    if let Some(uri) = &change.jwks_uri {
        client.metadata.jwks_uri = Some(uri.clone()).filter(|uri| !uri.is_empty());
        if client.metadata.jwks_uri.is_some() {
            client.jwks = None;
        }
    }
}

/// What is empty is taken back.
fn brand(change: &ClientChange, client: &mut Client) {
    if let Some(colour) = &change.brand_accent {
        client.brand.brand_accent = Some(colour.to_ascii_lowercase()).filter(|colour| !colour.is_empty());
    }
    for (language, text) in &change.brand_welcome {
        if text.is_empty() {
            client.brand.brand_welcome.remove(language);
        } else {
            client.brand.brand_welcome.insert(language.clone(), text.clone());
        }
    }
}

fn device(client: &mut Client, wanted: bool) {
    let name = Grant::DeviceCode.name();
    if wanted {
        client.grant_types.insert(name.to_owned());
    } else {
        client.grant_types.remove(name);
    }
}

fn client_api((audience, scopes): &(String, String)) -> Result<ClientApi, AdminError> {
    let scopes = Scope::parse(scopes)
        .map_err(|_| AdminError::invalid(format!("`{scopes}` is not a list of scopes"), "separate scopes by spaces"))?;
    Ok(ClientApi { audience: audience.clone(), scopes })
}

/// The spellings under which programs send a URI. `http://localhost:4200` and `http://localhost:4200/` are one place and two texts
/// (RFC 3986 §6.2.3), and redirect URIs are compared as text, so an origin alone is registered as both.
fn spellings(uri: &str) -> Vec<String> {
    let with_slash = format!("{uri}/");
    match Url::parse(uri) {
        Ok(url) if url.as_str() == with_slash => vec![uri.to_owned(), with_slash],
        _ => vec![uri.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_sets_and_takes_back_members_by_their_names_rfc_7396() {
        let client = Client::web(ClientId::parse("web").unwrap(), "Web");
        let changed = |patch: Value| {
            let mut client = client.clone();
            let change = ClientChange { metadata: Some(patch), ..ClientChange::default() };
            apply(&change, &mut client).map(|()| client)
        };
        let pushing =
            changed(json!({"require_pushed_authorization_requests": true, "logo_uri": "https://a.example/l"}));
        let pushing = pushing.unwrap();
        assert!(pushing.requests.require_pushed_authorization_requests && pushing.logo_uri.is_some());
        let back = patched(&pushing, &json!({"require_pushed_authorization_requests": false, "logo_uri": null}));
        assert_eq!(back.unwrap(), client);
        for wrong in [
            json!([]),
            json!({"require_pushed_authorisation_requests": true}),
            json!({"require_pushed_authorization_requests": "yes"}),
            json!({"request_object_signing_alg": "HS1"}),
            json!({"name": null}),
            json!({"client_id": "other"}),
            json!({"secrets": []}),
            json!({"kind": "machine"}),
        ] {
            assert!(changed(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_browser_program_calls_from_where_it_is_redirected_to_at_a_change_too() {
        let add = |uris: &[&str]| ListChange {
            add: uris.iter().map(|&uri| uri.to_owned()).collect(),
            ..ListChange::default()
        };
        let remove = |uri: &str| ListChange { remove: vec![uri.to_owned()], ..ListChange::default() };
        let lists = |client: Client, change: &ClientChange| {
            let mut client = client;
            apply(change, &mut client).unwrap();
            (client.redirect_uris, client.post_logout_redirect_uris, client.allowed_origins)
        };
        let (id, both) = (|| ClientId::parse("x").unwrap(), ["https://a.example", "https://a.example/"]);
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<String>>();
        let change = ClientChange { redirect_uris: add(&["https://a.example"]), ..ClientChange::default() };
        let (redirects, post_logouts, origins) = lists(Client::spa(id(), "X"), &change);
        assert_eq!((redirects, post_logouts, origins), (texts(&both), texts(&both), texts(&["https://a.example"])));
        // A program on a server has no pages that call, and says itself where its people go.
        let (_, post_logouts, origins) = lists(Client::web(id(), "X"), &change);
        assert_eq!((post_logouts, origins), (texts(&[]), texts(&[])));
        let said = ClientChange {
            post_logout_redirect_uris: add(&["https://b.example/bye"]),
            allowed_origins: add(&["https://b.example"]),
            ..change.clone()
        };
        let (_, post_logouts, origins) = lists(Client::spa(id(), "X"), &said);
        assert_eq!((post_logouts, origins), (texts(&["https://b.example/bye"]), texts(&["https://b.example"])));
        let mut client = Client::spa(id(), "X");
        client.allowed_origins = texts(&["https://a.example"]);
        let taken = ClientChange { allowed_origins: remove("https://a.example"), ..change };
        assert_eq!(lists(client, &taken).2, texts(&[]), "what is removed by name stays so");
    }

    #[test]
    fn only_an_origin_alone_has_two_spellings() {
        assert_eq!(spellings("http://localhost:4200"), ["http://localhost:4200", "http://localhost:4200/"]);
        for uri in [
            "http://localhost:4200/",
            "https://a.example/x",
            "https://a.example?x",
            "com.example:/x",
            "nonsense",
            "HTTP://A.example",
        ] {
            assert_eq!(spellings(uri), [uri]);
        }
    }
}
