//! Reading server-sent events (HTML standard §9.2.6): bytes in pieces of any size in, the data of events out.
//!
//! Only `event` and `data` are read. `id` is not: where the guard is in the log, it knows from what was signed. Bounded: a line or an
//! event that grows too long is an error, and the stream is given up.

/// The longest event, all its lines together, and the longest line.
pub(crate) const MAX_EVENT_BYTES: usize = symbolon_revocation::event::MAX_LEN + 64;
/// Longer names of events are not ours.
const MAX_NAME_BYTES: usize = 64;

/// An event longer than [`MAX_EVENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// An event of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// `message` unless named.
    pub(crate) name: String,
    pub(crate) data: String,
}

/// What was read of the event that is coming.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a carriage return: a line feed now belongs to it.
    after_return: bool,
    /// The stream has begun: a byte order mark is no longer one.
    begun: bool,
}

impl Parser {
    /// Takes bytes off the front of `input` until an event is complete or none are left.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Event>, TooLong> {
        while let Some(&first) = input.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                *input = &input[1..];
                continue;
            }
            let end = input.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (piece, rest) = input.split_at(end.unwrap_or(input.len()));
            if self.line.len() + self.data.len() + piece.len() > MAX_EVENT_BYTES {
                return Err(TooLong);
            }
            self.line.extend_from_slice(piece);
            let Some((terminator, rest)) = rest.split_first() else {
                *input = rest;
                return Ok(None);
            };
            *input = rest;
            self.after_return = *terminator == b'\r';
            if let Some(event) = self.end_of_line() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn end_of_line(&mut self) -> Option<Event> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.begun, true) && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
        }
        let event = if line.is_empty() { self.dispatch() } else { self.field(&line) };
        line.clear();
        // Its room is used again.
        self.line = line;
        event
    }

    fn field(&mut self, line: &[u8]) -> Option<Event> {
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..])),
            None => (line, &[][..]),
        };
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(&value[..value.len().min(MAX_NAME_BYTES)]);
            }
            // A comment, a field that is not for us, or one that nobody knows.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        let text = |bytes: Vec<u8>| match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        std::mem::take(&mut self.has_data)
            .then(|| Event { name: if name.is_empty() { "message".to_owned() } else { text(name) }, data: text(data) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All events of a stream that arrives in pieces of `size`.
    fn read(stream: &[u8], size: usize) -> Result<Vec<(String, String)>, TooLong> {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        for mut piece in stream.chunks(size) {
            while let Some(Event { name, data }) = parser.next(&mut piece)? {
                events.push((name, data));
            }
            assert!(piece.is_empty(), "all is taken");
        }
        Ok(events)
    }

    fn check(stream: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
        for size in 1..=stream.len() {
            assert_eq!(read(stream.as_bytes(), size).unwrap(), expected, "{stream:?} in pieces of {size}");
        }
    }

    #[test]
    fn events_are_told_apart_by_empty_lines_of_any_kind() {
        let two = [("revocations", "a.b.c"), ("message", "d")];
        for end in ["\n", "\r", "\r\n"] {
            let stream = ["id: E.1", "event: revocations", "data: a.b.c", "", "data:d", "", ""].join(end);
            check(&stream, &two);
        }
    }

    #[test]
    fn the_standards_own_examples() {
        check("data: YHOO\ndata: +2\ndata: 10\n\n", &[("message", "YHOO\n+2\n10")]);
        check(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            &[("message", "first event"), ("message", "second event"), ("message", " third event")],
        );
        check("data\n\ndata\ndata\n\ndata:", &[("message", ""), ("message", "\n")]);
        check("data:test\n\ndata: test\n\n", &[("message", "test"), ("message", "test")]);
    }

    #[test]
    fn what_is_no_event_is_passed_by() {
        check("event: revocations\n\n", &[]);
        check(": only a comment\n\nretry: 10\n\nnonsense\n\n", &[]);
        check("\u{feff}data: a\n\n\u{feff}data: b\n\n", &[("message", "a")]);
        check("data: never ended\n", &[]);
        check("DATA: a\n data: b\n\n", &[]);
        check("event: a\nevent: b\ndata: x\n\n", &[("b", "x")]);
    }

    #[test]
    fn what_grows_too_long_is_given_up() {
        let endless = [b"data: ", &vec![b'x'; MAX_EVENT_BYTES][..]].concat();
        assert_eq!(read(&endless, 4096), Err(TooLong));
        let many_lines = b"data: 0123456789012345678901234567890123456789\n".repeat(MAX_EVENT_BYTES / 40 + 1);
        assert_eq!(read(&many_lines, 4096), Err(TooLong));
        let comments = b": 0123456789012345678901234567890123456789\n".repeat(MAX_EVENT_BYTES / 40 + 1);
        assert_eq!(read(&comments, 4096), Ok(Vec::new()), "what is not kept is not counted");
        let longest = format!("data: {}\n\n", "x".repeat(symbolon_revocation::event::MAX_LEN));
        assert_eq!(read(longest.as_bytes(), 4096).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_events(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), Just(b'd'), any::<u8>()], 0..200),
            size in 1_usize..20,
        ) {
            prop_assert_eq!(read(&bytes, size), read(&bytes, bytes.len().max(1)));
        }

        #[test]
        fn what_was_written_is_read(data in "[!-~]{0,80}", name in "[a-z]{1,20}", size in 1_usize..50) {
            let stream = format!("id: x\nevent: {name}\ndata: {data}\n\n");
            prop_assert_eq!(read(stream.as_bytes(), size).unwrap(), [(name, data)]);
        }
    }
}
