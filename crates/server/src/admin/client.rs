//! Clients: registering, changing and deleting them, and rotating their secrets without a gap.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_jose::Algorithm;
use symbolon_oauth::registration::{AccessTokenFormat, AuthMethod, Client, ClientApi, ClientKind, SecretHash};
use symbolon_oauth::{ClientId, OpaqueToken, Scope, TokenKind};
use symbolon_store::{Document, DocumentWrite, Expect};
use url::Url;

use super::document::{self, API, CLIENT, DELETED_CLIENT};
use super::{AdminContext, AdminError, Event, ListChange};

/// Commands on clients.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClientCommand {
    /// Registers one. The answer holds its secret, if it has one, this once.
    Add(NewClient),
    /// Deletes one: its tokens can no longer be renewed.
    Delete {
        /// Its `client_id`.
        client: String,
    },
    /// All clients.
    List,
    /// A new secret; the present ones work on for a while.
    RotateSecret {
        /// Its `client_id`.
        client: String,
        /// How long the present secrets still work.
        overlap_secs: u64,
    },
    /// Changes a registration.
    Set {
        /// Its `client_id`.
        client: String,
        /// What.
        change: Box<ClientChange>,
    },
    /// One client.
    Show {
        /// Its `client_id`.
        client: String,
    },
}

/// A client to register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// What sort of program it is.
    pub kind: ClientKind,
    /// Derived from the name if not given.
    pub client_id: Option<String>,
    /// What people call it.
    pub name: String,
    /// Not ours: people are asked for consent.
    pub third_party: bool,
    /// Exact redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Where to after signing out; for a browser program its redirect URIs if none are given.
    pub post_logout_redirect_uris: Vec<String>,
    /// Origins for CORS; for a browser program those of its redirect URIs if none are given.
    pub allowed_origins: Vec<String>,
    /// APIs it may ask for: audience, then scopes.
    pub apis: Vec<(String, String)>,
    /// The API meant when a request names none.
    pub default_audience: Option<String>,
    /// How it proves who it is; by kind if not given.
    pub auth_method: Option<AuthMethod>,
    /// Its public keys, for `private_key_jwt`.
    pub jwks: Option<Value>,
    /// What its ID tokens are signed with; RS256 if not given.
    pub id_token_alg: Option<Algorithm>,
    /// May post user name and password to `/authenticate`.
    pub password_sign_in: bool,
    /// What its access tokens are; signed tokens if not given.
    #[serde(default)]
    pub access_token_format: Option<AccessTokenFormat>,
}

/// What changes in a registration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientChange {
    /// What people call it.
    pub name: Option<String>,
    /// Whether people are asked for consent.
    pub third_party: Option<bool>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
    /// May post user name and password to `/authenticate`.
    pub password_sign_in: Option<bool>,
    /// What its access tokens are. Those already handed out stay what they are.
    pub access_token_format: Option<AccessTokenFormat>,
    /// Redirect URIs.
    pub redirect_uris: ListChange,
    /// Where to after signing out.
    pub post_logout_redirect_uris: ListChange,
    /// Origins for CORS.
    pub allowed_origins: ListChange,
    /// APIs to add or replace: audience, then scopes.
    pub apis: Vec<(String, String)>,
    /// Audiences of APIs to remove.
    pub remove_apis: Vec<String>,
    /// The API meant when a request names none; empty removes it.
    pub default_audience: Option<String>,
    /// How it proves who it is.
    pub auth_method: Option<AuthMethod>,
    /// Its public keys, for `private_key_jwt`.
    pub jwks: Option<Value>,
    /// What its ID tokens are signed with.
    pub id_token_alg: Option<Algorithm>,
    /// Life of its access tokens; 0 returns to the default.
    pub access_token_lifetime_secs: Option<u64>,
    /// Life of an unused refresh token; 0 returns to the default.
    pub refresh_idle_secs: Option<u64>,
    /// Life of a refresh token and its descendants; 0 returns to the default.
    pub refresh_absolute_secs: Option<u64>,
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: ClientCommand) -> Result<Value, AdminError> {
    match command {
        ClientCommand::Add(new) => add(context, new).await,
        ClientCommand::Delete { client } => delete(context, &client).await,
        ClientCommand::List => list(context).await,
        ClientCommand::RotateSecret { client, overlap_secs } => rotate_secret(context, &client, overlap_secs).await,
        ClientCommand::Set { client, change } => set(context, &client, *change).await,
        ClientCommand::Show { client } => show(context, &client).await,
    }
}

