//! The port, method by method: what takes a place in a batch of the writer, what goes to the readers.

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    Sqlite, artefact, condition, consent, credential, ending, event_stream, family, job, log, migrate, odds, outbox,
    registry, revocation, session, sign_up, status, sweep, throttle, transfer, user, user_list,
};
use crate::error::StoreError;
use crate::port::{Result, Store};
use crate::record::{
    AlsoSession, AnswerArtefact, Artefact, Attempt, AuditEvent, AuditRecord, Claim, CodeFacts, CompleteSignUp,
    Condition, Consent, Credential, Delivery, DeliveryOutcome, Document, DocumentWrite, Ended, EventFate, EventStream,
    Family, Hash32, ImportUsers, ImportedUser, Issued, IssuedAccessToken, ListDeliveries, ListUsers, NewCredentials,
    NewDelivery, NewFamily, NewRevocation, NewSession, NewStatus, NewStatusList, NewStreamStatus, NewUser, Page,
    RedeemCode, Redeemed, RefreshFacts, RegistryChanges, RemoveCredential, Retried, Revocation, RevocationHead,
    RolesSet, Rotate, Rotated, Session, SessionValueFacts, SignedOut, StatusChange, StatusList, StatusPlace,
    StreamChange, Sweep, Swept, ThrottleKey, TokenFacts, TokenQuery, UseCredential, User, UserStatus, UserUpdate,
    Verification, WaitingTarget,
};
use crate::transfer::Snapshot;

#[async_trait]
impl Store for Sqlite {
    async fn document(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.read(move |conn| registry::one(conn, &kind, &id)).await
    }

    async fn documents(&self, kind: &str, after: Option<String>, limit: u32) -> Result<Page<Document>> {
        let kind = kind.to_owned();
        self.read(move |conn| registry::page(conn, &kind, after.as_deref(), limit)).await
    }

    async fn registry_changes(&self, since: u64) -> Result<Option<RegistryChanges>> {
        self.read(move |conn| registry::changes(conn, since)).await
    }

    async fn registry_version(&self) -> Result<u64> {
        self.read(registry::version).await
    }

    async fn apply_and_revoke(&self, writes: Vec<DocumentWrite>, entries: Vec<NewRevocation>) -> Result<u64> {
        let seen = self.registry_version.clone();
        // On the writer's thread: a caller that hangs up must not keep the news from the others.
        let announce = move |version: &u64| {
            seen.send_if_modified(|seen| {
                let newer = *version > *seen;
                *seen = (*seen).max(*version);
                newer
            });
        };
        let both = move |conn: &Connection| {
            ending::revoke_all(conn, &entries)?;
            registry::apply(conn, &writes)
        };
        job::ask(self.writer.queue()?, both, announce).await
    }

    fn watch_registry(&self) -> watch::Receiver<u64> {
        self.registry_version.subscribe()
    }

    async fn create_user(&self, new: NewUser) -> Result<()> {
        self.write(move |conn| user::create(conn, &new)).await
    }

    async fn import_users(&self, import: ImportUsers) -> Result<Vec<ImportedUser>> {
        self.write(move |conn| {
            let answers = import.users.iter().map(|new| user::import(conn, new)).collect::<Result<Vec<_>>>()?;
            log::append_audit(conn, &import.events(&answers))?;
            Ok(answers)
        })
        .await
    }

    async fn identifier_owners(&self, identifiers: Vec<String>) -> Result<Vec<(String, String)>> {
        self.read(move |conn| user::owners(conn, &identifiers)).await
    }

    async fn user(&self, id: &str) -> Result<Option<User>> {
        let id = id.to_owned();
        self.read(move |conn| user::by_id(conn, &id)).await
    }

    async fn user_by_identifier(&self, identifier: &str) -> Result<Option<User>> {
        let identifier = identifier.to_owned();
        self.read(move |conn| user::by_identifier(conn, &identifier)).await
    }

    async fn list_users(&self, list: ListUsers) -> Result<Page<User>> {
        self.read(move |conn| user_list::page(conn, &list)).await
    }

    async fn count_users(&self) -> Result<u64> {
        self.read(user_list::count).await
    }

    async fn update_user(&self, id: &str, update: UserUpdate) -> Result<User> {
        let id = id.to_owned();
        self.write(move |conn| user::update(conn, &id, update)).await
    }

    async fn set_password(&self, id: &str, hash: &str, new_handle: &str, now: u64) -> Result<SignedOut> {
        let (id, hash, handle) = (id.to_owned(), hash.to_owned(), new_handle.to_owned());
        self.write(move |conn| user::set_password(conn, &id, hash, handle, now)).await
    }

