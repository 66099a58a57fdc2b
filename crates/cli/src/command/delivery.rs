//! `symbolon delivery`: what became of messages to others, such as logout tokens, and sending one again.

use clap::Subcommand;
use serde_json::Value;
use symbolon_server::admin::{Command, DeliveryCommand, WhichDeliveries};

use super::Global;
use crate::connect;
use crate::error::CliError;
use crate::output::{Output, text};
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Delivery {
    /// Messages that wait, and those that arrived or were given up within a week; the newest first
    #[command(after_help = "Examples:\n  symbolon delivery list --failed\n\n\
        States: waiting (nothing speaks against it yet), failing (it is tried again), delivered, given_up (after a day).")]
    List {
        /// Only those that fail, or were given up
        #[arg(long)]
        failed: bool,
        /// Continue after this page
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// Size of a page
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Try a message at once, and for another day if need be
    Retry {
        /// Its number, as `delivery list` shows it
        id: u64,
    },
}

impl Delivery {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let (command, failed) = match self {
            Self::List { failed, after, limit } => {
                let which = if failed { WhichDeliveries::Failed } else { WhichDeliveries::All };
                (DeliveryCommand::List { which, after, limit }, failed)
            }
            Self::Retry { id } => (DeliveryCommand::Retry { id }, false),
        };
        let answer = connect::execute(global, &Command::Delivery(command))?;
        if output.is_json() {
            output.json(&answer);
            return Ok(());
        }
        match answer["deliveries"].as_array() {
            Some(deliveries) => show_list(deliveries, &answer["next"], failed, output),
            None => output.say(&format!("delivery {} is tried at once", answer["delivery"]["id"])),
        }
        Ok(())
    }
}

fn show_list(deliveries: &[Value], next: &Value, failed: bool, output: &Output) {
    if deliveries.is_empty() {
        return output.say(if failed { "no delivery fails" } else { "no deliveries" });
    }
    output.table(
        &["ID", "MESSAGE", "TO", "SINCE", "STATE", "TRIES", "NEXT", "LAST ERROR"],
        &deliveries.iter().map(row).collect::<Vec<_>>(),
    );
    if let Some(next) = next.as_str() {
        let failed = if failed { " --failed" } else { "" };
        output.next(&format!("symbolon delivery list{failed} --after {next}"));
    }
}

fn row(delivery: &Value) -> Vec<String> {
    let [id, kind, target, state, attempts, error] =
        ["id", "kind", "target", "state", "attempts", "last_error"].map(|member| text(&delivery[member]));
    // Letters go to one server; whom they are for is worth more.
    let target = delivery["about"]["to"].as_str().map_or(target, str::to_owned);
    let [since, next] = ["created_at", "next_at"].map(|member| time::member(&delivery[member]));
    vec![id, kind, target, since, state, attempts, next, error]
}