async fn add(context: &mut AdminContext<'_>, new: NewClient) -> Result<Value, AdminError> {
    let client_id = match &new.client_id {
        Some(id) => id.clone(),
        None => free_id(context, &new.name).await?,
    };
    if is_taken(context, DELETED_CLIENT, &client_id).await? {
        // Its refresh tokens and consents are still on record: they would come back to life for a stranger.
        return Err(AdminError::conflict(
            format!("`{client_id}` was the id of a client that has been deleted, and ids are never given out again"),
            "choose another with --id",
        ));
    }
    let mut client = registration(&new, &client_id, context.now)?;
    check_apis(context, &client).await?;
    let secret = needs_secret(&client).then(|| OpaqueToken::generate(TokenKind::ClientSecret, &mut *context.rng));
    client.secrets.extend(secret.iter().map(|secret| SecretHash::of(secret.reveal(), context.now)));
    validate(&client)?;
    let taken = AdminError::conflict(format!("there is a client `{client_id}` already"), "symbolon client list");
    document::put(context, CLIENT, &client_id, &client, Expect::Absent, taken).await?;
    context.audit(Event { name: "client.create", client_id: Some(&client_id), ..Event::default() }).await?;
    Ok(json!({
        "client": view(&client),
        "client_secret": secret.as_ref().map(OpaqueToken::reveal),
        "token_endpoint": context.link("oauth/token"),
    }))
}

async fn list(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    let documents = document::all(context, CLIENT).await?;
    let clients: Vec<Client> = documents.iter().map(document::read).collect::<Result<_, _>>()?;
    Ok(json!({ "clients": clients.iter().map(view).collect::<Vec<Value>>() }))
}

async fn show(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let client: Client = document::read(&document::one(context, CLIENT, id).await?)?;
    Ok(json!({ "client": view(&client) }))
}

async fn set(context: &mut AdminContext<'_>, id: &str, change: ClientChange) -> Result<Value, AdminError> {
    let document = document::one(context, CLIENT, id).await?;
    let before: Client = document::read(&document)?;
    let mut client = before.clone();
    apply(&change, &mut client)?;
    if client == before {
        return Err(AdminError::invalid("nothing to change", "symbolon client set --help"));
    }
    check_apis(context, &client).await?;
    // A client that begins to prove itself by secret gets one; one that no longer does keeps none.
    if !needs_secret(&client) {
        client.secrets.clear();
    }
    let first = needs_secret(&client) && client.secrets.is_empty();
    let secret = first.then(|| OpaqueToken::generate(TokenKind::ClientSecret, &mut *context.rng));
    client.secrets.extend(secret.iter().map(|secret| SecretHash::of(secret.reveal(), context.now)));
    write(context, &document, &client, Event { name: "client.change", ..Event::default() }).await?;
    Ok(json!({ "client": view(&client), "client_secret": secret.as_ref().map(OpaqueToken::reveal) }))
}

async fn delete(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let document = document::one(context, CLIENT, id).await?;
    let mark = DocumentWrite::Put {
        kind: DELETED_CLIENT.to_owned(),
        id: id.to_owned(),
        body: json!({ "deleted_at": context.now }),
        expect: Expect::Any,
    };
    document::delete(context, &document, vec![mark]).await?;
    context.audit(Event { name: "client.delete", client_id: Some(id), ..Event::default() }).await?;
    Ok(json!({ "deleted": id }))
}

async fn rotate_secret(context: &mut AdminContext<'_>, id: &str, overlap_secs: u64) -> Result<Value, AdminError> {
    let document = document::one(context, CLIENT, id).await?;
    let mut client: Client = document::read(&document)?;
    if !needs_secret(&client) {
        return Err(AdminError::invalid(
            format!("the client `{id}` does not prove itself by a secret"),
            format!("symbolon client show {id}"),
        ));
    }
    let secret = OpaqueToken::generate(TokenKind::ClientSecret, &mut *context.rng);
    let until = context.now + overlap_secs;
    retire(&mut client.secrets, until, context.now);
    client.secrets.push(SecretHash::of(secret.reveal(), context.now));
    write(context, &document, &client, Event { name: "client.secret.rotate", ..Event::default() }).await?;
    Ok(json!({ "client_id": id, "client_secret": secret.reveal(), "previous_valid_until": until }))
}

