//! Single-use artefacts: authorization codes, set-up and reset links, and later kinds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Family, Hash32, IssuedAccessToken, NewDelivery, NewSession, NewUser, RefreshToken, Session, User};

/// Something that works once. The kind is part of the key, so a hash of one kind never finds another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artefact {
    /// `authorization_code`, `pushed_request`, `setup`, `password_reset`, …
    pub kind: String,
    /// SHA-256 of the secret.
    pub hash: Hash32,
    /// The family born of it: set by `redeem_code`, or earlier by the caller.
    pub family: Option<String>,
    /// The client it was made for.
    pub client_id: Option<String>,
    /// The user it is about. A password change or a block voids the user's unredeemed artefacts, but for those that outlive it:
    /// [`Artefact::PAIRWISE_SUBJECT`], [`Artefact::EMAIL_UNDO`], [`Artefact::NOT_ME`], [`Artefact::PASSWORD_BY_LINK`] and [`Artefact::REPORTED`].
    pub user_id: Option<String>,
    /// The session it was made in.
    pub sid: Option<String>,
    /// When it was made.
    pub created_at: u64,
    /// Dead from this second on.
    pub expires_at: u64,
    /// When it was used.
    pub redeemed_at: Option<u64>,
    /// What the caller needs at redemption.
    pub payload: Value,
}

impl Artefact {
    /// The kind of backchannel authentication requests, which wait for their user.
    pub const AUTH_REQ_ID: &'static str = "auth_req_id";
    /// The kind of authorization codes.
    pub const AUTHORIZATION_CODE: &'static str = "authorization_code";
    /// The kind of pushed authorization requests.
    pub const PUSHED_REQUEST: &'static str = "pushed_request";
    /// The kind of questions whether a backchannel authentication request is allowed, each of the user who is asked.
    pub const CIBA_QUESTION: &'static str = "ciba_question";
    /// The kind of device codes, which wait for their user.
    pub const DEVICE_CODE: &'static str = "device_code";
    /// The kind of pairwise subjects, which say whom a client means by what it knows them by: no secret, and never used up.
    pub const PAIRWISE_SUBJECT: &'static str = "pairwise_subject";
    /// The kind of records that an access token came of another client's: the hash is of both, the client that other one, and the payload has
    /// the token's `jti`. A rule about the client revokes these tokens, too.
    pub const EXCHANGED: &'static str = "exchanged";
    /// The kind of links that prove a new address of an account.
    pub const EMAIL_CHANGE: &'static str = "email_change";
    /// The kind of links by which whoever had an account's address before takes it back. No change of a password voids them.
    pub const EMAIL_UNDO: &'static str = "email_undo";
    /// The kind of invitations to make an account, each with the address it was sent to.
    pub const INVITATION: &'static str = "invitation";
    /// The kind of sign-ups that wait for proof of their address, found by the hash of the link that was mailed.
    pub const SIGN_UP: &'static str = "sign_up";
    /// The kind of codes that were mailed, to sign in with or beside a password, found by the hash of a link.
    pub const EMAIL_CODE: &'static str = "email_code";
    /// The kind of tickets for the authorization endpoint, each of a sign-in on a page of a client.
    pub const LOGIN_TICKET: &'static str = "login_ticket";
    /// The kind of links by which somebody says that it was not them. No change of a password voids them: whoever takes an account over must not
    /// take its owner's last word away.
    pub const NOT_ME: &'static str = "not_me";
    /// The kind of links that set a new password, the only kind `reset_password` looks at.
    pub const PASSWORD_RESET: &'static str = "password_reset";
    /// The kind of records that a password was set by a link, each named after whose it is and since when: no secret, and never used up.
    pub const PASSWORD_BY_LINK: &'static str = "password_by_link";
    /// The kind of records that a browser of the user is not asked for a second factor for some time: the hash is of both.
    pub const REMEMBERED_BROWSER: &'static str = "remembered_browser";
    /// The kind of records that something was reported which was not the user, `since` when in the payload: no secret, and never used up.
    pub const REPORTED: &'static str = "reported";
    /// The kinds that outlive a change of password.
    pub(crate) const LASTING: [&'static str; 5] =
        [Self::EMAIL_UNDO, Self::NOT_ME, Self::PAIRWISE_SUBJECT, Self::PASSWORD_BY_LINK, Self::REPORTED];
    /// The kinds that are about an account's address, and end when the operator gives it another.
    pub(crate) const OF_ADDRESS: [&'static str; 5] =
        [Self::EMAIL_CHANGE, Self::EMAIL_CODE, Self::EMAIL_UNDO, Self::NOT_ME, Self::PASSWORD_RESET];
    /// The kind of user codes, each the question whether its device code may have an account.
    pub const USER_CODE: &'static str = "user_code";
    /// In the payload of a link of kind [`Artefact::PASSWORD_RESET`]: the address that it was mailed to. Used, it proves that one.
    pub const MAILED_TO: &'static str = "mailed_to";

    /// Whether it was mailed to the address that the user has now.
    pub(crate) fn was_mailed_to(&self, user: &User) -> bool {
        let address = self.payload.get(Self::MAILED_TO).and_then(Value::as_str);
        address.is_some() && address == user.email.as_deref()
    }
}

/// What became of an attempt to use an artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// Used, by this call and no other.
    Done,
    /// Used before; told even when it has also expired.
    AlreadyRedeemed,
    /// The user's revocation handle changed since the facts were read: not used; read again, decide again, once.
    Changed,
    /// Too late.
    Expired,
    /// The user is blocked or deleted, or the session has ended: not used.
    Gone,
    /// No such artefact.
    Unknown,
}

/// What somebody says to a question that another artefact waits for, one transaction.
#[derive(Clone, Debug)]
pub struct AnswerArtefact {
    /// Kind and hash of the question, which is used up.
    pub question: (String, Hash32),
    /// Kind and hash of what waits for the answer, and stays to be redeemed.
    pub waiting: (String, Hash32),
    /// Who it belongs to from now on; nobody, if the answer is no.
    pub by: Option<AnsweredBy>,
    /// What waits gets this payload.
    pub payload: Value,
    /// Messages that tell of the answer.
    pub tell: Vec<NewDelivery>,
    /// Time of the request.
    pub now: u64,
}

/// Who has answered.
#[derive(Clone, Debug)]
pub struct AnsweredBy {
    /// The user.
    pub user_id: String,
    /// The user's revocation handle, as it was read.
    pub revocation_handle: String,
    /// The session in which they said it.
    pub sid: String,
}

/// Everything the decision on a code needs, read at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeFacts {
    /// The code, perhaps redeemed or expired.
    pub code: Artefact,
    /// Its user, if still there.
    pub user: Option<User>,
    /// Its session, if still there, perhaps ended or expired.
    pub session: Option<Session>,
}

