//! What a page hands to the script that speaks to authenticators (`templates/passkey.js`): options as attributes of a form, whose hidden fields come
//! back filled. Without script the form stays hidden.

/// `navigator.credentials.get()`: on the sign-in page for whoever it is, at the second step for one person.
#[derive(Clone, Debug)]
pub struct PasskeyGet {
    /// What is to be signed, base64url.
    pub challenge: String,
    /// The RP ID.
    pub rp_id: String,
    /// Ids of the passkeys that will do, base64url, separated by spaces; none for any.
    pub allow: String,
}

/// `navigator.credentials.create()`.
#[derive(Clone, Debug)]
pub struct PasskeyCreate {
    /// What is to be signed, base64url.
    pub challenge: String,
    /// The RP ID.
    pub rp_id: String,
    /// What people know this server as.
    pub rp_name: String,
    /// The user handle, base64url.
    pub user: String,
    /// What they sign in with.
    pub account: String,
    /// What they are called.
    pub display: String,
    /// Ids of the passkeys there are, base64url, separated by spaces: an authenticator that has one of them makes no other.
    pub exclude: String,
}

#[cfg(test)]
impl PasskeyGet {
    pub(super) fn sample() -> Self {
        Self { challenge: "c2FtcGxl".into(), rp_id: "auth.example.com".into(), allow: String::new() }
    }
}

#[cfg(test)]
impl PasskeyCreate {
    pub(super) fn sample() -> Self {
        Self {
            challenge: "c2FtcGxl".into(),
            rp_id: "auth.example.com".into(),
            rp_name: "auth.example.com".into(),
            user: "dXNy".into(),
            account: "ada@example.com".into(),
            display: "Ada Lovelace".into(),
            exclude: String::new(),
        }
    }
}
