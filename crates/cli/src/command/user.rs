//! `symbolon user`: people who sign in.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use symbolon_server::admin::{Command, NewAccount, NewInvitation, UserChange, UserCommand};

use super::{Global, duration, key_value, session, tokens_until, user_export, user_import};
use crate::connect;
use crate::error::CliError;
use crate::input::{Consent, PasswordSource, Yes, confirm};
use crate::output::{Output, text};
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make an account
    #[command(after_help = "Examples:\n  \
        symbolon user add --email ada@example.com --name \"Ada Lovelace\"       asks for a password\n  \
        symbolon user add --username ada --role admin --invite                prints a link to choose one\n  \
        pwgen 20 1 | symbolon user add --email ada@example.com --password-stdin")]
    Add(Add),
    /// Find users
    List {
        /// Part of a name or address, or an exact id
        #[arg(long)]
        search: Option<String>,
        /// Continue after this page
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// Size of a page
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Take the accounts of another system over, with their passwords
    ///
    /// Hashes of bcrypt, scrypt, PBKDF2, Argon2, Firebase and salted SHA are verified at the next sign-in and replaced by ours then. A server may run
    /// meanwhile, and the memory that it takes does not grow with the file.
    #[command(after_help = user_import::HELP)]
    Import(user_import::Import),
    /// Write all accounts in the shape that an import takes, a line each
    ///
    /// Without --hashes people choose new passwords where they are imported. With it the file is worth as much as the database: only its owner may
    /// read it.
    #[command(after_help = user_export::HELP)]
    Export(user_export::UserExport),
    /// Print a link with which somebody makes an account at an address, once
    ///
    /// The link proves the address, so that whoever follows it chooses a name and a password and is signed in. Works where the setting sign_up
    /// is not off. The id by which an invitation is revoked is no secret.
    #[command(after_help = "Examples:\n  \
        symbolon user invite ada@example.com --role editor --client dragons-spa\n  \
        symbolon user invite ada@example.com --mail --valid 2d")]
    Invite(Invite),
    /// Invitations that can still be used
    Invitations,
    /// End an invitation
    RevokeInvitation {
        /// Its id, as `symbolon user invitations` shows it
        id: String,
    },
    /// One user
    Show {
        /// Id, user name or e-mail address
        user: String,
    },
    /// Change a profile or a password
    ///
    /// A new password ends every session. The access tokens already issued are refused by userinfo and introspection now, by guards that
    /// follow the revocation feed within a second. An API that does not follow it accepts them until they expire; the answer says when
    /// the last one does.
    #[command(after_help = "Examples:\n  \
        symbolon user set ada --email ada@example.org --claim given_name=Ada --claim address.country=GB\n  \
        symbolon user set ada --name \"\"              removes the name\n  \
        symbolon user set ada --password             asks for a new password and ends every session")]
    Set(Set),
    /// End every session of a user and refuse sign-in
    ///
    /// The access tokens already issued are refused by userinfo and introspection now, by guards that follow the revocation feed within
    /// a second. An API that does not follow it accepts them until they expire; the answer says when the last one does.
    Block {
        /// Id, user name or e-mail address
        user: String,
        #[command(flatten)]
        yes: Yes,
    },
    /// Let a blocked user in again
    Unblock {
        /// Id, user name or e-mail address
        user: String,
    },
    /// Delete a user and all that hangs on them
    ///
    /// The access tokens already issued are refused by userinfo and introspection now, by guards that follow the revocation feed within
    /// a second. An API that does not follow it accepts them until they expire; the answer says when the last one does.
    Delete {
        /// Id, user name or e-mail address
        user: String,
        #[command(flatten)]
        yes: Yes,
    },
    /// What a user has set up beside the password: passkeys, an authenticator app, recovery codes
    Factors {
        /// Id, user name or e-mail address
        user: String,
    },
    /// Take every second factor of a user away, who has lost them all
    ///
    /// Make sure first that it is them who ask. Every session and token ends; the password alone signs them in again, and where factors are
    /// required, they set up a new one then.
    #[command(after_help = "Example:\n  symbolon user reset-factors ada@example.com --yes")]
    ResetFactors {
        /// Id, user name or e-mail address
        user: String,
        #[command(flatten)]
        yes: Yes,
    },
    /// End every session and token of a user; they may sign in again
    ///
    /// The same as `symbolon session end --user`. The access tokens already issued are refused by userinfo and introspection now, by
    /// guards that follow the revocation feed within a second. An API that does not follow it accepts them until they expire; the
    /// answer says when the last one does.
    #[command(after_help = "Example:\n  symbolon user sign-out ada@example.com --yes")]
    SignOut {
        /// Id, user name or e-mail address
        user: String,
        #[command(flatten)]
        yes: Yes,
    },
    /// Print a link with which the user chooses a new password, once
    ResetLink {
        /// Id, user name or e-mail address
        user: String,
        /// How long the link works
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
        valid: u64,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// E-mail address, to sign in with
    #[arg(long, required_unless_present = "username")]
    email: Option<String>,
    /// User name, to sign in with
    #[arg(long)]
    username: Option<String>,
    /// The address is known to be theirs
    #[arg(long, requires = "email")]
    email_verified: bool,
    /// Display name
    #[arg(long)]
    name: Option<String>,
    /// A role
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// A profile claim such as given_name, birthdate, phone_number_verified or address.country
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = key_value)]
    claims: Vec<(String, String)>,
    #[command(flatten)]
    password: PasswordSource,
    /// Set no password; print a link with which the user chooses one
    #[arg(long, conflicts_with_all = ["password_stdin", "password_file"])]
    invite: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Invite {
    /// E-mail address
    email: String,
    /// The client that people go on to, by its client id
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    /// A role of the account
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// How long the link works
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    valid: u64,
    /// Send it to the address as well
    #[arg(long)]
    mail: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// Id, user name or e-mail address
    user: String,
    /// E-mail address; empty removes it
    #[arg(long)]
    email: Option<String>,
    /// User name; empty removes it
    #[arg(long)]
    username: Option<String>,
    /// Whether the address is known to be theirs
    #[arg(long, value_name = "true|false")]
    email_verified: Option<bool>,
    /// Display name; empty removes it
    #[arg(long)]
    name: Option<String>,
    /// A profile claim; an empty value removes it
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = key_value)]
    claims: Vec<(String, String)>,
    /// Ask for a new password; every session ends
    #[arg(long, conflicts_with_all = ["password_stdin", "password_file"])]
    password: bool,
    #[command(flatten)]
    source: PasswordSource,
}

