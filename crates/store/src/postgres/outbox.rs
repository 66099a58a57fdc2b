//! The outbox: messages to others.

use super::conn::Conn;
use crate::port::Result;
use crate::record::{
    Claim, Delivery, DeliveryOutcome, EventFate, ListDeliveries, NewDelivery, Page, Retried, User, WaitingTarget,
};

pub(super) async fn put_all(_: &Conn, _: &[NewDelivery], _: u64) -> Result<()> {
    todo!()
}
pub(super) async fn clients_of_session(_: &Conn, _: &str) -> Result<Vec<String>> {
    todo!()
}
pub(super) async fn tell_end_of_session(_: &Conn, _: &str, _: &str, _: u64) -> Result<()> {
    Ok(())
}
pub(super) async fn tell_end_of_user(_: &Conn, _: &User, _: u64) -> Result<()> {
    Ok(())
}
pub(super) async fn waiting(_: &Conn) -> Result<Vec<WaitingTarget>> {
    todo!()
}
pub(super) async fn claim(_: &Conn, _: &Claim) -> Result<Vec<Delivery>> {
    todo!()
}
pub(super) async fn settle(_: &Conn, _: u64, _: u64, _: &DeliveryOutcome, _: u64) -> Result<bool> {
    todo!()
}
pub(super) async fn forget(_: &Conn, _: &str, _: &str, _: u32) -> Result<u64> {
    todo!()
}
pub(super) async fn give_up(_: &Conn, _: u64, _: u32, _: u64) -> Result<Vec<Delivery>> {
    todo!()
}
pub(super) async fn retry(_: &Conn, _: u64, _: u64) -> Result<Retried> {
    todo!()
}
pub(super) async fn page(_: &Conn, _: &ListDeliveries) -> Result<Page<Delivery>> {
    todo!()
}
pub(super) async fn polled(_: &Conn, _: &str, _: u32) -> Result<Vec<Delivery>> {
    todo!()
}
pub(super) async fn settle_polled(_: &Conn, _: &str, _: &[(u64, EventFate)], _: u64) -> Result<u64> {
    todo!()
}
