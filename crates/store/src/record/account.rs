//! What people change about their own account.

use super::{Artefact, Hash32, NewDelivery, SignedOut};

/// A new password, by whoever is signed in.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// Whose.
    pub user_id: String,
    /// Their revocation handle, as it was read.
    pub revocation_handle: String,
    /// Of the new password.
    pub hash: String,
    /// Their handle from now on.
    pub new_handle: String,
    /// Messages that tell of it.
    pub tell: Vec<NewDelivery>,
    /// Time of the change.
    pub now: u64,
}

/// Another address of an account, by a link that proves it or takes it back, or that shuts the account and may leave it the address it has.
#[derive(Clone, Debug)]
pub struct ChangeEmail {
    /// The link's kind: [`Artefact::EMAIL_CHANGE`], [`Artefact::EMAIL_UNDO`] or [`Artefact::NOT_ME`].
    pub kind: &'static str,
    /// SHA-256 of the link's secret.
    pub hash: Hash32,
    /// The account in the revision that was read.
    pub expect_revision: u64,
    /// The address from now on.
    pub email: Option<String>,
    /// Whether it is proven.
    pub email_verified: bool,
    /// All login identifiers from now on.
    pub identifiers: Vec<String>,
    /// A new handle, where everything else of the user ends with it: sessions, families, what waits.
    pub new_handle: Option<String>,
    /// In place of the hash of the password, so that the present one signs nobody in; only with a new handle.
    pub locked: Option<String>,
    /// Links of [`Artefact::EMAIL_UNDO`] and [`Artefact::NOT_ME`] made from this second on go: they are in the mailbox of whoever had the address
    /// afterwards.
    pub void_since: Option<u64>,
    /// By what it can be taken back.
    pub undo: Option<Artefact>,
    /// Messages that tell of it.
    pub tell: Vec<NewDelivery>,
    /// Time of the change.
    pub now: u64,
}

/// The end of an account, by its owner.
#[derive(Clone, Debug)]
pub struct DeleteAccount {
    /// Whose.
    pub user_id: String,
    /// Their revocation handle, as it was read.
    pub revocation_handle: String,
    /// A role that somebody must have who is not blocked, where they have it: who is the last one stays.
    pub unless_last_with: Option<String>,
    /// Messages that tell of it.
    pub tell: Vec<NewDelivery>,
    /// Time of the end.
    pub now: u64,
}

/// What became of the wish to end an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deleted {
    /// There is none with that handle.
    Changed,
    /// It is gone.
    Done(SignedOut),
    /// It stays: nobody else has the role.
    Last,
}
