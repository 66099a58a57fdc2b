//! What all clients together come to, kept by counting: a client that changes is counted out as it was, and in as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use symbolon_jose::{Algorithm, KeyManagement};
use symbolon_oauth::registration::{Client, RequestRules};
use symbolon_oauth::{Grant, password_sign_in};

use super::sharded::Sharded;

/// Counts over all clients.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// For cross-origin calls, of those that are not switched off.
    origins: Sharded<usize>,
    /// Origins of the pages of clients whose tokens are cookies.
    with_cookies: BTreeMap<String, usize>,
    /// The same of those whose pages send cookies along.
    with_credentials: BTreeMap<String, usize>,
    /// Origins of the pages of clients that watch sessions.
    watching: BTreeMap<String, usize>,
    signing: BTreeMap<Algorithm, usize>,
    encryption: BTreeMap<KeyManagement, usize>,
    /// Ids of those that may post passwords.
    password_sign_in: Sharded<()>,
    /// Ids of ours at which a sign-in can begin.
    begins_sign_in: Sharded<()>,
    watchers: usize,
    sending_passwords: usize,
    registered_themselves: usize,
    signing_in: usize,
    must_push: usize,
    must_sign: usize,
}

/// Whether a client comes or goes.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Enters,
    Leaves,
}

impl Step {
    fn of(self, count: usize) -> usize {
        match self {
            Self::Enters => count + 1,
            Self::Leaves => count.saturating_sub(1),
        }
    }

    fn count_if(self, applies: bool, count: &mut usize) {
        if applies {
            *count = self.of(*count);
        }
    }

    fn count<K: Ord>(self, key: K, counts: &mut BTreeMap<K, usize>) {
        let now = self.of(counts.get(&key).copied().unwrap_or(0));
        if now == 0 {
            counts.remove(&key);
        } else {
            counts.insert(key, now);
        }
    }

    fn note_if(self, applies: bool, id: &Arc<str>, ids: &mut Sharded<()>) {
        match self {
            Self::Enters if applies => drop(ids.insert(Arc::clone(id), ())),
            Self::Leaves if applies => drop(ids.remove(id)),
            Self::Enters | Self::Leaves => {}
        }
    }
}

impl Tally {
    /// Counts a client. The one that takes its place under the same id is counted after it.
    pub(super) fn count(&mut self, id: &Arc<str>, client: &Client, step: Step) {
        for alg in algorithms(client) {
            step.count(alg, &mut self.signing);
        }
        step.count_if(client.metadata.dynamic.is_some(), &mut self.registered_themselves);
        step.note_if(password_sign_in::check_client(client).is_ok(), id, &mut self.password_sign_in);
        if client.disabled {
            return;
        }
        for origin in &client.allowed_origins {
            let now = step.of(self.origins.get(origin).copied().unwrap_or(0));
            if now == 0 {
                self.origins.remove(origin);
            } else {
                self.origins.insert(origin.as_str().into(), now);
            }
        }
        if client.gets_cookies() {
            client.allowed_origins.iter().for_each(|origin| step.count(origin.clone(), &mut self.with_cookies));
        }
        if client.allow_credentials {
            client.allowed_origins.iter().for_each(|origin| step.count(origin.clone(), &mut self.with_credentials));
        }
        if let Some(alg) = client.security.request_object_encryption_alg {
            step.count(alg, &mut self.encryption);
        }
        if client.in_browser.session_management {
            step.count_if(true, &mut self.watchers);
            client.page_origins().for_each(|origin| step.count(origin, &mut self.watching));
        }
        let begins = client.first_party && client.in_browser.initiate_login_uri.is_some();
        step.note_if(begins, id, &mut self.begins_sign_in);
        step.count_if(client.may_use(Grant::PasswordRealm), &mut self.sending_passwords);
        if client.may_use(Grant::AuthorizationCode) {
            step.count_if(true, &mut self.signing_in);
            step.count_if(client.must_push(), &mut self.must_push);
            step.count_if(client.must_sign_requests(), &mut self.must_sign);
        }
    }

    /// Whether any client that is not switched off registered `origin` for cross-origin calls.
    pub(super) fn is_allowed_origin(&self, origin: &str) -> bool {
        self.origins.get(origin).is_some()
    }

    /// Whether pages of `origin` get cookies, of any client that is not switched off.
    pub(super) fn gets_cookies(&self, origin: &str) -> bool {
        self.with_cookies.contains_key(origin)
    }

    /// Whether any client's tokens are cookies.
    pub(super) fn hands_out_cookies(&self) -> bool {
        !self.with_cookies.is_empty()
    }

    /// Whether pages of some client there may read answers to requests with cookies.
    pub(super) fn allows_credentials(&self, origin: &str) -> bool {
        self.with_credentials.contains_key(origin)
    }

    /// The origins of pages that watch sessions.
    pub(super) fn watching_origins(&self) -> impl Iterator<Item = &str> {
        self.watching.keys().map(String::as_str)
    }

    /// Whether any client watches sessions.
    pub(super) fn is_watched(&self) -> bool {
        self.watchers > 0
    }

    /// Whether any client may send passwords to the token endpoint.
    pub(super) fn send_passwords(&self) -> bool {
        self.sending_passwords > 0
    }

    /// How many clients have registered themselves.
    pub(super) fn registered_themselves(&self) -> usize {
        self.registered_themselves
    }

    /// Those that may post passwords.
    pub(super) fn password_sign_in(&self) -> impl Iterator<Item = &str> {
        self.password_sign_in.iter().map(|(id, ())| &**id)
    }

    /// The one client that may post passwords, if there is one and no other.
    pub(super) fn only_password_sign_in(&self) -> Option<&str> {
        let ids = &self.password_sign_in;
        if ids.len() == 1 { ids.iter().next().map(|(id, ())| &**id) } else { None }
    }

    /// Ours at which a sign-in can begin.
    pub(super) fn begins_sign_in(&self) -> impl Iterator<Item = &str> {
        self.begins_sign_in.iter().map(|(id, ())| &**id)
    }

    /// What clients are registered for that is signed, symmetric algorithms included.
    pub(super) fn signing(&self) -> impl Iterator<Item = Algorithm> {
        self.signing.keys().copied()
    }

    /// What clients are registered to encrypt their request objects with.
    pub(super) fn encryption(&self) -> BTreeSet<KeyManagement> {
        self.encryption.keys().copied().collect()
    }

    /// What is required of every client that signs users in, so of the server (specs rule 1).
    pub(super) fn required_of_all(&self) -> RequestRules {
        let all = |count: usize| count > 0 && count == self.signing_in;
        RequestRules {
            require_pushed_authorization_requests: all(self.must_push),
            require_signed_request_object: all(self.must_sign),
            ..RequestRules::default()
        }
    }
}

/// What a client gets signed with, each once.
fn algorithms(client: &Client) -> BTreeSet<Algorithm> {
    let always = [client.id_token_signed_response_alg, client.authorization_signed_response_alg()];
    let of_introspection = client.security.introspection_signed_response_alg;
    let of_userinfo = client.userinfo.userinfo_signed_response_alg;
    always.into_iter().chain(of_introspection).chain(of_userinfo).collect()
}