    async fn reset_password(
        &self,
        link: Hash32,
        hash: &str,
        new_handle: &str,
        tell: Vec<NewDelivery>,
        now: u64,
    ) -> Result<Option<SignedOut>> {
        let (hash, handle) = (hash.to_owned(), new_handle.to_owned());
        self.write(move |conn| user::reset_password(conn, link, hash, handle, &tell, now)).await
    }

    async fn set_password_hash(&self, id: &str, expect: &str, hash: &str) -> Result<bool> {
        let (id, expect, hash) = (id.to_owned(), expect.to_owned(), hash.to_owned());
        self.write(move |conn| user::set_password_hash(conn, &id, &expect, &hash)).await
    }

    async fn set_user_status(&self, id: &str, status: UserStatus, new_handle: &str, now: u64) -> Result<SignedOut> {
        let (id, handle) = (id.to_owned(), new_handle.to_owned());
        self.write(move |conn| user::set_status(conn, &id, status, handle, now)).await
    }

    async fn set_user_roles(
        &self,
        id: &str,
        add: &[String],
        remove: &[String],
        new_handle: Option<&str>,
        now: u64,
    ) -> Result<RolesSet> {
        let (id, add, remove, handle) = (id.to_owned(), add.to_vec(), remove.to_vec(), new_handle.map(str::to_owned));
        self.write(move |conn| user::set_roles(conn, &id, (add, &remove), handle, now)).await
    }

    async fn sign_out_user(&self, id: &str, new_handle: &str, now: u64) -> Result<SignedOut> {
        let (id, handle) = (id.to_owned(), new_handle.to_owned());
        self.write(move |conn| user::sign_out(conn, &id, handle, now)).await
    }

    async fn delete_user(&self, id: &str, now: u64) -> Result<SignedOut> {
        let id = id.to_owned();
        self.write(move |conn| user::delete(conn, &id, now)).await
    }

    async fn create_session(&self, new: NewSession) -> Result<Issued> {
        self.write(move |conn| session::create(conn, &new)).await
    }

    async fn session(&self, id_hash: Hash32) -> Result<Option<(Session, User)>> {
        self.read(move |conn| session::with_user(conn, id_hash)).await
    }

    async fn session_by_sid(&self, sid: &str) -> Result<Option<Session>> {
        let sid = sid.to_owned();
        self.read(move |conn| session::by_sid(conn, &sid)).await
    }

    async fn touch_session(&self, id_hash: Hash32, last_seen_at: u64, idle_expires_at: u64) -> Result<bool> {
        self.write(move |conn| session::touch(conn, id_hash, last_seen_at, idle_expires_at)).await
    }

    async fn sessions_of(&self, user_id: &str, now: u64) -> Result<Vec<Session>> {
        let user_id = user_id.to_owned();
        self.read(move |conn| session::of_user(conn, &user_id, now)).await
    }

    async fn list_sessions(&self, after: Option<String>, limit: u32, now: u64) -> Result<Page<Session>> {
        self.read(move |conn| session::page(conn, after.as_deref(), limit, now)).await
    }

    async fn count_sessions(&self, now: u64) -> Result<u64> {
        self.read(move |conn| session::count(conn, now)).await
    }

    async fn end_session(&self, sid: &str, why: &str, now: u64) -> Result<Ended> {
        let (sid, why) = (sid.to_owned(), why.to_owned());
        self.write(move |conn| ending::end_session(conn, &sid, &why, now)).await
    }

    async fn join_session(&self, sid: &str, client_id: &str) -> Result<Issued> {
        let (sid, client_id) = (sid.to_owned(), client_id.to_owned());
        self.write(move |conn| outbox::join_session(conn, &sid, &client_id)).await
    }

    async fn put_artefact(&self, artefact: Artefact) -> Result<()> {
        self.write(move |conn| artefact::put(conn, &artefact)).await
    }

    async fn put_artefact_and_tell(&self, artefact: Artefact, tell: Vec<NewDelivery>) -> Result<()> {
        self.write(move |conn| artefact::put_and_tell(conn, &artefact, &tell)).await
    }

    async fn artefact(&self, kind: &str, hash: Hash32) -> Result<Option<Artefact>> {
        let kind = kind.to_owned();
        self.read(move |conn| artefact::find(conn, &kind, hash)).await
    }

