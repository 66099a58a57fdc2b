//! JSON Web Tokens (RFC 7519, RFC 8725).

mod claims;
mod policy;
mod sign;
mod verify;

pub use claims::{Audience, Claims};
pub use policy::Policy;
pub use sign::sign;
pub use verify::{UnverifiedParts, Verified, decode_unverified, verify};
