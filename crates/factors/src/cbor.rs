//! The part of CBOR (RFC 8949) that authenticators speak: the canonical form of CTAP2 (§8 there), which WebAuthn §6.5 demands.
//!
//! Lengths are definite, numbers as short as can be, at most four levels deep. Tags, floats and indefinite lengths are refused, and so is a
//! map that has a key twice. The order of keys is not looked at: it says nothing, and software authenticators get it wrong.

/// CTAP2 §8: "The depth of nested CBOR structures used by all message encodings is limited to at most four (4) levels".
const MAX_DEPTH: usize = 4;

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Array(Vec<Value<'a>>),
    Bool(bool),
    Bytes(&'a [u8]),
    Integer(i128),
    Map(Vec<(Value<'a>, Value<'a>)>),
    Null,
    Text(&'a str),
}

/// It is not of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One item that is all of `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Result<Value<'_>, Malformed> {
    match read_first(bytes)? {
        (value, []) => Ok(value),
        _ => Err(Malformed),
    }
}

/// The item that `bytes` begin with, and what is behind it.
pub(crate) fn read_first(bytes: &[u8]) -> Result<(Value<'_>, &[u8]), Malformed> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(MAX_DEPTH)?;
    Ok((value, reader.rest))
}

impl<'a> Value<'a> {
    /// The members of a map, or nothing.
    pub(crate) fn members(&self) -> Option<&[(Value<'a>, Value<'a>)]> {
        if let Self::Map(members) = self { Some(members) } else { None }
    }

    /// A member of a map by a key that is text.
    pub(crate) fn member(&self, name: &str) -> Option<&Value<'a>> {
        self.find(&Value::Text(name))
    }

    /// A member of a map by a key that is a number.
    pub(crate) fn numbered(&self, key: i128) -> Option<&Value<'a>> {
        self.find(&Value::Integer(key))
    }

    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(crate) fn integer(&self) -> Option<i128> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn find(&self, key: &Value<'_>) -> Option<&Value<'a>> {
        self.members()?.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, levels: usize) -> Result<Value<'a>, Malformed> {
        let first = self.take(1)?[0];
        let (major, minor) = (first >> 5, first & 0x1f);
        if major == 7 {
            return match minor {
                20 => Ok(Value::Bool(false)),
                21 => Ok(Value::Bool(true)),
                22 => Ok(Value::Null),
                _ => Err(Malformed),
            };
        }
        let argument = self.argument(minor)?;
        match major {
            0 => Ok(Value::Integer(argument.into())),
            1 => Ok(Value::Integer(-1 - i128::from(argument))),
            2 => self.counted(argument).map(Value::Bytes),
            3 => std::str::from_utf8(self.counted(argument)?).map(Value::Text).map_err(|_| Malformed),
            4 => self.array(argument, levels),
            5 => self.map(argument, levels),
            _ => Err(Malformed),
        }
    }

    fn array(&mut self, count: u64, levels: usize) -> Result<Value<'a>, Malformed> {
        let levels = levels.checked_sub(1).ok_or(Malformed)?;
        let mut items = Vec::new();
        // Each item takes a byte at least, so that a count that promises more ends soon.
        for _ in 0..count {
            items.push(self.value(levels)?);
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, count: u64, levels: usize) -> Result<Value<'a>, Malformed> {
        let levels = levels.checked_sub(1).ok_or(Malformed)?;
        let mut members: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..count {
            let key = self.value(0)?;
            if members.iter().any(|(other, _)| *other == key) || members.len() == MAX_MEMBERS {
                return Err(Malformed);
            }
            members.push((key, self.value(levels)?));
        }
        Ok(Value::Map(members))
    }

    /// What stands in or behind the first byte, in the shortest of the five forms.
    fn argument(&mut self, minor: u8) -> Result<u64, Malformed> {
        let len = match minor {
            0..24 => return Ok(minor.into()),
            24..28 => 1 << (minor - 24),
            _ => return Err(Malformed),
        };
        let number = self.take(len)?.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let least = match len {
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        if number < least { Err(Malformed) } else { Ok(number) }
    }

    fn counted(&mut self, len: u64) -> Result<&'a [u8], Malformed> {
        self.take(usize::try_from(len).map_err(|_| Malformed)?)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Each key is compared with all before it, and no map of an authenticator has so many.
const MAX_MEMBERS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rfc8949_appendix_a_examples_are_read() {
        let table: &[(&[u8], Value<'_>)] = &[
            (&[0x00], Value::Integer(0)),
            (&[0x17], Value::Integer(23)),
            (&[0x18, 0x18], Value::Integer(24)),
            (&[0x19, 0x03, 0xe8], Value::Integer(1000)),
            (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Value::Integer(18_446_744_073_709_551_615)),
            (&[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Value::Integer(-18_446_744_073_709_551_616)),
            (&[0x38, 0x63], Value::Integer(-100)),
            (&[0xf4], Value::Bool(false)),
            (&[0xf6], Value::Null),
            (&[0x44, 1, 2, 3, 4], Value::Bytes(&[1, 2, 3, 4])),
            (&[0x62, 0xc3, 0xbc], Value::Text("ü")),
            (&[0x82, 0x01, 0x20], Value::Array(vec![Value::Integer(1), Value::Integer(-1)])),
            (&[0xa1, 0x61, b'a', 0xf5], Value::Map(vec![(Value::Text("a"), Value::Bool(true))])),
        ];
        for (bytes, value) in table {
            assert_eq!(read(bytes).as_ref(), Ok(value), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_not_in_the_form_of_ctap2_section_8_is_refused() {
        let refused: &[(&str, &[u8])] = &[
            ("nothing", &[]),
            ("cut short", &[0x19, 1]),
            ("longer than it is", &[0x44, 1, 2, 3]),
            ("a length beyond all memory", &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            ("a count beyond all memory", &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            ("not as short as can be", &[0x18, 0x17]),
            ("not as short as can be", &[0x19, 0, 0xff]),
            ("of indefinite length", &[0x5f, 0x41, 1, 0xff]),
            ("of indefinite length", &[0x9f, 0xff]),
            ("reserved", &[0x1c]),
            ("a tag", &[0xc0, 0x60]),
            ("a float", &[0xf9, 0x3c, 0x00]),
            ("undefined", &[0xf7]),
            ("no UTF-8", &[0x61, 0xff]),
            ("a key twice", &[0xa2, 0x01, 0x01, 0x01, 0x02]),
            ("a map as a key", &[0xa1, 0xa0, 0x01]),
            ("five levels", &[0x81, 0x81, 0x81, 0x81, 0x80]),
            ("something behind it", &[0x00, 0x00]),
        ];
        for (why, bytes) in refused {
            assert_eq!(read(bytes), Err(Malformed), "{why}");
        }
        assert!(read(&[0x81, 0x81, 0x81, 0x80]).is_ok(), "four levels");
        assert_eq!(read_first(&[0x01, 0x02]), Ok((Value::Integer(1), &[0x02][..])));
    }

    /// The shortest form of a value, written by other code.
    fn write(value: &Value<'_>, out: &mut Vec<u8>) {
        let mut head = |major: u8, number: u64| {
            let bytes = number.to_be_bytes();
            match number {
                0..24 => out.push(major << 5 | bytes[7]),
                24..0x100 => out.extend([major << 5 | 0x18, bytes[7]]),
                0x100..0x1_0000 => out.extend([&[major << 5 | 0x19], &bytes[6..]].concat()),
                0x1_0000..0x1_0000_0000 => out.extend([&[major << 5 | 0x1a], &bytes[4..]].concat()),
                _ => out.extend([&[major << 5 | 0x1b], &bytes[..]].concat()),
            }
        };
        match value {
            Value::Integer(number) if *number >= 0 => head(0, u64::try_from(*number).unwrap()),
            Value::Integer(number) => head(1, u64::try_from(-1 - number).unwrap()),
            Value::Bytes(bytes) => {
                head(2, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
            Value::Text(text) => {
                head(3, text.len() as u64);
                out.extend_from_slice(text.as_bytes());
            }
            Value::Array(items) => {
                head(4, items.len() as u64);
                for item in items {
                    write(item, out);
                }
            }
            Value::Map(members) => {
                head(5, members.len() as u64);
                for (key, value) in members {
                    write(key, out);
                    write(value, out);
                }
            }
            Value::Bool(false) => out.push(0xf4),
            Value::Bool(true) => out.push(0xf5),
            Value::Null => out.push(0xf6),
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same_again(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok((value, rest)) = read_first(&bytes) {
                let mut again = Vec::new();
                write(&value, &mut again);
                prop_assert_eq!(&again[..], &bytes[..bytes.len() - rest.len()]);
            }
        }

        #[test]
        fn every_integer_is_read_as_it_was_written(number in any::<u64>(), negative in any::<bool>()) {
            let number = if negative { -1 - i128::from(number) } else { i128::from(number) };
            let mut bytes = Vec::new();
            write(&Value::Integer(number), &mut bytes);
            prop_assert_eq!(read(&bytes), Ok(Value::Integer(number)));
        }
    }
}
