//! The part of the port for people's own account.

use async_trait::async_trait;

use super::{Sqlite, artefact, consent, credential, family, log, user};
use crate::account_port::AccountStore;
use crate::port::Result;
use crate::record::{
    Artefact, AuditRecord, ChangeEmail, ChangePassword, Consent, DeleteAccount, Deleted, Ended, Hash32, NewDelivery,
    Redeemed, SignedOut,
};

#[async_trait]
impl AccountStore for Sqlite {
    async fn change_password(&self, change: ChangePassword) -> Result<Option<SignedOut>> {
        self.write(move |conn| user::change_password(conn, change)).await
    }

    async fn put_only_artefact(&self, artefact: Artefact, tell: Vec<NewDelivery>) -> Result<()> {
        self.write(move |conn| artefact::put_only(conn, &artefact, &tell)).await
    }

    async fn change_email(&self, change: ChangeEmail) -> Result<Redeemed> {
        self.write(move |conn| user::change_email(conn, change)).await
    }

    async fn delete_account(&self, delete: DeleteAccount) -> Result<Deleted> {
        self.write(move |conn| user::delete_account(conn, &delete)).await
    }

    async fn end_elsewhere(&self, user_id: &str, keep_sid: &str, why: &str, now: u64) -> Result<Ended> {
        let (user_id, keep_sid, why) = (user_id.to_owned(), keep_sid.to_owned(), why.to_owned());
        self.write(move |conn| credential::end_elsewhere(conn, &user_id, &keep_sid, &why, now)).await
    }

    async fn forget_artefacts(&self, kind: &str, user_id: &str, hash: Option<Hash32>) -> Result<u64> {
        let (kind, user_id) = (kind.to_owned(), user_id.to_owned());
        self.write(move |conn| artefact::forget(conn, &kind, &user_id, hash)).await
    }

    async fn consents_of(&self, user_id: &str) -> Result<Vec<Consent>> {
        let user_id = user_id.to_owned();
        self.read(move |conn| consent::of_user(conn, &user_id)).await
    }

    async fn families_used(&self, user_id: &str, now: u64) -> Result<Vec<(String, u64)>> {
        let user_id = user_id.to_owned();
        self.read(move |conn| family::used(conn, &user_id, now)).await
    }

    async fn audit_of(&self, user_id: &str, before_seq: Option<u64>, limit: u32) -> Result<Vec<AuditRecord>> {
        let user_id = user_id.to_owned();
        self.read(move |conn| log::audit_of(conn, &user_id, before_seq, limit)).await
    }
}
