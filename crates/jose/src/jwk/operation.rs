//! `key_ops` (RFC 7517 §4.3): what a key may be used for.
//!
//! Refused: a value that stands there twice, a list with none of the standard's values, and a list that contradicts `use`.

use std::fmt;

use super::Purpose;
use crate::Error;
use crate::json::Text;

/// One use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Decrypt,
    DeriveBits,
    DeriveKey,
    Encrypt,
    Sign,
    UnwrapKey,
    Verify,
    WrapKey,
}

/// Every one with its value on the wire, in the order of the standard.
const ALL: [(Operation, &str); 8] = [
    (Operation::Sign, "sign"),
    (Operation::Verify, "verify"),
    (Operation::Encrypt, "encrypt"),
    (Operation::Decrypt, "decrypt"),
    (Operation::WrapKey, "wrapKey"),
    (Operation::UnwrapKey, "unwrapKey"),
    (Operation::DeriveKey, "deriveKey"),
    (Operation::DeriveBits, "deriveBits"),
];

/// Longest list looked at: there are eight, and room for some that we do not know.
const MAX_LISTED: usize = 32;

/// The operations a key allows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operations(u8);

impl Operation {
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// What the public half is there for, where this is what the private half does.
    const fn of_public_half(self) -> Option<Self> {
        match self {
            Self::Decrypt => Some(Self::Encrypt),
            Self::Sign => Some(Self::Verify),
            Self::UnwrapKey => Some(Self::WrapKey),
            Self::Encrypt | Self::Verify | Self::WrapKey => Some(self),
            // RFC 7517 §4.3 has no operation for the public half of an agreement.
            Self::DeriveBits | Self::DeriveKey => None,
        }
    }
}

impl Operations {
    /// Reads the list. Values that the standard does not know are left alone (RFC 7517 §4.3).
    pub(super) fn parse(list: &[Text<'_>]) -> Result<Self, Error> {
        if list.len() > MAX_LISTED {
            return Err(Error::KeyOperation);
        }
        let mut known = 0;
        for (index, item) in list.iter().enumerate() {
            if list[..index].contains(item) {
                return Err(Error::KeyOperation);
            }
            let operation = ALL.iter().find(|(_, name)| *name == item.as_str());
            known |= operation.map_or(0, |(operation, _)| operation.bit());
        }
        if known == 0 { Err(Error::KeyOperation) } else { Ok(Self(known)) }
    }

    /// The values on the wire.
    pub(super) fn names(self) -> Vec<&'static str> {
        ALL.iter().filter(|(operation, _)| self.has(*operation)).map(|(_, name)| *name).collect()
    }

    const fn has(self, operation: Operation) -> bool {
        self.0 & operation.bit() != 0
    }

    /// Whether a key with these operations may be used so; the public half of a key that signs is there to verify. A shared secret
    /// has no halves.
    pub(super) fn allow(self, operation: Operation, symmetric: bool) -> bool {
        if self.has(operation) {
            return true;
        }
        match operation {
            // Whoever may derive bits may derive a key from them.
            Operation::DeriveKey => self.has(Operation::DeriveBits),
            Operation::Encrypt | Operation::Verify | Operation::WrapKey if !symmetric => self.public().has(operation),
            _ => false,
        }
    }

    /// Those of the public half.
    pub(super) fn public(self) -> Self {
        let own = ALL.iter().filter(|(operation, _)| self.has(*operation));
        Self(own.filter_map(|(operation, _)| operation.of_public_half()).fold(0, |bits, it| bits | it.bit()))
    }

    /// No operation at all: the public half of an agreement.
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// RFC 7517 §4.3: `use` and `key_ops` must say the same, where both are there.
    pub(super) fn agree_with(self, purpose: Purpose) -> Result<(), Error> {
        let of_signatures = Operation::Sign.bit() | Operation::Verify.bit();
        let contradicts = match purpose {
            Purpose::Encryption => self.0 & of_signatures,
            Purpose::Signature => self.0 & !of_signatures,
        };
        if contradicts == 0 { Ok(()) } else { Err(Error::KeyOperation) }
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn parse(list: &[&'static str]) -> Result<Operations, Error> {
        Operations::parse(&list.iter().map(|name| Text(Cow::Borrowed(*name))).collect::<Vec<_>>())
    }

    #[test]
    fn every_value_comes_back() {
        for (operation, name) in ALL {
            let operations = parse(&[name]).unwrap();
            assert_eq!(operations.names(), [name]);
            assert!(operations.allow(operation, true));
        }
    }

    #[test]
    fn debug_names_them() {
        assert_eq!(format!("{:?}", parse(&["verify", "sign"]).unwrap()), r#"["sign", "verify"]"#);
    }

    #[test]
    fn doubled_and_unknown_lists_are_refused_and_unknown_values_beside_known_ones_are_not() {
        for list in [&[][..], &["fly"], &["sign", "sign"], &["sign", "fly", "fly"], &["Sign"]] {
            assert_eq!(parse(list), Err(Error::KeyOperation), "{list:?}");
        }
        assert_eq!(parse(&["fly", "verify"]).unwrap().names(), ["verify"]);
    }

    #[test]
    fn what_is_not_listed_is_not_allowed() {
        for (listed, name) in ALL {
            let operations = parse(&[name]).unwrap();
            for (asked, _) in ALL {
                let derives = (listed, asked) == (Operation::DeriveBits, Operation::DeriveKey);
                assert_eq!(operations.allow(asked, true), listed == asked || derives, "{listed:?} {asked:?}");
                let half = matches!(
                    (listed, asked),
                    (Operation::Sign, Operation::Verify)
                        | (Operation::Decrypt, Operation::Encrypt)
                        | (Operation::UnwrapKey, Operation::WrapKey)
                );
                assert_eq!(operations.allow(asked, false), listed == asked || derives || half, "{listed:?} {asked:?}");
            }
        }
    }

    #[test]
    fn use_and_key_ops_must_agree() {
        let agree = |list: &[&'static str], purpose| parse(list).unwrap().agree_with(purpose).is_ok();
        assert!(agree(&["sign", "verify"], Purpose::Signature));
        assert!(agree(&["wrapKey", "deriveBits"], Purpose::Encryption));
        assert!(!agree(&["sign", "encrypt"], Purpose::Signature));
        assert!(!agree(&["verify"], Purpose::Encryption));
    }
}
