//! Mail: letters to people, in text and HTML.
//!
//! A letter is put into the outbox in the transaction of what it tells ([`delivery`]), sealed, since it may hold a code or a link; what
//! becomes of it there is `delivery/mail.rs`. It goes to the operator's mail server, or in development into memory, where `/dev/mail`
//! shows it.

mod account_words;
mod kept;
mod letter;
mod message;
mod route;
mod server;
mod words;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use symbolon_store::{Delivery, NewDelivery};

use crate::account::normalize::EmailAddress;
use crate::app::App;
use crate::config::{Config, Problem};
use crate::seal::{SealBroken, Sealer};

pub use kept::Kept;
pub(crate) use kept::KeptLetter;
pub use letter::{FactorChange, Letter};
pub(crate) use letter::{ResetAsked, ResetCause, SignInAsked};
pub(crate) use message::{STYLE, Written};
pub(crate) use route::Route;
pub(crate) use server::{MailError, Server};

/// What all letters are for in the outbox: the one server they go to, so that they wait together while it is away.
pub(crate) const TARGET: &str = "mail.server";
/// What the seal is for. The address is part of it: whoever can write to the store cannot send a letter elsewhere.
const SEALED_FOR: &str = "mail to ";

/// Where letters go.
#[derive(Debug)]
pub enum Mail {
    /// Into memory, for the developer.
    Kept(Kept),
    /// Nowhere: no server is configured.
    Off,
    /// To the operator's server.
    Server(Box<Server>),
}

/// To whom a letter goes.
#[derive(Clone, Debug)]
pub struct To<'a> {
    /// Their address.
    pub address: &'a EmailAddress,
    /// Their account, if they have one.
    pub user_id: Option<&'a str>,
    /// The language they read (BCP 47).
    pub lang: &'a str,
}

/// A letter on its way, as the outbox has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Queued {
    /// Its name, for operators.
    pub(crate) template: String,
    /// To whom; absent where that is found out when it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// Whose account it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// Nobody needs it any more from this second on.
    pub(crate) until: u64,
    /// The rest, as [`Sealed`]; gone once it has arrived.
    #[serde(default)]
    pub(crate) sealed: String,
}

/// What nobody but this server reads.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub(crate) letter: Letter,
    pub(crate) lang: String,
}

/// A letter for the outbox: what it tells is over, if `letter` says so, some time after `now`.
pub fn delivery(app: &App, to: &To<'_>, letter: &Letter, now: u64) -> NewDelivery {
    delivery_of(&app.sealer, to, letter, now)
}

/// The same for an operator's command, which has no more than the key.
pub(crate) fn delivery_of(sealer: &Sealer, to: &To<'_>, letter: &Letter, now: u64) -> NewDelivery {
    queued(sealer, Some(to.address.as_typed.as_str()), to.user_id, to.lang, letter, now)
}

/// The wish of somebody for a new password, whose account is looked for when the letter is made.
pub(crate) fn reset_asked(app: &App, asked: ResetAsked, lang: &str, now: u64) -> NewDelivery {
    queued(&app.sealer, None, None, lang, &Letter::ResetAsked(asked), now)
}

/// The wish of somebody to sign in by mail, the same.
pub(crate) fn sign_in_asked(app: &App, asked: SignInAsked, lang: &str, now: u64) -> NewDelivery {
    queued(&app.sealer, None, None, lang, &Letter::SignInAsked(asked), now)
}

fn queued(
    sealer: &Sealer,
    to: Option<&str>,
    user_id: Option<&str>,
    lang: &str,
    letter: &Letter,
    now: u64,
) -> NewDelivery {
    let inside = Sealed { letter: letter.clone(), lang: lang.to_owned() };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&inside).expect("a letter has only string keys"));
    let payload = Queued {
        template: letter.template().to_owned(),
        to: to.map(str::to_owned),
        sub: user_id.map(str::to_owned),
        until: now.saturating_add(letter.lifetime_secs()),
        sealed: sealer.seal(&purpose(to), &plain),
    };
    NewDelivery { kind: Delivery::MAIL.to_owned(), target: TARGET.to_owned(), payload: json!(payload) }
}

