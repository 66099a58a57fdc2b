//! Clients that register themselves (RFC 7591, OpenID Connect Dynamic Client Registration 1.0) and keep their registration up to date
//! (RFC 7592): from the JSON that they send to the document of a [`Client`], and back.
//!
//! What they send goes through the same checks as an operator's change ([`Client::validate`]), and through the [`RegistrationPolicy`].
//! They are never ours: people are asked for consent, and members that only an operator may set do not exist here. Unknown members are ignored
//! (RFC 7591 §2), what is known and cannot be had is refused rather than replaced, so that nobody finds out later.

mod answer;
mod choices;
mod initial_access_token;
mod members;
mod policy;
mod refusal;
mod statement;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};
use symbolon_jose::{Algorithm, KeyManagement};

use super::{Brand, Client, ClientKind};
use crate::endpoint::discovery::Certificates;
use crate::grant::{Grant, IMPLICIT};
use crate::ids::ClientId;
use crate::json;
use crate::response_type::ResponseType;
use crate::scope::Scope;
use members::Document;

pub use answer::{Issued, answer};
pub use initial_access_token::InitialAccessToken;
pub use policy::{RegistrationPolicy, StatementIssuer};
pub use refusal::RegistrationRefusal;

/// What a client asks to be registered with.
#[derive(Clone, Debug)]
pub struct Submission {
    members: Map<String, Value>,
}

/// By what a submission is judged.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What the operator allows.
    pub policy: &'a RegistrationPolicy,
    /// What the server has keys to sign with: what discovery lists.
    pub signing_algs: &'a [Algorithm],
    /// What request objects can be encrypted to the server with.
    pub decryption_algs: &'a [KeyManagement],
    /// Whether clients can show certificates.
    pub certificates: &'a Certificates,
    /// Unix seconds.
    pub now: u64,
}

impl Submission {
    /// Reads the body of a registration request (RFC 7591 §3.1).
    ///
    /// # Errors
    /// [`RegistrationRefusal::InvalidClientMetadata`] for anything but one JSON object with each member once.
    pub fn parse(body: &[u8]) -> Result<Self, RegistrationRefusal> {
        let refused = || RegistrationRefusal::InvalidClientMetadata("the body is not a JSON object".to_owned());
        let mut members: Map<String, Value> = json::strict(body).ok_or_else(refused)?;
        // RFC 7592 §2.2: a null is as good as nothing. So is an empty list or text.
        let is_empty = |value: &Value| match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        members.retain(|_, value| !is_empty(value));
        Ok(Self { members })
    }

    /// Believes the software statement in it, if there is one: its claims win over what stands beside it (RFC 7591 §2.3).
    ///
    /// # Errors
    /// The statement does not count, or there is none where one is needed.
    pub fn vouched(mut self, terms: &Terms<'_>) -> Result<Self, RegistrationRefusal> {
        let Some(statement) = self.members.get("software_statement") else {
            return if terms.policy.require_software_statement {
                Err(RegistrationRefusal::UnapprovedSoftwareStatement("a software statement is needed here"))
            } else {
                Ok(self)
            };
        };
        let text = statement
            .as_str()
            .ok_or(RegistrationRefusal::InvalidSoftwareStatement("the software statement is not a text"))?;
        let claims = statement::claims(terms.policy, text, terms.now)?;
        self.members.extend(claims);
        Ok(self)
    }

    /// The document of a new client.
    ///
    /// # Errors
    /// What is wrong with it, in the standard's codes.
    pub fn register(&self, client_id: ClientId, terms: &Terms<'_>) -> Result<Client, RegistrationRefusal> {
        let kind = self.kind(terms)?;
        let mut client = blank(kind, client_id);
        client.created_at = terms.now;
        client.require_pkce = client.require_pkce && terms.policy.require_pkce;
        self.fill(&client, kind, terms)
    }