/// How long an invitation works.
const INVITATION_SECS: u64 = 3 * 86_400;

impl User {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Add(add) => return add.run(global, output),
            Self::Export(export) => return export.run(global, output),
            Self::Import(import) => return import.run(global, output),
            Self::Block { ref user, yes } => confirm_end("Block", user, yes, global)?,
            Self::Delete { ref user, yes } => confirm_end("Delete", user, yes, global)?,
            Self::ResetFactors { ref user, yes } => confirm_end("Take every second factor from", user, yes, global)?,
            Self::SignOut { ref user, yes } => session::confirm_sign_out(user, yes, global)?,
            _ => {}
        }
        let show: fn(&Value, &Output) = match &self {
            Self::List { .. } => show_list,
            Self::Invite(_) => show_invitation,
            Self::Invitations => show_invitations,
            Self::RevokeInvitation { .. } => show_revoked,
            Self::ResetLink { .. } => show_link,
            Self::Delete { .. } => show_deleted,
            Self::Factors { .. } => show_factors,
            Self::ResetFactors { .. } => show_reset,
            Self::Block { .. } => show_signed_out,
            Self::Set(set) if set.wants_password() => show_signed_out,
            Self::SignOut { .. } => session::show_ended,
            Self::Add(_)
            | Self::Export(_)
            | Self::Import(_)
            | Self::Set(_)
            | Self::Show { .. }
            | Self::Unblock { .. } => show_user,
        };
        let answer = connect::execute(global, &Command::User(self.command()?))?;
        if output.is_json() {
            output.json(&answer);
        } else {
            show(&answer, output);
        }
        Ok(())
    }

    fn command(self) -> Result<UserCommand, CliError> {
        Ok(match self {
            Self::Add(add) => UserCommand::Add(add.account()?),
            Self::Export(_) | Self::Import(_) => {
                return Err(CliError::usage("this is many commands", "symbolon user --help"));
            }
            Self::List { search, after, limit } => UserCommand::List { search, after, limit },
            Self::Invite(Invite { email, client, roles, valid, mail }) => {
                UserCommand::Invite(NewInvitation { email, client, roles, valid_secs: valid, mail })
            }
            Self::Invitations => UserCommand::Invitations,
            Self::RevokeInvitation { id } => UserCommand::RevokeInvitation { id },
            Self::Show { user } => UserCommand::Show { user },
            Self::Set(set) => set.command()?,
            Self::Block { user, .. } => UserCommand::Block { user },
            Self::Unblock { user } => UserCommand::Unblock { user },
            Self::Delete { user, .. } => UserCommand::Delete { user },
            Self::Factors { user } => UserCommand::Factors { user },
            Self::ResetFactors { user, .. } => UserCommand::ResetFactors { user },
            Self::SignOut { user, .. } => UserCommand::SignOut { user },
            Self::ResetLink { user, valid } => UserCommand::ResetLink { user, valid_secs: valid },
        })
    }
}

