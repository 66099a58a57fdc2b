//! The crate from outside: published vectors, known attacks, properties. Each test is named after the example, the attack or the
//! MUST it stands for; numbers in comments are rows of `docs/manual/known-attacks.md`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop the test")]

mod batch;
mod buffers;
mod claims;
mod cookbook;
mod cookbook_jwe;
mod encrypted;
mod encryption_keys;
mod keys;
mod nested;
mod oracle;
mod pem;
mod properties;
mod properties_jwe;
mod review;
mod rfc;
mod rfc_jwe;
mod serializations;
mod shown;
mod support;
mod tokens;
