//! A stylesheet as it is sent: without comments, and without the white space that only people need.
//!
//! Quoted text is taken for any other: ours has none with spaces beside punctuation. It runs while compiling, because the name under which a file is served comes from its bytes.

/// How many bytes are left of `css`.
pub(super) const fn len(css: &[u8]) -> usize {
    let mut left = Reader { css, at: 0, last: 0 };
    let mut count = 0;
    while left.next() != 0 {
        count += 1;
    }
    count
}

/// What is left of `css`; `N` is its [`len`].
pub(super) const fn small<const N: usize>(css: &[u8]) -> [u8; N] {
    let mut left = Reader { css, at: 0, last: 0 };
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        out[at] = left.next();
        at += 1;
    }
    out
}

struct Reader<'a> {
    css: &'a [u8],
    at: usize,
    last: u8,
}

impl Reader<'_> {
    /// The next byte that counts; 0 behind the last.
    const fn next(&mut self) -> u8 {
        let start = self.at;
        self.skip();
        let following = self.peek();
        // Spaces between words, and before the colon of a selector, mean something; so do those around the + of calc().
        let is_space = self.at > start && !is_border(self.last) && !matches!(following, 0 | b'{' | b'}' | b';' | b'>');
        if is_space {
            self.last = b' ';
        } else {
            self.at += (following != 0) as usize;
            self.last = following;
            // The last declaration of a block needs no end.
            if following == b';' {
                let end = self.at;
                self.skip();
                if self.peek() == b'}' {
                    return self.next();
                }
                self.at = end;
            }
        }
        self.last
    }

    const fn peek(&self) -> u8 {
        if self.at < self.css.len() { self.css[self.at] } else { 0 }
    }

    /// Past white space and comments.
    const fn skip(&mut self) {
        while self.at < self.css.len() {
            if self.css[self.at].is_ascii_whitespace() {
                self.at += 1;
            } else if self.css[self.at] == b'/' && self.at + 1 < self.css.len() && self.css[self.at + 1] == b'*' {
                self.at += 2;
                while self.at + 1 < self.css.len() && !(self.css[self.at] == b'*' && self.css[self.at + 1] == b'/') {
                    self.at += 1;
                }
                self.at += 2;
            } else {
                return;
            }
        }
    }
}

/// Whether no space counts behind it; nothing stands there at first.
const fn is_border(byte: u8) -> bool {
    matches!(byte, 0 | b' ' | b'{' | b'}' | b';' | b':' | b',' | b'>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(css: &str) -> String {
        let mut reader = Reader { css: css.as_bytes(), at: 0, last: 0 };
        let bytes = std::iter::from_fn(|| Some(reader.next()).filter(|byte| *byte != 0));
        bytes.map(char::from).collect()
    }

    #[test]
    fn only_what_means_something_is_sent() {
        for (css, expected) in [
            ("/* Why. */\na:hover,\nb { color: red; }\n", "a:hover,b{color:red}"),
            (".side :focus { margin: 0 auto }", ".side :focus{margin:0 auto}"),
            ("main > * + * { width: calc(1rem + 2px); }", "main>* + *{width:calc(1rem + 2px)}"),
            ("p:has(> a) {}", "p:has(>a){}"),
            ("@media (min-width: 1rem) and (x) { a { b: c; } /* d */ }", "@media (min-width:1rem) and (x){a{b:c}}"),
            ("a { b: c; ; }", "a{b:c;}"),
            ("/* never closed", ""),
            ("", ""),
        ] {
            assert_eq!(sent(css), expected, "{css}");
        }
    }

    #[test]
    fn the_length_is_that_of_what_is_sent() {
        const CSS: &[u8] = b"a { b: c; } /* d */ e { f: g }";
        const SMALL: [u8; len(CSS)] = small(CSS);
        assert_eq!(&SMALL, b"a{b:c}e{f:g}");
    }
}
