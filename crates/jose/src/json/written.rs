//! Writing JSON that our own strict reader would accept.
//!
//! What serde_json writes is JSON; what it does not notice are members that stand twice and nesting that is too deep. Both are looked
//! at while it writes. Whatever looks doubtful there is left to the strict reader.

use std::io;

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use super::{Limits, parse_strict};
use crate::Error;

/// Writes `value`, unless [`parse_strict`] would refuse the text. `room` bytes are there before it has to grow.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T, limits: Limits, room: usize) -> Result<Vec<u8>, Error> {
    let mut text = Vec::with_capacity(room);
    let mut watch = Watch::new(limits);
    let mut to = serde_json::Serializer::with_formatter(&mut text, Watched(&mut watch));
    value.serialize(&mut to).map_err(|_| Error::JsonShape)?;
    if text.len() > limits.max_bytes {
        return Err(Error::JsonTooLong);
    }
    if watch.in_doubt {
        // It knows the reason, if there is one.
        parse_strict::<IgnoredAny>(&text, limits)?;
    }
    Ok(text)
}

/// A serialization of ours as text, unless our own reader would refuse it.
pub(crate) fn written(value: &Value) -> Result<String, Error> {
    let text = write(value, Limits::SERIALIZATION, USUAL_SERIALIZATION_LEN).map_err(|error| match error {
        Error::JsonTooLong => Error::TokenTooLong,
        other => other,
    })?;
    String::from_utf8(text).map_err(|_| Error::JsonNotUtf8)
}

/// Room for most serializations without growing.
const USUAL_SERIALIZATION_LEN: usize = 2 * 1024;

/// What has been seen of a text that is being written.
struct Watch {
    limits: Limits,
    depth: usize,
    /// The marks of the names in every object that is open. Before those of each object: where the marks of the object around it begin.
    marks: Vec<u64>,
    /// Where the marks of the innermost object begin.
    start: usize,
    name: Name,
    /// The strict reader has to look.
    in_doubt: bool,
}

/// What is being written.
enum Name {
    /// No name.
    None,
    /// A name, of which nothing has been written yet.
    Begun,
    /// A name, of which all has been written that was looked at.
    Marked,
}

impl Watch {
    fn new(limits: Limits) -> Self {
        let marks = Vec::with_capacity(USUAL_MEMBERS);
        Self { limits, depth: 0, marks, start: 0, name: Name::None, in_doubt: false }
    }

    fn deeper(&mut self) {
        self.depth += 1;
        self.in_doubt |= self.depth > self.limits.max_depth;
    }

    fn begin_object(&mut self) {
        self.deeper();
        self.marks.push(self.start as u64);
        self.start = self.marks.len();
    }

    fn end_object(&mut self) {
        self.depth -= 1;
        let before = self.start - 1;
        self.in_doubt |= self.marks.len() - self.start > self.limits.max_members;
        self.start = usize::try_from(self.marks[before]).unwrap_or_default();
        self.marks.truncate(before);
    }

    /// A text goes by, which is a name, a part of one, or none.
    fn fragment(&mut self, text: &str) {
        match self.name {
            Name::None => {}
            Name::Begun => {
                let mark = mark(text.as_bytes());
                self.in_doubt |= self.marks[self.start..].contains(&mark);
                self.marks.push(mark);
                self.name = Name::Marked;
            }
            // What comes behind an escape.
            Name::Marked => self.in_doubt = true,
        }
    }

    fn end_name(&mut self) {
        // It is empty, or a number.
        self.in_doubt |= matches!(self.name, Name::Begun);
        self.name = Name::None;
    }
}

/// Names in all open objects for which there is room at first.
const USUAL_MEMBERS: usize = 32;

/// The same for the same name, and seldom for another: for names of up to 16 bytes it is made of all of them.
fn mark(name: &[u8]) -> u64 {
    const HALF: usize = size_of::<u64>();
    let near = name.len().min(HALF);
    let (mut first, mut last) = ([0; HALF], [0; HALF]);
    first[..near].copy_from_slice(&name[..near]);
    last[..near].copy_from_slice(&name[name.len() - near..]);
    let mixed = u64::from_le_bytes(first) ^ u64::from_le_bytes(last).rotate_left(29);
    mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ name.len() as u64
}

/// Writes as `serde_json::to_writer` does, and lets `Watch` see it.
struct Watched<'w>(&'w mut Watch);

