//! The part of the port for people's own account.

use async_trait::async_trait;

use super::conn::{Conn, call};
use super::{Postgres, artefact, consent, credential, family, log, user};
use crate::account_port::AccountStore;
use crate::port::Result;
use crate::record::{
    Artefact, AuditRecord, ChangeEmail, ChangePassword, Consent, DeleteAccount, Deleted, Ended, Hash32, NewDelivery,
    Redeemed, SignedOut,
};

#[async_trait]
impl AccountStore for Postgres {
    async fn change_password(&self, change: ChangePassword) -> Result<Option<SignedOut>> {
        self.write(change, |conn, change| Box::pin(user::change_password_of(conn, change))).await
    }

    async fn put_only_artefact(&self, artefact: Artefact, tell: Vec<NewDelivery>) -> Result<()> {
        self.write((artefact, tell), |conn, (artefact, tell)| Box::pin(artefact::put_only(conn, artefact, tell))).await
    }

    async fn change_email(&self, change: ChangeEmail) -> Result<Redeemed> {
        self.write(change, |conn, change| Box::pin(user::change_email(conn, change))).await
    }

    async fn delete_account(&self, delete: DeleteAccount) -> Result<Deleted> {
        self.write(delete, |conn, delete| Box::pin(user::delete_account(conn, delete))).await
    }

    async fn end_elsewhere(&self, user_id: &str, keep_sid: &str, why: &str, now: u64) -> Result<Ended> {
        let what = (user_id.to_owned(), keep_sid.to_owned(), why.to_owned(), now);
        self.write(what, |conn, (user_id, keep_sid, why, now)| Box::pin(end(conn, user_id, keep_sid, why, *now))).await
    }

    async fn forget_artefacts(&self, kind: &str, user_id: &str, hash: Option<Hash32>) -> Result<u64> {
        let which = (kind.to_owned(), user_id.to_owned(), hash);
        self.write(which, |conn, (kind, user_id, hash)| Box::pin(artefact::forget(conn, kind, user_id, *hash))).await
    }

    async fn consents_of(&self, user_id: &str) -> Result<Vec<Consent>> {
        self.read(user_id.to_owned(), |conn, user_id| Box::pin(consent::of_user(conn, user_id))).await
    }

    async fn families_used(&self, user_id: &str, now: u64) -> Result<Vec<(String, u64)>> {
        self.read((user_id.to_owned(), now), |conn, (user_id, now)| Box::pin(family::used(conn, user_id, *now))).await
    }

    async fn audit_of(&self, user_id: &str, before_seq: Option<u64>, limit: u32) -> Result<Vec<AuditRecord>> {
        self.read((user_id.to_owned(), before_seq, limit), |conn, (user_id, before, limit)| {
            Box::pin(log::audit_of(conn, user_id, *before, *limit))
        })
        .await
    }
}

async fn end(conn: &Conn, user_id: &str, keep_sid: &str, why: &str, now: u64) -> Result<Ended> {
    // Nothing may be issued to this user meanwhile.
    conn.begin(vec![call!("SELECT 1 FROM account WHERE id = $1 FOR UPDATE", user_id)]).await?;
    credential::end_elsewhere(conn, user_id, keep_sid, why, now).await
}
