//! What commands revoke beyond single grants: rules of the revocation log, each written in the transaction of the change that calls for
//! it, and until when the tokens it refuses can live on where nobody follows the feed.
//!
//! A rule about a client, an API or everything refuses what was issued in its second or before (`iat` ≤ `revoked_at`). So it also
//! refuses what is issued again within that second: seconds are what tokens count in (RFC 7519 §4.1.6), and the old must not pass for new.
//!
//! Adding to a registration never revokes. Taking away does: a token that is out must not say more than a new one would.

use serde::{Deserialize, Serialize};
use symbolon_oauth::LONGEST_TOKEN_SECS;
use symbolon_oauth::access_token::lifetime_secs;
use symbolon_oauth::registration::{Api, Client, ClientKind};
use symbolon_store::{Document, DocumentWrite, NewRevocation, RevocationKind, Store, StoreError};

use super::document::{self, API, CLIENT};
use super::{AdminContext, AdminError};
use crate::keys::{KeyRecord, KeyState};

/// Why a credential is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cause {
    /// Somebody else may have it: it ends at once, and with it what was issued on its strength.
    Compromised,
    /// In good time.
    #[default]
    Routine,
}

/// A rule to log with a change.
#[derive(Debug)]
pub(super) struct Rule {
    entry: NewRevocation,
    /// The last `exp` that an unexpired token it refuses can have.
    tokens_until: Option<u64>,
}

/// `tokens_until` of an answer.
pub(super) fn tokens_until(rule: Option<&Rule>) -> Option<u64> {
    rule.and_then(|rule| rule.tokens_until)
}

/// The APIs that are registered before a change to a client: by this the tokens were issued that the change takes away.
pub(super) struct RegisteredApis {
    apis: Vec<Api>,
    default_secs: u64,
    now: u64,
}

impl RegisteredApis {
    pub(super) async fn load(context: &AdminContext<'_>) -> Result<Self, AdminError> {
        Ok(Self {
            apis: document::all(context, API).await?.iter().map(document::read).collect::<Result<_, _>>()?,
            default_secs: context.config.tokens.access_lifetime_secs,
            now: context.now,
        })
    }

    pub(super) fn api(&self, identifier: &str) -> Option<&Api> {
        self.apis.iter().find(|api| api.identifier == identifier)
    }

    /// Against the tokens of a client.
    pub(super) fn client_rule(&self, client: &Client) -> Rule {
        self.rule(RevocationKind::Client, client.client_id.as_str(), self.life_of_client(client))
    }

    fn rule(&self, kind: RevocationKind, id: &str, life_secs: u64) -> Rule {
        let entry = NewRevocation {
            kind,
            id: id.to_owned(),
            revoked_at: self.now,
            expires_at: self.now.saturating_add(LONGEST_TOKEN_SECS),
        };
        Rule { entry, tokens_until: Some(self.now.saturating_add(life_secs)) }
    }

    fn life_of_client(&self, client: &Client) -> u64 {
        let may_ask = |api: &&Api| client.first_party || client.api(&api.identifier).is_some();
        let apis = self.apis.iter().filter(may_ask).map(Some);
        // A user's token need not be for an API: it opens userinfo.
        let userinfo = (client.kind != ClientKind::Machine).then_some(None);
        let lives = apis.chain(userinfo).map(|api| lifetime_secs(self.default_secs, Some(client), api));
        lives.max().unwrap_or(self.default_secs)
    }

    /// Whether tokens of the client as it was may say more than new ones could.
    pub(super) fn narrows_client(&self, before: &Client, after: &Client) -> bool {
        let entry_narrowed = before.apis.iter().any(|old| {
            let new = after.api(&old.audience);
            new.is_none_or(|new| old.scopes.iter().any(|scope| !new.scopes.contains(scope)))
        });
        // A first-party client has every scope of an API for its users until an entry limits it.
        let newly_limited = after.first_party
            && after.kind != ClientKind::Machine
            && after.apis.iter().any(|new| {
                let limits = |api: &Api| api.scopes.iter().any(|scope| !new.scopes.contains(&scope.name));
                before.api(&new.audience).is_none() && self.api(&new.audience).is_some_and(limits)
            });
        // Without being asked, nobody allowed a third party anything; and it never carries roles.
        let turned_third_party = before.first_party && !after.first_party;
        let switched_off = !before.disabled && after.disabled;
        // What it has names people as it may know them no longer.
        let renamed =
            before.is_pairwise() != after.is_pairwise() || (after.is_pairwise() && before.sector() != after.sector());
        let fewer_details =
            !before.security.authorization_details_types.is_subset(&after.security.authorization_details_types);
        let (old, new) = (&before.grant_rules, &after.grant_rules);
        let rule_taken = old.token_exchange.iter().any(|rule| !new.token_exchange.contains(rule))
            || old.jwt_bearer.iter().any(|rule| !new.jwt_bearer.contains(rule));
        rule_taken || renamed || entry_narrowed || fewer_details || newly_limited || turned_third_party || switched_off
    }
}