    async fn redeem_artefact(&self, kind: &str, hash: Hash32, now: u64) -> Result<Redeemed> {
        let kind = kind.to_owned();
        self.write(move |conn| artefact::redeem(conn, &kind, hash, now)).await
    }

    async fn exchange_artefact(&self, kind: &str, hash: Hash32, new: Artefact, now: u64) -> Result<Redeemed> {
        let kind = kind.to_owned();
        self.write(move |conn| artefact::exchange(conn, &kind, hash, &new, now)).await
    }

    async fn answer_artefact(&self, answer: AnswerArtefact) -> Result<Redeemed> {
        self.write(move |conn| artefact::answer(conn, &answer)).await
    }

    async fn usable_artefacts(&self, kind: &str, user_id: &str, limit: u32, now: u64) -> Result<Vec<Artefact>> {
        let (kind, user_id) = (kind.to_owned(), user_id.to_owned());
        self.read(move |conn| artefact::usable_of(conn, &kind, &user_id, limit, now)).await
    }

    async fn artefacts_of_kind(&self, kind: &str, limit: u32, now: u64) -> Result<Vec<Artefact>> {
        let kind = kind.to_owned();
        self.read(move |conn| artefact::of_kind(conn, &kind, limit, now)).await
    }

    async fn complete_sign_up(&self, sign_up: CompleteSignUp) -> Result<Redeemed> {
        self.write(move |conn| sign_up::complete(conn, &sign_up)).await
    }

    async fn code_facts(&self, kind: &str, hash: Hash32) -> Result<Option<CodeFacts>> {
        let kind = kind.to_owned();
        self.read(move |conn| artefact::code_facts(conn, &kind, hash)).await
    }

    async fn redeem_code(&self, redeem: RedeemCode) -> Result<Redeemed> {
        self.write(move |conn| artefact::redeem_code(conn, &redeem)).await
    }

    async fn create_family(&self, new: NewFamily) -> Result<Issued> {
        self.write(move |conn| family::create(conn, &new)).await
    }

    async fn refresh_facts(&self, family: Option<&str>, hash: Hash32) -> Result<Option<RefreshFacts>> {
        let named = family.map(str::to_owned);
        self.read(move |conn| family::refresh_facts(conn, named.as_deref(), hash)).await
    }

    async fn rotate_refresh_token(&self, rotate: Rotate) -> Result<Rotated> {
        self.write(move |conn| family::rotate(conn, &rotate)).await
    }

    async fn note_access_token(&self, family: &str, token: IssuedAccessToken, now: u64) -> Result<Issued> {
        let family = family.to_owned();
        self.write(move |conn| family::note_if_live(conn, &family, &token, now)).await
    }

    async fn end_family(&self, id: &str, why: &str, now: u64, also_session: AlsoSession) -> Result<Ended> {
        let (id, why) = (id.to_owned(), why.to_owned());
        self.write(move |conn| family::end(conn, &id, &why, now, also_session)).await
    }

    async fn revoke_access_token(&self, jti: &str, expires_at: u64, why: &str, now: u64) -> Result<Ended> {
        let (jti, why) = (jti.to_owned(), why.to_owned());
        self.write(move |conn| ending::revoke_access_token(conn, &jti, expires_at, &why, now)).await
    }

    async fn family(&self, id: &str) -> Result<Option<Family>> {
        let id = id.to_owned();
        self.read(move |conn| family::by_id(conn, &id)).await
    }

    async fn forgetful_family(&self, id: &str) -> Result<Option<Family>> {
        let id = id.to_owned();
        self.read(move |conn| family::forgetful(conn, &id)).await
    }

    async fn families_of(&self, user_id: &str, now: u64) -> Result<Vec<Family>> {
        let user_id = user_id.to_owned();
        self.read(move |conn| family::of_user(conn, &user_id, now)).await
    }

    async fn session_value_facts(&self, hash: Hash32) -> Result<Option<SessionValueFacts>> {
        self.read(move |conn| family::session_value_facts(conn, hash)).await
    }

    async fn token_facts(&self, query: TokenQuery) -> Result<TokenFacts> {
        self.read(move |conn| family::token_facts(conn, &query)).await
    }

    async fn revoke(&self, entries: Vec<NewRevocation>) -> Result<u64> {
        self.write(move |conn| ending::revoke_all(conn, &entries)).await
    }

    async fn revocation_head(&self) -> Result<RevocationHead> {
        self.read(revocation::head).await
    }

    async fn revocations(&self, after_seq: u64, limit: u32) -> Result<Vec<Revocation>> {
        self.read(move |conn| revocation::after(conn, after_seq, limit)).await
    }

