//! The store, watched: how long each operation takes, how many changes wait, what was revoked and what ended; and for the line of
//! a request, how often it asked the store and how long it waited.
//!
//! It passes everything on and decides nothing. An operation that the port gains is one line below.

use std::sync::Arc;

use async_trait::async_trait;
use symbolon_store::transfer::Snapshot;
use symbolon_store::{
    AlsoSession, AnswerArtefact, Artefact, Attempt, AuditEvent, AuditRecord, Claim, CodeFacts, CompleteSignUp,
    Condition, Connections, Consent, Credential, Delivery, DeliveryOutcome, Document, DocumentWrite, Ended, EventFate,
    EventStream, Family, Hash32, ImportUsers, ImportedUser, Issued, IssuedAccessToken, ListDeliveries, ListUsers,
    NewCredentials, NewDelivery, NewFamily, NewRevocation, NewSession, NewStatus, NewStatusList, NewStreamStatus,
    NewUser, Page, RedeemCode, Redeemed, RefreshFacts, RegistryChanges, RemoveCredential, Retried, Revocation,
    RevocationHead, RevocationKind, RolesSet, Rotate, Rotated, Session, SessionValueFacts, SignedOut, StatusChange,
    StatusList, StatusPlace, Store, StoreError, StreamChange, Sweep, Swept, ThrottleKey, TokenFacts, TokenQuery,
    UseCredential, User, UserStatus, UserUpdate, Verification, WaitingTarget,
};
use tokio::sync::watch;

use super::facts;
use crate::clock::Stopwatch;
use crate::metrics::{Metrics, Op, Reason, RevokedKind};

type Result<T> = std::result::Result<T, StoreError>;

/// A store whose operations are measured.
pub(crate) struct Observed {
    pub(super) inner: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

/// One more change waits, until this is dropped.
struct Waiting<'m>(&'m Metrics);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.db_write_queue.dec();
    }
}

impl Observed {
    /// Watches `inner`.
    pub(crate) fn new(inner: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { inner, metrics }
    }

    pub(super) async fn read<T>(
        &self,
        op: &'static str,
        operation: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let watch = Stopwatch::start();
        let outcome = operation.await;
        let took = watch.elapsed();
        self.metrics.db.get_or_create(&Op { op }).observe(took);
        facts::asked_the_store(took);
        outcome
    }

    pub(super) async fn change<T>(
        &self,
        op: &'static str,
        operation: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        self.metrics.db_write_queue.inc();
        let _waiting = Waiting(&self.metrics);
        self.read(op, operation).await
    }

    pub(super) fn revoked(&self, kind: &'static str, count: u64) {
        if count > 0 {
            self.metrics.revocations.get_or_create(&RevokedKind { kind }).inc_by(count);
        }
    }

    pub(super) fn ended(&self, reason: &str, count: u64) {
        if count > 0 {
            self.metrics.sessions_ended.get_or_create(&Reason { reason: reason.to_owned() }).inc_by(count);
        }
    }

    pub(super) fn signed_out(&self, reason: &str, out: &SignedOut) {
        self.ended(reason, out.sessions);
        self.revoked("user", u64::from(out.sessions > 0 || out.families > 0 || out.tokens_until.is_some()));
    }

    fn all_revoked(&self, kinds: &[RevocationKind]) {
        for kind in kinds {
            self.revoked(name(*kind), 1);
        }
    }
}

/// What an entry of the revocation log is called among the metrics.
fn name(kind: RevocationKind) -> &'static str {
    match kind {
        RevocationKind::Jti => "token",
        RevocationKind::Sid => "session",
        RevocationKind::UserHandle => "user",
        RevocationKind::Client => "client",
        RevocationKind::Api => "api",
        RevocationKind::Key => "key",
        RevocationKind::All => "all",
    }
}

macro_rules! observed {
    (
        reads { $($read:ident($($read_arg:ident: $read_type:ty),*) -> $found:ty;)* }
        changes { $($change:ident($($arg:ident: $type:ty),*) -> $outcome:ty;)* }
        $($rest:tt)*
    ) => {
        #[async_trait]
        impl Store for Observed {
            $(async fn $read(&self, $($read_arg: $read_type),*) -> Result<$found> {
                self.read(stringify!($read), self.inner.$read($($read_arg),*)).await
            })*
            $(async fn $change(&self, $($arg: $type),*) -> Result<$outcome> {
                self.change(stringify!($change), self.inner.$change($($arg),*)).await
            })*
            $($rest)*
        }
    };
}

