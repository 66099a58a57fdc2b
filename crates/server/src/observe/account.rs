//! The part of the store for people's own account, watched as the rest is.

use async_trait::async_trait;
use symbolon_store::{
    AccountStore, Artefact, AuditRecord, ChangeEmail, ChangePassword, Consent, DeleteAccount, Deleted, Ended, Hash32,
    NewDelivery, Redeemed, SignedOut, StoreError,
};

use super::store::Observed;

type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
impl AccountStore for Observed {
    async fn change_password(&self, change: ChangePassword) -> Result<Option<SignedOut>> {
        let out = self.change("change_password", self.inner.change_password(change)).await?;
        if let Some(out) = &out {
            self.signed_out("password_changed", out);
        }
        Ok(out)
    }

    async fn put_only_artefact(&self, artefact: Artefact, tell: Vec<NewDelivery>) -> Result<()> {
        self.change("put_only_artefact", self.inner.put_only_artefact(artefact, tell)).await
    }

    async fn change_email(&self, change: ChangeEmail) -> Result<Redeemed> {
        self.change("change_email", self.inner.change_email(change)).await
    }

    async fn delete_account(&self, delete: DeleteAccount) -> Result<Deleted> {
        let deleted = self.change("delete_account", self.inner.delete_account(delete)).await?;
        if let Deleted::Done(out) = &deleted {
            self.signed_out("user_deleted", out);
        }
        Ok(deleted)
    }

    async fn end_elsewhere(&self, user_id: &str, keep_sid: &str, why: &str, now: u64) -> Result<Ended> {
        let ended = self.change("end_elsewhere", self.inner.end_elsewhere(user_id, keep_sid, why, now)).await?;
        self.ended(why, u64::from(ended.session));
        self.revoked("session", u64::from(ended.session));
        self.revoked("family", ended.families);
        Ok(ended)
    }

    async fn forget_artefacts(&self, kind: &str, user_id: &str, hash: Option<Hash32>) -> Result<u64> {
        self.change("forget_artefacts", self.inner.forget_artefacts(kind, user_id, hash)).await
    }

    async fn consents_of(&self, user_id: &str) -> Result<Vec<Consent>> {
        self.read("consents_of", self.inner.consents_of(user_id)).await
    }

    async fn families_used(&self, user_id: &str, now: u64) -> Result<Vec<(String, u64)>> {
        self.read("families_used", self.inner.families_used(user_id, now)).await
    }

    async fn audit_of(&self, user_id: &str, before_seq: Option<u64>, limit: u32) -> Result<Vec<AuditRecord>> {
        self.read("audit_of", self.inner.audit_of(user_id, before_seq, limit)).await
    }
}