    /// The document that takes the place of `present` (RFC 7592 §2.2): what is not sent goes back to its default. What an operator alone
    /// decides stays.
    ///
    /// # Errors
    /// What is wrong with it; also a `client_id` that is missing or another's, a member that only the server sets, or a secret that is not the
    /// client's.
    pub fn replace(&self, present: &Client, terms: &Terms<'_>) -> Result<Client, RegistrationRefusal> {
        // "The updated client metadata fields request MUST include the "client_id" field" and "MUST be the same as its currently issued".
        if self.members.get("client_id").and_then(Value::as_str) != Some(present.client_id.as_str()) {
            return Err(RegistrationRefusal::member("client_id", "must be there, and this client's"));
        }
        // "This request MUST NOT include the "registration_access_token", "registration_client_uri", "client_secret_expires_at", or
        // "client_id_issued_at" fields".
        if let Some(name) = members::OF_THE_SERVER.iter().find(|name| self.members.contains_key(**name)) {
            return Err(RegistrationRefusal::member(name, "is the server's to say"));
        }
        // "If the client includes the "client_secret" field in the request, the value of this field MUST match the currently issued
        // client secret for that client."
        if let Some(secret) = self.members.get("client_secret") {
            let known = secret.as_str().is_some_and(|text| super::matches_any(&present.secrets, text, terms.now));
            if !known {
                return Err(RegistrationRefusal::member("client_secret", "is not the secret of this client"));
            }
        }
        let kind = self.kind(terms)?;
        let fresh = blank(kind, present.client_id.clone());
        let mut document = Document::of(present)?;
        document.forget(&Document::of(&fresh)?);
        let mut client = document.read()?;
        client.kind = kind;
        client.name = fresh.name;
        client.require_pkce |= client.is_public();
        client.metadata.dynamic.clone_from(&present.metadata.dynamic);
        let mut client = self.fill(&client, kind, &Terms { policy: &widened(terms.policy, present), ..*terms })?;
        // The operator has given these looks to the name and the logo that were there, not to those of the client's next choice.
        let shown = |client: &Client| (client.name.clone(), client.logo_uri.clone(), client.metadata.localized.clone());
        if shown(&client) != shown(present) {
            client.brand = Brand::default();
        }
        Ok(client)
    }

    fn fill(&self, client: &Client, kind: ClientKind, terms: &Terms<'_>) -> Result<Client, RegistrationRefusal> {
        let mut document = Document::of(client)?;
        let chosen = choices::made(&self.members, terms)?;
        for (name, value) in self.members.iter().filter(|(name, _)| !chosen.contains_key(*name)).chain(&chosen) {
            document.set(name, value)?;
        }
        let mut client = document.read()?;
        self.name(&mut client)?;
        self.flows(&mut client, terms.policy)?;
        self.scopes(&mut client, terms.policy)?;
        if kind == ClientKind::Spa {
            client.allowed_origins = crate::redirect_uri::origins(&client.redirect_uris);
        }
        if !client.has_secret() {
            client.secrets.clear();
        }
        client.require_pkce |= client.is_public();
        check(&client, terms)?;
        Ok(client)
    }

