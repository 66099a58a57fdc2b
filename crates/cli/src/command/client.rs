//! `symbolon client`: applications that ask for tokens.

mod choice;
mod code;
mod method;
mod tokens;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value;
use symbolon_jose::Algorithm;
use symbolon_oauth::profile::SecurityProfile;
use symbolon_oauth::registration::ClientKind;
use symbolon_server::admin::{Cause, ClientChange, ClientCommand, Command, ListChange, NewClient};

use super::certificate::{self, Certificate};
use super::{Global, algorithm, duration, registration, say_what_was_revoked, tokens_until};
use crate::connect;
use crate::error::CliError;
use crate::input::{Yes, confirm, read_file};
use crate::output::{Output, text};
use crate::time;
use choice::{Dpop, Made};
use method::Method;
use tokens::{Delivery, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// Register a client
    #[command(after_help = "Examples:\n  \
        symbolon client add --spa --name \"My app\" --redirect http://localhost:4200\n  \
        symbolon client add --web --name Shop --redirect https://shop.example.com/callback\n  \
        symbolon client add --native --device --name \"Dragons TV\" --api https://api.example.com=read:dragons\n  \
        symbolon client add --spa --preset auth0 --name Shop --redirect https://shop.example.com\n  \
        symbolon client add --machine --name Reports --api https://api.example.com=read:dragons")]
    Add(Box<Add>),
    /// What a page needs to sign people in, ready to copy
    #[command(after_help = "Example:\n  symbolon client code my-app")]
    Code {
        /// Its client id
        client: String,
    },
    /// All clients
    List,
    /// One client
    Show {
        /// Its client id
        client: String,
    },
    /// Change a registration
    ///
    /// What is taken away (the client switched off, an API or a scope removed, no longer ours) is taken from the access tokens already
    /// issued, too: all of the client are revoked, and it gets new ones with what is left. Adding revokes nothing.
    #[command(after_help = "Examples:\n  \
        symbolon client set my-app --add-redirect https://app.example.com/ --remove-redirect http://localhost:4200\n  \
        symbolon client set my-app --disabled true")]
    Set(Box<Set>),
    /// Delete a client: its tokens count no more and cannot be renewed
    Delete {
        /// Its client id
        client: String,
        #[command(flatten)]
        yes: Yes,
    },
    /// Its secret
    #[command(subcommand)]
    Secret(Secret),
    /// Tokens that let somebody else register clients
    #[command(subcommand)]
    RegistrationToken(registration::Token),
    /// What clients may choose that register themselves
    RegistrationPolicy(registration::Policy),
}

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag; the group lets one kind through")]
#[group(id = "kind", required = true, multiple = false, args = ["spa", "native", "web", "machine"])]
pub(crate) struct Add {
    /// A program in a browser: no secret, code with PKCE
    #[arg(long)]
    spa: bool,
    /// An app on a device: no secret, code with PKCE
    #[arg(long)]
    native: bool,
    /// A program on a server: with a secret
    #[arg(long)]
    web: bool,
    /// A service that acts for itself: with a secret, no users
    #[arg(long)]
    machine: bool,
    /// What people call it
    #[arg(long)]
    name: String,
    /// Its client id [default: made from the name]
    #[arg(long)]
    id: Option<String>,
    /// Where people come back to after signing in, exactly
    #[arg(long = "redirect", value_name = "URI")]
    redirects: Vec<String>,
    /// Where people come back to after signing out [default for --spa: the redirects]
    #[arg(long = "post-logout", value_name = "URI")]
    post_logouts: Vec<String>,
    /// Origin of its pages, for CORS [default for --spa: those of the redirects]
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// Not ours: ask people for their consent
    #[arg(long)]
    third_party: bool,
    #[command(flatten)]
    common: Common,
    /// May send user name and password to POST /authenticate
    #[arg(long)]
    password_sign_in: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// Its client id
    client: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// Add a redirect URI; of a program in a browser as origin and post-logout URI, too, where no other is added
    #[arg(long, value_name = "URI")]
    add_redirect: Vec<String>,
    /// Remove a redirect URI
    #[arg(long, value_name = "URI")]
    remove_redirect: Vec<String>,
    /// Add a post-logout URI
    #[arg(long, value_name = "URI")]
    add_post_logout: Vec<String>,
    /// Remove a post-logout URI
    #[arg(long, value_name = "URI")]
    remove_post_logout: Vec<String>,
    /// Add an origin for CORS
    #[arg(long, value_name = "ORIGIN")]
    add_origin: Vec<String>,
    /// Remove an origin for CORS
    #[arg(long, value_name = "ORIGIN")]
    remove_origin: Vec<String>,
    /// Remove an API
    #[arg(long, value_name = "AUDIENCE")]
    remove_api: Vec<String>,
    /// The colour of its sign-in, such as #14594f; empty removes it
    #[arg(long, value_name = "COLOUR")]
    brand_accent: Option<String>,
    /// What people are welcomed with in a language; an empty text removes it
    #[arg(long, value_name = "LANGUAGE=TEXT", value_parser = welcome)]
    brand_welcome: Vec<(String, String)>,
    #[command(flatten)]
    common: Common,
    /// Whether people are asked for their consent
    #[arg(long, value_name = "true|false")]
    third_party: Option<bool>,
    /// May send user name and password to POST /authenticate
    #[arg(long, value_name = "true|false")]
    password_sign_in: Option<bool>,
    /// Switch it off, or on again
    #[arg(long, value_name = "true|false")]
    disabled: Option<bool>,
    /// Life of its access tokens; 0s returns to the default
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    access_token_lifetime: Option<u64>,
    /// Life of an unused refresh token; 0s returns to the default
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    refresh_idle: Option<u64>,
    /// Life of a refresh token and its descendants; 0s returns to the default
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    refresh_absolute: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Common {
    /// An API it may ask for, with the scopes it may have there
    #[arg(long = "api", value_name = "AUDIENCE[=SCOPE,…]", value_parser = api)]
    apis: Vec<(String, String)>,
    /// The API meant when a request names none
    #[arg(long, value_name = "AUDIENCE")]
    default_api: Option<String>,
    /// How it proves who it is [default: by kind]
    #[arg(long, value_enum)]
    auth_method: Option<Method>,
    /// Its public keys as a JWK set, for private_key_jwt and self_signed_tls_client_auth
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Where its public keys are, in the place of --jwks; empty removes it
    #[arg(long, value_name = "URL", conflicts_with = "jwks")]
    jwks_uri: Option<String>,
    /// What its ID tokens and logout tokens are signed with [default: RS256]
    #[arg(long, value_parser = algorithm)]
    id_token_alg: Option<Algorithm>,
    /// What its access tokens are: signed, or values its API looks up at each use [default: jwt]
    #[arg(long, value_enum, value_name = "FORMAT")]
    access_token_format: Option<Format>,
    /// How its tokens reach it: in the body, or as cookies that no script reads; for --spa on the issuer's own site [default: body]
    #[arg(long, value_enum, value_name = "DELIVERY")]
    delivery: Option<Delivery>,
    /// Signs people in on another device, by a code (RFC 8628); for --native and --web
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    device: Option<bool>,
    /// Where it takes logout tokens (OpenID Connect Back-Channel Logout); an empty one removes it
    #[arg(long, value_name = "URI")]
    backchannel_logout: Option<String>,
    /// Whether it cannot do without the session (sid) in logout tokens
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    backchannel_logout_session: Option<bool>,
    /// Whether it must prove to hold the key that its tokens are bound to (DPoP) [default: optional]
    #[arg(long, value_enum, value_name = "DEMAND")]
    dpop: Option<Dpop>,
    #[command(flatten)]
    certificate: Certificate,
    /// The security profile it keeps [default: oidc]
    #[arg(long, value_name = "PROFILE", value_parser = profile)]
    security_profile: Option<SecurityProfile>,
    /// What it was made for, if for another server: may do what its libraries do
    #[arg(long, value_enum)]
    preset: Option<Made>,
    /// A type of authorization details it may ask for (RFC 9396)
    #[arg(long = "details-type", value_name = "TYPE")]
    details_types: Vec<String>,
    /// Members of its registration by their names in the standards, as JSON; null takes one back
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
}

impl Common {
    fn metadata(&self) -> Result<Option<Value>, CliError> {
        let file = self.metadata.as_deref().map(|path| json_file(path, "name a file with {…}")).transpose()?;
        Ok(self.certificate.merged(file))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Print a new secret; the present one works on for a while
    ///
    /// A compromised one ends at once, and all access tokens of the client are revoked: whoever had the secret may have got some.
    #[command(after_help = "Examples:\n  \
        symbolon client secret rotate shop\n  \
        symbolon client secret rotate shop --compromised --yes      after a leak")]
    Rotate {
        /// Its client id
        client: String,
        /// How long the present secret still works
        #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = duration)]
        overlap: u64,
        /// Somebody else may have it: end it at once, and revoke the client's access tokens
        #[arg(long, conflicts_with = "overlap")]
        compromised: bool,
        #[command(flatten)]
        yes: Yes,
    },
}

impl Client {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::RegistrationPolicy(policy) => policy.run(global, output),
            Self::RegistrationToken(token) => token.run(global, output),
            other => other.carry_out(global, output),
        }
    }