impl Formatter for Watched<'_> {
    fn begin_array<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.deeper();
        CompactFormatter.begin_array(to)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.depth -= 1;
        CompactFormatter.end_array(to)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object();
        CompactFormatter.begin_object(to)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object();
        CompactFormatter.end_object(to)
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.name = Name::Begun;
        CompactFormatter.begin_object_key(to, first)
    }

    fn end_object_key<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_name();
        CompactFormatter.end_object_key(to)
    }

    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, to: &mut W, text: &str) -> io::Result<()> {
        self.0.fragment(text);
        CompactFormatter.write_string_fragment(to, text)
    }

    fn write_char_escape<W: io::Write + ?Sized>(&mut self, to: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.in_doubt |= !matches!(self.0.name, Name::None);
        CompactFormatter.write_char_escape(to, escape)
    }

    /// `RawValue`, which is whatever its maker took it from.
    fn write_raw_fragment<W: io::Write + ?Sized>(&mut self, to: &mut W, text: &str) -> io::Result<()> {
        self.0.in_doubt = true;
        CompactFormatter.write_raw_fragment(to, text)
    }

    /// A number as a text, of which the same is true.
    fn write_number_str<W: io::Write + ?Sized>(&mut self, to: &mut W, number: &str) -> io::Result<()> {
        self.0.in_doubt = true;
        CompactFormatter.write_number_str(to, number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::ser::SerializeMap;
    use serde_json::{Map, json};

    use super::*;

    /// Members as they come, twice if need be.
    struct Members<'m, K, V>(&'m [(K, V)]);

    impl<K: Serialize, V: Serialize> Serialize for Members<'_, K, V> {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut map = to.serialize_map(None)?;
            for (name, value) in self.0 {
                map.serialize_entry(name, value)?;
            }
            map.end()
        }
    }

    fn check<T: Serialize + ?Sized>(value: &T) -> Result<(), Error> {
        let plain = serde_json::to_vec(value).unwrap();
        let strict = parse_strict::<IgnoredAny>(&plain, Limits::CLAIMS).map(drop);
        let ours = write(value, Limits::CLAIMS, 0);
        assert_eq!(ours.as_ref().map(|_| ()).map_err(|error| *error), strict);
        if let Ok(text) = ours {
            assert_eq!(text, plain);
        }
        strict
    }

    #[test]
    fn members_that_stand_twice_are_refused_at_every_depth_and_in_every_spelling() {
        let twice = Members(&[("a", 1), ("a", 2)]);
        assert_eq!(check(&twice), Err(Error::JsonDuplicateMember));
        assert_eq!(check(&[Members(&[("a", &twice)])]), Err(Error::JsonDuplicateMember));
        for name in ["", "\"", "a\nb", "\u{1}", "é", "a name of more than sixteen bytes"] {
            assert_eq!(check(&Members(&[(name, 1), ("x", 1), (name, 2)])), Err(Error::JsonDuplicateMember), "{name}");
            assert_eq!(check(&Members(&[(name, 1), ("x", 1), ("y", 2)])), Ok(()), "{name}");
        }
        assert_eq!(check(&Members(&[(1, 1), (1, 2)])), Err(Error::JsonDuplicateMember));
        assert_eq!(check(&Members(&[(true, 1), (true, 2)])), Err(Error::JsonDuplicateMember));
        // The same ends and length, and not the same name: doubt, and no fault.
        assert_eq!(check(&Members(&[("beginning-A-the-end", 1), ("beginning-B-the-end", 2)])), Ok(()));
        // The same name in another object.
        assert_eq!(check(&json!({"a": {"a": {"a": 1}, "b": {"a": 1}}, "b": [{"a": 1}, {"a": 1}]})), Ok(()));
        let around = Members(&[("a", json!({"b": {"c": 1}})), ("x", json!([])), ("a", json!(1))]);
        assert_eq!(check(&around), Err(Error::JsonDuplicateMember));
    }

    #[test]
    fn depth_members_and_length_are_bounded_as_for_the_reader() {
        let nested = |depth: usize| (1..depth).fold(json!([]), |inner, _| json!([inner]));
        assert_eq!(check(&nested(16)), Ok(()));
        assert_eq!(check(&nested(17)), Err(Error::JsonTooDeep));
        let nested = |depth: usize| (1..depth).fold(json!({}), |inner, _| json!({"x": inner}));
        assert_eq!(check(&nested(16)), Ok(()));
        assert_eq!(check(&nested(17)), Err(Error::JsonTooDeep));
        assert_eq!(check(&json!(vec![json!([[]]); 20])), Ok(()), "side by side is not deep");
        let wide =
            |members: usize| Value::from((0..members).map(|n| (format!("c{n}"), json!(0))).collect::<Map<_, _>>());
        assert_eq!(check(&wide(256)), Ok(()));
        assert_eq!(check(&wide(257)), Err(Error::JsonTooManyMembers));
        assert_eq!(check(&json!([wide(256), wide(256)])), Ok(()));
        assert_eq!(check("x".repeat(16_382).as_str()), Ok(()));
        assert_eq!(check("x".repeat(16_383).as_str()), Err(Error::JsonTooLong));
    }

    #[test]
    fn what_cannot_be_json_is_refused() {
        assert_eq!(write(&Members(&[([1], 1)]), Limits::CLAIMS, 0), Err(Error::JsonShape));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "(?s).{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("(?s).{0,4}", inner), 0..4)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_agrees_with_the_strict_reader(values in prop::collection::vec(("[ab\"]{0,2}", value()), 0..4)) {
            let _ = check(&Members(&values));
        }
    }
}
