//! `symbolon api`: APIs that take access tokens.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use symbolon_jose::Algorithm;
use symbolon_oauth::registration::{AccessTokenType, DetailsType};
use symbolon_server::admin::{ApiChange, ApiCommand, Command, NewApi};

use super::client::{cause, json_file, say_previous};
use super::{Global, algorithm, duration, key_value, say_what_was_revoked, tokens_until};
use crate::connect;
use crate::error::CliError;
use crate::input::{Yes, confirm};
use crate::output::{Output, text};
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Api {
    /// Register an API
    #[command(
        after_help = "Example:\n  symbolon api add https://api.example.com --name \"Dragons\" --scope read:dragons=\"See the dragons\""
    )]
    Add(Add),
    /// All APIs
    List,
    /// One API
    Show {
        /// Its identifier
        api: String,
    },
    /// Change a registration
    ///
    /// What is taken away (the API switched off, a scope or the roles removed) is taken from the access tokens already issued, too: all
    /// for this API are revoked, and clients get new ones with what is left. Adding revokes nothing.
    #[command(
        after_help = "Example:\n  symbolon api set https://api.example.com --add-scope write:dragons=\"Train dragons\""
    )]
    Set(Box<Set>),
    /// Delete an API that no client names; the access tokens for it count no more
    Delete {
        /// Its identifier
        api: String,
        #[command(flatten)]
        yes: Yes,
    },
    /// Its credential for introspection
    #[command(subcommand)]
    Secret(Secret),
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The identifier: the audience of its tokens, usually its URL
    identifier: String,
    /// What people call it
    #[arg(long)]
    name: String,
    /// A scope and what it allows, in words for the consent page
    #[arg(long = "scope", value_name = "NAME=MEANING", value_parser = scope)]
    scopes: Vec<(String, String)>,
    /// What its tokens are signed with [default: RS256]
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// What their header says they are [default: at+jwt]
    #[arg(long, value_enum, value_name = "TYPE")]
    token_type: Option<TokenType>,
    /// Life of its tokens [default: the server's]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    token_lifetime: Option<u64>,
    /// Ask people for consent even for first-party clients
    #[arg(long)]
    always_ask_consent: bool,
    /// Keep the user's roles out of its tokens
    #[arg(long)]
    without_roles: bool,
    /// Give its tokens a place in a Token Status List, at the price of a write for each
    #[arg(long)]
    status_list: bool,
    /// What can be asked for in detail (RFC 9396): a list of types, with what may stand in them
    #[arg(long, value_name = "FILE")]
    details_types: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// Its identifier
    api: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// Add a scope, or describe one anew
    #[arg(long = "add-scope", value_name = "NAME=MEANING", value_parser = scope)]
    add_scopes: Vec<(String, String)>,
    /// Remove a scope
    #[arg(long = "remove-scope", value_name = "NAME")]
    remove_scopes: Vec<String>,
    /// What its tokens are signed with
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// What their header says they are
    #[arg(long, value_enum, value_name = "TYPE")]
    token_type: Option<TokenType>,
    /// Life of its tokens; 0s returns to the server's default
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    token_lifetime: Option<u64>,
    /// Ask people for consent even for first-party clients
    #[arg(long, value_name = "true|false")]
    always_ask_consent: Option<bool>,
    /// Keep the user's roles out of its tokens
    #[arg(long, value_name = "true|false")]
    without_roles: Option<bool>,
    /// Give its tokens a place in a Token Status List, at the price of a write for each
    #[arg(long, value_name = "true|false")]
    status_list: Option<bool>,
    /// What can be asked for in detail (RFC 9396): a list of types, in the place of those there are
    #[arg(long, value_name = "FILE")]
    details_types: Option<PathBuf>,
    /// How answers to its introspection are signed and encrypted (RFC 9701), and its public keys, by the members' standard names
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Switch it off, or on again
    #[arg(long, value_name = "true|false")]
    disabled: Option<bool>,
}

/// What the header of access tokens says.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TokenType {
    /// What no other token can be taken for (RFC 9068)
    #[value(name = "at+jwt")]
    AtJwt,
    /// For libraries that take nothing else, as Spring Security by default; Symbolon's guards do not take it
    #[value(name = "JWT")]
    Jwt,
}

