//! The pages' own files, compiled in and served under names that change with their content.
//!
//! A name never changes its bytes, so the answer may be cached for ever; an unknown name is a 404.

use super::css;

/// The stylesheet's path, with the fingerprint of its content.
pub const STYLESHEET_PATH: &str = text(&STYLESHEET_BYTES);
/// The icon's path, with the fingerprint of its content.
pub const FAVICON_PATH: &str = text(&FAVICON_BYTES);
/// The path of the script that speaks to authenticators, with the fingerprint of its content.
pub const PASSKEY_PATH: &str = text(&PASSKEY_BYTES);
/// The path of the script that does work in place of a captcha, with the fingerprint of its content.
pub const WORK_PATH: &str = text(&WORK_BYTES);
/// The path of the script that shows passwords to whoever types them, with the fingerprint of its content.
pub const PASSWORD_PATH: &str = text(&PASSWORD_BYTES);
/// Cache directive for everything [`serve`] gives.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

const STYLESHEET: &[u8] = &STYLESHEET_SENT;
const STYLESHEET_SENT: [u8; css::len(STYLESHEET_SOURCE)] = css::small(STYLESHEET_SOURCE);
const STYLESHEET_SOURCE: &[u8] = include_bytes!("../../templates/style.css");
const PASSKEY: &[u8] = include_bytes!("../../templates/passkey.js");
const WORK: &[u8] = include_bytes!("../../templates/work.js");
const PASSWORD: &[u8] = include_bytes!("../../templates/password.js");
const FAVICON: &[u8] = include_bytes!("../../templates/favicon.svg");

const STYLESHEET_BYTES: [u8; PATH_LEN] = path(STYLESHEET, *b".css");
const FAVICON_BYTES: [u8; PATH_LEN] = path(FAVICON, *b".svg");
/// A module, so that it waits for the page and leaves no names in it.
const PASSKEY_BYTES: [u8; PATH_LEN] = path(PASSKEY, *b".mjs");

const WORK_BYTES: [u8; PATH_LEN] = path(WORK, *b".mjs");

const PASSWORD_BYTES: [u8; PATH_LEN] = path(PASSWORD, *b".mjs");

const PREFIX: &[u8; 17] = b"/assets/symbolon-";
const PATH_LEN: usize = PREFIX.len() + 16 + 4;

/// All of them.
pub const PATHS: [&str; 5] = [STYLESHEET_PATH, FAVICON_PATH, PASSKEY_PATH, WORK_PATH, PASSWORD_PATH];

/// The file under `/assets/NAME` as (content type, bytes); `None` for any other name.
pub fn serve(name: &str) -> Option<(&'static str, &'static [u8])> {
    let is = |path: &str| path.strip_prefix("/assets/") == Some(name);
    if is(STYLESHEET_PATH) {
        Some(("text/css; charset=utf-8", STYLESHEET))
    } else if is(FAVICON_PATH) {
        Some(("image/svg+xml", FAVICON))
    } else if is(PASSKEY_PATH) {
        Some(("text/javascript; charset=utf-8", PASSKEY))
    } else if is(WORK_PATH) {
        Some(("text/javascript; charset=utf-8", WORK))
    } else if is(PASSWORD_PATH) {
        Some(("text/javascript; charset=utf-8", PASSWORD))
    } else {
        None
    }
}

/// FNV-1a, 64 bits: tells two contents of ours apart, and is no defence against anybody.
const fn fingerprint(content: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < content.len() {
        hash = (hash ^ content[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

const fn path(content: &[u8], extension: [u8; 4]) -> [u8; PATH_LEN] {
    let hash = fingerprint(content).to_be_bytes();
    let hex = b"0123456789abcdef";
    let mut out = [0; PATH_LEN];
    let mut at = 0;
    while at < PREFIX.len() {
        out[at] = PREFIX[at];
        at += 1;
    }
    let mut byte = 0;
    while byte < hash.len() {
        out[at] = hex[(hash[byte] >> 4) as usize];
        out[at + 1] = hex[(hash[byte] & 15) as usize];
        at += 2;
        byte += 1;
    }
    let mut letter = 0;
    while letter < extension.len() {
        out[at] = extension[letter];
        at += 1;
        letter += 1;
    }
    out
}

const fn text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("paths are ASCII"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_served_under_their_own_names() {
        let (kind, css) = serve(STYLESHEET_PATH.strip_prefix("/assets/").unwrap()).unwrap();
        assert_eq!((kind, css), ("text/css; charset=utf-8", STYLESHEET));
        let (kind, _) = serve(FAVICON_PATH.strip_prefix("/assets/").unwrap()).unwrap();
        assert_eq!(kind, "image/svg+xml");
        for path in [PASSKEY_PATH, PASSWORD_PATH, WORK_PATH] {
            let (kind, _) = serve(path.strip_prefix("/assets/").unwrap()).unwrap();
            assert_eq!(kind, "text/javascript; charset=utf-8");
        }
        assert_ne!(STYLESHEET_PATH, FAVICON_PATH);
        assert_ne!(WORK_PATH, PASSKEY_PATH);
    }

    #[test]
    fn nothing_else_is_served() {
        for name in
            ["", "style.css", "symbolon-0000000000000000.css", "../style.css", "/symbolon.css", "..%2fstyle.css"]
        {
            assert!(serve(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_stylesheet_asks_for_nothing_from_elsewhere() {
        let css = std::str::from_utf8(STYLESHEET).unwrap();
        assert!(!css.contains("url(") && !css.contains("@import"));
    }
}
