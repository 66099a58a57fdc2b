//! What an operator can do: one enum of commands, one file per noun. The command line runs them beside a running server
//! through its control socket, or on the store itself when none runs; both ways end here, so they cannot disagree.
//!
//! Commands are trusted (whoever can open the socket or the data folder is the operator) but never careless: every change
//! writes an audit event, secrets leave once and are kept only as hashes, and nothing is deleted by a near match.

mod api;
mod backup;
mod certificate;
mod client;
pub mod control;
mod delivery;
mod doctor;
mod document;
pub(crate) mod enrolment;
mod error;
mod factor;
mod invitation;
mod issuer;
mod key;
mod list;
mod lookup;
mod mail;
mod password;
mod preset;
mod profile_claims;
mod registration;
mod revocation;
mod role;
mod secret;
mod session;
mod setup;
mod stream;
#[cfg(test)]
mod tests;
mod token;
mod user;
mod user_export;
mod user_import;
mod user_invitation;

use std::net::IpAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_jose::Algorithm;
use symbolon_oauth::Rng;
use symbolon_oauth::json::holds_nul;
use symbolon_store::{AuditEvent, Document, DocumentWrite, NewRevocation, Store};
use zeroize::Zeroizing;

use crate::account::password::Pool;
use crate::config::Config;
use crate::mail::Mail;
use crate::outgoing::Outgoing;
use crate::seal::Sealer;

pub use api::{ApiChange, ApiCommand, NewApi};
pub use client::{ClientChange, ClientCommand, DpopDemand, NewClient};
pub use delivery::DeliveryCommand;
pub use error::{AdminError, AdminErrorKind};
pub use invitation::RegistrationCommand;
pub use issuer::{IssuerChange, IssuerCommand, NewIssuer};
pub use key::{Haste, KeyCommand};
pub use list::ListChange;
pub use lookup::{has_administrator, is_last_administrator};
pub use mail::MailCommand;
pub use password::NewPassword;
pub use preset::Preset;
pub use revocation::Cause;
pub use role::RoleCommand;
pub use session::SessionCommand;
pub use setup::SetupCommand;
pub(crate) use setup::artefact as link_artefact;
pub use stream::StreamCommand;
pub use symbolon_store::{StreamStatus, WhichDeliveries};
pub use token::{PresentedToken, TokenCommand, TokenTarget};
pub use user::{NewAccount, UserChange, UserCommand, new_account};
pub use user_export::{Export, Hashes};
pub use user_import::{ImportBatch, OnConflict};
pub use user_invitation::NewInvitation;

/// Every command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// APIs.
    Api(ApiCommand),
    /// Clients.
    Client(ClientCommand),
    /// Messages to others.
    Delivery(DeliveryCommand),
    /// Facts for `symbolon doctor`.
    Doctor,
    /// Trusted issuers.
    Issuer(IssuerCommand),
    /// Signing keys.
    Key(KeyCommand),
    /// Letters to people.
    Mail(MailCommand),
    /// Clients that register themselves.
    Registration(RegistrationCommand),
    /// Roles.
    Role(RoleCommand),
    /// Sessions.
    Session(SessionCommand),
    /// The first administrator.
    Setup(SetupCommand),
    /// Event streams.
    Stream(StreamCommand),
    /// Tokens.
    Token(TokenCommand),
    /// Users.
    User(UserCommand),
}

/// What a command works with.
pub struct AdminContext<'a> {
    /// The storage port.
    pub store: &'a dyn Store,
    /// The issuer, for links.
    pub issuer: &'a str,
    /// The effective configuration.
    pub config: &'a Config,
    /// Unix seconds.
    pub now: u64,
    /// Randomness for ids and secrets.
    pub rng: &'a mut (dyn Rng + Send + Sync),
    /// Hashes passwords, bounded.
    pub passwords: &'a Pool,
    /// Makes signing keys.
    pub keys: &'a dyn KeyRotation,
    /// Fetches what a registration points at.
    pub outgoing: &'a Outgoing,
    /// Where letters go.
    pub mail: &'a Mail,
    /// Seals secrets that must be readable.
    pub sealer: &'a Sealer,
    /// Who asks, for the audit log: `cli` or `cli (offline)`.
    pub actor: &'a str,
    /// From where, if it came over the network.
    pub origin: Origin,
    /// Who sent `X-Forwarded-For` last without being a trusted proxy, if this process serves and anybody did.
    pub forwarded_by: Option<IpAddr>,
    /// Rules that the command has logged; empty at first. They are logged anew once the change is taken up.
    pub rules: Vec<NewRevocation>,
}

