//! JSON Web Tokens (RFC 7519) as RFC 8725 wants them handled.
//!
//! [`sign`] makes one, [`sign_then_encrypt`] one that only its recipient can read; [`verify`] checks the signature first
//! and then everything a [`Policy`] asks for, in that one place.

mod batch;
mod claims;
mod media_type;
mod nested;
mod policy;
mod read;
mod sign;
mod verify;

pub use batch::{verify_batch, verify_batch_with};
pub use claims::{Audience, Claims};
pub use media_type::is_same_type;
pub use nested::{decrypt_then_verify, sign_then_encrypt};
pub use policy::{MAX_LEEWAY_SECS, Policy};
pub use read::MAX_NUMERIC_DATE;
pub use sign::{sign, sign_with_jwk};
pub use verify::{Buffer, UnverifiedParts, Verified, decode_unverified, verify, verify_in};
