//! `symbolon token revoke`: one token and the grant it is of, or all of a client, for an API, or all there are. The server does it; a
//! token that is handed in goes to it over the control socket and is not repeated.

use clap::Args;
use serde_json::Value;
use symbolon_server::admin::{Command, PresentedToken, TokenCommand, TokenTarget};

use super::TokenSource;
use crate::command::{Global, tokens_until};
use crate::connect;
use crate::error::CliError;
use crate::input::{Yes, confirm};
use crate::output::{Output, text};

/// How to hand a token in.
const AGAIN: &str = "symbolon token revoke < token.txt";

#[derive(Args, Debug)]
pub(crate) struct Revoke {
    #[command(flatten)]
    source: TokenSource,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    yes: Yes,
}

#[derive(Args, Debug)]
#[group(multiple = false, args = ["file", "jti", "client", "api", "everything"])]
struct Which {
    /// The access token of this id (its claim jti), and the grant it is of
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    jti: Option<String>,
    /// All access tokens of this client
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// All access tokens for this API
    #[arg(long, value_name = "IDENTIFIER")]
    api: Option<String>,
    /// All access tokens of everybody
    #[arg(long)]
    everything: bool,
}

impl Revoke {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let target = self.target()?;
        let one = matches!(target, TokenTarget::Jti(_) | TokenTarget::Token(_));
        let answer = connect::execute(global, &Command::Token(TokenCommand::Revoke { target }))?;
        if output.is_json() {
            output.json(&answer);
        } else if one {
            show_one(&answer, output);
        } else {
            output.say(&tokens_until(&answer));
            output.say("refresh tokens live on: with them clients get new access tokens, from the next second on");
        }
        Ok(())
    }

    fn target(self) -> Result<TokenTarget, CliError> {
        let Which { jti, client, api, everything } = self.which;
        let consent = self.yes.consent();
        if let Some(jti) = jti {
            return Ok(TokenTarget::Jti(jti));
        }
        if let Some(client) = client {
            confirm(consent, &format!("Revoke all access tokens of the client `{client}`?"))?;
            return Ok(TokenTarget::Client(client));
        }
        if let Some(api) = api {
            confirm(consent, &format!("Revoke all access tokens for the api `{api}`?"))?;
            return Ok(TokenTarget::Api(api));
        }
        if everything {
            confirm(consent, "Revoke all access tokens of everybody, machines too?")?;
            return Ok(TokenTarget::Everything);
        }
        Ok(TokenTarget::Token(PresentedToken(self.source.read_any(AGAIN)?)))
    }
}

fn show_one(answer: &Value, output: &Output) {
    let token = &answer["token"];
    output.fields(&[
        ("token", text(&token["kind"]).replace('_', " ")),
        ("jti", text(&token["jti"])),
        ("client", text(&token["client_id"])),
        ("subject", text(&token["sub"])),
        ("refresh-token families ended", text(&answer["ended"]["families"])),
    ]);
    match (&answer["revoked"], &answer["expired"]) {
        (Value::Bool(true), _) => {
            output.say(&tokens_until(answer));
            if token["client_id"].is_null() && answer["ended"]["families"] == 0 {
                output.say("no grant has a token of this id; a machine's own token that has it is revoked");
            }
        }
        (_, Value::Bool(true)) => {
            output.say("the token has expired: there was nothing left to revoke");
            output.say("the session and the refresh tokens it was issued with may live on: symbolon session end");
        }
        _ => output.say("it was revoked before, or what it is of has ended"),
    }
}
