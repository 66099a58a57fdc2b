//! Event streams: their configuration and status, and where in the outbox their events wait.

use super::conn::Conn;
use crate::port::Result;
use crate::record::{EventStream, NewStreamStatus, StatusChange, StreamChange, Verification};

pub(super) async fn create(_: &Conn, _: &EventStream, _: u32) -> Result<bool> {
    todo!()
}
pub(super) async fn by_id(_: &Conn, _: &str) -> Result<Option<EventStream>> {
    todo!()
}
pub(super) async fn of(_: &Conn, _: Option<&str>) -> Result<Vec<EventStream>> {
    todo!()
}
pub(super) async fn update(_: &Conn, _: &str, _: &StreamChange, _: u64) -> Result<EventStream> {
    todo!()
}
pub(super) async fn set_status(_: &Conn, _: &str, _: &NewStreamStatus, _: u64) -> Result<StatusChange> {
    todo!()
}
pub(super) async fn verify(_: &Conn, _: &str, _: Option<&str>, _: u64, _: u64) -> Result<Verification> {
    todo!()
}
pub(super) async fn delete(_: &Conn, _: &str) -> Result<bool> {
    todo!()
}
pub(super) async fn delete_of(_: &Conn, _: &str) -> Result<u64> {
    todo!()
}