    /// A text of the submission, or nothing; anything else is refused.
    fn text(&self, name: &'static str) -> Result<Option<&str>, RegistrationRefusal> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(RegistrationRefusal::member(name, "must be a text")),
        }
    }

    /// A list of texts of the submission, or nothing.
    fn list(&self, name: &'static str) -> Result<Option<Vec<String>>, RegistrationRefusal> {
        let refused = || RegistrationRefusal::member(name, "must be a list of texts");
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(refused));
                texts.collect::<Result<Vec<String>, _>>().map(Some)
            }
            Some(_) => Err(refused()),
        }
    }

    /// RFC 7591 §2: without `grant_types` "the default behavior is that the client will use only the "authorization_code" Grant Type".
    fn grants(&self) -> Result<Vec<String>, RegistrationRefusal> {
        Ok(self.list("grant_types")?.unwrap_or_else(|| vec![Grant::AuthorizationCode.name().to_owned()]))
    }

    /// What kind of program it is, from what the standards ask.
    fn kind(&self, terms: &Terms<'_>) -> Result<ClientKind, RegistrationRefusal> {
        let grants = self.grants()?;
        let uses = |grant: &str| grants.iter().any(|name| name == grant);
        let chosen = choices::made(&self.members, terms)?;
        let method = chosen.get("token_endpoint_auth_method").and_then(Value::as_str);
        let public = method.or(self.text("token_endpoint_auth_method")?) == Some("none");
        // OpenID Connect Registration §2: "The default, if omitted, is web."
        let native = match self.text("application_type")? {
            None | Some("web") => false,
            Some("native") => true,
            Some(_) => return Err(RegistrationRefusal::member("application_type", "must be web or native")),
        };
        Ok(if grants.iter().all(|grant| grant == Grant::ClientCredentials.name()) {
            ClientKind::Machine
        } else if native || public && uses(Grant::DeviceCode.name()) {
            ClientKind::Native
        } else if public {
            ClientKind::Spa
        } else {
            ClientKind::Web
        })
    }

    fn name(&self, client: &mut Client) -> Result<(), RegistrationRefusal> {
        if let Some(name) = self.text("client_name")? {
            name.trim().clone_into(&mut client.name);
        }
        for (name, value) in self.members.iter().filter(|(name, _)| name.contains('#')) {
            // Of members that are not told in several languages, the plain one counts.
            let base = name.split('#').next().unwrap_or_default();
            if members::is_localized(base) {
                let text = value.as_str().ok_or_else(|| RegistrationRefusal::member(name, "must be a text"))?;
                client.metadata.localized.insert(name.clone(), text.to_owned());
            }
        }
        Ok(())
    }

    /// Grants and response types, which must fit each other (RFC 7591 §2.1).
    fn flows(&self, client: &mut Client, policy: &RegistrationPolicy) -> Result<(), RegistrationRefusal> {
        let grants = self.grants()?;
        if let Some(denied) = grants.iter().find(|name| !policy.grant_types.contains(*name)) {
            return Err(RegistrationRefusal::member("grant_types", &format!("{denied} is not to be had here")));
        }
        client.grant_types = grants.into_iter().collect();
        let code = client.may_use(Grant::AuthorizationCode);
        let types = match self.list("response_types")? {
            // "If omitted, the default is that the client will use only the "code" response type": nothing, where there is no such grant.
            None if code => vec![ResponseType::Code.name().to_owned()],
            None => Vec::new(),
            Some(names) => names,
        };
        client.responses.response_types.clear();
        for name in types {
            let refused = |why: &str| RegistrationRefusal::member("response_types", &format!("{name} {why}"));
            let found = ResponseType::from_name(&name).ok_or_else(|| refused("is not supported"))?;
            if !policy.response_types.contains(&found) {
                return Err(refused("is not to be had here"));
            }
            if found.has_code() && !code {
                return Err(refused("needs the grant type authorization_code"));
            }
            client.responses.response_types.insert(found);
        }
        Ok(())
    }

    /// `scope` (RFC 7591 §2): standard ones, and those of APIs.
    fn scopes(&self, client: &mut Client, policy: &RegistrationPolicy) -> Result<(), RegistrationRefusal> {
        let Some(text) = self.text("scope")? else {
            // "If omitted, an authorization server MAY register a client with a default set of scopes."
            client.scopes = Some(policy.scopes.clone());
            client.apis.clone_from(&policy.apis);
            return Ok(());
        };
        let asked = Scope::parse(text).map_err(|_| RegistrationRefusal::member("scope", "is not a list of scopes"))?;
        let known =
            |name: &str| policy.scopes.contains(name) || policy.apis.iter().any(|api| api.scopes.contains(name));
        if let Some(denied) = asked.iter().find(|name| !known(name)) {
            return Err(RegistrationRefusal::member("scope", &format!("{denied} is not to be had here")));
        }
        let of = |allowed: &Scope| asked.iter().filter(|name| allowed.contains(name)).collect::<Scope>();
        client.scopes = Some(of(&policy.scopes));
        client.apis.clone_from(&policy.apis);
        for api in &mut client.apis {
            api.scopes = of(&api.scopes);
        }
        client.apis.retain(|api| !api.scopes.is_empty());
        Ok(())
    }
}

/// A client with nothing but defaults. Without a name it is called by its id (RFC 7591 §2).
fn blank(kind: ClientKind, client_id: ClientId) -> Client {
    let name = client_id.to_string();
    match kind {
        ClientKind::Machine => Client::machine(client_id, name),
        ClientKind::Native => {
            let mut client = Client::native(client_id, name);
            // §2: "If unspecified or omitted, the default is "client_secret_basic"", for an app on a device as well.
            client.token_endpoint_auth_method = super::AuthMethod::ClientSecretBasic;
            client
        }
        ClientKind::Spa => Client::spa(client_id, name),
        ClientKind::Web => Client::web(client_id, name),
    }
}