async fn write(
    context: &AdminContext<'_>,
    document: &Document,
    client: &Client,
    event: Event<'_>,
) -> Result<(), AdminError> {
    validate(client)?;
    let expect = Expect::Revision(document.revision);
    document::put(context, CLIENT, &document.id, client, expect, document::changed_meanwhile(document)).await?;
    context.audit(Event { client_id: Some(&document.id), ..event }).await
}

/// Lets the present secrets end at `until`, unless they end sooner, and forgets those that have ended.
pub(super) fn retire(secrets: &mut Vec<SecretHash>, until: u64, now: u64) {
    for secret in secrets.iter_mut() {
        secret.expires_at = Some(secret.expires_at.map_or(until, |expires_at| expires_at.min(until)));
    }
    secrets.retain(|secret| secret.is_live(now));
}

fn registration(new: &NewClient, client_id: &str, now: u64) -> Result<Client, AdminError> {
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
    client.allowed_origins.clone_from(&new.allowed_origins);
    client.apis = new.apis.iter().map(client_api).collect::<Result<_, _>>()?;
    client.default_audience.clone_from(&new.default_audience);
    client.jwks.clone_from(&new.jwks);
    client.password_sign_in = new.password_sign_in;
    client.access_token_format = new.access_token_format.unwrap_or_default();
    client.created_at = now;
    client.token_endpoint_auth_method = new.auth_method.unwrap_or(client.token_endpoint_auth_method);
    client.id_token_signed_response_alg = new.id_token_alg.unwrap_or(client.id_token_signed_response_alg);
    if new.kind == ClientKind::Spa {
        // A browser program calls from, and comes back to, where it is redirected to.
        if client.allowed_origins.is_empty() {
            client.allowed_origins = origins(&client.redirect_uris);
        }
        if client.post_logout_redirect_uris.is_empty() {
            client.post_logout_redirect_uris.clone_from(&client.redirect_uris);
        }
    }
    Ok(client)
}

fn apply(change: &ClientChange, client: &mut Client) -> Result<(), AdminError> {
    let spelt = |change: &ListChange| ListChange {
        add: change.add.iter().flat_map(|uri| spellings(uri)).collect(),
        remove: change.remove.clone(),
    };
    let lists = [
        ("redirect URI", spelt(&change.redirect_uris), &mut client.redirect_uris),
        ("post-logout URI", spelt(&change.post_logout_redirect_uris), &mut client.post_logout_redirect_uris),
        ("origin", change.allowed_origins.clone(), &mut client.allowed_origins),
    ];
    for (what, change, list) in lists {
        change.apply(list).map_err(|entry| {
            let hint = format!("symbolon client show {}", client.client_id.as_str());
            AdminError::not_found(format!("the {what} `{entry}` is not registered"), hint)
        })?;
    }
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
    if let Some(jwks) = &change.jwks {
        client.jwks = Some(jwks.clone());
    }
    client.name = change.name.clone().unwrap_or_else(|| client.name.clone());
    client.first_party = change.third_party.map_or(client.first_party, |third_party| !third_party);
    client.disabled = change.disabled.unwrap_or(client.disabled);
    client.password_sign_in = change.password_sign_in.unwrap_or(client.password_sign_in);
    client.access_token_format = change.access_token_format.unwrap_or(client.access_token_format);
    client.token_endpoint_auth_method = change.auth_method.unwrap_or(client.token_endpoint_auth_method);
    client.id_token_signed_response_alg = change.id_token_alg.unwrap_or(client.id_token_signed_response_alg);
    Ok(())
}

fn client_api((audience, scopes): &(String, String)) -> Result<ClientApi, AdminError> {
    let scopes = Scope::parse(scopes)
        .map_err(|_| AdminError::invalid(format!("`{scopes}` is not a list of scopes"), "separate scopes by spaces"))?;
    Ok(ClientApi { audience: audience.clone(), scopes })
}