/// All that is registered before a change to something else than a client.
pub(super) struct Registered {
    apis: RegisteredApis,
    /// Of clients whose tokens live equally long, one.
    clients: Vec<Client>,
    id_token_secs: u64,
}

impl Registered {
    pub(super) async fn load(context: &AdminContext<'_>) -> Result<Self, AdminError> {
        let mut clients: Vec<Client> = Vec::new();
        let lives = |client: &Client| (client.access_token_lifetime_secs, client.kind == ClientKind::Machine);
        let look = |document: &Document| {
            let client: Client = document::read(document)?;
            if clients.iter().all(|known| lives(known) != lives(&client)) {
                clients.push(client);
            }
            Ok(())
        };
        document::each(context, CLIENT, look).await?;
        let id_token_secs = context.config.tokens.id_lifetime_secs;
        Ok(Self { apis: RegisteredApis::load(context).await?, clients, id_token_secs })
    }

    pub(super) fn api(&self, identifier: &str) -> Option<&Api> {
        self.apis.api(identifier)
    }

    /// Against the tokens for an API.
    pub(super) fn api_rule(&self, api: &Api) -> Rule {
        self.apis.rule(RevocationKind::Api, &api.identifier, self.life_of_api(api))
    }

    /// Against the tokens of a client, or for an API, that is deleted: what it was registered with is not known any more.
    pub(super) fn rule_about_the_deleted(&self, kind: RevocationKind, id: &str) -> Rule {
        self.apis.rule(kind, id, self.longest_life())
    }

    /// Against everything.
    pub(super) fn rule_about_everything(&self) -> Rule {
        self.apis.rule(RevocationKind::All, "", self.longest_life())
    }

    /// Against what a key signed, whenever: whoever has it can sign with any time. `tokens_until` is of what this server signed.
    pub(super) fn key_rule(&self, key: &KeyRecord) -> Rule {
        let now = self.apis.now;
        let life_secs = self.longest_life().max(self.id_token_secs);
        let signed_until = match key.life {
            KeyState::Active { .. } => Some(now),
            KeyState::Next => None,
            KeyState::Retired { since, .. } => Some(since),
        };
        let last_expiry = signed_until.map(|signed| signed.saturating_add(life_secs));
        let rule = self.apis.rule(RevocationKind::Key, &key.kid, life_secs);
        Rule { tokens_until: last_expiry.filter(|expiry| *expiry > now), ..rule }
    }

    /// The longest life that any access token can have.
    pub(super) fn longest_life(&self) -> u64 {
        let of_clients = self.clients.iter().map(|client| self.apis.life_of_client(client));
        let of_apis = self.apis.apis.iter().map(|api| self.life_of_api(api));
        of_clients.chain(of_apis).fold(self.apis.default_secs, u64::max)
    }

    /// Of deleted clients, too, of whose registration nothing is known.
    fn life_of_api(&self, api: &Api) -> u64 {
        let default_secs = self.apis.default_secs;
        let clients = self.clients.iter().map(Some).chain([None]);
        clients.map(|client| lifetime_secs(default_secs, client, Some(api))).max().unwrap_or(default_secs)
    }
}

/// Whether tokens for the API as it was may say more than new ones could.
pub(super) fn narrows_api(before: &Api, after: &Api) -> bool {
    let fewer_scopes = before.scopes.iter().any(|scope| !after.has_scope(&scope.name));
    let without_roles = before.include_roles && !after.include_roles;
    let switched_off = !before.disabled && after.disabled;
    let fewer_details = before.authorization_details_types.iter().any(|one| after.details_type(&one.name).is_none());
    fewer_scopes || fewer_details || without_roles || switched_off
}

impl AdminContext<'_> {
    /// Writes a change and the rule it calls for, in one transaction.
    pub(super) async fn apply_with(
        &mut self,
        writes: Vec<DocumentWrite>,
        rule: Option<&Rule>,
    ) -> Result<(), StoreError> {
        let entries: Vec<NewRevocation> = rule.map(|rule| rule.entry.clone()).into_iter().collect();
        self.store.apply_and_revoke(writes, entries.clone()).await?;
        self.rules.extend(entries);
        Ok(())
    }
}

/// Logs rules once more, if the second has changed since. Until a change is taken up, tokens are issued by the old registrations; whoever
/// has a leaked secret must not get one across the turn of a second.
pub(super) async fn extend(store: &dyn Store, rules: Vec<NewRevocation>, now: u64) -> Result<(), StoreError> {
    let about_time = |rule: &NewRevocation| rule.kind != RevocationKind::Key && rule.revoked_at < now;
    let later = |rule| NewRevocation { revoked_at: now, expires_at: now.saturating_add(LONGEST_TOKEN_SECS), ..rule };
    let rules: Vec<NewRevocation> = rules.into_iter().filter(about_time).map(later).collect();
    if rules.is_empty() {
        return Ok(());
    }
    store.revoke(rules).await.map(drop)
}
