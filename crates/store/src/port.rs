//! The storage port: domain operations, each one atomic and, once answered `Ok`, durable (design §3).
//!
//! What every adapter promises is written at each method and checked by the one suite in `contract.rs`. For all of them:
//! an `Err` means that nothing was changed; `now` is Unix seconds and comes from the caller; reads that return several
//! records see them at one moment; a read that starts after a write was answered sees that write.

use async_trait::async_trait;
use tokio::sync::watch;

use crate::account_port::AccountStore;
use crate::error::StoreError;
use crate::record::{
    AlsoSession, AnswerArtefact, Artefact, Attempt, AuditEvent, AuditRecord, Claim, CodeFacts, CompleteSignUp,
    Condition, Connections, Consent, Credential, Delivery, DeliveryOutcome, Document, DocumentWrite, Ended, EventFate,
    EventStream, Family, Hash32, ImportUsers, ImportedUser, Issued, IssuedAccessToken, ListDeliveries, ListUsers,
    NewCredentials, NewDelivery, NewFamily, NewRevocation, NewSession, NewStatus, NewStatusList, NewStreamStatus,
    NewUser, Page, RedeemCode, Redeemed, RefreshFacts, RegistryChanges, RemoveCredential, Retried, Revocation,
    RevocationHead, RolesSet, Rotate, Rotated, Session, SessionValueFacts, SignedOut, StatusChange, StatusList,
    StatusPlace, StreamChange, Sweep, Swept, ThrottleKey, TokenFacts, TokenQuery, UseCredential, User, UserStatus,
    UserUpdate, Verification, WaitingTarget,
};
use crate::transfer::Snapshot;

