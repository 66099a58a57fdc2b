//! JSON Web Signatures (RFC 7515), the compact serialization only.

pub mod compact;
mod header;
