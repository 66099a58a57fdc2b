//! JSON Web Tokens (RFC 7519) as RFC 8725 wants them handled.
//!
//! [`sign`] makes one; [`verify`] checks the signature first and then everything a [`Policy`] asks for, in that one place.

mod claims;
mod policy;
mod read;
mod sign;
mod verify;

pub use claims::{Audience, Claims};
pub use policy::{MAX_LEEWAY_SECS, Policy};
pub use read::MAX_NUMERIC_DATE;
pub use sign::sign;
pub use verify::{UnverifiedParts, Verified, decode_unverified, verify};
