//! Issuers that are trusted to say who somebody is (RFC 7523 §3): whose assertions clients may show, if their own rules say so, too.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::registration::{Client, SubjectRule, TrustedIssuer};
use symbolon_store::{Document, DocumentWrite, Expect};

use super::document::{self, CLIENT, ISSUER};
use super::{AdminContext, AdminError, Event};

/// Commands on trusted issuers. `issuer` is the `iss` of what they sign.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum IssuerCommand {
    /// Trusts one.
    Add(NewIssuer),
    /// Trusts one no more: no new token on its word. Those that are out end soon.
    Delete {
        /// Its `iss`.
        issuer: String,
    },
    /// All of them.
    List,
    /// Changes a registration.
    Set {
        /// Its `iss`.
        issuer: String,
        /// What.
        change: IssuerChange,
    },
    /// One of them.
    Show {
        /// Its `iss`.
        issuer: String,
    },
}

/// An issuer to trust.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewIssuer {
    /// Its `iss`.
    pub issuer: String,
    /// What people call it.
    pub name: String,
    /// Its public keys.
    pub jwks: Value,
    /// Whom its `sub` means.
    pub subject: SubjectRule,
    /// How far in the future its assertions may end; five minutes if not given.
    pub max_lifetime_secs: Option<u64>,
}

/// What changes in a registration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerChange {
    /// What people call it.
    pub name: Option<String>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
    /// Its public keys, in place of those before.
    pub jwks: Option<Value>,
    /// Whom its `sub` means.
    pub subject: Option<SubjectRule>,
    /// How far in the future its assertions may end.
    pub max_lifetime_secs: Option<u64>,
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: IssuerCommand) -> Result<Value, AdminError> {
    match command {
        IssuerCommand::Add(new) => add(context, new).await,
        IssuerCommand::Delete { issuer } => delete(context, &issuer).await,
        IssuerCommand::List => list(context).await,
        IssuerCommand::Set { issuer, change } => set(context, &issuer, change).await,
        IssuerCommand::Show { issuer } => show(context, &issuer).await,
    }
}

async fn add(context: &mut AdminContext<'_>, new: NewIssuer) -> Result<Value, AdminError> {
    let mut issuer = TrustedIssuer::new(new.issuer, new.name, new.jwks, new.subject);
    issuer.max_lifetime_secs = new.max_lifetime_secs.unwrap_or(issuer.max_lifetime_secs);
    issuer.created_at = context.now;
    validate(context, &issuer)?;
    let taken = AdminError::conflict(format!("`{}` is trusted already", issuer.issuer), "symbolon issuer list");
    document::put(context, ISSUER, &issuer.issuer, &issuer, Expect::Absent, taken).await?;
    audit(context, "issuer.create", &issuer.issuer).await?;
    Ok(json!({ "issuer": view(&issuer) }))
}

async fn list(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    let documents = document::all(context, ISSUER).await?;
    let issuers: Vec<TrustedIssuer> = documents.iter().map(document::read).collect::<Result<_, _>>()?;
    Ok(json!({ "issuers": issuers.iter().map(view).collect::<Vec<Value>>() }))
}

async fn show(context: &mut AdminContext<'_>, issuer: &str) -> Result<Value, AdminError> {
    let found: TrustedIssuer = document::read(&document::one(context, ISSUER, issuer).await?)?;
    let mut clients = Vec::new();
    let look = |document: &Document| {
        let rules = document::read::<Client>(document)?.grant_rules;
        let names = rules.jwt_bearer.iter().any(|rule| rule.issuer == issuer)
            || rules.token_exchange.iter().any(|rule| rule.subject_issuers.contains(issuer));
        clients.extend(names.then(|| document.id.clone()));
        Ok(())
    };
    document::each(context, CLIENT, look).await?;
    let mut view = view(&found);
    view["clients"] = json!(clients);
    Ok(json!({ "issuer": view }))
}

async fn set(context: &mut AdminContext<'_>, issuer: &str, change: IssuerChange) -> Result<Value, AdminError> {
    let document = document::one(context, ISSUER, issuer).await?;
    let mut changed: TrustedIssuer = document::read(&document)?;
    changed.name = change.name.unwrap_or(changed.name);
    changed.disabled = change.disabled.unwrap_or(changed.disabled);
    changed.jwks = change.jwks.unwrap_or(changed.jwks);
    changed.subject = change.subject.unwrap_or(changed.subject);
    changed.max_lifetime_secs = change.max_lifetime_secs.unwrap_or(changed.max_lifetime_secs);
    validate(context, &changed)?;
    document::replace(context, &document, &changed, None).await?;
    audit(context, "issuer.change", issuer).await?;
    Ok(json!({ "issuer": view(&changed) }))
}

async fn delete(context: &mut AdminContext<'_>, issuer: &str) -> Result<Value, AdminError> {
    let document = document::one(context, ISSUER, issuer).await?;
    let delete = DocumentWrite::Delete {
        kind: document.kind.clone(),
        id: document.id.clone(),
        expect: Expect::Revision(document.revision),
    };
    context.store.apply(vec![delete]).await?;
    audit(context, "issuer.delete", issuer).await?;
    Ok(json!({ "deleted": issuer }))
}

async fn audit(context: &AdminContext<'_>, name: &str, issuer: &str) -> Result<(), AdminError> {
    context.audit(Event { name, detail: json!({ "issuer": issuer }), ..Event::default() }).await
}

fn validate(context: &AdminContext<'_>, issuer: &TrustedIssuer) -> Result<(), AdminError> {
    if issuer.issuer == context.issuer {
        let hint = "exchange this server's own tokens by a rule of the client: subject_clients";
        return Err(AdminError::invalid("this server need not be told to trust itself", hint));
    }
    let hint = "symbolon issuer add https://partner.example --jwks keys.json --subject login-identifier";
    issuer.validate().map_err(|faults| document::faults(&faults, hint))
}

fn view(issuer: &TrustedIssuer) -> Value {
    json!({
        "issuer": issuer.issuer,
        "name": issuer.name,
        "disabled": issuer.disabled,
        "subject": issuer.subject,
        "max_lifetime_secs": issuer.max_lifetime_secs,
        "keys": kids(&issuer.jwks),
        "created_at": issuer.created_at,
    })
}

/// The keys by name, or by kind where they have none.
fn kids(jwks: &Value) -> Vec<&str> {
    let keys = jwks.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    keys.iter().filter_map(|key| key.get("kid").or_else(|| key.get("kty"))?.as_str()).collect()
}