impl Queued {
    /// The letter, for whom it was written.
    pub(crate) fn open(&self, sealer: &Sealer) -> Result<Sealed, SealBroken> {
        let plain = sealer.open(&purpose(self.to.as_deref()), &self.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| SealBroken)
    }
}

fn purpose(to: Option<&str>) -> String {
    format!("{SEALED_FOR}{}", to.unwrap_or_default())
}

impl Mail {
    /// What the configuration says; in development without a server letters are kept.
    pub(crate) fn open(config: &Config) -> Result<Self, Problem> {
        match Route::of(config)? {
            Some(route) => Ok(Self::Server(Box::new(Server::new(config, route)?))),
            None if config.dev => Ok(Self::Kept(Kept::default())),
            None => Ok(Self::Off),
        }
    }

    /// Whether letters are sent at all.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Whether letters are shown to the developer instead of being sent.
    pub fn is_kept(&self) -> bool {
        self.kept().is_some()
    }

    /// The letters that are shown instead of being sent, in development.
    pub(crate) fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Kept(kept) => Some(kept),
            Self::Off | Self::Server(_) => None,
        }
    }

    /// The server, for people; nothing where letters go to none.
    pub(crate) fn server(&self) -> Option<String> {
        match self {
            Self::Kept(_) | Self::Off => None,
            Self::Server(server) => Some(server.name()),
        }
    }

    /// Whether the server takes us as we are set up, found out within this time; nothing where there is none.
    pub(crate) async fn greet(&self, patience: Duration) -> Option<Result<(), MailError>> {
        match self {
            Self::Kept(_) | Self::Off => None,
            Self::Server(server) => Some(server.greet(patience).await),
        }
    }

    /// Brings a letter to its server, within this time; returns what that said.
    pub(crate) async fn send(&self, written: Written, patience: Duration) -> Result<String, MailError> {
        match self {
            Self::Kept(kept) => {
                kept.put(Arc::new(written));
                Ok("kept for /dev/mail".to_owned())
            }
            Self::Off => Err(MailError::Unreachable("no mail.server is configured".to_owned())),
            Self::Server(server) => server.send(written, patience).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::MasterKey;
    use symbolon_jose::base64url;

    fn sealer(seed: u8) -> Sealer {
        MasterKey::from_text(&base64url::encode(&[seed; 32]), "test").unwrap().sealer()
    }

    fn of(delivery: &NewDelivery) -> Queued {
        serde_json::from_value(delivery.payload.clone()).unwrap()
    }

    #[test]
    fn what_waits_in_the_outbox_shows_no_code_and_no_link() {
        let letter = Letter::SignUpCode {
            code: "271828".into(),
            link: "https://auth.example/signup?code=x".into(),
            minutes: 20,
        };
        let delivery = queued(&sealer(1), Some("ada@example.com"), None, "en", &letter, 1_000);
        let text = delivery.payload.to_string();
        assert!(!text.contains("271828") && !text.contains("signup?"), "{text}");
        let queued = of(&delivery);
        assert_eq!((queued.template.as_str(), queued.until), ("sign_up_code", 1_000 + 20 * 60));
        assert_eq!(queued.open(&sealer(1)).unwrap().letter, letter);
    }

    #[test]
    fn a_letter_cannot_be_sent_to_somebody_else_or_opened_with_another_key() {
        let delivery = queued(&sealer(1), Some("ada@example.com"), None, "en", &Letter::Test, 0);
        let queued = of(&delivery);
        assert!(queued.open(&sealer(2)).is_err());
        for to in [Some("eve@example.com".to_owned()), None] {
            assert!(Queued { to, ..queued.clone() }.open(&sealer(1)).is_err());
        }
        assert!(Queued { sealed: String::new(), ..queued }.open(&sealer(1)).is_err(), "it has arrived");
    }
}
