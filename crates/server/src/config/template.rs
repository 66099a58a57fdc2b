//! The commented file that `symbolon init` writes. Settings most people change come first; the rest stands there as comments.

use super::setting::{Kind, SETTINGS, Setting};

const HEAD: &str = "\
# Symbolon. Everything is optional but `issuer`; a line that begins with # shows the default.
# Every setting can also come from the environment: http.listen is SYMBOLON_HTTP__LISTEN.
# Check the result with: symbolon config check
";

/// The text of a new `symbolon.toml`; `issuer` stands in it as given.
pub fn template(issuer: Option<&str>) -> String {
    let mut text = lines_of(HEAD, SETTINGS);
    if let Some(issuer) = issuer {
        // A JSON text is a TOML text too.
        text = text.replacen("#issuer = \"\"", &format!("issuer = {}", serde_json::Value::from(issuer)), 1);
    }
    text
}

/// A commented file of these settings, under `head`.
pub fn lines_of(head: &str, settings: &[Setting]) -> String {
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    let mut section = "";
    for setting in settings {
        let (parent, key) = setting.path.rsplit_once('.').unwrap_or(("", setting.path));
        if parent != section {
            section = parent;
            lines.extend([String::new(), format!("[{section}]")]);
        }
        if !setting.help.is_empty() {
            lines.push(format!("# {}", setting.help));
        }
        lines.push(line(setting, key));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn line(setting: &Setting, key: &str) -> String {
    let default = setting.default;
    match setting.kind {
        Kind::Integer { .. } => format!("#{key} = {default}"),
        Kind::List => format!("#{key} = {}", serde_json::json!(default.split(',').collect::<Vec<_>>())),
        Kind::Networks => format!("#{key} = [\"127.0.0.1\"]"),
        Kind::Secret => format!("#{key}_file = \"/path/to/file\""),
        _ => format!("#{key} = \"{default}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Sources, load};
    use super::*;

    #[test]
    fn the_file_reads_as_it_is_and_with_every_default_uncommented() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("symbolon.toml");
        let sources = Sources { directory: directory.path().to_owned(), ..Sources::default() };

        std::fs::write(&path, template(Some("https://auth.example.com"))).unwrap();
        assert_eq!(load(&sources).unwrap().config.issuer, "https://auth.example.com");

        let uncommented: String = template(None)
            .lines()
            .filter(|line| !line.starts_with("# ") && !line.contains("_file") && !line.contains("[http.tls]"))
            .map(|line| format!("{}\n", line.trim_start_matches('#')))
            .filter(|line| !line.starts_with("cert") && !line.starts_with("key ="))
            .collect();
        std::fs::write(&path, uncommented).unwrap();
        load(&sources).unwrap();
    }

    #[test]
    fn an_issuer_cannot_break_out_of_its_quotes() {
        assert!(template(Some("x\"\n[log]")).parse::<toml::Table>().is_ok());
    }
}