impl TokenType {
    const fn registered(self) -> AccessTokenType {
        match self {
            Self::AtJwt => AccessTokenType::AtJwt,
            Self::Jwt => AccessTokenType::Jwt,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Print a new secret; the present one works on for a while
    #[command(after_help = "The API introspects tokens with its identifier as user name and this secret as password.")]
    Rotate {
        /// Its identifier
        api: String,
        /// How long the present secret still works
        #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = duration)]
        overlap: u64,
        /// Somebody else may have it: end it at once. Access tokens are not concerned
        #[arg(long, conflicts_with = "overlap")]
        compromised: bool,
        #[command(flatten)]
        yes: Yes,
    },
}

impl Api {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let show: fn(&Value, &Output) = match &self {
            Self::Add(_) => show_added,
            Self::List => show_list,
            Self::Show { .. } => show_api,
            Self::Set(_) => show_changed,
            Self::Delete { .. } => show_deleted,
            Self::Secret(_) => show_secret,
        };
        match &self {
            Self::Delete { api, yes } => {
                let question =
                    format!("Delete the api `{api}`? No more tokens will be issued for it, and those there are end.");
                confirm(yes.consent(), &question)?;
            }
            Self::Secret(Secret::Rotate { api, overlap, compromised, yes }) if *compromised || *overlap == 0 => {
                confirm(yes.consent(), &format!("End the present secret of `{api}` at once?"))?;
            }
            _ => {}
        }
        let answer = connect::execute(global, &Command::Api(self.command()?))?;
        if output.is_json() {
            output.json(&answer);
        } else {
            show(&answer, output);
        }
        Ok(())
    }

    fn command(self) -> Result<ApiCommand, CliError> {
        Ok(match self {
            Self::Add(add) => ApiCommand::Add(NewApi {
                identifier: add.identifier,
                name: add.name,
                scopes: add.scopes,
                signing_alg: add.alg,
                access_token_type: add.token_type.map(TokenType::registered).unwrap_or_default(),
                token_lifetime_secs: add.token_lifetime,
                always_ask_consent: add.always_ask_consent,
                without_roles: add.without_roles,
                status_list: add.status_list,
                authorization_details_types: details_types(add.details_types.as_deref())?.unwrap_or_default(),
            }),
            Self::List => ApiCommand::List,
            Self::Show { api } => ApiCommand::Show { api },
            Self::Set(set) => ApiCommand::Set {
                api: set.api,
                change: ApiChange {
                    name: set.name,
                    disabled: set.disabled,
                    add_scopes: set.add_scopes,
                    remove_scopes: set.remove_scopes,
                    signing_alg: set.alg,
                    access_token_type: set.token_type.map(TokenType::registered),
                    token_lifetime_secs: set.token_lifetime,
                    always_ask_consent: set.always_ask_consent,
                    without_roles: set.without_roles,
                    status_list: set.status_list,
                    authorization_details_types: details_types(set.details_types.as_deref())?,
                    metadata: set
                        .metadata
                        .as_deref()
                        .map(|path| json_file(path, "name a file with {…}"))
                        .transpose()?,
                },
            },
            Self::Delete { api, .. } => ApiCommand::Delete { api },
            Self::Secret(Secret::Rotate { api, overlap, compromised, .. }) => {
                ApiCommand::RotateSecret { api, overlap_secs: overlap, cause: cause(compromised) }
            }
        })
    }
}

fn details_types(path: Option<&Path>) -> Result<Option<Vec<DetailsType>>, CliError> {
    let hint = "name a file with [{\"type\": …, \"title\": …, \"fields\": […]}]";
    let Some(path) = path else { return Ok(None) };
    let read = serde_json::from_value(json_file(path, hint)?);
    read.map(Some).map_err(|why| CliError::usage(format!("{}: {why}", path.display()), hint))
}

/// `NAME=MEANING`, or a name alone.
#[expect(clippy::unnecessary_wraps, reason = "the argument parser wants a result")]
fn scope(text: &str) -> Result<(String, String), String> {
    Ok(key_value(text).unwrap_or_else(|_| (text.to_owned(), String::new())))
}

fn show_added(answer: &Value, output: &Output) {
    show_api(answer, output);
    let api = text(&answer["api"]["identifier"]);
    output.next(&format!("symbolon client add --spa --name \"My app\" --redirect http://localhost:4200 --api {api}"));
}

fn show_list(answer: &Value, output: &Output) {
    let apis = answer["apis"].as_array().into_iter().flatten();
    let row = |api: &Value| {
        let state = if api["disabled"] == true { "off" } else { "on" };
        vec![text(&api["identifier"]), text(&api["name"]), scopes(api), text(&api["signing_alg"]), state.to_owned()]
    };
    output.table(&["API", "NAME", "SCOPES", "ALGORITHM", "STATE"], &apis.map(row).collect::<Vec<_>>());
}

fn show_api(answer: &Value, output: &Output) {
    let api = &answer["api"];
    let secrets = api["secrets"].as_array().map_or(0, Vec::len);
    output.fields(&[
        ("api", text(&api["identifier"])),
        ("name", text(&api["name"])),
        ("scopes", scopes(api)),
        ("signed with", text(&api["signing_alg"])),
        ("token type", text(&api["access_token_type"])),
        ("token lifetime", text(&api["token_lifetime_secs"])),
        (
            "first-party consent",
            if api["skip_consent_for_first_party"] == true { "skipped" } else { "asked" }.to_owned(),
        ),
        ("roles in tokens", if api["include_roles"] == true { "yes" } else { "no" }.to_owned()),
        ("status list", if api["status_list"] == true { "yes" } else { "" }.to_owned()),
        ("details", details(api)),
        ("introspection secrets", secrets.to_string()),
        ("state", if api["disabled"] == true { "off" } else { "on" }.to_owned()),
        ("created", time::member(&api["created_at"])),
    ]);
}

fn show_changed(answer: &Value, output: &Output) {
    show_api(answer, output);
    say_what_was_revoked(answer, output);
}

fn show_deleted(answer: &Value, output: &Output) {
    output.say(&format!("deleted `{}`", text(&answer["deleted"])));
    output.say(&tokens_until(answer));
}

fn show_secret(answer: &Value, output: &Output) {
    output.line(&text(&answer["api_secret"]));
    output.say("the secret is shown this once; only its hash is kept");
    say_previous(answer, output);
}

fn details(api: &Value) -> String {
    let types = api["authorization_details_types"].as_array().into_iter().flatten();
    types.map(|one| text(&one["type"])).collect::<Vec<String>>().join(" ")
}

fn scopes(api: &Value) -> String {
    let names = api["scopes"].as_array().into_iter().flatten().map(|scope| text(&scope["name"]));
    names.collect::<Vec<String>>().join(" ")
}
