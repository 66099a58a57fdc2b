//! The end of a sign-up: proof of an address, the account and, if it begins one, its first session, all at once.

use rusqlite::Connection;

use super::{artefact, session, user};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{CompleteSignUp, Issued, Redeemed};

pub(super) fn complete(conn: &Connection, sign_up: &CompleteSignUp) -> Result<Redeemed> {
    if !sign_up.is_of_one_user() {
        return Err(StoreError::Invalid("the session is not the new user's"));
    }
    let redeemed = artefact::redeem(conn, sign_up.kind, sign_up.hash, sign_up.now)?;
    if redeemed != Redeemed::Done {
        return Ok(redeemed);
    }
    user::create(conn, &sign_up.user)?;
    let Some(new) = &sign_up.session else { return Ok(Redeemed::Done) };
    match session::create(conn, new)? {
        Issued::Done => Ok(Redeemed::Done),
        Issued::Changed | Issued::Gone => Err(StoreError::Invalid("the session's id is taken")),
    }
}