    fn watch_revocations(&self) -> watch::Receiver<u64> {
        self.writer.watch_revocations()
    }

    async fn assign_status(&self, new: NewStatus, fresh: NewStatusList) -> Result<StatusPlace> {
        self.write(move |conn| status::assign(conn, &new, &fresh)).await
    }

    async fn status_list(&self, id: &str) -> Result<Option<StatusList>> {
        let id = id.to_owned();
        self.read(move |conn| status::list(conn, &id)).await
    }

    async fn put_deliveries(&self, messages: Vec<NewDelivery>, now: u64) -> Result<()> {
        self.write(move |conn| outbox::put_all(conn, &messages, now)).await
    }

    async fn waiting_targets(&self) -> Result<Vec<WaitingTarget>> {
        self.read(outbox::waiting).await
    }

    async fn claim_deliveries(&self, claim: Claim) -> Result<Vec<Delivery>> {
        self.write(move |conn| outbox::claim(conn, &claim)).await
    }

    async fn settle_delivery(&self, id: u64, leased_until: u64, outcome: DeliveryOutcome, now: u64) -> Result<bool> {
        self.write(move |conn| outbox::settle(conn, id, leased_until, &outcome, now)).await
    }

    async fn forget_deliveries(&self, kind: &str, target: &str, limit: u32) -> Result<u64> {
        let (kind, target) = (kind.to_owned(), target.to_owned());
        self.write(move |conn| outbox::forget(conn, &kind, &target, limit)).await
    }

    async fn give_up_deliveries(&self, queued_until: u64, limit: u32, now: u64) -> Result<Vec<Delivery>> {
        self.write(move |conn| outbox::give_up(conn, queued_until, limit, now)).await
    }

    async fn retry_delivery(&self, id: u64, now: u64) -> Result<Retried> {
        self.write(move |conn| outbox::retry(conn, id, now)).await
    }

    async fn deliveries(&self, list: ListDeliveries) -> Result<Page<Delivery>> {
        self.read(move |conn| outbox::page(conn, &list)).await
    }

    fn watch_deliveries(&self) -> watch::Receiver<u64> {
        self.writer.watch_deliveries()
    }

    async fn clients_of_session(&self, sid: &str) -> Result<Vec<String>> {
        let sid = sid.to_owned();
        self.read(move |conn| outbox::clients_of_session(conn, &sid)).await
    }

    async fn create_stream(&self, stream: EventStream, max_of_client: u32) -> Result<bool> {
        self.write(move |conn| event_stream::create(conn, &stream, max_of_client)).await
    }

    async fn stream(&self, id: &str) -> Result<Option<EventStream>> {
        let id = id.to_owned();
        self.read(move |conn| event_stream::by_id(conn, &id)).await
    }

    async fn streams(&self, client_id: Option<&str>) -> Result<Vec<EventStream>> {
        let client_id = client_id.map(str::to_owned);
        self.read(move |conn| event_stream::of(conn, client_id.as_deref())).await
    }

    async fn update_stream(&self, id: &str, change: StreamChange, now: u64) -> Result<EventStream> {
        let id = id.to_owned();
        self.write(move |conn| event_stream::update(conn, &id, &change, now)).await
    }

    async fn set_stream_status(&self, id: &str, new: NewStreamStatus, now: u64) -> Result<StatusChange> {
        let id = id.to_owned();
        self.write(move |conn| event_stream::set_status(conn, &id, &new, now)).await
    }

    async fn delete_stream(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.write(move |conn| event_stream::delete(conn, &id)).await
    }

    async fn delete_streams_of(&self, client_id: &str) -> Result<u64> {
        let client_id = client_id.to_owned();
        self.write(move |conn| event_stream::delete_of(conn, &client_id)).await
    }

    async fn verify_stream(
        &self,
        id: &str,
        state: Option<String>,
        interval_secs: u64,
        now: u64,
    ) -> Result<Verification> {
        let id = id.to_owned();
        self.write(move |conn| event_stream::verify(conn, &id, state.as_deref(), interval_secs, now)).await
    }

    async fn polled_events(&self, stream: &str, limit: u32) -> Result<Vec<Delivery>> {
        let stream = stream.to_owned();
        self.read(move |conn| outbox::polled(conn, &stream, limit)).await
    }

    async fn settle_polled_events(&self, stream: &str, fates: Vec<(u64, EventFate)>, now: u64) -> Result<u64> {
        let stream = stream.to_owned();
        self.write(move |conn| outbox::settle_polled(conn, &stream, &fates, now)).await
    }

