//! `symbolon issuer`: issuers that are trusted to say who somebody is.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use symbolon_oauth::registration::SubjectRule;
use symbolon_server::admin::{Command, IssuerChange, IssuerCommand, NewIssuer};
use symbolon_server::config::format_duration;

use super::client::key_set;
use super::{Global, duration};
use crate::connect;
use crate::error::CliError;
use crate::input::{Yes, confirm};
use crate::output::{Output, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Issuer {
    /// Trust an issuer
    ///
    /// Clients may show its assertions (JWT bearer grant, token exchange) only where their own registration has a rule that names it.
    #[command(after_help = "Example:\n  \
        symbolon issuer add https://login.partner.example --name Partner --jwks partner.json --subject login-identifier")]
    Add(Add),
    /// All trusted issuers
    List,
    /// One of them, and which clients may show its assertions
    Show {
        /// Its iss
        issuer: String,
    },
    /// Change a registration
    #[command(after_help = "Example:\n  symbolon issuer set https://login.partner.example --jwks new-keys.json")]
    Set(Set),
    /// Trust it no more
    Delete {
        /// Its iss
        issuer: String,
        #[command(flatten)]
        yes: Yes,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// Its iss, exactly
    issuer: String,
    /// What people call it [default: the issuer]
    #[arg(long)]
    name: Option<String>,
    /// Its public keys as a JWK set
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,
    /// Whom the sub of its assertions means
    #[arg(long, value_enum)]
    subject: Subject,
    /// How far in the future its assertions may end [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_lifetime: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// Its iss
    issuer: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// Its public keys as a JWK set, in place of those before
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Whom the sub of its assertions means
    #[arg(long, value_enum)]
    subject: Option<Subject>,
    /// How far in the future its assertions may end
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_lifetime: Option<u64>,
    /// Switch it off, or on again
    #[arg(long, value_name = "true|false")]
    disabled: Option<bool>,
}

/// Whom the `sub` of an assertion means.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Subject {
    /// The client that shows it: a service account
    ClientId,
    /// A user, by user name or e-mail address
    LoginIdentifier,
    /// A user, by their id here
    UserId,
}

impl Subject {
    fn registered(self) -> SubjectRule {
        match self {
            Self::ClientId => SubjectRule::ClientId,
            Self::LoginIdentifier => SubjectRule::LoginIdentifier,
            Self::UserId => SubjectRule::UserId,
        }
    }
}

impl Issuer {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        if let Self::Delete { issuer, yes } = &self {
            confirm(yes.consent(), &format!("Trust the issuer `{issuer}` no more?"))?;
        }
        let show: fn(&Value, &Output) = match &self {
            Self::Add(_) => show_added,
            Self::List => show_list,
            Self::Show { .. } | Self::Set(_) => show_issuer,
            Self::Delete { .. } => show_deleted,
        };
        let answer = connect::execute(global, &Command::Issuer(self.command()?))?;
        if output.is_json() {
            output.json(&answer);
        } else {
            show(&answer, output);
        }
        Ok(())
    }

    fn command(self) -> Result<IssuerCommand, CliError> {
        Ok(match self {
            Self::Add(add) => IssuerCommand::Add(NewIssuer {
                name: add.name.unwrap_or_else(|| add.issuer.clone()),
                issuer: add.issuer,
                jwks: key_set(&add.jwks)?,
                subject: add.subject.registered(),
                max_lifetime_secs: add.max_lifetime,
            }),
            Self::List => IssuerCommand::List,
            Self::Show { issuer } => IssuerCommand::Show { issuer },
            Self::Set(set) => IssuerCommand::Set {
                issuer: set.issuer,
                change: IssuerChange {
                    name: set.name,
                    disabled: set.disabled,
                    jwks: set.jwks.as_deref().map(key_set).transpose()?,
                    subject: set.subject.map(Subject::registered),
                    max_lifetime_secs: set.max_lifetime,
                },
            },
            Self::Delete { issuer, .. } => IssuerCommand::Delete { issuer },
        })
    }
}

fn show_added(answer: &Value, output: &Output) {
    show_issuer(answer, output);
    output.next("symbolon client set CLIENT --metadata rules.json");
}

fn show_list(answer: &Value, output: &Output) {
    let rows = answer["issuers"].as_array().into_iter().flatten();
    let row = |issuer: &Value| {
        let state = if issuer["disabled"] == true { "off" } else { "on" };
        vec![text(&issuer["issuer"]), text(&issuer["name"]), text(&issuer["subject"]), state.to_owned()]
    };
    let rows: Vec<Vec<String>> = rows.map(row).collect();
    output.table(&["ISSUER", "NAME", "SUB MEANS", "STATE"], &rows);
}

fn show_issuer(answer: &Value, output: &Output) {
    let issuer = &answer["issuer"];
    output.fields(&[
        ("issuer", text(&issuer["issuer"])),
        ("name", text(&issuer["name"])),
        ("state", if issuer["disabled"] == true { "off" } else { "on" }.to_owned()),
        ("sub means", text(&issuer["subject"])),
        ("keys", text(&issuer["keys"])),
        ("assertions end within", format_duration(issuer["max_lifetime_secs"].as_u64().unwrap_or_default())),
        ("clients", text(&issuer["clients"])),
    ]);
}

fn show_deleted(answer: &Value, output: &Output) {
    output.say(&format!("{} is not trusted any more", text(&answer["deleted"])));
}
