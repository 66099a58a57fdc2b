//! Clients: registering, changing and deleting them, and rotating their secrets without a gap.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_jose::Algorithm;
use symbolon_oauth::profile::SecurityProfile;
use symbolon_oauth::registration::{
    AccessTokenFormat, AuthMethod, Client, ClientApi, ClientKind, SecretHash, TokenDelivery,
};
use symbolon_oauth::{Issuer, OpaqueToken, Scope};
use symbolon_store::{Document, DocumentWrite, Expect, ListUsers};

use super::document::{self, API, CLIENT, DELETED_CLIENT};
use super::registration::{apply, registration};
use super::revocation::{Cause, RegisteredApis, Rule, tokens_until};
use super::{AdminContext, AdminError, Event, ListChange, Preset, api, certificate, secret};
use crate::{sdk, sector_identifier};

/// Commands on clients.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "a command is one value, which a person has typed")]
pub enum ClientCommand {
    /// Registers one. The answer holds its secret, if it has one, this once.
    Add(NewClient),
    /// Deletes one: its tokens count no more and cannot be renewed.
    Delete {
        /// Its `client_id`.
        client: String,
    },
    /// What its pages load of the browser SDK, and what they say to it.
    Code {
        /// Its `client_id`.
        client: String,
    },
    /// All clients.
    List,
    /// A new secret; the present ones work on for a while, unless they are compromised.
    RotateSecret {
        /// Its `client_id`.
        client: String,
        /// How long the present secrets still work; not at all if they are compromised.
        overlap_secs: u64,
        /// Why.
        #[serde(default)]
        cause: Cause,
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
    /// Where it takes logout tokens.
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// Whether it cannot do without the session in them.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// Origins for CORS; for a browser program those of its redirect URIs if none are given.
    pub allowed_origins: Vec<String>,
    /// APIs it may ask for: audience, then scopes.
    pub apis: Vec<(String, String)>,
    /// The API meant when a request names none.
    pub default_audience: Option<String>,
    /// How it proves who it is; by kind if not given.
    pub auth_method: Option<AuthMethod>,
    /// Its public keys.
    pub jwks: Option<Value>,
    /// Where its public keys are.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// What it was made for, if for another server.
    #[serde(default)]
    pub preset: Option<Preset>,
    /// What its ID tokens are signed with; RS256 if not given.
    pub id_token_alg: Option<Algorithm>,
    /// May post user name and password to `/authenticate`.
    pub password_sign_in: bool,
    /// What its access tokens are; signed tokens if not given.
    #[serde(default)]
    pub access_token_format: Option<AccessTokenFormat>,
    /// How its tokens reach it; in the body if not given.
    #[serde(default)]
    pub token_delivery: Option<TokenDelivery>,
    /// Whether it must prove to hold the key that its tokens are bound to.
    #[serde(default)]
    pub dpop: DpopDemand,
    /// Whether it signs people in on another device (RFC 8628); without redirect URIs in no other way.
    #[serde(default)]
    pub device: Option<bool>,
    /// A JSON merge patch (RFC 7396) of what the rest comes to.
    #[serde(default)]
    pub metadata: Option<Value>,
    /// The security profile it keeps; what it does not allow of the defaults is moved to what it does.
    #[serde(default)]
    pub security_profile: Option<SecurityProfile>,
    /// The types of authorization details it may ask for (RFC 9396).
    #[serde(default)]
    pub authorization_details_types: BTreeSet<String>,
}

/// Whether a client must send DPoP proofs (RFC 9449). Any may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DpopDemand {
    /// It need not.
    #[default]
    Optional,
    /// No token without one.
    Required,
    /// And each with a nonce of ours.
    RequiredWithNonce,
}