/// A result of the store.
pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// Everything the server keeps. Used as `Arc<dyn Store>`.
#[async_trait]
pub trait Store: AccountStore + Send + Sync + 'static {
    // Registry

    /// The document of this kind and id.
    async fn document(&self, kind: &str, id: &str) -> Result<Option<Document>>;

    /// One page of the documents of a kind, by id. Pages are of different moments: whoever needs all at one asks for the version before the first
    /// and for the [changes](Self::registry_changes) since after the last.
    async fn documents(&self, kind: &str, after: Option<String>, limit: u32) -> Result<Page<Document>>;

    /// What has changed since a version that was the present one once. `None` if that is not known any more, so that everything has to be read:
    /// it was more than [`Document::CHANGES_KEPT`] versions ago, or a node of an older release has written since.
    async fn registry_changes(&self, since: u64) -> Result<Option<RegistryChanges>>;

    /// The version alone, to ask often.
    async fn registry_version(&self) -> Result<u64>;

    /// Applies all writes or none, in order, and returns the new version. [`Conflict::Exists`] or
    /// [`Conflict::Revision`] if an expectation fails; [`StoreError::NotFound`] if a document to delete or replace by
    /// revision is not there. An empty list changes nothing, not even the version.
    ///
    /// [`Conflict::Exists`]: crate::Conflict::Exists
    /// [`Conflict::Revision`]: crate::Conflict::Revision
    async fn apply(&self, writes: Vec<DocumentWrite>) -> Result<u64> {
        self.apply_and_revoke(writes, Vec::new()).await
    }

    /// [`apply`](Self::apply) and [`revoke`](Self::revoke) in one transaction: a change and what it revokes.
    async fn apply_and_revoke(&self, writes: Vec<DocumentWrite>, entries: Vec<NewRevocation>) -> Result<u64>;

    /// Follows the registry version as this process sees it change; starts with the present one.
    fn watch_registry(&self) -> watch::Receiver<u64>;

    // Users

    /// Creates a user with their login identifiers. [`Conflict::IdentifierTaken`](crate::Conflict::IdentifierTaken) if
    /// any of them belongs to someone, [`Conflict::Exists`](crate::Conflict::Exists) if the id does.
    async fn create_user(&self, new: NewUser) -> Result<()>;

    /// Creates those users of whose ids and login identifiers nobody has any, each with an answer of its own, in one transaction with its audit event.
    /// [`Conflict::IdentifierTaken`](crate::Conflict::IdentifierTaken) or [`Conflict::Exists`](crate::Conflict::Exists) if somebody else was
    /// faster in between: then nobody was created, and the same call again tells who it is.
    async fn import_users(&self, import: ImportUsers) -> Result<Vec<ImportedUser>>;

    /// Which of these (normalised) login identifiers are somebody's, and whose.
    async fn identifier_owners(&self, identifiers: Vec<String>) -> Result<Vec<(String, String)>>;

    /// The user with this id.
    async fn user(&self, id: &str) -> Result<Option<User>>;

    /// The user with this (normalised) login identifier.
    async fn user_by_identifier(&self, identifier: &str) -> Result<Option<User>>;

    /// One page of users, oldest first. [`StoreError::Invalid`] for a cursor that no page gave out.
    async fn list_users(&self, list: ListUsers) -> Result<Page<User>>;

    /// How many users there are.
    async fn count_users(&self) -> Result<u64>;

    /// Changes profile fields and login identifiers, all or none; returns the user as changed. Ends nothing but the links that are about the address
    /// before it, where it sets another one.
    async fn update_user(&self, id: &str, update: UserUpdate) -> Result<User>;

    /// Sets a new password: stores hash and handle, ends every session and family of the user, voids their unredeemed
    /// artefacts, and logs the old handle as revoked (every token of the user carries it).
    async fn set_password(&self, id: &str, hash: &str, new_handle: &str, now: u64) -> Result<SignedOut>;

    /// Uses up a link of kind [`Artefact::PASSWORD_RESET`] and sets the password of the user it is for, as [`set_password`](Self::set_password)
    /// does, and puts the messages that tell of it into the outbox, all or nothing; of any number of parallel calls at most one does. A link that was
    /// mailed to the address that the user still has ([`Artefact::MAILED_TO`]) proves it, where there are no credentials beside the password: whoever
    /// set those up keeps them, and may be somebody else. `None` for a link that is unknown, used or over.
    async fn reset_password(
        &self,
        link: Hash32,
        hash: &str,
        new_handle: &str,
        tell: Vec<NewDelivery>,
        now: u64,
    ) -> Result<Option<SignedOut>>;

    /// Replaces the hash of an unchanged password (new parameters), if it is still `expect`; tells whether it was.
    async fn set_password_hash(&self, id: &str, expect: &str, hash: &str) -> Result<bool>;

    /// Blocks a user (as [`set_password`](Self::set_password) does: handle, sessions, families, artefacts) or lets them
    /// in again, which revives nothing. Already in that status: changes nothing.
    async fn set_user_status(&self, id: &str, status: UserStatus, new_handle: &str, now: u64) -> Result<SignedOut>;

    /// Adds and removes roles. With a new handle, access tokens that show the old roles die (if any role changed at all);
    /// sessions and families live on.
    async fn set_user_roles(
        &self,
        id: &str,
        add: &[String],
        remove: &[String],
        new_handle: Option<&str>,
        now: u64,
    ) -> Result<RolesSet>;

    /// Ends every session and family of the user and revokes the old handle.
    async fn sign_out_user(&self, id: &str, new_handle: &str, now: u64) -> Result<SignedOut>;

    /// Deletes a user and all that hangs on them, and logs the handle as revoked. The audit log stays.
    async fn delete_user(&self, id: &str, now: u64) -> Result<SignedOut>;

    // Sessions

    /// Begins a session, if the user is active and still has the handle that was read with the credentials. The session
    /// it replaces ends in the same transaction; if both carry the same sid and user and the old one is live, it is one
    /// session whose user authenticated again: the old cookie dies, sid and families live on.
    /// A sid that is taken is [`Issued::Changed`]; a hash that is taken,
    /// [`Conflict::Exists`](crate::Conflict::Exists).
    async fn create_session(&self, new: NewSession) -> Result<Issued>;

    /// The session of a cookie and its user, ended and expired ones too: the caller judges.
    async fn session(&self, id_hash: Hash32) -> Result<Option<(Session, User)>>;

    /// The session with this public id, ended and expired ones too.
    async fn session_by_sid(&self, sid: &str) -> Result<Option<Session>>;

    /// Notes use of a session and moves its idle expiry; never back, never past the absolute one, and never for an
    /// ended or already expired session. Tells whether it did.
    async fn touch_session(&self, id_hash: Hash32, last_seen_at: u64, idle_expires_at: u64) -> Result<bool>;

    /// The live sessions of a user, newest first.
    async fn sessions_of(&self, user_id: &str, now: u64) -> Result<Vec<Session>>;

    /// One page of live sessions of everybody, oldest first.
    async fn list_sessions(&self, after: Option<String>, limit: u32, now: u64) -> Result<Page<Session>>;

    /// How many sessions are live.
    async fn count_sessions(&self, now: u64) -> Result<u64>;

    /// Ends a session and the families bound to it, and logs its sid as revoked. Unknown or ended already: ends nothing.
    async fn end_session(&self, sid: &str, why: &str, now: u64) -> Result<Ended>;

    /// Notes that a client was given an ID token that names a session, so that it is told of the end; what comes with a family is noted with
    /// that. [`Issued::Gone`] if the session has ended.
    async fn join_session(&self, sid: &str, client_id: &str) -> Result<Issued>;

    // Single-use artefacts

    /// Stores an artefact. [`Conflict::Exists`](crate::Conflict::Exists) if kind and hash are taken.
    async fn put_artefact(&self, artefact: Artefact) -> Result<()>;

    /// Stores a new artefact and the messages that tell of it, or neither. [`Conflict::Exists`](crate::Conflict::Exists) as with
    /// [`put_artefact`](Self::put_artefact).
    async fn put_artefact_and_tell(&self, artefact: Artefact, tell: Vec<NewDelivery>) -> Result<()>;

    /// The artefact, redeemed and expired ones too until they are swept.
    async fn artefact(&self, kind: &str, hash: Hash32) -> Result<Option<Artefact>>;

    /// Uses an artefact: of any number of parallel calls at most one gets `Done`.
    async fn redeem_artefact(&self, kind: &str, hash: Hash32, now: u64) -> Result<Redeemed>;

    /// Uses an artefact and stores the one that comes of it, all or nothing: of any number of parallel calls at most one gets
    /// `Done`, and only that one's `new` is stored. [`Conflict::Exists`](crate::Conflict::Exists) if its kind and hash are taken.
    async fn exchange_artefact(&self, kind: &str, hash: Hash32, new: Artefact, now: u64) -> Result<Redeemed>;

    /// Uses up a question, gives the answer to what waits for it and puts the messages that tell of it into the outbox, all or nothing: of any number of parallel answers at most one
    /// gets `Done`. Re-checks what waits, that the user is active with the handle that was read, and the session live. An answer without a
    /// user leaves what waits without one, so that it can never be redeemed.
    async fn answer_artefact(&self, answer: AnswerArtefact) -> Result<Redeemed>;

    /// The artefacts of this kind that are about a user and can be used still, the newest first.
    async fn usable_artefacts(&self, kind: &str, user_id: &str, limit: u32, now: u64) -> Result<Vec<Artefact>>;

    /// The artefacts of a kind that can still be used, the newest first, at most `limit`.
    async fn artefacts_of_kind(&self, kind: &str, limit: u32, now: u64) -> Result<Vec<Artefact>>;

    /// Uses up what proves an address, makes the account and begins its first session, if there is to be one: all of it or nothing.
    /// [`Conflict::IdentifierTaken`](crate::Conflict::IdentifierTaken) if somebody was faster, and then the proof is not used up.
    async fn complete_sign_up(&self, sign_up: CompleteSignUp) -> Result<Redeemed>;

    /// What the decision on a code of this kind needs.
    async fn code_facts(&self, kind: &str, hash: Hash32) -> Result<Option<CodeFacts>>;

    /// Uses a code and records what is born of it, all or nothing; of any number of parallel calls at
    /// most one gets `Done`. Re-checks that the user is active and the session live: a code without a user is `Gone`.
    async fn redeem_code(&self, redeem: RedeemCode) -> Result<Redeemed>;

    // Token families

    /// Records a family that was not born of a code, if the user is active and still has the token's handle; and the
    /// session that begins with it, if one does, all or nothing.
    async fn create_family(&self, new: NewFamily) -> Result<Issued>;

    /// What the decision on a refresh token needs; `family` is the one that its text names. Those handed out before they
    /// named one, up to [`UNNAMED_UNTIL`](crate::UNNAMED_UNTIL), are found by their hash alone.
    async fn refresh_facts(&self, family: Option<&str>, hash: Hash32) -> Result<Option<RefreshFacts>>;

    /// Rotates, if the facts are still as expected and family, user and (if bound) session live. A family has at most
    /// one current token at any time: it cannot fork.
    async fn rotate_refresh_token(&self, rotate: Rotate) -> Result<Rotated>;

    /// Records one more access token of a family (an answer that repeats the successor), if the family is live.
    async fn note_access_token(&self, family: &str, token: IssuedAccessToken, now: u64) -> Result<Issued>;

    /// Ends a family: its refresh tokens stop working, its unexpired access tokens are logged as revoked; with
    /// [`AlsoSession::Yes`] its session ends as by [`end_session`](Self::end_session). Unknown or ended already: the
    /// family part does nothing, the session part still does.
    async fn end_family(&self, id: &str, why: &str, now: u64, also_session: AlsoSession) -> Result<Ended>;

    /// Revokes an access token by its `jti`: ends the family that noted it, or, if none did (a client's own token), logs
    /// it alone. `families` tells whether one ended; `tokens_until` is `None` if all of it was revoked already.
    async fn revoke_access_token(&self, jti: &str, expires_at: u64, why: &str, now: u64) -> Result<Ended>;

    /// The family with this id, ended and expired ones too.
    async fn family(&self, id: &str) -> Result<Option<Family>>;

    /// The same, if tokens of it may have been forgotten by [rotations](Store::rotate_refresh_token): one is current and one superseded. Of other
    /// families only the [sweep](Store::sweep) has removed tokens, which were over.
    async fn forgetful_family(&self, id: &str) -> Result<Option<Family>>;

    /// The live families of a user, newest first.
    async fn families_of(&self, user_id: &str, now: u64) -> Result<Vec<Family>>;

    /// What the decision on a session value needs.
    async fn session_value_facts(&self, hash: Hash32) -> Result<Option<SessionValueFacts>>;

    /// What userinfo and introspection ask.
    async fn token_facts(&self, query: TokenQuery) -> Result<TokenFacts>;

    // Revocation log

    /// Appends entries, all or none, and returns how many were new. An id that is in the log already is not written
    /// again, nor a rule that has the same time or a later one.
    async fn revoke(&self, entries: Vec<NewRevocation>) -> Result<u64>;

    /// How far the log has come.
    async fn revocation_head(&self) -> Result<RevocationHead>;

    /// Entries after `seq`, in order and without holes, but for those that were swept.
    async fn revocations(&self, after_seq: u64, limit: u32) -> Result<Vec<Revocation>>;

    /// Follows the number of the newest entry as this process sees it change; starts with the present one.
    fn watch_revocations(&self) -> watch::Receiver<u64>;

    // Token Status Lists

    /// Gives an access token a place, in a list that has one left or in the fresh one.
    async fn assign_status(&self, new: NewStatus, fresh: NewStatusList) -> Result<StatusPlace>;

    /// A list, with the places of the tokens that the revocation log refuses.
    async fn status_list(&self, id: &str) -> Result<Option<StatusList>>;

    // Outbox

    /// Puts messages into the outbox, all or none, due at once. What tells that a session has ended is written by the
    /// operations that end it, in their transaction: for every client that got tokens in it, also where the tokens are
    /// long gone.
    async fn put_deliveries(&self, messages: Vec<NewDelivery>, now: u64) -> Result<()>;

    /// For whom messages are waiting, the one with the longest due first.
    async fn waiting_targets(&self) -> Result<Vec<WaitingTarget>>;

    /// Takes due messages of one target, the longest due first: until the lease is over nobody else gets them, then
    /// they are due again. Each has [`DeliveryState::Waiting`](crate::DeliveryState::Waiting) with the end of the lease.
    async fn claim_deliveries(&self, claim: Claim) -> Result<Vec<Delivery>>;

    /// Writes down what became of a message that was taken with a lease until then; tells whether that counted. After
    /// the lease, or once somebody else has taken it or put it back, only its arrival still does.
    async fn settle_delivery(&self, id: u64, leased_until: u64, outcome: DeliveryOutcome, now: u64) -> Result<bool>;

    /// Removes up to `limit` waiting messages of a target that wants none; returns how many. They leave no trace.
    async fn forget_deliveries(&self, kind: &str, target: &str, limit: u32) -> Result<u64>;

    /// Gives up to `limit` messages up that have been waiting since `queued_until` or longer and have failed; returns them
    /// as they are then. What nobody has tried yet goes on waiting, however long that was.
    async fn give_up_deliveries(&self, queued_until: u64, limit: u32, now: u64) -> Result<Vec<Delivery>>;

    /// Puts a message back, due at once and with all its tries before it; returns it as it is then. An event of a
    /// stream waits where its stream has its events now.
    async fn retry_delivery(&self, id: u64, now: u64) -> Result<Retried>;

    /// One page of messages, the newest first; those settled a week ago are gone. [`StoreError::Invalid`] for a cursor that
    /// no page gave out.
    async fn deliveries(&self, list: ListDeliveries) -> Result<Page<Delivery>>;

    /// Follows the number of the newest message as this process sees it change; starts with the present one. Who follows may be told of the same
    /// number again: a message with a lower one can be committed later.
    fn watch_deliveries(&self) -> watch::Receiver<u64>;

    /// The clients that got tokens in a session.
    async fn clients_of_session(&self, sid: &str) -> Result<Vec<String>>;

    // Event streams. What is told on them is written by the operations that it tells of, in their transaction.

    /// Begins a stream, unless its client has `max_of_client` already; tells whether it did.
    async fn create_stream(&self, stream: EventStream, max_of_client: u32) -> Result<bool>;

    /// The stream with this id. It costs nothing how much waits on it, and is not counted.
    async fn stream(&self, id: &str) -> Result<Option<EventStream>>;

    /// The streams of a client, or of everybody; the oldest first.
    async fn streams(&self, client_id: Option<&str>) -> Result<Vec<EventStream>>;

    /// Changes a stream's configuration, if it has the expected revision; what waits, waits for the new transmission.
    async fn update_stream(&self, id: &str, change: StreamChange, now: u64) -> Result<EventStream>;

    /// Changes a stream's status. Disabled, nothing that waits is kept; enabled again, all that waits is due.
    async fn set_stream_status(&self, id: &str, new: NewStreamStatus, now: u64) -> Result<StatusChange>;

    /// Removes a stream and everything that waits on it; tells whether there was one.
    async fn delete_stream(&self, id: &str) -> Result<bool>;

    /// Removes the streams of a client; returns how many.
    async fn delete_streams_of(&self, client_id: &str) -> Result<u64>;

    /// Puts a verification event on a stream, unless the last one was asked for less than `interval_secs` ago. A disabled
    /// stream, which keeps nothing, gets none.
    async fn verify_stream(
        &self,
        id: &str,
        state: Option<String>,
        interval_secs: u64,
        now: u64,
    ) -> Result<Verification>;

    /// The first events that wait to be polled on a stream, in their order.
    async fn polled_events(&self, stream: &str, limit: u32) -> Result<Vec<Delivery>>;

    /// Writes down what became of polled events, by their numbers; returns of how many that was news.
    async fn settle_polled_events(&self, stream: &str, fates: Vec<(u64, EventFate)>, now: u64) -> Result<u64>;

    // Consents

    // What people prove themselves with beside a password

    /// Sets up credentials of one user, all or none, if the user is active and still has the handle that was read; those of the kind that they
    /// replace are gone. [`Conflict::Exists`](crate::Conflict::Exists) if the key of one is anybody's already.
    async fn add_credentials(&self, new: NewCredentials) -> Result<Issued>;

    /// All credentials of a user, oldest first.
    async fn credentials_of(&self, user_id: &str) -> Result<Vec<Credential>>;

    /// The credential of this kind with this key, and its user, who may be blocked.
    async fn credential(&self, kind: &str, key: &[u8]) -> Result<Option<(Credential, User)>>;

    /// Notes a use, if the counter is still as it was read; tells whether it was. Of any number of parallel uses that change the counter at most one
    /// counts.
    async fn use_credential(&self, used: UseCredential) -> Result<bool>;

    /// Gives a user's credential another name; tells whether there is one.
    async fn rename_credential(&self, user_id: &str, id: &str, name: &str) -> Result<bool>;

    /// Removes a user's credential, with the last one besides recovery codes those as well, and ends whatever the user has outside of one session:
    /// sessions, families, remembered browsers. `None` if there is none.
    async fn remove_credential(&self, remove: RemoveCredential) -> Result<Option<Ended>>;

    /// Removes all credentials of a user, and ends everything as [`set_password`](Self::set_password) does.
    async fn reset_credentials(&self, user_id: &str, new_handle: &str, now: u64) -> Result<SignedOut>;

    /// What the user allowed the client, if anything.
    async fn consent(&self, user_id: &str, client_id: &str, audience: &str) -> Result<Option<Consent>>;

    /// Adds a consent to what the user allowed the client at that API before.
    async fn grant_consent(&self, consent: Consent) -> Result<()>;

    /// Withdraws a client's consents, at every API, and ends the families the user's client has; the sessions go on.
    async fn withdraw_consent(&self, user_id: &str, client_id: &str, now: u64) -> Result<Ended>;

    // Replay windows, throttle, logs, odds and ends

    /// True the first time this key is seen within its life, false ever after; of parallel calls one gets true.
    async fn remember_once(&self, kind: &str, key: Hash32, expires_at: u64, now: u64) -> Result<bool>;

    /// Counts one attempt on every key, unless one of them says wait; then on none.
    async fn begin_attempt(&self, keys: Vec<ThrottleKey>, now: u64) -> Result<Attempt>;

    /// After a success: forgets the counts of the keys in `forget`, and takes one attempt back from those in `give_back`.
    async fn forgive(&self, forget: Vec<String>, give_back: Vec<String>) -> Result<()>;

    /// Appends events to the audit log, all or none.
    async fn append_audit(&self, events: Vec<AuditEvent>) -> Result<()>;

    /// Events after `seq`, in order.
    async fn audit(&self, after_seq: u64, limit: u32) -> Result<Vec<AuditRecord>>;

    /// A value written once, such as the issuer.
    async fn meta(&self, key: &str) -> Result<Option<String>>;

    /// Writes a value if there is none; returns what is on record now.
    async fn put_meta_once(&self, key: &str, value: &str) -> Result<String>;

    /// Removes a small batch of what has been over for `keep_secs`: expired artefacts, sessions, tokens, marks, counters
    /// and log entries, ended sessions and families. Nothing that could still tell a replay from a first use.
    async fn sweep(&self, sweep: Sweep) -> Result<Swept>;

    /// Everything at one moment, on a connection of its own, for as long as the answer lives: for a backup. Holds up nobody.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

    /// The version of the schema the data has; absent where there is none.
    async fn schema_version(&self) -> Result<Option<u32>>;

    /// Proves that readers and writer answer and, where the last write failed, that writing works again.
    async fn ping(&self) -> Result<()>;

    /// What the store knows of itself and of its engine, for `symbolon doctor`. Changes nothing; may take a second.
    async fn condition(&self) -> Result<Condition>;

    /// The connections of this process, without asking anybody; nothing where the store is in the process itself.
    fn connections(&self) -> Option<Connections> {
        None
    }
}
