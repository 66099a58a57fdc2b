//! Where in which log somebody is: `EPOCH.SEQ`, as in `after=` and `Last-Event-ID`.

use std::fmt;

/// The longest epoch.
const MAX_EPOCH_LEN: usize = 64;

/// A number in a log.
///
/// ```
/// use symbolon_revocation::Position;
///
/// let position = Position::parse("Zk3v0Q.42").unwrap();
/// assert_eq!((position.epoch.as_str(), position.seq), ("Zk3v0Q", 42));
/// assert_eq!(position.to_string(), "Zk3v0Q.42");
/// assert_eq!(Position::parse("Zk3v0Q.042"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The log.
    pub epoch: String,
    /// The number of the last entry that is known; 0 before the first.
    pub seq: u64,
}

impl Position {
    /// Reads `EPOCH.SEQ`, which has one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, digits) = text.split_once('.')?;
        let seq: u64 = digits.parse().ok()?;
        (is_epoch(epoch) && seq.to_string() == digits).then(|| Self { epoch: epoch.to_owned(), seq })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

/// Whether a text can be an epoch: 1 to 64 characters of base64url, so that it needs no quoting in a URL, a header or JSON.
pub fn is_epoch(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_EPOCH_LEN).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_one_spelling() {
        for good in ["a.0", "A-_9.18446744073709551615"] {
            assert_eq!(Position::parse(good).unwrap().to_string(), good);
        }
        let long = format!("{}.1", "e".repeat(65));
        for bad in ["", ".", "a", "a.", ".1", "a.+1", "a.01", "a.1 ", "a.-1", "a.1.2", "ä.1", "a b.1", "a.1\n", &long]
        {
            assert_eq!(Position::parse(bad), None, "{bad:?}");
        }
        assert!(Position::parse("a.18446744073709551616").is_none(), "beyond 64 bits");
    }
}