    fn carry_out(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match &self {
            Self::Delete { client, yes } => {
                confirm(
                    yes.consent(),
                    &format!("Delete the client `{client}`? Nobody can sign in through it any more."),
                )?;
            }
            Self::Secret(Secret::Rotate { client, compromised: true, yes, .. }) => {
                let question = format!("End the present secret of `{client}` at once, and all its access tokens?");
                confirm(yes.consent(), &question)?;
            }
            Self::Secret(Secret::Rotate { client, overlap: 0, yes, .. }) => {
                confirm(yes.consent(), &format!("End the present secret of `{client}` at once?"))?;
            }
            _ => {}
        }
        let show: fn(&Value, &Output) = match &self {
            Self::Add(_) => show_added,
            Self::Code { .. } => code::show,
            Self::List => show_list,
            Self::RegistrationPolicy(_) | Self::RegistrationToken(_) | Self::Show { .. } => show_client,
            Self::Set(_) => show_changed,
            Self::Delete { .. } => show_deleted,
            Self::Secret(_) => show_secret,
        };
        let Some(command) = self.command()? else { return Ok(()) };
        let answer = connect::execute(global, &Command::Client(command))?;
        if output.is_json() {
            output.json(&answer);
        } else {
            show(&answer, output);
        }
        Ok(())
    }

