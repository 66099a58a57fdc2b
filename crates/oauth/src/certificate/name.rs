//! Distinguished names (RFC 5280 §4.1.2.4), as a certificate has them and as people write them (RFC 4514).
//!
//! Compared by their parts, never as text: attributes by their object identifiers, values without regard to case and to the number of spaces
//! (RFC 5280 §7.1), the members of one multi-valued part in any order, the parts in theirs. Of RFC 4518's preparation of strings that is all;
//! two ways to write the same accent are two names.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Encode as _, Tag, Tagged as _};

use super::read;

/// The names of RFC 4514 §3, and those that certificates of companies and people have beside them.
#[rustfmt::skip]
const ATTRIBUTES: &[(&str, &str)] = &[
    ("BUSINESSCATEGORY", "2.5.4.15"),
    ("C", "2.5.4.6"),
    ("CN", "2.5.4.3"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("DNQUALIFIER", "2.5.4.46"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("GIVENNAME", "2.5.4.42"),
    ("GN", "2.5.4.42"),
    ("JURISDICTIONC", "1.3.6.1.4.1.311.60.2.1.3"),
    ("JURISDICTIONL", "1.3.6.1.4.1.311.60.2.1.1"),
    ("JURISDICTIONST", "1.3.6.1.4.1.311.60.2.1.2"),
    ("L", "2.5.4.7"),
    ("O", "2.5.4.10"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("OU", "2.5.4.11"),
    ("POSTALCODE", "2.5.4.17"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("SN", "2.5.4.4"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("TITLE", "2.5.4.12"),
    ("UID", "0.9.2342.19200300.100.1.1"),
];

/// A name in parts, the first as the certificate has it.
///
/// ```
/// use symbolon_oauth::certificate::DistinguishedName;
/// let name: DistinguishedName = "CN=Reports,O=Example\\, Inc.,C=DE".parse()?;
/// assert_eq!(name, "cn=reports, o=example\\2C  inc., 2.5.4.6=de".parse()?);
/// assert_ne!(name, "C=DE,O=Example\\, Inc.,CN=Reports".parse()?);
/// # Ok::<(), symbolon_oauth::certificate::InvalidDistinguishedName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName(Vec<BTreeSet<Attribute>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    oid: ObjectIdentifier,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// DER of something that is no text we know.
    Other(Vec<u8>),
    Text(String),
}

/// The text is no distinguished name of RFC 4514.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDistinguishedName;

impl fmt::Display for InvalidDistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a distinguished name such as CN=reports,O=Example,C=DE (RFC 4514)")
    }
}

impl std::error::Error for InvalidDistinguishedName {}

impl DistinguishedName {
    pub(super) fn of(parts: &[Vec<read::Attribute<'_>>]) -> Self {
        let attribute = |one: &read::Attribute<'_>| Attribute { oid: one.oid, value: Value::of(one.value) };
        Self(parts.iter().map(|part| part.iter().map(attribute).collect()).collect())
    }

    /// Whether it names nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for DistinguishedName {
    type Err = InvalidDistinguishedName;

    /// Reads RFC 4514 §3, with spaces around the separators, as many programs write them. Its order is the reverse of the certificate's
    /// (§2.1).
    fn from_str(text: &str) -> Result<Self, InvalidDistinguishedName> {
        if text.len() > 4096 {
            return Err(InvalidDistinguishedName);
        }
        let mut parts = Vec::new();
        for part in split(text, ',') {
            let mut members = BTreeSet::new();
            for member in split(part, '+') {
                if !members.insert(Attribute::parse(member)?) {
                    return Err(InvalidDistinguishedName);
                }
            }
            parts.push(members);
        }
        parts.reverse();
        Ok(Self(parts))
    }
}

/// Cuts at separators that no backslash stands before.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |sign| {
        let cut = sign == separator && !escaped;
        escaped = sign == '\\' && !escaped;
        cut
    })
}

impl Attribute {
    fn parse(text: &str) -> Result<Self, InvalidDistinguishedName> {
        let (name, value) = text.split_once('=').ok_or(InvalidDistinguishedName)?;
        let name = name.trim_matches(' ').to_ascii_uppercase();
        let known = ATTRIBUTES.iter().find(|(known, _)| *known == name).map(|(_, oid)| *oid);
        let oid = ObjectIdentifier::new(known.unwrap_or(&name)).map_err(|_| InvalidDistinguishedName)?;
        let value = value.trim_start_matches(' ');
        let value = match value.strip_prefix('#') {
            Some(hex) => {
                let der = bytes(hex.trim_end_matches(' '))?;
                Value::of(AnyRef::from_der(&der).map_err(|_| InvalidDistinguishedName)?)
            }
            None => Value::Text(prepared(&unescaped(value)?)),
        };
        if value == Value::Text(String::new()) { Err(InvalidDistinguishedName) } else { Ok(Self { oid, value }) }
    }
}

