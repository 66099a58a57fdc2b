//! What `serve --dev` registers by itself: the sample apps, their API, and the role of its administrators.
//! Only what is missing is added; what a developer changed stays.

use serde::Serialize;
use symbolon_oauth::ClientId;
use symbolon_oauth::registration::{Api, AuthMethod, Client, Role};
use symbolon_oauth::scope::Scope;
use symbolon_store::{Document, DocumentWrite, Expect, StoreError};

use crate::app::{App, AppError};
use crate::registry;

/// The client id of the sample app.
pub const SAMPLE_CLIENT: &str = "dragons-spa";
/// Where `examples/dragons-spa` answers, the same client with a framework.
const ANGULAR_APP: &str = "http://localhost:4200";
/// The client id of `examples/session-app`, and where it answers.
const SESSION_CLIENT: &str = "dragons-session";
const SESSION_APP: &str = "http://localhost:4300";
/// The role the first administrator gets, and the sample asks for.
pub const ADMIN_ROLE: &str = "admin";

/// Where the sample app answers.
pub fn app_origin(app: &App) -> String {
    format!("http://localhost:{}", app.config().sample.spa_port)
}

/// Where the sample API answers; also its identifier (audience).
pub fn api_origin(app: &App) -> String {
    format!("http://localhost:{}", app.config().sample.api_port)
}

/// Registers what is missing of the sample.
pub async fn seed(app: &App) -> Result<(), AppError> {
    let now = app.clock.now();
    let mut writes = Vec::new();

    if app.store.document(registry::ROLE, ADMIN_ROLE).await?.is_none() {
        writes.push(put(registry::ROLE, ADMIN_ROLE, &Role::new(ADMIN_ROLE, "May do everything"), Expect::Absent));
    }
    let audience = api_origin(app);
    if app.store.document(registry::API, &audience).await?.is_none() {
        let mut api = Api::new(&audience, "Dragons").with_scope("read:dragons", "See the dragons");
        api.created_at = now;
        writes.push(put(registry::API, &audience, &api, Expect::Absent));
    }
    let registered = app.store.document(registry::CLIENT, SAMPLE_CLIENT).await?;
    if let Some(write) = sample_client(app, registered.as_ref(), now)? {
        writes.push(write);
    }
    if app.store.document(registry::CLIENT, SESSION_CLIENT).await?.is_none() {
        writes.push(put(registry::CLIENT, SESSION_CLIENT, &session_client(now)?, Expect::Absent));
    }
    if writes.is_empty() {
        return Ok(());
    }
    match app.store.apply(writes).await {
        // Somebody else wrote in between: what they wrote counts.
        Ok(_) | Err(StoreError::Conflict(_)) => app.reload_registry().await,
        Err(error) => Err(error.into()),
    }
}

/// The sample app's registration, brought up to the ports of this run. `None` when nothing is to be written.
fn sample_client(app: &App, registered: Option<&Document>, now: u64) -> Result<Option<DocumentWrite>, AppError> {
    let invalid = |why: &dyn std::fmt::Display| AppError::Invalid(why.to_string());
    let (mut client, expect) = match registered {
        None => {
            let id = ClientId::parse(SAMPLE_CLIENT).map_err(|why| invalid(&why))?;
            let mut client = Client::spa(id, "Dragons");
            client.first_party = true;
            client.password_sign_in = true;
            client.created_at = now;
            (client, Expect::Absent)
        }
        Some(document) => {
            let client = document.body.read().map_err(|why| invalid(&why))?;
            (client, Expect::Revision(document.revision))
        }
    };
    let before = client.clone();
    let (origin, audience) = (app_origin(app), api_origin(app));
    add(&mut client.redirect_uris, format!("{origin}/"));
    add(&mut client.post_logout_redirect_uris, format!("{origin}/"));
    add(&mut client.allowed_origins, origin);
    add(&mut client.redirect_uris, format!("{ANGULAR_APP}/callback"));
    add(&mut client.post_logout_redirect_uris, format!("{ANGULAR_APP}/"));
    add(&mut client.allowed_origins, ANGULAR_APP.to_owned());
    if client.api(&audience).is_none() {
        let scopes = Scope::parse("read:dragons").map_err(|why| invalid(&why))?;
        client.apis.push(symbolon_oauth::registration::ClientApi { audience: audience.clone(), scopes });
    }
    client.default_audience = Some(audience);
    let unchanged = registered.is_some() && client == before;
    Ok((!unchanged).then(|| put(registry::CLIENT, SAMPLE_CLIENT, &client, expect)))
}

/// An app that runs on a server. It proves itself by a key that it makes when it starts, so there is no secret that everybody knows.
fn session_client(now: u64) -> Result<Client, AppError> {
    let id = ClientId::parse(SESSION_CLIENT).map_err(|why| AppError::Invalid(why.to_string()))?;
    let mut client = Client::web(id, "Dragons with sessions");
    client.first_party = true;
    client.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
    client.metadata.jwks_uri = Some(format!("{SESSION_APP}/jwks.json"));
    client.redirect_uris = vec![format!("{SESSION_APP}/callback")];
    client.post_logout_redirect_uris = vec![format!("{SESSION_APP}/")];
    client.backchannel_logout_uri = Some(format!("{SESSION_APP}/backchannel-logout"));
    client.created_at = now;
    Ok(client)
}

fn add(list: &mut Vec<String>, value: String) {
    if !list.contains(&value) {
        list.push(value);
    }
}

fn put(kind: &str, id: &str, body: &impl Serialize, expect: Expect) -> DocumentWrite {
    DocumentWrite::Put {
        kind: kind.to_owned(),
        id: id.to_owned(),
        body: serde_json::to_value(body).expect("registrations have only string keys"),
        expect,
    }
}
