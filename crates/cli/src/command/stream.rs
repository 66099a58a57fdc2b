//! `symbolon stream`: event streams of receivers of shared signals.

use clap::Subcommand;
use serde_json::Value;
use symbolon_server::admin::{Command, StreamCommand, StreamStatus};

use super::Global;
use crate::connect;
use crate::error::CliError;
use crate::input::{Yes, confirm};
use crate::output::{Output, text};
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Stream {
    /// All streams, the oldest first: whose, how they are told, what waits
    List,
    /// Stop telling one; what happens meanwhile is kept for it, up to ssf.max_waiting events
    Pause {
        /// Its id, as `stream list` shows it
        stream: String,
        /// Why, in words for the receiver
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a paused one go on with what was kept
    Enable {
        /// Its id
        stream: String,
    },
    /// Remove one, with all that waits on it
    Delete {
        /// Its id
        stream: String,
        #[command(flatten)]
        yes: Yes,
    },
}

impl Stream {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let (command, done) = match self {
            Self::List => (StreamCommand::List, String::new()),
            Self::Pause { stream, reason } => {
                let done = format!("stream {stream} is paused");
                (StreamCommand::SetStatus { stream, status: StreamStatus::Paused, reason }, done)
            }
            Self::Enable { stream } => {
                let done = format!("stream {stream} goes on");
                (StreamCommand::SetStatus { stream, status: StreamStatus::Enabled, reason: None }, done)
            }
            Self::Delete { stream, yes } => {
                confirm(yes.consent(), &format!("Delete the stream {stream} and the events that wait on it?"))?;
                let done = format!("stream {stream} is deleted");
                (StreamCommand::Delete { stream }, done)
            }
        };
        let answer = connect::execute(global, &Command::Stream(command))?;
        if output.is_json() {
            output.json(&answer);
            return Ok(());
        }
        match answer["streams"].as_array() {
            None => output.say(&done),
            Some(streams) if streams.is_empty() => output.say("no streams"),
            Some(streams) => output.table(
                &["STREAM", "CLIENT", "EVENTS", "TO", "STATUS", "WAITING", "LOST", "SINCE", "REASON"],
                &streams.iter().map(row).collect::<Vec<_>>(),
            ),
        }
        Ok(())
    }
}

fn row(stream: &Value) -> Vec<String> {
    let [id, client, events, status, waiting, lost, reason] =
        ["id", "client_id", "events", "status", "waiting", "lost", "reason"].map(|member| text(&stream[member]));
    let to = match stream["endpoint_url"].as_str() {
        Some(url) => url.to_owned(),
        None => text(&stream["transmission"]),
    };
    vec![id, client, events, to, status, waiting, lost, time::member(&stream["created_at"]), reason]
}
