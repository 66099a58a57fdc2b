//! APIs (resource servers): registering them with their scopes, and their credential for introspection.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_jose::Algorithm;
use symbolon_oauth::registration::{AccessTokenType, Api, ApiScope, Client, DetailsType, SecretHash};
use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_store::{Document, DocumentWrite, Expect};

use super::client::{is_taken, retire};
use super::document::{self, API, CLIENT, DELETED_API};
use super::revocation::{Cause, Registered, Rule, narrows_api, tokens_until};
use super::{AdminContext, AdminError, Event};

/// What helps whoever gave an API that cannot be.
const HELP: &str = "symbolon api add --help";

/// Commands on APIs. `api` is the identifier: the audience of its tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ApiCommand {
    /// Registers one.
    Add(NewApi),
    /// Deletes one that no client names.
    Delete {
        /// Its identifier.
        api: String,
    },
    /// All APIs.
    List,
    /// A new credential for introspection; the present ones work on for a while, unless they are compromised.
    RotateSecret {
        /// Its identifier.
        api: String,
        /// How long the present secrets still work; not at all if they are compromised.
        overlap_secs: u64,
        /// Why. No token was issued on the strength of these secrets, so none is revoked.
        #[serde(default)]
        cause: Cause,
    },
    /// Changes a registration.
    Set {
        /// Its identifier.
        api: String,
        /// What.
        change: ApiChange,
    },
    /// One API.
    Show {
        /// Its identifier.
        api: String,
    },
}

/// An API to register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApi {
    /// The audience of its tokens.
    pub identifier: String,
    /// What people call it.
    pub name: String,
    /// Name and description of each scope.
    pub scopes: Vec<(String, String)>,
    /// What its tokens are signed with; RS256 if not given.
    pub signing_alg: Option<Algorithm>,
    /// What their header says they are; `at+jwt` if not given.
    #[serde(default)]
    pub access_token_type: AccessTokenType,
    /// Life of its tokens; the server's default if not given.
    pub token_lifetime_secs: Option<u64>,
    /// First-party clients ask for consent too.
    pub always_ask_consent: bool,
    /// Roles stay out of its tokens.
    pub without_roles: bool,
    /// Its tokens have a place in a Token Status List.
    #[serde(default)]
    pub status_list: bool,
    /// What can be asked for in detail (RFC 9396).
    #[serde(default)]
    pub authorization_details_types: Vec<DetailsType>,
}

/// What changes in a registration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiChange {
    /// What people call it.
    pub name: Option<String>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
    /// Scopes to add, or to describe anew: name and description.
    pub add_scopes: Vec<(String, String)>,
    /// Names of scopes to remove.
    pub remove_scopes: Vec<String>,
    /// What its tokens are signed with.
    pub signing_alg: Option<Algorithm>,
    /// What their header says they are.
    pub access_token_type: Option<AccessTokenType>,
    /// Life of its tokens; 0 returns to the default.
    pub token_lifetime_secs: Option<u64>,
    /// Whether first-party clients ask for consent too.
    pub always_ask_consent: Option<bool>,
    /// Whether roles stay out of its tokens.
    pub without_roles: Option<bool>,
    /// Whether its tokens have a place in a Token Status List.
    pub status_list: Option<bool>,
    /// What can be asked for in detail (RFC 9396), all of it.
    pub authorization_details_types: Option<Vec<DetailsType>>,
    /// How answers to its introspection are signed and encrypted (RFC 9701 §6), and its public keys: members by their names, null for none.
    pub metadata: Option<Value>,
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: ApiCommand) -> Result<Value, AdminError> {
    match command {
        ApiCommand::Add(new) => add(context, new).await,
        ApiCommand::Delete { api } => delete(context, &api).await,
        ApiCommand::List => list(context).await,
        ApiCommand::RotateSecret { api, overlap_secs, cause } => {
            rotate_secret(context, &api, overlap_secs, cause).await
        }
        ApiCommand::Set { api, change } => set(context, &api, &change).await,
        ApiCommand::Show { api } => show(context, &api).await,
    }
}

