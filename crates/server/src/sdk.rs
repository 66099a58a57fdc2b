//! The browser SDK that this server brings: its files, their names, and what a page can hold them against (Subresource Integrity).

use std::sync::LazyLock;

/// One file. `sdk/js/build.js` made it; a test of the SDK fails when it is stale.
#[derive(Debug)]
pub struct File {
    /// Its plain name.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub content: &'static [u8],
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The core first, then what it loads when it is used, what a page loads beside it, and what its errors link to.
pub static FILES: &[File] = &[
    File { name: "symbolon.js", content_type: SCRIPT, content: include_bytes!("../../../sdk/js/dist/symbolon.js") },
    File { name: "sign-in.js", content_type: SCRIPT, content: include_bytes!("../../../sdk/js/dist/sign-in.js") },
    File { name: "dpop.js", content_type: SCRIPT, content: include_bytes!("../../../sdk/js/dist/dpop.js") },
    File { name: "store.js", content_type: SCRIPT, content: include_bytes!("../../../sdk/js/dist/store.js") },
    File { name: "cookie.js", content_type: SCRIPT, content: include_bytes!("../../../sdk/js/dist/cookie.js") },
    File { name: "socket.js", content_type: SCRIPT, content: include_bytes!("../../../sdk/js/dist/socket.js") },
    File {
        name: "errors.html",
        content_type: "text/html; charset=utf-8",
        content: include_bytes!("../../../sdk/js/pages/errors.html"),
    },
];

static HASHES: LazyLock<Vec<String>> = LazyLock::new(|| {
    FILES.iter().map(|file| symbolon_jose::base64url::encode(&symbolon_jose::sha256(file.content))).collect()
});

/// Characters of a hash that stand in a name.
const NAMED: usize = 16;

/// A file by a name that was asked for, and how long that name may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Asked for by its plain name: what is behind it changes with the server.
    Minutes,
    /// By the hash of what it is.
    ForEver,
    /// By another hash: the page began before an upgrade, or on a node that has not had it yet.
    Not,
}

/// What `name` means: `symbolon.js`, `symbolon.HASH.js`.
#[must_use]
pub fn find(name: &str) -> Option<(&'static File, Keep)> {
    FILES.iter().zip(HASHES.iter()).find_map(|(file, hash)| {
        if name == file.name {
            return Some((file, Keep::Minutes));
        }
        let (stem, extension) = file.name.split_once('.')?;
        let shown = name.strip_prefix(stem)?.strip_prefix('.')?.strip_suffix(extension)?.strip_suffix('.')?;
        let is_hash =
            shown.len() == NAMED && shown.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        is_hash.then(|| (file, if hash.starts_with(shown) { Keep::ForEver } else { Keep::Not }))
    })
}

/// The scripts, by their immutable names, and each one's `integrity` value.
pub fn scripts() -> impl Iterator<Item = (String, String)> {
    FILES.iter().zip(HASHES.iter()).filter(|(file, _)| file.content_type == SCRIPT).filter_map(|(file, hash)| {
        let (stem, extension) = file.name.split_once('.')?;
        let base64 = hash.replace('-', "+").replace('_', "/");
        Some((format!("{stem}.{}.{extension}", &hash[..NAMED]), format!("sha256-{base64}=")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loaded_later_is_named_by_its_hash() {
        let loaders: Vec<&str> = FILES.iter().map(|file| std::str::from_utf8(file.content).unwrap()).collect();
        // The page itself names the core, and `socket.js` beside it.
        for (name, _) in scripts().skip(1).filter(|(name, _)| !name.starts_with("socket.")) {
            let imported = format!("\"./{name}\"");
            assert!(loaders.iter().any(|text| text.contains(&imported)), "{name}: run npm run build in sdk/js");
        }
    }

    #[test]
    fn a_name_is_plain_or_has_a_hash_and_nothing_else() {
        for (name, integrity) in scripts() {
            assert_eq!(find(&name).unwrap().1, Keep::ForEver, "{name}");
            assert!(integrity.len() == 51 && integrity.ends_with('='), "{integrity}");
        }
        assert_eq!(find("store.js").unwrap().1, Keep::Minutes);
        assert_eq!(find("store.0123456789abcdef.js").unwrap().1, Keep::Not);
        for other in [
            "",
            "store",
            "store.js.map",
            "store..js",
            "store.0123.js",
            "store.0123456789abcde%.js",
            "storage.0123456789abcdef.js",
        ] {
            assert!(find(other).is_none(), "{other}");
        }
    }
}