/// What the operator has given this client beyond the policy, it may keep.
fn widened(policy: &RegistrationPolicy, present: &Client) -> RegistrationPolicy {
    let mut policy = policy.clone();
    policy.grant_types.extend(present.grant_types.iter().cloned());
    policy.response_types.extend(present.responses.response_types.iter().copied());
    policy.authorization_details_types.extend(present.security.authorization_details_types.iter().cloned());
    policy.token_endpoint_auth_methods.insert(present.token_endpoint_auth_method.name().to_owned());
    let present_scopes = present.scopes.iter().flat_map(Scope::iter);
    policy.scopes = policy.scopes.iter().chain(present_scopes).collect();
    for own in &present.apis {
        match policy.apis.iter_mut().find(|api| api.audience == own.audience) {
            Some(api) => api.scopes = api.scopes.iter().chain(own.scopes.iter()).collect(),
            None => policy.apis.push(own.clone()),
        }
    }
    policy
}

/// What an operator may register and a client may not register itself with, and the checks for both.
fn check(client: &Client, terms: &Terms<'_>) -> Result<(), RegistrationRefusal> {
    let method = client.token_endpoint_auth_method.name();
    let served = terms.certificates.serve(client.token_endpoint_auth_method);
    if !served || !terms.policy.token_endpoint_auth_methods.contains(method) {
        return Err(RegistrationRefusal::member("token_endpoint_auth_method", "is not to be had here"));
    }
    // A new signing key for everybody who asks for another algorithm would be a lot to ask.
    for (name, alg) in [
        ("id_token_signed_response_alg", Some(client.id_token_signed_response_alg)),
        ("authorization_signed_response_alg", client.responses.authorization_signed_response_alg),
        ("userinfo_signed_response_alg", client.userinfo.userinfo_signed_response_alg),
        ("introspection_signed_response_alg", client.security.introspection_signed_response_alg),
    ] {
        // A MAC is under the client's own secret; whether it may is judged below.
        let can_sign =
            |alg: Algorithm| alg.is_symmetric() || terms.signing_algs.iter().any(|known| known.answers_to(alg.name()));
        if alg.is_some_and(|alg| !can_sign(alg)) {
            return Err(RegistrationRefusal::member(name, "is not one that this server signs with"));
        }
    }
    check_server(client, terms)?;
    if client.redirect_uris.len() > members::MAX_URIS || client.post_logout_redirect_uris.len() > members::MAX_URIS {
        return Err(RegistrationRefusal::member("redirect_uris", "are too many"));
    }
    // OpenID Connect Registration §2: "Web Clients using the OAuth Implicit Grant Type MUST only register URLs using the https scheme as
    // redirect_uris; they MUST NOT use localhost as the hostname."
    let in_front = client.grant_types.contains(IMPLICIT) && client.kind != ClientKind::Native;
    let near = |uri: &String| uri.starts_with("http:") || uri.starts_with("https://localhost");
    if let Some(uri) = client.redirect_uris.iter().find(|uri| in_front && near(uri)) {
        return Err(RegistrationRefusal::member(
            "redirect_uris",
            &format!("{uri}: implicit needs https, not localhost"),
        ));
    }
    client.validate().map_err(RegistrationRefusal::from)
}

/// What takes something of the server's that it has not, or that its operator gives.
fn check_server(client: &Client, terms: &Terms<'_>) -> Result<(), RegistrationRefusal> {
    let refused = |name: &str| Err(RegistrationRefusal::member(name, "is not to be had here"));
    if client.security.request_object_encryption_alg.is_some_and(|alg| !terms.decryption_algs.contains(&alg)) {
        return refused("request_object_encryption_alg");
    }
    if client.certificate.tls_client_certificate_bound_access_tokens && !terms.certificates.are_taken() {
        return refused("tls_client_certificate_bound_access_tokens");
    }
    if !client.security.authorization_details_types.is_subset(&terms.policy.authorization_details_types) {
        return refused("authorization_details_types");
    }
    Ok(())
}