async fn add(context: &mut AdminContext<'_>, new: NewApi) -> Result<Value, AdminError> {
    let mut api = Api::new(new.identifier, new.name);
    api.scopes = new.scopes.into_iter().map(|(name, description)| ApiScope { name, description }).collect();
    api.signing_alg = new.signing_alg.unwrap_or(api.signing_alg);
    api.access_token_type = new.access_token_type;
    api.token_lifetime_secs = new.token_lifetime_secs;
    api.skip_consent_for_first_party = !new.always_ask_consent;
    api.include_roles = !new.without_roles;
    api.status_list = new.status_list;
    api.authorization_details_types = new.authorization_details_types;
    api.created_at = context.now;
    document::judge(None, &api, Api::validate, HELP)?;
    check_name(context, &api).await?;
    if is_taken(context, DELETED_API, &api.identifier).await? {
        // Refresh tokens and consents for it are still on record: they would come back to life at a stranger's API.
        return Err(AdminError::conflict(
            format!("`{}` was an api that has been deleted, and identifiers are never given out again", api.identifier),
            "choose another identifier",
        ));
    }
    let taken = AdminError::conflict(format!("there is an api `{}` already", api.identifier), "symbolon api list");
    document::put(context, API, &api.identifier, &api, Expect::Absent, taken).await?;
    context.audit(Event { name: "api.create", detail: json!({ "api": api.identifier }), ..Event::default() }).await?;
    Ok(json!({ "api": view(&api) }))
}

async fn list(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    let documents = document::all(context, API).await?;
    let apis: Vec<Api> = documents.iter().map(document::read).collect::<Result<_, _>>()?;
    Ok(json!({ "apis": apis.iter().map(view).collect::<Vec<Value>>() }))
}

async fn show(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let api: Api = document::read(&document::one(context, API, id).await?)?;
    Ok(json!({ "api": view(&api) }))
}

async fn set(context: &mut AdminContext<'_>, id: &str, change: &ApiChange) -> Result<Value, AdminError> {
    let document = document::one(context, API, id).await?;
    let before: Api = document::read(&document)?;
    let mut api = before.clone();
    apply(change, &mut api)?;
    if api == before {
        return Err(AdminError::invalid("nothing to change", "symbolon api set --help"));
    }
    check_name(context, &api).await?;
    let registered = Registered::load(context).await?;
    let rule = narrows_api(&before, &api).then(|| registered.api_rule(&before));
    let detail = json!({ "api": id, "tokens_revoked": rule.is_some() });
    write(context, &document, &api, rule.as_ref(), Event { name: "api.change", detail, ..Event::default() }).await?;
    Ok(json!({ "api": view(&api), "tokens_until": tokens_until(rule.as_ref()) }))
}

/// An ID token is for its client and of type `JWT`: an API of that name that takes this type could not tell it from an access token
/// (RFC 8725 §3.12).
async fn check_name(context: &AdminContext<'_>, api: &Api) -> Result<(), AdminError> {
    let id = &api.identifier;
    if api.access_token_type == AccessTokenType::Jwt && is_taken(context, CLIENT, id).await? {
        return Err(AdminError::conflict(
            format!("there is a client `{id}`, whose ID tokens the api would take for access tokens"),
            "leave out --token-type JWT, or choose another identifier",
        ));
    }
    Ok(())
}

/// The same of a client that is to be called so.
pub(super) async fn check_client_id(context: &AdminContext<'_>, client_id: &str) -> Result<(), AdminError> {
    let Some(document) = context.store.document(API, client_id).await? else { return Ok(()) };
    let api: Api = document::read(&document)?;
    if api.access_token_type == AccessTokenType::Jwt {
        return Err(AdminError::conflict(
            format!(
                "the api `{client_id}` takes tokens of type JWT, and so it would take ID tokens of a client of that name"
            ),
            format!("choose another with --id, or: symbolon api set {client_id} --token-type at+jwt"),
        ));
    }
    Ok(())
}

/// Deleting an API that clients name would break their sign-in, so they have to let go of it first.
async fn delete(context: &mut AdminContext<'_>, id: &str) -> Result<Value, AdminError> {
    let document = document::one(context, API, id).await?;
    let look = |user: &Document| {
        let client: Client = document::read(user)?;
        if client.api(id).is_some() || client.default_audience.as_deref() == Some(id) {
            return Err(AdminError::conflict(
                format!("the client `{}` names this api", user.id),
                format!("symbolon client set {} --remove-api {id}", user.id),
            ));
        }
        Ok(())
    };
    document::each(context, CLIENT, look).await?;
    let rule = Registered::load(context).await?.api_rule(&document::read(&document)?);
    let mark = DocumentWrite::Put {
        kind: DELETED_API.to_owned(),
        id: id.to_owned(),
        body: json!({ "deleted_at": context.now }),
        expect: Expect::Any,
    };
    document::delete(context, &document, vec![mark], &rule).await?;
    context.audit(Event { name: "api.delete", detail: json!({ "api": id }), ..Event::default() }).await?;
    Ok(json!({ "deleted": id, "tokens_until": tokens_until(Some(&rule)) }))
}