    /// The command, unless it is about those who register themselves.
    fn command(self) -> Result<Option<ClientCommand>, CliError> {
        Ok(Some(match self {
            Self::Add(add) => ClientCommand::Add(add.registration()?),
            Self::Code { client } => ClientCommand::Code { client },
            Self::List => ClientCommand::List,
            Self::RegistrationPolicy(_) | Self::RegistrationToken(_) => return Ok(None),
            Self::Show { client } => ClientCommand::Show { client },
            Self::Set(set) => set.command()?,
            Self::Delete { client, .. } => ClientCommand::Delete { client },
            Self::Secret(Secret::Rotate { client, overlap, compromised, .. }) => {
                ClientCommand::RotateSecret { client, overlap_secs: overlap, cause: cause(compromised) }
            }
        }))
    }
}

impl Add {
    fn registration(self) -> Result<NewClient, CliError> {
        let kind = match (self.spa, self.native, self.web) {
            (true, _, _) => ClientKind::Spa,
            (_, true, _) => ClientKind::Native,
            (_, _, true) => ClientKind::Web,
            _ => ClientKind::Machine,
        };
        Ok(NewClient {
            metadata: self.common.metadata()?,
            kind,
            client_id: self.id,
            name: self.name,
            third_party: self.third_party,
            redirect_uris: self.redirects,
            post_logout_redirect_uris: self.post_logouts,
            backchannel_logout_uri: self.common.backchannel_logout.filter(|uri| !uri.is_empty()),
            backchannel_logout_session_required: self.common.backchannel_logout_session.unwrap_or(false),
            allowed_origins: self.origins,
            auth_method: self.common.auth_method.map(Method::registered),
            jwks: self.common.jwks.as_deref().map(key_set).transpose()?,
            jwks_uri: self.common.jwks_uri.filter(|uri| !uri.is_empty()),
            id_token_alg: self.common.id_token_alg,
            apis: self.common.apis,
            default_audience: self.common.default_api,
            password_sign_in: self.password_sign_in,
            access_token_format: self.common.access_token_format.map(Format::registered),
            token_delivery: self.common.delivery.map(Delivery::registered),
            dpop: self.common.dpop.map(Dpop::demanded).unwrap_or_default(),
            device: self.common.device,
            security_profile: self.common.security_profile,
            preset: self.common.preset.map(Made::preset),
            authorization_details_types: self.common.details_types.into_iter().collect(),
        })
    }
}