    async fn add_credentials(&self, new: NewCredentials) -> Result<Issued> {
        self.write(move |conn| credential::add(conn, &new)).await
    }

    async fn credentials_of(&self, user_id: &str) -> Result<Vec<Credential>> {
        let user_id = user_id.to_owned();
        self.read(move |conn| credential::of_user(conn, &user_id)).await
    }

    async fn credential(&self, kind: &str, key: &[u8]) -> Result<Option<(Credential, User)>> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        self.read(move |conn| credential::by_key(conn, &kind, &key)).await
    }

    async fn use_credential(&self, used: UseCredential) -> Result<bool> {
        self.write(move |conn| credential::r#use(conn, &used)).await
    }

    async fn rename_credential(&self, user_id: &str, id: &str, name: &str) -> Result<bool> {
        let (user_id, id, name) = (user_id.to_owned(), id.to_owned(), name.to_owned());
        self.write(move |conn| credential::rename(conn, &user_id, &id, &name)).await
    }

    async fn remove_credential(&self, remove: RemoveCredential) -> Result<Option<Ended>> {
        self.write(move |conn| credential::remove(conn, &remove)).await
    }

    async fn reset_credentials(&self, user_id: &str, new_handle: &str, now: u64) -> Result<SignedOut> {
        let (user_id, handle) = (user_id.to_owned(), new_handle.to_owned());
        self.write(move |conn| credential::reset(conn, &user_id, handle, now)).await
    }

    async fn consent(&self, user_id: &str, client_id: &str, audience: &str) -> Result<Option<Consent>> {
        let (user_id, client_id, audience) = (user_id.to_owned(), client_id.to_owned(), audience.to_owned());
        self.read(move |conn| consent::find(conn, &user_id, &client_id, &audience)).await
    }

    async fn grant_consent(&self, consent: Consent) -> Result<()> {
        self.write(move |conn| consent::grant(conn, &consent)).await
    }

    async fn withdraw_consent(&self, user_id: &str, client_id: &str, now: u64) -> Result<Ended> {
        let (user_id, client_id) = (user_id.to_owned(), client_id.to_owned());
        self.write(move |conn| consent::withdraw(conn, &user_id, &client_id, now)).await
    }

    async fn remember_once(&self, kind: &str, key: Hash32, expires_at: u64, now: u64) -> Result<bool> {
        let kind = kind.to_owned();
        self.write(move |conn| odds::remember_once(conn, &kind, key, expires_at, now)).await
    }

    async fn begin_attempt(&self, keys: Vec<ThrottleKey>, now: u64) -> Result<Attempt> {
        self.write(move |conn| throttle::begin(conn, &keys, now)).await
    }

    async fn forgive(&self, forget: Vec<String>, give_back: Vec<String>) -> Result<()> {
        self.write(move |conn| throttle::forgive(conn, &forget, &give_back)).await
    }

    async fn append_audit(&self, events: Vec<AuditEvent>) -> Result<()> {
        self.write(move |conn| log::append_audit(conn, &events)).await
    }

    async fn audit(&self, after_seq: u64, limit: u32) -> Result<Vec<AuditRecord>> {
        self.read(move |conn| log::audit(conn, after_seq, limit)).await
    }

    async fn meta(&self, key: &str) -> Result<Option<String>> {
        let key = key.to_owned();
        self.read(move |conn| odds::meta(conn, &key)).await
    }

    async fn put_meta_once(&self, key: &str, value: &str) -> Result<String> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.write(move |conn| odds::put_meta_once(conn, &key, &value)).await
    }

    async fn sweep(&self, sweep: Sweep) -> Result<Swept> {
        self.write(move |conn| sweep::sweep(conn, sweep)).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let path = self.path.clone().ok_or_else(|| StoreError::Unavailable("it lives in memory".into()))?;
        Ok(Box::new(transfer::Reading::beside(&path)?))
    }

    async fn schema_version(&self) -> Result<Option<u32>> {
        self.read(|conn| migrate::version(conn).map(Some)).await
    }

    async fn ping(&self) -> Result<()> {
        self.read(|conn| registry::version(conn).map(drop)).await?;
        if self.writer.is_failing() {
            return self.write(odds::try_writing).await;
        }
        self.write(|conn| registry::version(conn).map(drop)).await
    }

    async fn condition(&self) -> Result<Condition> {
        self.read(condition::of).await
    }
}