async fn rotate_secret(
    context: &mut AdminContext<'_>,
    id: &str,
    overlap_secs: u64,
    cause: Cause,
) -> Result<Value, AdminError> {
    let document = document::one(context, API, id).await?;
    let mut api: Api = document::read(&document)?;
    let secret = OpaqueToken::generate(TokenKind::ApiSecret, &mut *context.rng);
    let had_one = !api.secrets.is_empty();
    let until = retire(&mut api.secrets, cause, overlap_secs, context.now);
    api.secrets.push(SecretHash::of(secret.reveal(), context.now));
    let detail = json!({ "api": id, "cause": cause });
    write(context, &document, &api, None, Event { name: "api.secret.rotate", detail, ..Event::default() }).await?;
    Ok(json!({ "api": id, "api_secret": secret.reveal(), "previous_valid_until": had_one.then_some(until) }))
}

async fn write(
    context: &mut AdminContext<'_>,
    document: &Document,
    api: &Api,
    rule: Option<&Rule>,
    event: Event<'_>,
) -> Result<(), AdminError> {
    document::judge(Some(&document::read(document)?), api, Api::validate, HELP)?;
    document::replace(context, document, api, rule).await?;
    context.audit(event).await
}

/// Members that metadata changes.
const METADATA: &[&str] = &[
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
    "introspection_signed_response_alg",
    "jwks",
];

fn patched(api: &Api, patch: &Value) -> Result<Api, AdminError> {
    let refuse = |why: String| AdminError::invalid(why, format!("members that it changes: {}", METADATA.join(", ")));
    let Value::Object(members) = patch else { return Err(refuse("metadata must be a JSON object".to_owned())) };
    if let Some(other) = members.keys().find(|name| !METADATA.contains(&name.as_str())) {
        return Err(refuse(format!("metadata cannot change `{other}`")));
    }
    let mut document = serde_json::to_value(api).map_err(|why| refuse(why.to_string()))?;
    for (name, value) in members {
        document[name] = value.clone();
    }
    serde_json::from_value(document).map_err(|why| refuse(format!("metadata: {why}")))
}

fn apply(change: &ApiChange, api: &mut Api) -> Result<(), AdminError> {
    if let Some(patch) = &change.metadata {
        *api = patched(api, patch)?;
    }
    for name in &change.remove_scopes {
        if !api.has_scope(name) {
            let hint = format!("symbolon api show {}", api.identifier);
            return Err(AdminError::not_found(format!("this api has no scope `{name}`"), hint));
        }
        api.scopes.retain(|scope| scope.name != *name);
    }
    for (name, description) in &change.add_scopes {
        let scope = ApiScope { name: name.clone(), description: description.clone() };
        match api.scopes.iter_mut().find(|present| present.name == *name) {
            Some(present) => *present = scope,
            None => api.scopes.push(scope),
        }
    }
    match change.token_lifetime_secs {
        None => {}
        Some(0) => api.token_lifetime_secs = None,
        Some(secs) => api.token_lifetime_secs = Some(secs),
    }
    api.name = change.name.clone().unwrap_or_else(|| api.name.clone());
    api.disabled = change.disabled.unwrap_or(api.disabled);
    api.status_list = change.status_list.unwrap_or(api.status_list);
    if let Some(types) = &change.authorization_details_types {
        api.authorization_details_types.clone_from(types);
    }
    api.signing_alg = change.signing_alg.unwrap_or(api.signing_alg);
    api.access_token_type = change.access_token_type.unwrap_or(api.access_token_type);
    api.skip_consent_for_first_party =
        change.always_ask_consent.map_or(api.skip_consent_for_first_party, |always| !always);
    api.include_roles = change.without_roles.map_or(api.include_roles, |without| !without);
    Ok(())
}

/// What is shown of an API: everything but the hashes of its secrets.
fn view(api: &Api) -> Value {
    let mut view = json!(api);
    let secrets =
        api.secrets.iter().map(|secret| json!({ "created_at": secret.created_at, "expires_at": secret.expires_at }));
    view["secrets"] = secrets.collect();
    view
}
