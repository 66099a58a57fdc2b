//! Accounts: identifiers people sign in with, their passwords, and how failures are slowed down.
//!
//! Everything here is a building block without I/O, but for the threads of [`password::Pool`], the counting of [`attempts::Attempts`] and what hashes cost
//! (`slow_kinds`);
//! the flows that use it live in `http`.

pub mod attempts;
pub(crate) mod email_code;
pub(crate) mod factors;
pub(crate) mod new_device;
pub mod normalize;
pub(crate) mod not_me;
pub mod password;
pub mod profile;
pub(crate) mod reset;
pub mod sign_in;
pub mod sign_up;
pub(crate) mod slow_kinds;
pub mod throttle;

use symbolon_store::User;

/// The language of an account, as its claim `locale` has it (OpenID Connect Core §5.1).
pub(crate) fn locale(user: &User) -> Option<&str> {
    user.profile.get("locale").and_then(serde_json::Value::as_str)
}