/// Where a request over the network came from, for the audit log.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The network address.
    pub address: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// Makes signing keys, which takes the sealer.
#[async_trait]
pub trait KeyRotation: Send + Sync {
    /// What to write so that the published next keys sign and the present ones retire; all algorithms in use if none is named.
    async fn rotation(
        &self,
        documents: Vec<Document>,
        algorithm: Option<Algorithm>,
        now: u64,
    ) -> Result<Vec<DocumentWrite>, AdminError>;

    /// What to write so that the key `kid` is gone at once and another signs in its place; nothing if there is no such key.
    async fn retirement(&self, documents: Vec<Document>, kid: &str, now: u64)
    -> Result<Vec<DocumentWrite>, AdminError>;
}

/// Carries out a command. The answer is for people and machines: no secrets, but for those that are shown once.
pub async fn execute(context: &mut AdminContext<'_>, command: Command) -> Result<Value, AdminError> {
    command.refuse_nul()?;
    match command {
        Command::Api(command) => api::execute(context, command).await,
        Command::Client(command) => client::execute(context, command).await,
        Command::Delivery(command) => delivery::execute(context, command).await,
        Command::Doctor => doctor::facts(context).await,
        Command::Issuer(command) => issuer::execute(context, command).await,
        Command::Key(command) => key::execute(context, command).await,
        Command::Mail(command) => mail::execute(context, command).await,
        Command::Registration(command) => invitation::execute(context, command).await,
        Command::Role(command) => role::execute(context, command).await,
        Command::Session(command) => session::execute(context, command).await,
        Command::Setup(command) => setup::execute(context, command).await,
        Command::Stream(command) => stream::execute(context, command).await,
        Command::Token(command) => token::execute(context, command).await,
        Command::User(command) => user::execute(context, command).await,
    }
}

impl Command {
    /// Whichever noun and member it is in: no text with U+0000 goes on to the store, which may not be able to keep it.
    fn refuse_nul(&self) -> Result<(), AdminError> {
        // A command may hold a password.
        let written = serde_json::to_vec(self).map(Zeroizing::new);
        let written = written.map_err(|why| AdminError::failed(format!("cannot be written down: {why}")))?;
        if holds_nul(&written) {
            return Err(AdminError::invalid("a value holds U+0000, which cannot be kept", "leave that character out"));
        }
        Ok(())
    }
}

impl AdminContext<'_> {
    /// A page of this server.
    fn link(&self, path_and_query: &str) -> String {
        format!("{}/{path_and_query}", self.issuer.trim_end_matches('/'))
    }

    /// Writes an audit event; the command is answered only after it is on record.
    async fn audit(&self, event: Event<'_>) -> Result<(), AdminError> {
        Ok(self.store.append_audit(vec![self.event(event)]).await?)
    }

    /// As the store takes it.
    fn event(&self, event: Event<'_>) -> AuditEvent {
        AuditEvent {
            at: self.now,
            name: event.name.to_owned(),
            outcome: "success".to_owned(),
            actor: Some(self.actor.to_owned()),
            user_id: event.user_id.map(str::to_owned),
            client_id: event.client_id.map(str::to_owned),
            sid: event.sid.map(str::to_owned),
            address: self.origin.address.clone(),
            request_id: self.origin.request_id.clone(),
            detail: event.detail,
        }
    }
}

/// What a command adds to an audit event.
#[derive(Default)]
struct Event<'a> {
    name: &'a str,
    user_id: Option<&'a str>,
    client_id: Option<&'a str>,
    sid: Option<&'a str>,
    detail: Value,
}