impl DpopDemand {
    /// Whether there is no token without a proof, and whether a proof needs a nonce.
    pub(super) fn switches(self) -> (bool, bool) {
        (self != Self::Optional, self == Self::RequiredWithNonce)
    }
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
    /// How its tokens reach it. Those that a page has in its hands already count until they expire, and are not renewed into cookies.
    pub token_delivery: Option<TokenDelivery>,
    /// Whether it must prove to hold the key that its tokens are bound to. Tokens already handed out stay what they are.
    pub dpop: Option<DpopDemand>,
    /// Whether it signs people in on another device (RFC 8628).
    pub device: Option<bool>,
    /// The security profile it keeps. What contradicts it must be changed with it.
    pub security_profile: Option<SecurityProfile>,
    /// Types of authorization details that it may ask for, too (RFC 9396).
    pub authorization_details_types: BTreeSet<String>,
    /// Redirect URIs.
    pub redirect_uris: ListChange,
    /// Where to after signing out.
    pub post_logout_redirect_uris: ListChange,
    /// Where it takes logout tokens; empty removes it.
    pub backchannel_logout_uri: Option<String>,
    /// Whether it cannot do without the session in them.
    pub backchannel_logout_session_required: Option<bool>,
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
    /// Its public keys, in the place of those it has.
    pub jwks: Option<Value>,
    /// Where its public keys are, in the place of those it has; empty removes it.
    pub jwks_uri: Option<String>,
    /// What it was made for, if for another server: adds what it needs for that.
    pub preset: Option<Preset>,
    /// The colour of its sign-in, `#rrggbb`; empty removes it.
    pub brand_accent: Option<String>,
    /// Sentences of welcome: language, then text; an empty one removes it.
    pub brand_welcome: Vec<(String, String)>,
    /// What its ID tokens are signed with.
    pub id_token_alg: Option<Algorithm>,
    /// Life of its access tokens; 0 returns to the default.
    pub access_token_lifetime_secs: Option<u64>,
    /// Life of an unused refresh token; 0 returns to the default.
    pub refresh_idle_secs: Option<u64>,
    /// Life of a refresh token and its descendants; 0 returns to the default.
    pub refresh_absolute_secs: Option<u64>,
    /// Members of the registration by their names in the standards, as a JSON merge patch (RFC 7396); they count before the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: ClientCommand) -> Result<Value, AdminError> {
    match command {
        ClientCommand::Add(new) => add(context, new).await,
        ClientCommand::Code { client } => code(context, &client).await,
        ClientCommand::Delete { client } => delete(context, &client).await,
        ClientCommand::List => list(context).await,
        ClientCommand::RotateSecret { client, overlap_secs, cause } => {
            rotate_secret(context, &client, overlap_secs, cause).await
        }
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
    if context.store.user(&client_id).await?.is_some() {
        return Err(AdminError::conflict(
            format!("`{client_id}` is the id of a user, and both would be the same `sub`"),
            "choose another with --id",
        ));
    }
    api::check_client_id(context, &client_id).await?;
    let mut client = registration(&new, &client_id, context.now)?;
    check_apis(context, &client).await?;
    check_details_types(context, &client).await?;
    let secret = client.has_secret().then(|| secret::add(context, &mut client));
    validate(context, None, &client)?;
    check_sector(context, &client).await?;
    let taken = AdminError::conflict(format!("there is a client `{client_id}` already"), "symbolon client list");
    document::put(context, CLIENT, &client_id, &client, Expect::Absent, taken).await?;
    context.audit(Event { name: "client.create", client_id: Some(&client_id), ..Event::default() }).await?;
    let answer = json!({
        "client": view(&client),
        "client_secret": secret.as_ref().map(OpaqueToken::reveal),
        "token_endpoint": context.link("oauth/token"),
        "has_users": has_users(context).await?,
    });
    Ok(certificate::with_warning(&context.config.certificates(), &client, answer))
}

/// Whether there is anybody who could sign in.
async fn has_users(context: &AdminContext<'_>) -> Result<bool, AdminError> {
    let one = ListUsers { limit: 1, ..ListUsers::default() };
    Ok(!context.store.list_users(one).await?.items.is_empty())
}

async fn list(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    let mut clients = Vec::new();
    let look = |document: &Document| {
        clients.push(view(&document::read(document)?));
        Ok(())
    };
    document::each(context, CLIENT, look).await?;
    Ok(json!({ "clients": clients }))
}

/// The first clients by id, as they are shown.
pub(super) async fn first(context: &AdminContext<'_>, enough: usize) -> Result<Vec<Value>, AdminError> {
    let documents = document::first(context, CLIENT, enough).await?;
    documents.iter().map(|document| Ok(view(&document::read(document)?))).collect()
}

async fn show(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let client: Client = document::read(&document::one(context, CLIENT, id).await?)?;
    Ok(json!({ "client": view(&client) }))
}

/// For pages: only a client that runs in a browser has any.
async fn code(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let client: Client = document::read(&document::one(context, CLIENT, id).await?)?;
    if client.kind != ClientKind::Spa {
        return Err(AdminError::invalid(
            format!("`{id}` does not run in a browser, so the SDK is not for it"),
            "register one that does: symbolon client add --spa",
        ));
    }
    let link = |name: &str| context.link(&format!("sdk/v1/{name}"));
    let scripts: Vec<Value> =
        sdk::scripts().map(|(name, integrity)| json!({ "url": link(&name), "integrity": integrity })).collect();
    Ok(json!({ "issuer": context.issuer, "client": view(&client), "scripts": scripts }))
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
    check_details_types(context, &client).await?;
    // A client that begins to prove itself by secret gets one; one that no longer does keeps none.
    let secret = secret::adjust(context, &mut client);
    if (&client.subjects, &client.redirect_uris) != (&before.subjects, &before.redirect_uris) {
        validate(context, Some(&before), &client)?;
        check_sector(context, &client).await?;
    }
    let registered = RegisteredApis::load(context).await?;
    let rule = registered.narrows_client(&before, &client).then(|| registered.client_rule(&before));
    let detail = json!({ "tokens_revoked": rule.is_some() });
    let event = Event { name: "client.change", detail, ..Event::default() };
    write(context, &document, &client, rule.as_ref(), event).await?;
    let answer = json!({
        "client": view(&client),
        "client_secret": secret.as_ref().map(OpaqueToken::reveal),
        "tokens_until": tokens_until(rule.as_ref()),
    });
    Ok(certificate::with_warning(&context.config.certificates(), &client, answer))
}

pub(super) async fn delete(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let document = document::one(context, CLIENT, id).await?;
    let rule = RegisteredApis::load(context).await?.client_rule(&document::read(&document)?);
    let mark = DocumentWrite::Put {
        kind: DELETED_CLIENT.to_owned(),
        id: id.to_owned(),
        body: json!({ "deleted_at": context.now }),
        expect: Expect::Any,
    };
    document::delete(context, &document, vec![mark], &rule).await?;
    context.store.delete_streams_of(id).await?;
    context.audit(Event { name: "client.delete", client_id: Some(id), ..Event::default() }).await?;
    Ok(json!({ "deleted": id, "tokens_until": tokens_until(Some(&rule)) }))
}

/// A compromised secret ends at once, and with it the tokens that whoever has it may have got.
async fn rotate_secret(
    context: &mut AdminContext<'_>,
    id: &str,
    overlap_secs: u64,
    cause: Cause,
) -> Result<Value, AdminError> {
    let document = document::one(context, CLIENT, id).await?;
    let mut client: Client = document::read(&document)?;
    if !client.has_secret() {
        return Err(AdminError::invalid(
            format!("the client `{id}` does not prove itself by a secret"),
            format!("symbolon client show {id}"),
        ));
    }
    let rule = match cause {
        Cause::Compromised => Some(RegisteredApis::load(context).await?.client_rule(&client)),
        Cause::Routine => None,
    };
    let until = retire(&mut client.secrets, cause, overlap_secs, context.now);
    let secret = secret::add(context, &mut client);
    let detail = json!({ "cause": cause });
    let event = Event { name: "client.secret.rotate", detail, ..Event::default() };
    write(context, &document, &client, rule.as_ref(), event).await?;
    Ok(json!({
        "client_id": id,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "client_secret": secret.reveal(),
        "previous_valid_until": until,
        "tokens_until": tokens_until(rule.as_ref()),
    }))
}

pub(super) async fn write(
    context: &mut AdminContext<'_>,
    document: &Document,
    client: &Client,
    rule: Option<&Rule>,
    event: Event<'_>,
) -> Result<(), AdminError> {
    validate(context, Some(&document::read(document)?), client)?;
    document::replace(context, document, client, rule).await?;
    context.audit(Event { client_id: Some(&document.id), ..event }).await
}

/// Lets the present secrets end after the overlap, or at once if they are compromised, unless they end sooner, and forgets those that
/// have ended. Returns when they end.
pub(super) fn retire(secrets: &mut Vec<SecretHash>, cause: Cause, overlap_secs: u64, now: u64) -> u64 {
    let until = match cause {
        Cause::Compromised => now,
        Cause::Routine => now.saturating_add(overlap_secs),
    };
    for secret in secrets.iter_mut() {
        secret.expires_at = Some(secret.expires_at.map_or(until, |expires_at| expires_at.min(until)));
    }
    secrets.retain(|secret| secret.is_live(now));
    until
}

/// Every API a client names must be registered, with the scopes it names: a misspelt one would only show at sign-in.
async fn check_apis(context: &AdminContext<'_>, client: &Client) -> Result<(), AdminError> {
    check_named_apis(context, &client.apis, client.default_audience.as_deref()).await
}

/// The same of a list of APIs.
pub(super) async fn check_api_entries(context: &AdminContext<'_>, apis: &[ClientApi]) -> Result<(), AdminError> {
    check_named_apis(context, apis, None).await
}

async fn check_named_apis(
    context: &AdminContext<'_>,
    apis: &[ClientApi],
    default: Option<&str>,
) -> Result<(), AdminError> {
    let documents = document::all(context, API).await?;
    let named = apis.iter().map(|api| (api.audience.as_str(), Some(&api.scopes)));
    let named = named.chain(default.map(|audience| (audience, None)));
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

/// Whoever joins a sector must be listed there: its clients know people by the same names.
pub(super) async fn check_sector(context: &AdminContext<'_>, client: &Client) -> Result<(), AdminError> {
    let hint = "the array there must list every redirect URI of the client";
    sector_identifier::check(context.outgoing, client).await.map_err(|why| AdminError::invalid(why, hint))
}

/// Every type of authorization details a client names must be one of an API: nobody else could say what it means.
async fn check_details_types(context: &AdminContext<'_>, client: &Client) -> Result<(), AdminError> {
    let apis: Vec<symbolon_oauth::registration::Api> =
        document::all(context, API).await?.iter().map(document::read).collect::<Result<_, _>>()?;
    let unknown = |name: &&String| apis.iter().all(|api| api.details_type(name).is_none());
    match client.security.authorization_details_types.iter().find(unknown) {
        Some(name) => Err(AdminError::not_found(
            format!("no api has the type of authorization details `{name}`"),
            "symbolon api set API --details-types FILE",
        )),
        None => Ok(()),
    }
}

/// Judges a client that is new, or what it is to be instead of what it was `before`.
pub(super) fn validate(context: &AdminContext<'_>, before: Option<&Client>, client: &Client) -> Result<(), AdminError> {
    document::judge(before, client, Client::validate, "symbolon client add --help")?;
    // Data without an issuer yet has nobody to sign in either.
    let Ok(issuer) = Issuer::parse(context.issuer) else { return Ok(()) };
    let on_site = client.check_site(&issuer, context.config.cookie_domain.as_deref());
    on_site.map_err(|fault| document::faults(&[fault], "see docs/manual/cookie-mode.md, or leave --delivery body"))
}

/// An id from the name, with something random behind it if it is taken: `My app` is `my-app`.
async fn free_id(context: &mut AdminContext<'_>, name: &str) -> Result<String, AdminError> {
    let slug = slug(name);
    let taken = is_taken(context, CLIENT, &slug).await?
        || is_taken(context, DELETED_CLIENT, &slug).await?
        || context.store.user(&slug).await?.is_some()
        || api::check_client_id(context, &slug).await.is_err();
    if !taken && !slug.is_empty() {
        return Ok(slug);
    }
    let mut random = [0; 4];
    context.rng.fill(&mut random);
    let suffix = format!("{:08x}", u32::from_be_bytes(random));
    Ok(if slug.is_empty() { format!("client-{suffix}") } else { format!("{slug}-{suffix}") })
}

pub(super) async fn is_taken(context: &AdminContext<'_>, kind: &str, id: &str) -> Result<bool, AdminError> {
    Ok(context.store.document(kind, id).await?.is_some())
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
    if let Some(dynamic) = view.get_mut("dynamic").and_then(Value::as_object_mut) {
        dynamic.remove("access_tokens");
    }
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
    fn a_retired_secret_ends_at_the_overlap_and_a_dead_one_is_forgotten() {
        let mut secrets = vec![
            SecretHash { hash: [1; 32], created_at: 0, expires_at: None, sealed: None },
            SecretHash { hash: [2; 32], created_at: 0, expires_at: Some(120), sealed: None },
            SecretHash { hash: [3; 32], created_at: 0, expires_at: Some(90), sealed: None },
        ];
        assert_eq!(retire(&mut secrets, Cause::Routine, 50, 100), 150);
        assert_eq!(secrets.iter().map(|secret| secret.expires_at).collect::<Vec<_>>(), [Some(150), Some(120)]);
        let mut compromised = secrets.clone();
        retire(&mut secrets, Cause::Routine, 0, 100);
        assert!(secrets.is_empty(), "no overlap: ended at once");
        assert_eq!(retire(&mut compromised, Cause::Compromised, 50, 100), 100);
        assert!(compromised.is_empty(), "compromised: no overlap");
    }
}