impl Set {
    fn command(self) -> Result<ClientCommand, CliError> {
        let change = ClientChange {
            metadata: self.common.metadata()?,
            name: self.name,
            third_party: self.third_party,
            disabled: self.disabled,
            password_sign_in: self.password_sign_in,
            access_token_format: self.common.access_token_format.map(Format::registered),
            token_delivery: self.common.delivery.map(Delivery::registered),
            dpop: self.common.dpop.map(Dpop::demanded),
            device: self.common.device,
            security_profile: self.common.security_profile,
            preset: self.common.preset.map(Made::preset),
            authorization_details_types: self.common.details_types.into_iter().collect(),
            redirect_uris: ListChange { add: self.add_redirect, remove: self.remove_redirect },
            post_logout_redirect_uris: ListChange { add: self.add_post_logout, remove: self.remove_post_logout },
            backchannel_logout_uri: self.common.backchannel_logout,
            backchannel_logout_session_required: self.common.backchannel_logout_session,
            allowed_origins: ListChange { add: self.add_origin, remove: self.remove_origin },
            auth_method: self.common.auth_method.map(Method::registered),
            jwks: self.common.jwks.as_deref().map(key_set).transpose()?,
            jwks_uri: self.common.jwks_uri,
            id_token_alg: self.common.id_token_alg,
            apis: self.common.apis,
            remove_apis: self.remove_api,
            brand_accent: self.brand_accent,
            brand_welcome: self.brand_welcome,
            default_audience: self.common.default_api,
            access_token_lifetime_secs: self.access_token_lifetime,
            refresh_idle_secs: self.refresh_idle,
            refresh_absolute_secs: self.refresh_absolute,
        };
        Ok(ClientCommand::Set { client: self.client, change: Box::new(change) })
    }
}

/// `AUDIENCE=SCOPE,SCOPE`, or an audience alone. The last sign counts, for a URL may hold others.
#[expect(clippy::unnecessary_wraps, reason = "the argument parser wants a result")]
fn api(text: &str) -> Result<(String, String), String> {
    let (audience, scopes) = text.rsplit_once('=').unwrap_or((text, ""));
    Ok((audience.to_owned(), scopes.replace(',', " ")))
}

fn welcome(text: &str) -> Result<(String, String), String> {
    let (language, text) = text.split_once('=').ok_or("a language and a text, such as de=Willkommen")?;
    Ok((language.to_owned(), text.to_owned()))
}