observed! {
    reads {
        document(kind: &str, id: &str) -> Option<Document>;
        documents(kind: &str, after: Option<String>, limit: u32) -> Page<Document>;
        registry_changes(since: u64) -> Option<RegistryChanges>;
        registry_version() -> u64;
        user(id: &str) -> Option<User>;
        user_by_identifier(identifier: &str) -> Option<User>;
        identifier_owners(identifiers: Vec<String>) -> Vec<(String, String)>;
        list_users(list: ListUsers) -> Page<User>;
        count_users() -> u64;
        session(id_hash: Hash32) -> Option<(Session, User)>;
        session_by_sid(sid: &str) -> Option<Session>;
        sessions_of(user_id: &str, now: u64) -> Vec<Session>;
        count_sessions(now: u64) -> u64;
        schema_version() -> Option<u32>;
        snapshot() -> Box<dyn Snapshot>;
        list_sessions(after: Option<String>, limit: u32, now: u64) -> Page<Session>;
        artefact(kind: &str, hash: Hash32) -> Option<Artefact>;
        usable_artefacts(kind: &str, user_id: &str, limit: u32, now: u64) -> Vec<Artefact>;
        artefacts_of_kind(kind: &str, limit: u32, now: u64) -> Vec<Artefact>;
        code_facts(kind: &str, hash: Hash32) -> Option<CodeFacts>;
        refresh_facts(family: Option<&str>, hash: Hash32) -> Option<RefreshFacts>;
        family(id: &str) -> Option<Family>;
        forgetful_family(id: &str) -> Option<Family>;
        families_of(user_id: &str, now: u64) -> Vec<Family>;
        session_value_facts(hash: Hash32) -> Option<SessionValueFacts>;
        token_facts(query: TokenQuery) -> TokenFacts;
        revocation_head() -> RevocationHead;
        revocations(after_seq: u64, limit: u32) -> Vec<Revocation>;
        status_list(id: &str) -> Option<StatusList>;
        waiting_targets() -> Vec<WaitingTarget>;
        deliveries(list: ListDeliveries) -> Page<Delivery>;
        clients_of_session(sid: &str) -> Vec<String>;
        stream(id: &str) -> Option<EventStream>;
        streams(client_id: Option<&str>) -> Vec<EventStream>;
        polled_events(stream: &str, limit: u32) -> Vec<Delivery>;
        consent(user_id: &str, client_id: &str, audience: &str) -> Option<Consent>;
        credentials_of(user_id: &str) -> Vec<Credential>;
        credential(kind: &str, key: &[u8]) -> Option<(Credential, User)>;
        audit(after_seq: u64, limit: u32) -> Vec<AuditRecord>;
        meta(key: &str) -> Option<String>;
        ping() -> ();
        condition() -> Condition;
    }
    changes {
        create_user(new: NewUser) -> ();
        import_users(import: ImportUsers) -> Vec<ImportedUser>;
        update_user(id: &str, update: UserUpdate) -> User;
        set_password_hash(id: &str, expect: &str, hash: &str) -> bool;
        set_user_roles(id: &str, add: &[String], remove: &[String], new_handle: Option<&str>, now: u64) -> RolesSet;
        create_session(new: NewSession) -> Issued;
        touch_session(id_hash: Hash32, last_seen_at: u64, idle_expires_at: u64) -> bool;
        join_session(sid: &str, client_id: &str) -> Issued;
        put_artefact(artefact: Artefact) -> ();
        put_artefact_and_tell(artefact: Artefact, tell: Vec<NewDelivery>) -> ();
        complete_sign_up(sign_up: CompleteSignUp) -> Redeemed;
        redeem_artefact(kind: &str, hash: Hash32, now: u64) -> Redeemed;
        exchange_artefact(kind: &str, hash: Hash32, new: Artefact, now: u64) -> Redeemed;
        answer_artefact(answer: AnswerArtefact) -> Redeemed;
        redeem_code(redeem: RedeemCode) -> Redeemed;
        create_family(new: NewFamily) -> Issued;
        rotate_refresh_token(rotate: Rotate) -> Rotated;
        note_access_token(family: &str, token: IssuedAccessToken, now: u64) -> Issued;
        assign_status(new: NewStatus, fresh: NewStatusList) -> StatusPlace;
        put_deliveries(messages: Vec<NewDelivery>, now: u64) -> ();
        claim_deliveries(claim: Claim) -> Vec<Delivery>;
        settle_delivery(id: u64, leased_until: u64, outcome: DeliveryOutcome, now: u64) -> bool;
        forget_deliveries(kind: &str, target: &str, limit: u32) -> u64;
        give_up_deliveries(queued_until: u64, limit: u32, now: u64) -> Vec<Delivery>;
        retry_delivery(id: u64, now: u64) -> Retried;
        create_stream(stream: EventStream, max_of_client: u32) -> bool;
        update_stream(id: &str, change: StreamChange, now: u64) -> EventStream;
        set_stream_status(id: &str, new: NewStreamStatus, now: u64) -> StatusChange;
        delete_stream(id: &str) -> bool;
        delete_streams_of(client_id: &str) -> u64;
        verify_stream(id: &str, state: Option<String>, interval_secs: u64, now: u64) -> Verification;
        settle_polled_events(stream: &str, fates: Vec<(u64, EventFate)>, now: u64) -> u64;
        grant_consent(consent: Consent) -> ();
        add_credentials(new: NewCredentials) -> Issued;
        use_credential(used: UseCredential) -> bool;
        rename_credential(user_id: &str, id: &str, name: &str) -> bool;
        remember_once(kind: &str, key: Hash32, expires_at: u64, now: u64) -> bool;
        begin_attempt(keys: Vec<ThrottleKey>, now: u64) -> Attempt;
        forgive(forget: Vec<String>, give_back: Vec<String>) -> ();
        append_audit(events: Vec<AuditEvent>) -> ();
        put_meta_once(key: &str, value: &str) -> String;
        sweep(sweep: Sweep) -> Swept;
    }

    // What revokes or ends something is counted as well.

    async fn apply_and_revoke(&self, writes: Vec<DocumentWrite>, entries: Vec<NewRevocation>) -> Result<u64> {
        let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
        let version = self.change("apply_and_revoke", self.inner.apply_and_revoke(writes, entries)).await?;
        self.all_revoked(&kinds);
        Ok(version)
    }

    async fn revoke(&self, entries: Vec<NewRevocation>) -> Result<u64> {
        let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
        let fresh = self.change("revoke", self.inner.revoke(entries)).await?;
        if fresh > 0 {
            self.all_revoked(&kinds);
        }
        Ok(fresh)
    }

    async fn set_password(&self, id: &str, hash: &str, new_handle: &str, now: u64) -> Result<SignedOut> {
        let out = self.change("set_password", self.inner.set_password(id, hash, new_handle, now)).await?;
        self.signed_out("password_changed", &out);
        Ok(out)
    }

    async fn reset_password(
        &self,
        link: Hash32,
        hash: &str,
        new_handle: &str,
        tell: Vec<NewDelivery>,
        now: u64,
    ) -> Result<Option<SignedOut>> {
        let reset = self.inner.reset_password(link, hash, new_handle, tell, now);
        let out = self.change("reset_password", reset).await?;
        if let Some(out) = &out {
            self.signed_out("password_changed", out);
        }
        Ok(out)
    }

    async fn set_user_status(&self, id: &str, status: UserStatus, new_handle: &str, now: u64) -> Result<SignedOut> {
        let changed = self.inner.set_user_status(id, status, new_handle, now);
        let out = self.change("set_user_status", changed).await?;
        self.signed_out("user_blocked", &out);
        Ok(out)
    }

    async fn sign_out_user(&self, id: &str, new_handle: &str, now: u64) -> Result<SignedOut> {
        let out = self.change("sign_out_user", self.inner.sign_out_user(id, new_handle, now)).await?;
        self.signed_out("user_signed_out", &out);
        Ok(out)
    }

    async fn delete_user(&self, id: &str, now: u64) -> Result<SignedOut> {
        let out = self.change("delete_user", self.inner.delete_user(id, now)).await?;
        self.signed_out("user_deleted", &out);
        Ok(out)
    }

    async fn remove_credential(&self, remove: RemoveCredential) -> Result<Option<Ended>> {
        let ended = self.change("remove_credential", self.inner.remove_credential(remove)).await?;
        if let Some(ended) = &ended {
            self.ended("factor_removed", u64::from(ended.session));
            self.revoked("session", u64::from(ended.session));
            self.revoked("family", ended.families);
        }
        Ok(ended)
    }

    async fn reset_credentials(&self, user_id: &str, new_handle: &str, now: u64) -> Result<SignedOut> {
        let out = self.change("reset_credentials", self.inner.reset_credentials(user_id, new_handle, now)).await?;
        self.signed_out("factors_reset", &out);
        Ok(out)
    }

    async fn end_session(&self, sid: &str, why: &str, now: u64) -> Result<Ended> {
        let ended = self.change("end_session", self.inner.end_session(sid, why, now)).await?;
        self.ended(why, u64::from(ended.session));
        self.revoked("session", u64::from(ended.session));
        Ok(ended)
    }

    async fn end_family(&self, id: &str, why: &str, now: u64, also_session: AlsoSession) -> Result<Ended> {
        let ended = self.change("end_family", self.inner.end_family(id, why, now, also_session)).await?;
        self.ended(why, u64::from(ended.session));
        self.revoked("session", u64::from(ended.session));
        self.revoked("family", ended.families);
        Ok(ended)
    }

    async fn revoke_access_token(&self, jti: &str, expires_at: u64, why: &str, now: u64) -> Result<Ended> {
        let revoked = self.inner.revoke_access_token(jti, expires_at, why, now);
        let ended = self.change("revoke_access_token", revoked).await?;
        self.revoked("token", u64::from(ended.families > 0 || ended.tokens_until.is_some()));
        Ok(ended)
    }

    async fn withdraw_consent(&self, user_id: &str, client_id: &str, now: u64) -> Result<Ended> {
        let ended = self.change("withdraw_consent", self.inner.withdraw_consent(user_id, client_id, now)).await?;
        self.revoked("family", ended.families);
        Ok(ended)
    }

    fn watch_registry(&self) -> watch::Receiver<u64> {
        self.inner.watch_registry()
    }

    fn watch_revocations(&self) -> watch::Receiver<u64> {
        self.inner.watch_revocations()
    }

    fn watch_deliveries(&self) -> watch::Receiver<u64> {
        self.inner.watch_deliveries()
    }
    fn connections(&self) -> Option<Connections> {
        self.inner.connections()
    }
}
