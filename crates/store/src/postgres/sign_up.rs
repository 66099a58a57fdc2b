//! The end of a sign-up: proof of an address, the account and, if it begins one, its first session, all at once.

use super::conn::Conn;
use super::value::bytes;
use super::{artefact, ending, session, user};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{CompleteSignUp, Redeemed};

pub(super) async fn complete(conn: &Conn, sign_up: &CompleteSignUp) -> Result<Redeemed> {
    if !sign_up.is_of_one_user() {
        return Err(StoreError::Invalid("the session is not the new user's"));
    }
    let CompleteSignUp { kind, hash, now, user, session: new } = sign_up;
    let replaces = new.as_ref().and_then(|new| new.replaces.as_ref()).map(bytes);
    let answers = conn.begin(vec![session::lock(replaces), artefact::lock(kind, hash)]).await?;
    let [old, proof] = answers.as_slice() else { return Err(super::short()) };
    let proof = match artefact::judge(proof, *now)? {
        Ok(proof) => proof,
        Err(refused) => return Ok(refused),
    };
    let old = old.row().map(|row| session::from_row(row, 0)).transpose()?;
    user::create_within(conn, user).await?;
    if let Some(old) = old {
        ending::end_locked_session(conn, &old.sid, "superseded", *now).await?;
    }
    let mut writes = vec![artefact::mark(&proof, *now, None)];
    if let Some(new) = new {
        writes.push(session::insert(&new.session)?);
    }
    let inserted = conn.fly(writes).await?;
    if inserted.iter().any(|answer| answer.changed == 0) {
        return Err(StoreError::Invalid("the session's id is taken"));
    }
    Ok(Redeemed::Done)
}
