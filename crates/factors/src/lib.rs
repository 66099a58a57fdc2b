#![doc = include_str!("../README.md")]

mod cbor;
pub mod recovery_code;
pub mod totp;
pub mod webauthn;

pub use recovery_code::RecoveryCode;
pub use totp::Totp;