impl Add {
    fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let invite = self.invite;
        let mut answer = connect::execute(global, &Command::User(UserCommand::Add(self.account()?)))?;
        let id = text(&answer["user"]["id"]);
        if invite {
            let command = UserCommand::ResetLink { user: id.clone(), valid_secs: INVITATION_SECS };
            let link = connect::execute(global, &Command::User(command))?;
            answer["invitation"] = json!({ "link": link["link"], "expires_at": link["expires_at"] });
        }
        if output.is_json() {
            output.json(&answer);
            return Ok(());
        }
        show_user(&answer, output);
        if invite {
            let invitation = &answer["invitation"];
            output.fields(&[
                ("link", text(&invitation["link"])),
                ("works once, until", time::member(&invitation["expires_at"])),
            ]);
        } else {
            output.next(&format!("symbolon role grant {id} ROLE, or sign in"));
        }
        Ok(())
    }

    fn account(self) -> Result<NewAccount, CliError> {
        Ok(NewAccount {
            password: if self.invite { None } else { Some(self.password.read()?) },
            username: self.username,
            email: self.email,
            email_verified: self.email_verified,
            name: self.name,
            roles: self.roles,
            claims: self.claims.into_iter().collect(),
        })
    }
}

impl Set {
    const fn wants_password(&self) -> bool {
        self.password || self.source.is_given()
    }

    fn command(self) -> Result<UserCommand, CliError> {
        let change = UserChange {
            password: if self.wants_password() { Some(self.source.read()?) } else { None },
            username: self.username,
            email: self.email,
            email_verified: self.email_verified,
            name: self.name,
            claims: self.claims.into_iter().collect(),
        };
        Ok(UserCommand::Set { user: self.user, change })
    }
}

/// States what goes before it asks.
fn confirm_end(deed: &str, user: &str, yes: Yes, global: &Global) -> Result<(), CliError> {
    if yes.consent() == Consent::Given {
        return Ok(());
    }
    let facts = facts(user, global)?;
    let (sessions, families) = (text(&facts["sessions"]), text(&facts["families"]));
    confirm(
        yes.consent(),
        &format!(
            "{deed} the user `{user}`? This ends {sessions} sessions and {families} refresh-token families, for ever.{}",
            last_administrator(&facts)
        ),
    )
}

/// A user as they are, to ask about.
pub(super) fn facts(user: &str, global: &Global) -> Result<Value, CliError> {
    connect::execute(global, &Command::User(UserCommand::Show { user: user.to_owned() }))
}

/// A warning where nobody would be left to administer the server.
pub(super) fn last_administrator(facts: &Value) -> &'static str {
    if facts["last_administrator"] == true {
        " This is the last administrator: afterwards nobody can administer this server until a new set-up link is used."
    } else {
        ""
    }
}

fn show_list(answer: &Value, output: &Output) {
    let users = answer["users"].as_array().into_iter().flatten();
    let row = |user: &Value| {
        ["id", "username", "email", "name", "status", "roles"].map(|member| text(&user[member])).to_vec()
    };
    output.table(&["ID", "USER NAME", "E-MAIL", "NAME", "STATUS", "ROLES"], &users.map(row).collect::<Vec<_>>());
    match answer["next"].as_str() {
        Some(next) => output.next(&format!("symbolon user list --after {next}")),
        None => output.say(&format!("{} users in all", text(&answer["total"]))),
    }
}