fn profile(name: &str) -> Result<SecurityProfile, String> {
    SecurityProfile::try_from(name.to_owned()).map_err(|_| {
        let names: Vec<&str> = SecurityProfile::ALL.iter().map(|profile| profile.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

pub(super) fn key_set(path: &Path) -> Result<Value, CliError> {
    json_file(path, "name a file with {\"keys\": […]}")
}

pub(super) fn json_file(path: &Path, hint: &'static str) -> Result<Value, CliError> {
    serde_json::from_str(&read_file(path)?)
        .map_err(|why| CliError::usage(format!("{} is not JSON: {why}", path.display()), hint))
}

fn show_added(answer: &Value, output: &Output) {
    show_client(answer, output);
    let id = text(&answer["client"]["client_id"]);
    let next = match answer["client"]["kind"].as_str() {
        Some("machine") => match answer["client"]["apis"].as_array().and_then(|apis| apis.first()) {
            Some(api) => token_request(answer, &id, api),
            None => format!("symbolon client set {id} --api AUDIENCE=SCOPE to let it ask for an api's tokens"),
        },
        _ if answer["has_users"] != true => {
            "symbolon user add --email ada@example.com to make someone who can sign in".to_owned()
        }
        Some("spa") => format!("symbolon client code {id}"),
        _ => return,
    };
    output.next(&next);
}

/// How a machine asks for its first token. The secret is left to curl to ask for: in the arguments other users would see it.
fn token_request(answer: &Value, id: &str, api: &Value) -> String {
    let (endpoint, audience) = (text(&answer["token_endpoint"]), text(&api["audience"]));
    if answer["client_secret"].is_null() {
        return format!(
            "POST {endpoint} with grant_type=client_credentials, audience={audience} and a client_assertion (RFC 7523)"
        );
    }
    let scopes = text(&api["scopes"]);
    let scope = if scopes.is_empty() { String::new() } else { format!(" -d 'scope={scopes}'") };
    format!(
        "curl -u {id} -d grant_type=client_credentials -d audience={audience}{scope} {endpoint}   (asks for the secret)"
    )
}

/// The response types, if they are not the usual one.
fn answers(client: &Value) -> String {
    let types = client["response_types"].as_array().map_or(&[][..], Vec::as_slice);
    let names: Vec<String> = types.iter().map(text).filter(|name| types.len() > 1 || name != "code").collect();
    names.join(", ")
}

fn show_list(answer: &Value, output: &Output) {
    let clients = answer["clients"].as_array().into_iter().flatten();
    let row = |client: &Value| {
        let party = if client["first_party"] == true { "first" } else { "third" };
        let state = if client["disabled"] == true { "off" } else { "on" };
        let plain = ["client_id", "name", "kind"].map(|member| text(&client[member]));
        plain.into_iter().chain([party.to_owned(), state.to_owned()]).collect()
    };
    output.table(&["CLIENT", "NAME", "KIND", "PARTY", "STATE"], &clients.map(row).collect::<Vec<_>>());
}

fn show_client(answer: &Value, output: &Output) {
    let client = &answer["client"];
    let apis = client["apis"].as_array().into_iter().flatten();
    let apis = apis.map(|api| format!("{} ({})", text(&api["audience"]), text(&api["scopes"])));
    let secret = text(&answer["client_secret"]);
    let secrets = client["secrets"].as_array().map_or(0, Vec::len);
    let mut logout = text(&client["backchannel_logout_uri"]);
    if client["backchannel_logout_session_required"] == true {
        logout.push_str(" (with the session)");
    }
    let dpop = match (client["dpop_bound_access_tokens"] == true, client["dpop_nonce_required"] == true) {
        (true, true) => "required, with a nonce",
        (true, false) => "required",
        (false, _) => "",
    };
    let mut fields = vec![
        ("client id", text(&client["client_id"])),
        ("client secret", secret.clone()),
        ("name", text(&client["name"])),
        ("kind", text(&client["kind"])),
        ("party", if client["first_party"] == true { "first" } else { "third" }.to_owned()),
        ("grants", text(&client["grant_types"])),
        ("answers with", answers(client)),
        ("redirect URIs", text(&client["redirect_uris"])),
        ("post-logout URIs", text(&client["post_logout_redirect_uris"])),
        ("logout tokens to", logout),
        ("origins", text(&client["allowed_origins"])),
        ("authentication", text(&client["token_endpoint_auth_method"])),
        ("keys at", text(&client["jwks_uri"])),
        ("registered", if client["dynamic"].is_object() { "by itself" } else { "" }.to_owned()),
        ("secrets", if secrets == 0 { String::new() } else { secrets.to_string() }),
        ("APIs", apis.collect::<Vec<String>>().join(", ")),
        ("default API", text(&client["default_audience"])),
        ("ID tokens signed with", text(&client["id_token_signed_response_alg"])),
        ("access tokens", if client["access_token_format"] == "session" { "sessions" } else { "" }.to_owned()),
        ("delivery", if client["token_delivery"] == "cookie" { "cookies" } else { "" }.to_owned()),
        ("DPoP", dpop.to_owned()),
        ("certificate", certificate::shown(client)),
        ("details", text(&client["authorization_details_types"])),
        ("security profile", Some(text(&client["security_profile"])).filter(|name| name != "oidc").unwrap_or_default()),
        ("POST /authenticate", if client["password_sign_in"] == true { "yes" } else { "" }.to_owned()),
        ("state", if client["disabled"] == true { "off" } else { "on" }.to_owned()),
        ("created", time::member(&client["created_at"])),
    ];
    let at = fields.iter().position(|(name, _)| *name == "state").unwrap_or(fields.len());
    fields.splice(at..at, of_openid(client));
    output.fields(&fields);
    if !secret.is_empty() {
        say_once(client, output);
    }
    certificate::warn(answer, output);
}

/// What OpenID Connect adds, where it is not as usual.
fn of_openid(client: &Value) -> Vec<(&'static str, String)> {
    let pairwise = client["subject_type"] == "pairwise";
    let sector = text(&client["sector_identifier_uri"]);
    let subjects =
        if pairwise && sector.is_empty() { "pairwise".to_owned() } else { format!("pairwise, as listed at {sector}") };
    let userinfo =
        ["userinfo_signed_response_alg", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"];
    let userinfo = userinfo.map(|member| text(&client[member])).into_iter().filter(|name| !name.is_empty());
    vec![
        ("subjects", if pairwise { subjects } else { String::new() }),
        ("userinfo as JWT", userinfo.collect::<Vec<_>>().join(", ")),
        ("front-channel logout", text(&client["frontchannel_logout_uri"])),
        ("watches the session", if client["session_management"] == true { "yes" } else { "" }.to_owned()),
        ("sign-in begins at", text(&client["initiate_login_uri"])),
    ]
}

/// How a secret is kept.
fn say_once(client: &Value, output: &Output) {
    output.say(if client["token_endpoint_auth_method"] == "client_secret_jwt" {
        "the secret is shown this once; it is kept sealed, as it is a key itself"
    } else {
        "the secret is shown this once; only its hash is kept"
    });
}

fn show_changed(answer: &Value, output: &Output) {
    show_client(answer, output);
    say_what_was_revoked(answer, output);
}

fn show_deleted(answer: &Value, output: &Output) {
    output.say(&format!("deleted `{}`", text(&answer["deleted"])));
    output.say(&tokens_until(answer));
}

fn show_secret(answer: &Value, output: &Output) {
    output.line(&text(&answer["client_secret"]));
    say_once(answer, output);
    say_previous(answer, output);
    say_what_was_revoked(answer, output);
}

/// What became of the secret before.
pub(super) fn say_previous(answer: &Value, output: &Output) {
    let Some(until) = answer["previous_valid_until"].as_u64() else { return };
    if until <= time::now() {
        output.say("the previous secret works no more");
    } else {
        output.say(&format!("the previous secret works until {}", time::calendar(until)));
    }
}

pub(super) const fn cause(compromised: bool) -> Cause {
    if compromised { Cause::Compromised } else { Cause::Routine }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_follow_the_last_sign() {
        assert_eq!(api("https://a.example=read:x,write:x"), Ok(("https://a.example".into(), "read:x write:x".into())));
        assert_eq!(api("https://a.example"), Ok(("https://a.example".into(), String::new())));
        assert_eq!(api("https://a.example/?t=1=read:x"), Ok(("https://a.example/?t=1".into(), "read:x".into())));
    }
}
