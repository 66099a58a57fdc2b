//! `symbolon role`: roles, and who has them.

use clap::Subcommand;
use serde_json::Value;
use symbolon_server::admin::{Command, RoleCommand};

use super::user::{facts, last_administrator};
use super::{Global, tokens_until};
use crate::connect;
use crate::error::CliError;
use crate::input::{Consent, Yes, confirm};
use crate::output::{Output, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Make a role known
    #[command(after_help = "Example:\n  symbolon role add editor --description \"may edit articles\"")]
    Add {
        /// The name that stands in tokens
        name: String,
        /// What it means
        #[arg(long, default_value = "")]
        description: String,
    },
    /// All roles
    List,
    /// Give a user roles
    ///
    /// Sessions live on. Access tokens with the old roles are refused by userinfo and introspection now, by guards that follow the
    /// revocation feed within a second. An API that does not follow it accepts them until they expire; the answer says when the last
    /// one does.
    #[command(after_help = "Example:\n  symbolon role grant ada@example.com admin")]
    Grant {
        /// Id, user name or e-mail address
        user: String,
        /// Names of roles
        #[arg(required = true)]
        roles: Vec<String>,
    },
    /// Take roles from a user
    ///
    /// Sessions live on. Access tokens with the old roles are refused by userinfo and introspection now, by guards that follow the
    /// revocation feed within a second. An API that does not follow it accepts them until they expire; the answer says when the last
    /// one does.
    #[command(after_help = "Example:\n  symbolon role revoke ada@example.com admin")]
    Revoke {
        /// Id, user name or e-mail address
        user: String,
        /// Names of roles
        #[arg(required = true)]
        roles: Vec<String>,
        #[command(flatten)]
        yes: Yes,
    },
}

impl Role {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        if let Self::Revoke { user, roles, yes } = &self {
            confirm_revocation(user, roles, *yes, global)?;
        }
        let show: fn(&Value, &Output) = match &self {
            Self::Add { .. } => show_added,
            Self::List => show_list,
            Self::Grant { .. } | Self::Revoke { .. } => show_user,
        };
        let command = match self {
            Self::Add { name, description } => RoleCommand::Add { name, description },
            Self::List => RoleCommand::List,
            Self::Grant { user, roles } => RoleCommand::Grant { user, roles },
            Self::Revoke { user, roles, .. } => RoleCommand::Revoke { user, roles },
        };
        let answer = connect::execute(global, &Command::Role(command))?;
        if output.is_json() {
            output.json(&answer);
        } else {
            show(&answer, output);
        }
        Ok(())
    }
}

/// Says whom it concerns before it asks.
fn confirm_revocation(user: &str, roles: &[String], yes: Yes, global: &Global) -> Result<(), CliError> {
    if yes.consent() == Consent::Given {
        return Ok(());
    }
    let facts = facts(user, global)?;
    let warning = if roles.iter().any(|role| role == "admin") { last_administrator(&facts) } else { "" };
    confirm(yes.consent(), &format!("Take {} from the user `{user}`?{warning}", roles.join(", ")))
}

fn show_added(answer: &Value, output: &Output) {
    let name = text(&answer["role"]["name"]);
    output.line(&name);
    output.next(&format!("symbolon role grant USER {name}"));
}

fn show_list(answer: &Value, output: &Output) {
    let rows = answer["roles"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = rows.map(|role| vec![text(&role["name"]), text(&role["description"])]).collect();
    output.table(&["ROLE", "MEANING"], &rows);
}

fn show_user(answer: &Value, output: &Output) {
    output.fields(&[("user", text(&answer["user_id"])), ("roles", text(&answer["roles"]))]);
    if answer["changed"] == false {
        return output.say("nothing changed, and no token was revoked");
    }
    output.say(&format!("sessions live on; {}", tokens_until(answer)));
}
