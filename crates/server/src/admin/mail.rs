//! Mail: one letter that is sent at once, to see that letters arrive, and what `symbolon doctor` asks.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::Issuer;

use super::{AdminContext, AdminError, AdminErrorKind, Event};
use crate::account::normalize::EmailAddress;
use crate::mail::{Letter, Mail, MailError, Written};

/// How long a server may take while an operator waits.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take while `symbolon doctor` waits.
const GLANCE: Duration = Duration::from_secs(5);
const OFF: &str = "set mail.server and mail.from, and restart";

/// Commands on mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MailCommand {
    /// Sends a letter now, past the queue.
    Test {
        /// To whom.
        address: String,
    },
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: MailCommand) -> Result<Value, AdminError> {
    match command {
        MailCommand::Test { address } => test(context, &address).await,
    }
}

async fn test(context: &mut AdminContext<'_>, address: &str) -> Result<Value, AdminError> {
    let refused = |why: &dyn std::fmt::Display| {
        AdminError::invalid(format!("`{address}` {why}"), "symbolon mail test YOU@EXAMPLE.COM")
    };
    let to = EmailAddress::parse(address).map_err(|why| refused(&why))?;
    let issuer = Issuer::parse(context.issuer).map_err(|why| AdminError::failed(why.to_string()))?;
    let number = format!("test.{}", symbolon_oauth::random_id(&mut *context.rng));
    let written = Written::new(&issuer, &Letter::Test, to, context.config.pages.language.tag(), &number, context.now);
    let sent = context.mail.send(written, PATIENCE).await;
    let outcome = if sent.is_ok() { "sent" } else { "not sent" };
    let detail = json!({ "outcome": outcome });
    context.audit(Event { name: "mail.test", detail, ..Event::default() }).await?;
    match sent {
        Ok(answer) => Ok(json!({ "to": address, "server": context.mail.server(), "answer": answer })),
        Err(error) => Err(failure(context.mail, error)),
    }
}

fn failure(mail: &Mail, error: MailError) -> AdminError {
    match (mail, error) {
        (Mail::Off, _) => AdminError::new(AdminErrorKind::NotAllowed, "no mail is sent: mail.server is not set", OFF),
        (_, MailError::Refused(why)) => AdminError::new(
            AdminErrorKind::CheckFailed,
            format!("the mail server refuses the letter: {why}"),
            "its answer says why: it has to take letters from mail.from, for that address, of some 20 kB",
        ),
        (_, MailError::Later(why)) => AdminError::new(
            AdminErrorKind::Unavailable,
            format!("the mail server does not take the letter now: {why}"),
            "repeat the command in some minutes; letters of the queue are tried again by themselves",
        ),
        (_, MailError::Unreachable(why)) => AdminError::new(
            AdminErrorKind::Unavailable,
            why,
            "correct mail.server, mail.password or outgoing.ca, and restart",
        ),
    }
}

/// Whether mail is sent, and whether its server takes us, for `symbolon doctor`. No letter is sent.
pub(super) async fn facts(context: &AdminContext<'_>) -> Value {
    match context.mail.greet(GLANCE).await {
        None => Value::Null,
        Some(greeted) => {
            json!({ "server": context.mail.server(), "problem": greeted.err().map(MailError::into_words) })
        }
    }
}
