//! The part of the storage port for what people do with their own account. The promises are those of [`Store`](crate::Store).

use async_trait::async_trait;

use crate::port::Result;
use crate::record::{
    Artefact, AuditRecord, ChangeEmail, ChangePassword, Consent, DeleteAccount, Deleted, Ended, Hash32, NewDelivery,
    Redeemed, SignedOut,
};

/// What people see and change of their own account. Part of [`Store`](crate::Store).
#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Sets a new password, as [`set_password`](crate::Store::set_password) does, and puts the messages that tell of it into the outbox. `None`
    /// if the user is blocked, gone, or has another handle: of any number of parallel changes one counts.
    async fn change_password(&self, change: ChangePassword) -> Result<Option<SignedOut>>;

    /// Stores an artefact in place of those of its kind that its user has and has not used, and the messages that tell of it, all or nothing.
    async fn put_only_artefact(&self, artefact: Artefact, tell: Vec<NewDelivery>) -> Result<()>;

    /// Uses up a link and gives its user another address, all or nothing; of any number of parallel calls at most one gets `Done`.
    /// [`Redeemed::Changed`] if the account has another revision than was read, [`Redeemed::Gone`] if it is blocked;
    /// [`Conflict::IdentifierTaken`](crate::Conflict::IdentifierTaken) if somebody else signs in with the address: then the link is not used up.
    async fn change_email(&self, change: ChangeEmail) -> Result<Redeemed>;

    /// Deletes an account, as [`delete_user`](crate::Store::delete_user) does, and puts the messages that tell of it into the outbox. Of
    /// any number of parallel calls by all who have a role one is refused as the last, however they run.
    async fn delete_account(&self, delete: DeleteAccount) -> Result<Deleted>;

    /// Ends what a user has outside of one session: sessions, families, remembered browsers.
    async fn end_elsewhere(&self, user_id: &str, keep_sid: &str, why: &str, now: u64) -> Result<Ended>;

    /// Removes a user's artefact of this kind, or all of them; returns how many there were.
    async fn forget_artefacts(&self, kind: &str, user_id: &str, hash: Option<Hash32>) -> Result<u64>;

    /// What a user allowed, by client and API.
    async fn consents_of(&self, user_id: &str) -> Result<Vec<Consent>>;

    /// When each live family of a user got its newest refresh token; families without one are left out.
    async fn families_used(&self, user_id: &str, now: u64) -> Result<Vec<(String, u64)>>;

    /// Events about a user before that number, the newest first.
    async fn audit_of(&self, user_id: &str, before_seq: Option<u64>, limit: u32) -> Result<Vec<AuditRecord>>;
}