fn show_user(answer: &Value, output: &Output) {
    let user = &answer["user"];
    let (password, since) = password_of(user);
    let mut fields = vec![
        ("id", text(&user["id"])),
        ("user name", text(&user["username"])),
        ("e-mail", text(&user["email"])),
        ("e-mail verified", if user["email"].is_null() { String::new() } else { text(&user["email_verified"]) }),
        ("name", text(&user["name"])),
        ("status", text(&user["status"])),
        ("roles", text(&user["roles"])),
        ("password", password.to_owned()),
        ("created", time::member(&user["created_at"])),
        (since, time::member(&user["password_changed_at"])),
    ];
    let claims = user["claims"].as_object().into_iter().flatten();
    fields.extend(claims.map(|(name, value)| (name.as_str(), text(value))));
    fields.push(("live sessions", text(&answer["sessions"])));
    output.fields(&fields);
    let ended = &answer["ended"];
    if ended["sessions"].as_u64().unwrap_or(0) + ended["families"].as_u64().unwrap_or(0) > 0 {
        output.say(&format!(
            "ended {} sessions and {} refresh-token families",
            text(&ended["sessions"]),
            text(&ended["families"])
        ));
    }
}

/// What there is in place of a password, and what its time is called.
fn password_of(user: &Value) -> (&'static str, &'static str) {
    if user["password_locked"] == true {
        let why = "locked by a link in a letter (\"This wasn't me\", or an address taken back); a new one is set at /forgot, or by symbolon user reset-link";
        return (why, "locked");
    }
    (if user["has_password"] == true { "set" } else { "none" }, "password set")
}

fn show_signed_out(answer: &Value, output: &Output) {
    show_user(answer, output);
    output.say(&tokens_until(answer));
}

fn show_link(answer: &Value, output: &Output) {
    output.line(&text(&answer["link"]));
    output.say(&format!("works once, until {}; hand it over on a way you trust", time::member(&answer["expires_at"])));
}

fn show_invitation(answer: &Value, output: &Output) {
    output.line(&text(&answer["link"]));
    let until = time::member(&answer["expires_at"]);
    if answer["mailed"] == true {
        output.say(&format!("works once, until {until}; on its way to {}", text(&answer["email"])));
    } else {
        output.say(&format!("works once, until {until}; hand it over on a way that proves the address"));
    }
    output.next(&format!("symbolon user revoke-invitation {}", text(&answer["id"])));
}

fn show_invitations(answer: &Value, output: &Output) {
    let row = |one: &Value| {
        let [id, email, roles, client] = ["id", "email", "roles", "client"].map(|member| text(&one[member]));
        vec![id, email, roles, client, time::member(&one["expires_at"])]
    };
    let rows: Vec<_> = answer["invitations"].as_array().into_iter().flatten().map(row).collect();
    output.table(&["ID", "E-MAIL", "ROLES", "CLIENT", "UNTIL"], &rows);
}

fn show_revoked(answer: &Value, output: &Output) {
    output.say(&format!("the invitation {} works no longer", text(&answer["revoked"])));
}

fn show_factors(answer: &Value, output: &Output) {
    let factors = answer["factors"].as_array().into_iter().flatten();
    let row = |factor: &Value| {
        let times = ["created_at", "last_used_at"].map(|member| time::member(&factor[member]));
        let texts = ["kind", "name", "backup"].map(|member| text(&factor[member]));
        texts.into_iter().chain(times).collect()
    };
    output.table(&["KIND", "NAME", "BACKUP", "SET UP", "LAST USED"], &factors.map(row).collect::<Vec<_>>());
    output.say(&format!("{} recovery codes are left", text(&answer["recovery_codes_left"])));
}

fn show_reset(answer: &Value, output: &Output) {
    let ended = &answer["ended"];
    output.say(&format!(
        "reset; ended {} sessions and {} refresh-token families",
        text(&ended["sessions"]),
        text(&ended["families"])
    ));
    output.say(&tokens_until(answer));
}

fn show_deleted(answer: &Value, output: &Output) {
    let ended = &answer["ended"];
    output.say(&format!(
        "deleted; ended {} sessions and {} refresh-token families",
        text(&ended["sessions"]),
        text(&ended["families"])
    ));
    output.say(&tokens_until(answer));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_password_that_is_locked_is_not_said_to_be_set() {
        let of = |has: bool, locked: bool| password_of(&json!({ "has_password": has, "password_locked": locked }));
        assert_eq!(of(true, false), ("set", "password set"));
        assert_eq!(of(false, false), ("none", "password set"));
        let (why, since) = of(true, true);
        assert!(why.starts_with("locked by a link in a letter") && why.contains("reset-link"), "{why}");
        assert_eq!(since, "locked");
        // Of a server that does not say so.
        assert_eq!(password_of(&json!({ "has_password": true })), ("set", "password set"));
    }
}