/// Every API a client names must be registered, with the scopes it names: a misspelt one would only show at sign-in.
async fn check_apis(context: &AdminContext<'_>, client: &Client) -> Result<(), AdminError> {
    let documents = document::all(context, API).await?;
    let named = client.apis.iter().map(|api| (api.audience.as_str(), Some(&api.scopes)));
    let named = named.chain(client.default_audience.iter().map(|audience| (audience.as_str(), None)));
    for (audience, scopes) in named {
        let Some(document) = documents.iter().find(|document| document.id == audience) else {
            return Err(AdminError::not_found(
                format!("no api `{audience}`"),
                format!("symbolon api add {audience} --name NAME"),
            ));
        };
        let api: symbolon_oauth::registration::Api = document::read(document)?;
        let unknown = scopes.into_iter().flat_map(Scope::iter).find(|name| !api.has_scope(name));
        if let Some(name) = unknown {
            return Err(AdminError::not_found(
                format!("the api `{audience}` has no scope `{name}`"),
                format!("symbolon api set {audience} --add-scope {name}=DESCRIPTION"),
            ));
        }
    }
    Ok(())
}

fn needs_secret(client: &Client) -> bool {
    matches!(client.token_endpoint_auth_method, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
}

fn validate(client: &Client) -> Result<(), AdminError> {
    client.validate().map_err(|faults| document::faults(&faults, "symbolon client add --help"))
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

fn origins(uris: &[String]) -> Vec<String> {
    let mut origins = Vec::new();
    for uri in uris {
        let origin = Url::parse(uri).map(|url| url.origin());
        if let Ok(origin) = origin
            && origin.is_tuple()
            && !origins.contains(&origin.ascii_serialization())
        {
            origins.push(origin.ascii_serialization());
        }
    }
    origins
}

/// An id from the name, with something random behind it if it is taken: `My app` is `my-app`.
async fn free_id(context: &mut AdminContext<'_>, name: &str) -> Result<String, AdminError> {
    let slug = slug(name);
    let taken = is_taken(context, CLIENT, &slug).await? || is_taken(context, DELETED_CLIENT, &slug).await?;
    if !taken && !slug.is_empty() {
        return Ok(slug);
    }
    let mut random = [0; 4];
    context.rng.fill(&mut random);
    let suffix = format!("{:08x}", u32::from_be_bytes(random));
    Ok(if slug.is_empty() { format!("client-{suffix}") } else { format!("{slug}-{suffix}") })
}

pub(super) async fn is_taken(context: &AdminContext<'_>, kind: &str, id: &str) -> Result<bool, AdminError> {
    Ok(document::all(context, kind).await?.iter().any(|document| document.id == id))
}

fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_ascii_lowercase).collect::<Vec<String>>().join("-");
    slug.chars().take(40).collect::<String>().trim_end_matches('-').to_owned()
}

/// What is shown of a client: everything but the hashes of its secrets.
fn view(client: &Client) -> Value {
    let mut view = json!(client);
    let secrets =
        client.secrets.iter().map(|secret| json!({ "created_at": secret.created_at, "expires_at": secret.expires_at }));
    view["secrets"] = secrets.collect();
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids() {
        for (name, id) in [("My app", "my-app"), ("  Dragons / SPA ", "dragons-spa"), ("ünï", "n"), ("日本", "")] {
            assert_eq!(slug(name), id, "{name}");
        }
    }

    #[test]
    fn origins_come_from_redirect_uris_once_each() {
        let uris = [
            "http://localhost:4200/",
            "http://localhost:4200/callback",
            "https://a.example/x",
            "com.example:/cb",
            "nonsense",
        ];
        let uris: Vec<String> = uris.map(str::to_owned).to_vec();
        assert_eq!(origins(&uris), ["http://localhost:4200", "https://a.example"]);
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

    #[test]
    fn a_retired_secret_ends_at_the_overlap_and_a_dead_one_is_forgotten() {
        let mut secrets = vec![
            SecretHash { hash: [1; 32], created_at: 0, expires_at: None },
            SecretHash { hash: [2; 32], created_at: 0, expires_at: Some(120) },
            SecretHash { hash: [3; 32], created_at: 0, expires_at: Some(90) },
        ];
        retire(&mut secrets, 150, 100);
        assert_eq!(secrets.iter().map(|secret| secret.expires_at).collect::<Vec<_>>(), [Some(150), Some(120)]);
        retire(&mut secrets, 100, 100);
        assert!(secrets.is_empty(), "no overlap: ended at once");
    }
}
