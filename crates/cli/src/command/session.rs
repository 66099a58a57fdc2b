//! `symbolon session`: who is signed in, and ending it.

use clap::{Args, Subcommand};
use serde_json::Value;
use symbolon_server::admin::{Command, SessionCommand};

use super::user::facts;
use super::{Global, tokens_until};
use crate::connect;
use crate::error::CliError;
use crate::input::{Consent, Yes, confirm};
use crate::output::{Output, text};
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// Live sessions, of one user or of everybody
    List {
        /// Only this user's: id, user name or e-mail address
        #[arg(long)]
        user: Option<String>,
        /// Continue after this page
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// Size of a page
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// End a session, or all of a user, and the tokens that hang on it
    ///
    /// The access tokens already issued are refused by userinfo and introspection now, by guards that follow the revocation feed within
    /// a second. An API that does not follow it accepts them until they expire; the answer says when the last one does.
    #[command(
        after_help = "Examples:\n  symbolon session end hKx1q0…\n  symbolon session end --user ada@example.com --yes"
    )]
    End {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        yes: Yes,
    },
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The session's id, as `session list` shows it
    #[arg(allow_hyphen_values = true)]
    sid: Option<String>,
    /// Every session and refresh token of this user
    #[arg(long)]
    user: Option<String>,
}

impl Session {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        if let Self::End { which, yes } = &self {
            which.confirm(*yes, global)?;
        }
        let show: fn(&Value, &Output) = match &self {
            Self::List { .. } => show_list,
            Self::End { .. } => show_ended,
        };
        let command = match self {
            Self::List { user, after, limit } => SessionCommand::List { user, after, limit },
            Self::End { which: Which { user: Some(user), .. }, .. } => SessionCommand::EndAll { user },
            Self::End { which: Which { sid, .. }, .. } => SessionCommand::End { sid: sid.unwrap_or_default() },
        };
        let answer = connect::execute(global, &Command::Session(command))?;
        if output.is_json() {
            output.json(&answer);
        } else {
            show(&answer, output);
        }
        Ok(())
    }
}

impl Which {
    /// States what goes before it asks.
    fn confirm(&self, yes: Yes, global: &Global) -> Result<(), CliError> {
        let question = match (&self.user, &self.sid) {
            _ if yes.consent() == Consent::Given => return Ok(()),
            (Some(user), _) => return confirm_sign_out(user, yes, global),
            (None, sid) => {
                let sid = sid.as_deref().unwrap_or_default();
                format!("End the session `{sid}`? What is bound to it can no longer be renewed.")
            }
        };
        confirm(yes.consent(), &question)
    }
}

/// States what goes with a user's sign-out before it asks.
pub(super) fn confirm_sign_out(user: &str, yes: Yes, global: &Global) -> Result<(), CliError> {
    if yes.consent() == Consent::Given {
        return Ok(());
    }
    let facts = facts(user, global)?;
    let (sessions, families) = (text(&facts["sessions"]), text(&facts["families"]));
    confirm(yes.consent(), &format!("End {sessions} sessions and {families} refresh-token families of `{user}`?"))
}

fn show_list(answer: &Value, output: &Output) {
    let sessions = answer["sessions"].as_array().into_iter().flatten();
    let row = |session: &Value| {
        let times = ["auth_time", "last_seen_at", "expires_at"].map(|member| time::member(&session[member]));
        let [signed_in, seen, expires] = times;
        vec![text(&session["sid"]), text(&session["user_id"]), signed_in, seen, expires, text(&session["address"])]
    };
    output.table(
        &["SESSION", "USER", "SIGNED IN", "LAST SEEN", "EXPIRES", "ADDRESS"],
        &sessions.map(row).collect::<Vec<_>>(),
    );
    if let Some(next) = answer["next"].as_str() {
        output.next(&format!("symbolon session list --after {next}"));
    }
}

pub(super) fn show_ended(answer: &Value, output: &Output) {
    let ended = &answer["ended"];
    output.fields(&[
        ("user", text(&answer["user_id"])),
        ("sessions ended", text(&ended["sessions"])),
        ("refresh-token families ended", text(&ended["families"])),
        ("clients being told", text(&answer["clients_being_told"])),
    ]);
    output.say(&tokens_until(answer));
}
