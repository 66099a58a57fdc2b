//! The embedded adapter: SQLite.
use std::path::Path;

use crate::error::StoreError;

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// Read-only connections, each with its thread; at least 1.
    pub readers: usize,
    /// Operations that may wait for the writer, and as many for the readers; more get [`StoreError::Busy`].
    pub queue: usize,
    /// Most operations in one commit.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            queue: 4096,
            batch: 256,
        }
    }
}

/// The SQLite store.
#[derive(Debug)]
pub struct Sqlite;

impl Sqlite {
    /// Opens or creates the database at `path`.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let _ = (path, options);
        todo!()
    }

    /// A database that lives and dies with this value, for tests.
    pub fn in_memory() -> Result<Self, StoreError> {
        todo!()
    }
}
#[allow(unused_variables)]
mod stub {
    use super::Sqlite;
    use crate::port::Result;
    use crate::record::*;
    use tokio::sync::watch;

    #[async_trait::async_trait]
    impl crate::port::Store for Sqlite {
        async fn registry(&self) -> Result<Registry> {
            todo!()
        }
        async fn registry_version(&self) -> Result<u64> {
            todo!()
        }
        async fn apply(&self, writes: Vec<DocumentWrite>) -> Result<u64> {
            todo!()
        }
        fn watch_registry(&self) -> watch::Receiver<u64> {
            todo!()
        }
        async fn create_user(&self, new: NewUser) -> Result<()> {
            todo!()
        }
        async fn user(&self, id: &str) -> Result<Option<User>> {
            todo!()
        }
        async fn user_by_identifier(&self, identifier: &str) -> Result<Option<User>> {
            todo!()
        }
        async fn list_users(&self, list: ListUsers) -> Result<Page<User>> {
            todo!()
        }
        async fn count_users(&self) -> Result<u64> {
            todo!()
        }
        async fn update_user(&self, id: &str, update: UserUpdate) -> Result<User> {
            todo!()
        }
        async fn set_password(
            &self,
            id: &str,
            hash: &str,
            new_handle: &str,
            now: u64,
        ) -> Result<SignedOut> {
            todo!()
        }
        async fn set_password_hash(&self, id: &str, expect: &str, hash: &str) -> Result<bool> {
            todo!()
        }
        async fn set_user_status(
            &self,
            id: &str,
            status: UserStatus,
            new_handle: &str,
            now: u64,
        ) -> Result<SignedOut> {
            todo!()
        }
        async fn set_user_roles(
            &self,
            id: &str,
            add: &[String],
            remove: &[String],
            new_handle: Option<&str>,
            now: u64,
        ) -> Result<User> {
            todo!()
        }
        async fn sign_out_user(&self, id: &str, new_handle: &str, now: u64) -> Result<SignedOut> {
            todo!()
        }
        async fn delete_user(&self, id: &str, now: u64) -> Result<SignedOut> {
            todo!()
        }
        async fn create_session(&self, new: NewSession) -> Result<Issued> {
            todo!()
        }
        async fn session(&self, id_hash: Hash32) -> Result<Option<(Session, User)>> {
            todo!()
        }
        async fn session_by_sid(&self, sid: &str) -> Result<Option<Session>> {
            todo!()
        }
        async fn touch_session(
            &self,
            id_hash: Hash32,
            last_seen_at: u64,
            idle_expires_at: u64,
        ) -> Result<bool> {
            todo!()
        }
        async fn sessions_of(&self, user_id: &str, now: u64) -> Result<Vec<Session>> {
            todo!()
        }
        async fn list_sessions(
            &self,
            after: Option<String>,
            limit: u32,
            now: u64,
        ) -> Result<Page<Session>> {
            todo!()
        }
        async fn end_session(&self, sid: &str, why: &str, now: u64) -> Result<Ended> {
            todo!()
        }
        async fn put_artefact(&self, artefact: Artefact) -> Result<()> {
            todo!()
        }
        async fn artefact(&self, kind: &str, hash: Hash32) -> Result<Option<Artefact>> {
            todo!()
        }
        async fn redeem_artefact(&self, kind: &str, hash: Hash32, now: u64) -> Result<Redeemed> {
            todo!()
        }
        async fn code_facts(&self, hash: Hash32) -> Result<Option<CodeFacts>> {
            todo!()
        }
        async fn redeem_code(&self, redeem: RedeemCode) -> Result<Redeemed> {
            todo!()
        }
        async fn create_family(&self, new: NewFamily) -> Result<Issued> {
            todo!()
        }
        async fn refresh_facts(&self, hash: Hash32) -> Result<Option<RefreshFacts>> {
            todo!()
        }
        async fn rotate_refresh_token(&self, rotate: Rotate) -> Result<Rotated> {
            todo!()
        }
        async fn note_access_token(
            &self,
            family: &str,
            token: IssuedAccessToken,
            now: u64,
        ) -> Result<Issued> {
            todo!()
        }
        async fn end_family(
            &self,
            id: &str,
            why: &str,
            now: u64,
            also_session: AlsoSession,
        ) -> Result<Ended> {
            todo!()
        }
        async fn family(&self, id: &str) -> Result<Option<Family>> {
            todo!()
        }
        async fn families_of(&self, user_id: &str, now: u64) -> Result<Vec<Family>> {
            todo!()
        }
        async fn token_facts(&self, query: TokenQuery) -> Result<TokenFacts> {
            todo!()
        }
        async fn revocations(&self, after_seq: u64, limit: u32) -> Result<Vec<Revocation>> {
            todo!()
        }
        async fn consent(&self, user_id: &str, client_id: &str) -> Result<Option<Consent>> {
            todo!()
        }
        async fn put_consent(&self, consent: Consent) -> Result<()> {
            todo!()
        }
        async fn withdraw_consent(
            &self,
            user_id: &str,
            client_id: &str,
            now: u64,
        ) -> Result<Ended> {
            todo!()
        }
        async fn remember_once(
            &self,
            kind: &str,
            key: Hash32,
            expires_at: u64,
            now: u64,
        ) -> Result<bool> {
            todo!()
        }
        async fn begin_attempt(&self, keys: Vec<ThrottleKey>, now: u64) -> Result<Attempt> {
            todo!()
        }
        async fn forgive(&self, keys: Vec<String>) -> Result<()> {
            todo!()
        }
        async fn append_audit(&self, events: Vec<AuditEvent>) -> Result<()> {
            todo!()
        }
        async fn audit(&self, after_seq: u64, limit: u32) -> Result<Vec<AuditRecord>> {
            todo!()
        }
        async fn meta(&self, key: &str) -> Result<Option<String>> {
            todo!()
        }
        async fn put_meta_once(&self, key: &str, value: &str) -> Result<String> {
            todo!()
        }
        async fn sweep(&self, sweep: Sweep) -> Result<Swept> {
            todo!()
        }
        async fn ping(&self) -> Result<()> {
            todo!()
        }
    }
}