/// The redemption of a code and all that is born of it, one transaction.
#[derive(Clone, Debug)]
pub struct RedeemCode {
    /// The code's kind: [`Artefact::AUTHORIZATION_CODE`], [`Artefact::DEVICE_CODE`] or [`Artefact::AUTH_REQ_ID`].
    pub kind: &'static str,
    /// SHA-256 of the code.
    pub hash: Hash32,
    /// Time of the request.
    pub now: u64,
    /// The family to create.
    pub family: Family,
    /// Its first refresh token, if one is issued.
    pub refresh_token: Option<RefreshToken>,
    /// Its first access token.
    pub access_token: IssuedAccessToken,
}

/// What proves an address, and the account that is born of it, one transaction.
#[derive(Clone, Debug)]
pub struct CompleteSignUp {
    /// What is used up: its kind, [`Artefact::SIGN_UP`] or [`Artefact::INVITATION`].
    pub kind: &'static str,
    /// SHA-256 of the secret.
    pub hash: Hash32,
    /// Time of the request.
    pub now: u64,
    /// The account.
    pub user: NewUser,
    /// Its first session; none where something else is asked for first.
    pub session: Option<NewSession>,
}

impl CompleteSignUp {
    /// Whether the session is the account's, as every adapter checks first.
    pub(crate) fn is_of_one_user(&self) -> bool {
        let user = &self.user.user;
        let theirs =
            |new: &NewSession| new.session.user_id == user.id && new.revocation_handle == user.revocation_handle;
        self.session.as_ref().is_none_or(theirs)
    }
}
