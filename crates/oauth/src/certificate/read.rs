//! The parts of a certificate that are asked for, out of its DER (RFC 5280 §4.1): subject, key, alternative names.
//!
//! The encoding is read by the strict parser of the RustCrypto project; what stands around the three parts is passed over by its tag and its
//! length. Refused: what is not in the order of the standard, unknown members, trailing bytes, an extension that comes twice.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};

use super::InvalidCertificate;

/// RFC 5280 §4.2.1.6.
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// What is asked for.
pub(super) struct Parts<'d> {
    /// `Name`: its relative names.
    pub(super) subject: Vec<Vec<Attribute<'d>>>,
    /// `SubjectPublicKeyInfo`, whole.
    pub(super) key: &'d [u8],
    /// `GeneralNames`: the number of the kind (RFC 5280 §4.2.1.6), and the bytes.
    pub(super) names: Vec<(u32, &'d [u8])>,
}

/// `AttributeTypeAndValue`
pub(super) struct Attribute<'d> {
    pub(super) oid: ObjectIdentifier,
    pub(super) value: AnyRef<'d>,
}

impl From<der::Error> for InvalidCertificate {
    fn from(_: der::Error) -> Self {
        Self
    }
}

/// Reads a whole `Certificate`.
pub(super) fn certificate(der: &[u8]) -> Result<Parts<'_>, InvalidCertificate> {
    let mut outer = inside(AnyRef::from_der(der)?, Tag::Sequence)?;
    let mut body = next(&mut outer, Tag::Sequence)?;
    next(&mut outer, Tag::Sequence)?; // signatureAlgorithm
    of_kind(AnyRef::decode(&mut outer)?, Tag::BitString)?; // signatureValue
    outer.finish()?;

    if Tag::peek(&body)? == numbered(0) {
        AnyRef::decode(&mut body)?; // version
    }
    of_kind(AnyRef::decode(&mut body)?, Tag::Integer)?; // serialNumber
    next(&mut body, Tag::Sequence)?; // signature
    next(&mut body, Tag::Sequence)?; // issuer
    next(&mut body, Tag::Sequence)?; // validity
    let subject = name(AnyRef::decode(&mut body)?)?;
    let key = body.tlv_bytes()?;
    let mut names = Vec::new();
    let mut last = 0;
    while !body.is_finished() {
        let member = AnyRef::decode(&mut body)?;
        let Tag::ContextSpecific { number: TagNumber(number @ 1..=3), .. } = member.tag() else {
            return Err(InvalidCertificate);
        };
        if number <= last {
            return Err(InvalidCertificate);
        }
        last = number;
        if number == 3 {
            names = alternative_names(AnyRef::from_der(member.value())?)?;
        }
    }
    Ok(Parts { subject, key, names })
}

/// `Name`: a sequence of sets of attributes, none of them empty.
pub(super) fn name(value: AnyRef<'_>) -> Result<Vec<Vec<Attribute<'_>>>, InvalidCertificate> {
    let mut parts = inside(value, Tag::Sequence)?;
    let mut found = Vec::new();
    while !parts.is_finished() {
        let mut members = next(&mut parts, Tag::Set)?;
        let mut part = Vec::new();
        while !members.is_finished() {
            let mut member = next(&mut members, Tag::Sequence)?;
            part.push(Attribute { oid: ObjectIdentifier::decode(&mut member)?, value: AnyRef::decode(&mut member)? });
            member.finish()?;
        }
        if part.is_empty() {
            return Err(InvalidCertificate);
        }
        found.push(part);
    }
    Ok(found)
}

/// Of `Extensions` the one with names. RFC 5280 §4.2: "A certificate MUST NOT include more than one instance of a particular extension."
fn alternative_names(extensions: AnyRef<'_>) -> Result<Vec<(u32, &[u8])>, InvalidCertificate> {
    let mut extensions = inside(extensions, Tag::Sequence)?;
    let mut names = None;
    while !extensions.is_finished() {
        let mut extension = next(&mut extensions, Tag::Sequence)?;
        let oid = ObjectIdentifier::decode(&mut extension)?;
        if Tag::peek(&extension)? == Tag::Boolean {
            AnyRef::decode(&mut extension)?; // critical
        }
        let value: &OctetStringRef = <&OctetStringRef>::decode(&mut extension)?;
        extension.finish()?;
        if oid == SUBJECT_ALT_NAME && names.replace(value).is_some() {
            return Err(InvalidCertificate);
        }
    }
    let Some(names) = names else { return Ok(Vec::new()) };
    let mut names = inside(AnyRef::from_der(names.as_bytes())?, Tag::Sequence)?;
    let mut found = Vec::new();
    while !names.is_finished() {
        let name = AnyRef::decode(&mut names)?;
        let Tag::ContextSpecific { number: TagNumber(number), .. } = name.tag() else { return Err(InvalidCertificate) };
        found.push((number, name.value()));
    }
    Ok(found)
}

/// The tag `[number]` around something.
const fn numbered(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

fn of_kind(value: AnyRef<'_>, tag: Tag) -> Result<AnyRef<'_>, InvalidCertificate> {
    if value.tag() == tag { Ok(value) } else { Err(InvalidCertificate) }
}

fn inside(value: AnyRef<'_>, tag: Tag) -> Result<SliceReader<'_>, InvalidCertificate> {
    Ok(SliceReader::new(of_kind(value, tag)?.value())?)
}

fn next<'d>(reader: &mut SliceReader<'d>, tag: Tag) -> Result<SliceReader<'d>, InvalidCertificate> {
    inside(AnyRef::decode(reader)?, tag)
}
