//! Roles, and who has them. A change of roles gives the user a new revocation handle and logs the old one as revoked: the access tokens
//! that show the old roles are refused by userinfo and introspection now and by guards that follow the revocation feed within a second;
//! an API that does not follow it accepts them until they expire, and the answer says when that is. Sessions live on.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::registration::Role;
use symbolon_store::{Document, Expect};

use super::document::{self, ROLE};
use super::lookup::{self, ADMIN};
use super::{AdminContext, AdminError, Event};

/// Commands on roles.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RoleCommand {
    /// Makes a role known.
    Add {
        /// The name that stands in tokens.
        name: String,
        /// For people.
        description: String,
    },
    /// Gives a user roles.
    Grant {
        /// Id, user name or e-mail address.
        user: String,
        /// Names of roles.
        roles: Vec<String>,
    },
    /// All roles.
    List,
    /// Takes roles from a user.
    Revoke {
        /// Id, user name or e-mail address.
        user: String,
        /// Names of roles.
        roles: Vec<String>,
    },
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: RoleCommand) -> Result<Value, AdminError> {
    match command {
        RoleCommand::Add { name, description } => add(context, name, description).await,
        RoleCommand::Grant { user, roles } => change(context, &user, &roles, &[]).await,
        RoleCommand::List => list(context).await,
        RoleCommand::Revoke { user, roles } => change(context, &user, &[], &roles).await,
    }
}

async fn add(context: &mut AdminContext<'_>, name: String, description: String) -> Result<Value, AdminError> {
    let role = Role::new(name, description);
    role.validate()
        .map_err(|faults| document::faults(&faults, "symbolon role add editor --description \"may edit\""))?;
    let taken = AdminError::conflict(format!("there is a role `{}` already", role.name), "symbolon role list");
    document::put(context, ROLE, &role.name, &role, Expect::Absent, taken).await?;
    context.audit(Event { name: "role.create", detail: json!({ "role": role.name }), ..Event::default() }).await?;
    Ok(json!({ "role": { "name": role.name, "description": role.description } }))
}

async fn list(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    let documents = document::all(context, ROLE).await?;
    let mut roles: Vec<Role> = documents.iter().map(document::read).collect::<Result<_, _>>()?;
    if !roles.iter().any(|role| role.name == ADMIN) {
        roles.insert(0, Role::new(ADMIN, "administers this server"));
    }
    let roles: Vec<Value> =
        roles.iter().map(|role| json!({ "name": role.name, "description": role.description })).collect();
    Ok(json!({ "roles": roles }))
}

/// Adds and removes roles of a user. Only known ones are added, so that a misspelt role is not granted in silence.
async fn change(
    context: &mut AdminContext<'_>,
    name: &str,
    add: &[String],
    remove: &[String],
) -> Result<Value, AdminError> {
    let user = lookup::user(context, name).await?;
    check_known(context, add).await?;
    let handle = symbolon_oauth::random_id(&mut *context.rng);
    let set = context.store.set_user_roles(&user.id, add, remove, Some(&handle), context.now).await?;
    let detail = json!({ "added": add, "removed": remove });
    context.audit(Event { name: "user.roles.change", user_id: Some(&user.id), detail, ..Event::default() }).await?;
    Ok(json!({ "user_id": user.id, "roles": set.user.roles, "changed": set.changed, "tokens_until": set.tokens_until }))
}

/// Refuses roles that nobody made known.
pub(super) async fn check_known(context: &AdminContext<'_>, roles: &[String]) -> Result<(), AdminError> {
    let documents: Vec<Document> = document::all(context, ROLE).await?;
    for role in roles {
        if role != ADMIN && !documents.iter().any(|document| document.id == *role) {
            return Err(AdminError::not_found(format!("no role `{role}`"), format!("symbolon role add {role}")));
        }
    }
    Ok(())
}