impl Value {
    fn of(value: AnyRef<'_>) -> Self {
        let bytes = value.value();
        let text = match value.tag() {
            Tag::Ia5String | Tag::PrintableString | Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
            Tag::BmpString if bytes.len().is_multiple_of(2) => {
                let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                String::from_utf16(&units).ok()
            }
            _ => None,
        };
        match text {
            Some(text) => Self::Text(prepared(&text)),
            None => Self::Other(value.to_der().unwrap_or_default()),
        }
    }
}

/// One spelling of all that RFC 5280 §7.1 calls the same.
fn prepared(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// RFC 4514 §2.4: a backslash stands before a special character, or before two hexadecimal digits of a byte of UTF-8.
fn unescaped(text: &str) -> Result<String, InvalidDistinguishedName> {
    const SPECIAL: &[u8] = b"\"+,;<>\\ #=";
    let mut found = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        match first {
            b'\\' => match more {
                [special, after @ ..] if SPECIAL.contains(special) => {
                    found.push(*special);
                    rest = after;
                }
                [high, low, after @ ..] => {
                    found.push(byte(*high, *low)?);
                    rest = after;
                }
                _ => return Err(InvalidDistinguishedName),
            },
            b'"' | b'+' | b';' | b'<' | b'>' | 0 => return Err(InvalidDistinguishedName),
            plain => found.push(*plain),
        }
    }
    String::from_utf8(found).map_err(|_| InvalidDistinguishedName)
}

fn bytes(hex: &str) -> Result<Vec<u8>, InvalidDistinguishedName> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { byte(*high, *low) } else { Err(InvalidDistinguishedName) }).collect()
}

fn byte(high: u8, low: u8) -> Result<u8, InvalidDistinguishedName> {
    let digit = |sign: u8| char::from(sign).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Ok(digit(high).ok_or(InvalidDistinguishedName)? << 4 | digit(low).ok_or(InvalidDistinguishedName)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(one: &str, other: &str) -> bool {
        one.parse::<DistinguishedName>().unwrap() == other.parse().unwrap()
    }

    #[test]
    fn rfc4514_section_4_examples_are_read() {
        for text in [
            "UID=jsmith,DC=example,DC=net",
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
            r"CN=Before\0dAfter,DC=example,DC=net",
            "1.3.6.1.4.1.1466.0=#04024869",
            r"CN=Lu\C4\8Di\C4\87",
        ] {
            assert!(text.parse::<DistinguishedName>().is_ok(), "{text}");
        }
        assert!(same(r"CN=Lu\C4\8Di\C4\87", "CN=Lučić"));
    }

    #[test]
    fn rfc5280_section_7_1_case_and_spaces_are_no_difference() {
        assert!(same("CN=Reports,O=Example Inc", "cn=REPORTS, O=example   inc"));
        assert!(same("CN=a,2.5.4.10=B", "CN=a,O=b"));
        assert!(same("CN=#0c0161", "CN=a"));
        assert!(same("CN=a+OU=b,O=c", "OU=b+CN=a,O=c"));
    }

    #[test]
    fn rfc4514_section_2_1_order_parts_and_borders_are_a_difference() {
        assert!(!same("CN=a,O=b", "O=b,CN=a"));
        assert!(!same("CN=a,O=b", "CN=a+O=b"));
        assert!(!same("CN=a,O=b", r"CN=a\,O\=b"));
        assert!(!same("CN=a", "OU=a"));
        assert!(!same("CN=a,CN=b", "CN=a"));
        assert!(!same("CN=ab", "CN=a b"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            ",",
            "CN",
            "CN=",
            "=a",
            "CN=a,",
            "CN=a,,O=b",
            "CN=a;O=b",
            "CN=\"a\"",
            "CN=a\\",
            "CN=a\\x",
            "CN=#",
            "CN=#zz",
            "CN=#0c01",
            "CN=#0",
            "XYZ=a",
            "1=a",
            "CN=a+CN=a",
            "CN=<a>",
            "CN=\0",
            "/CN=a/O=b",
        ] {
            assert!(text.parse::<DistinguishedName>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_the_parser_panic(text in "([A-Z]{0,2}[=,+\\\\# ]?.{0,3}){0,6}") {
            let _ = text.parse::<DistinguishedName>();
        }
    }
}
