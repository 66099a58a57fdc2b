//! The time that an operation has in all: a node must not wait for ever for a database that is cut off.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::Inner;
use super::conn::Conn;
use crate::error::StoreError;
use crate::port::Result;

/// What is left of it, shared by everything that one operation does.
pub(super) struct Patience {
    end: Pin<Box<Sleep>>,
    /// When it is time to think ill of the connections.
    doubt: Pin<Box<Sleep>>,
    has_doubted: bool,
}

impl Patience {
    pub(super) fn new(time: Duration) -> Self {
        Self { end: Box::pin(sleep(time)), doubt: Box::pin(sleep(time / 2)), has_doubted: false }
    }

    /// A connection of the pool.
    pub(super) async fn connection(&mut self, inner: &Inner) -> Result<Conn> {
        tokio::select! {
            biased;
            conn = inner.connection() => conn,
            () = &mut self.end => Err(late()),
        }
    }

    /// Waits for `operation`. What was sent may still come to an end when this gives up: the outcome is in doubt.
    pub(super) async fn bounded<T>(
        &mut self,
        inner: &Inner,
        conn: &Conn,
        operation: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut operation = std::pin::pin!(operation);
        loop {
            tokio::select! {
                biased;
                outcome = &mut operation => return outcome,
                () = &mut self.doubt, if !self.has_doubted => {
                    self.has_doubted = true;
                    inner.suspect();
                }
                () = &mut self.end => {
                    conn.give_up();
                    return Err(late());
                }
            }
        }
    }
}

fn late() -> StoreError {
    StoreError::Unavailable("the database did not answer in time".into())
}
