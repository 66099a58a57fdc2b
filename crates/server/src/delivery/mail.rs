//! Letters (`crate::mail`): opened, written out, and brought to the operator's mail server.
//!
//! A wish for a new password becomes a letter only here, or nothing at all: so whoever asked has long had the same answer as everybody.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize as _;
use symbolon_store::{Delivery, StoreError};

use super::kind::{Failure, Fate, Kind, Sent};
use crate::account::normalize::EmailAddress;
use crate::account::{email_code, reset};
use crate::app::App;
use crate::mail::{Letter, MailError, Queued, Written};
use crate::metrics::MailFate;
use crate::words::Reads;

/// How long one letter may take. Servers that let strangers wait take some seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// Letters are taken for a little longer than that.
const LEASE_SECS: u64 = 25;
/// The longest pause: people wait for what has a link in it.
const LONGEST_PAUSE_SECS: u64 = 60;

/// The kind.
pub(super) struct Mail;

#[async_trait]
impl Kind for Mail {
    fn name(&self) -> &'static str {
        Delivery::MAIL
    }

    async fn is_wanted(&self, app: &App, _target: &str) -> Result<bool, StoreError> {
        Ok(app.mail.is_on())
    }

    async fn send(&self, app: &App, delivery: &Delivery, now: u64) -> Result<Sent, Failure> {
        let queued = Queued::deserialize(&delivery.payload)
            .map_err(|why| Failure::Hopeless(format!("it cannot be read: {why}")))?;
        let sent = attempt(app, delivery, &queued, now).await;
        let fate = match &sent {
            Ok(Sent::Arrived) => Fate::Delivered,
            // What nobody gets is counted nowhere: the number would tell who has an account.
            Ok(Sent::Unwanted) => return sent,
            Err(Failure::Hopeless(_)) => Fate::GivenUp,
            Err(Failure::Refused(_) | Failure::Unreachable(_)) => Fate::Failed,
        };
        let (outcome, _) = fate.words();
        app.metrics.mail.get_or_create(&MailFate { template: template(&queued), outcome }).inc();
        sent
    }

    fn lease_secs(&self) -> u64 {
        LEASE_SECS
    }

    fn longest_pause_secs(&self) -> u64 {
        LONGEST_PAUSE_SECS
    }

    async fn client_id(&self, _app: &App, _target: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    fn audit_name(&self) -> &'static str {
        "mail"
    }
}

/// A name of ours for the label of a metric.
fn template(queued: &Queued) -> &'static str {
    const NAMES: [&str; 10] = [
        "account_shut",
        "address_known",
        "factor_changed",
        "new_device",
        "password_changed",
        "password_reset",
        "second_step_code",
        "sign_in_code",
        "sign_up_code",
        "test",
    ];
    NAMES.into_iter().find(|name| *name == queued.template).unwrap_or("other")
}

/// The account's own language, if it has one that letters are in; else that of the browser from which it was asked for.
fn for_account(asked: String, locale: Option<&str>) -> String {
    let own = Reads::default().with_account(locale).account_language();
    own.map_or(asked, |language| language.tag().to_owned())
}

async fn attempt(app: &App, delivery: &Delivery, queued: &Queued, now: u64) -> Result<Sent, Failure> {
    if now >= queued.until {
        return Err(Failure::Hopeless("what it tells is over".to_owned()));
    }
    // A newer node may have written it while this one waits for its upgrade: the next try may be another's.
    let sealed = queued.open(&app.sealer).map_err(|error| Failure::Refused(error.to_string()))?;
    let mut lang = sealed.lang;
    let (letter, to) = match (sealed.letter, &queued.to) {
        (Letter::ResetAsked(asked), _) => {
            let made = reset::letter(app, &asked, delivery, now).await;
            match made.map_err(|error| Failure::Refused(format!("it cannot be made: {error}")))? {
                Some(made) => {
                    lang = for_account(lang, made.locale.as_deref());
                    (made.letter, made.address)
                }
                None => return Ok(Sent::Unwanted),
            }
        }
        (Letter::SignInAsked(asked), _) => {
            let made = email_code::letter(app, &asked, delivery, now).await;
            match made.map_err(|error| Failure::Refused(format!("it cannot be made: {error}")))? {
                Some(made) => {
                    lang = for_account(lang, made.locale.as_deref());
                    (made.letter, made.address)
                }
                None => return Ok(Sent::Unwanted),
            }
        }
        (letter, Some(to)) => {
            let to = EmailAddress::parse(to);
            (letter, to.map_err(|why| Failure::Hopeless(format!("its address {why}")))?)
        }
        (_, None) => return Err(Failure::Hopeless("it is to nobody".to_owned())),
    };
    let number = format!("{}.{}", delivery.id, delivery.created_at);
    let written = Written::new(&app.issuer, &letter, to, &lang, &number, now);
    app.mail.send(written, PATIENCE).await.map(|_| Sent::Arrived).map_err(|error| match error {
        MailError::Refused(why) => Failure::Hopeless(why),
        MailError::Later(why) => Failure::Refused(why),
        MailError::Unreachable(why) => Failure::Unreachable(why),
    })
}
