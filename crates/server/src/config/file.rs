//! The TOML file: sections and keys to settings. Unknown keys, duplicate keys and values without their unit are refused.

use std::fmt;
use std::path::Path;

use super::load::{Source, Values, read_secret};
use super::setting::{Kind, Setting, Table};
use super::suggest;

/// Lets the defaults that are relative paths mean what they would mean if they stood in the file.
pub(super) fn root_defaults(file: &Path, values: &mut Values) {
    for setting in values.table().settings.iter().filter(|setting| setting.kind == Kind::Path) {
        values.set(setting.path, rooted(setting, setting.default.to_owned(), file), Source::Default);
    }
}

/// Takes every setting of the file.
pub(super) fn read(path: &Path, values: &mut Values) {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            return values.problem(format!("{shown} cannot be read: {error}"), "check who may read it");
        }
    };
    match text.parse::<toml::Table>() {
        Ok(table) => read_table(path, "", &table, values),
        Err(error) => {
            values.problem(format!("{shown} is not TOML: {}", error.to_string().trim_end()), "correct that line");
        }
    }
}

/// Takes every setting of one table of a file; `section` is where the table stands.
pub(super) fn read_table(file: &Path, section: &str, table: &toml::Table, values: &mut Values) {
    let settings = values.table();
    for (key, value) in table {
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let mut paths = settings.settings.iter().map(|it| it.path).chain(settings.gone.iter().map(|gone| gone.path));
        let is_section = paths.any(|known| known.starts_with(&format!("{path}.")));
        match (value, settings.find(&path)) {
            (toml::Value::Table(inner), None) if is_section => {
                read_table(file, &path, inner, values);
            }
            (_, Some(setting)) => match file_text(setting, value) {
                Ok(text) => {
                    let text = rooted(setting, text, file);
                    values.set(setting.path, text, Source::File(file.to_owned()));
                }
                Err(why) => values.problem(format!("`{path}` in {}: {why}", file.display()), setting.help),
            },
            (_, None) => match (value, secret_behind(settings, &path)) {
                (toml::Value::String(target), Some(setting)) => {
                    let target = folder_of(file).join(target);
                    read_secret(setting, &target, Source::File(file.to_owned()), values);
                }
                _ => unknown_key(file, &path, values),
            },
        }
    }
}

fn unknown_key(file: &Path, path: &str, values: &mut Values) {
    let table = values.table();
    let shown = file.display();
    if let Some(gone) = table.gone.iter().find(|gone| gone.path == path) {
        return values.problem(format!("`{path}` in {shown} is no longer a setting"), gone.fix);
    }
    let fix = match suggest::nearest(path, table.settings.iter().map(|setting| setting.path)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => table.listed.to_owned(),
    };
    values.problem(format!("unknown setting `{path}` in {shown}"), fix);
}

/// A value in the file as the text a variable would hold.
fn file_text(setting: &Setting, value: &toml::Value) -> Result<String, String> {
    let unquoted = |number: &dyn fmt::Display| match setting.kind {
        Kind::Integer { .. } => Ok(number.to_string()),
        _ => Err(format!("`{number}` must stand in quotes, with its unit if it has one")),
    };
    match value {
        toml::Value::Integer(number) => unquoted(number),
        toml::Value::Float(number) => unquoted(number),
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Array(items) if matches!(setting.kind, Kind::List | Kind::Networks) => {
            let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(",")).ok_or_else(|| "the list must hold texts in quotes".to_owned())
        }
        other => Err(format!("a {} does not fit here", other.type_str())),
    }
}

/// A relative path in the file means: beside the file.
fn rooted(setting: &Setting, text: String, file: &Path) -> String {
    match (setting.kind, text.strip_prefix("unix:")) {
        (Kind::Path, _) if !text.is_empty() => folder_of(file).join(text).display().to_string(),
        (Kind::Listen, Some(path)) => format!("unix:{}", folder_of(file).join(path).display()),
        _ => text,
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// `master_key_file` stands for `master_key`.
fn secret_behind(table: &Table, path: &str) -> Option<&'static Setting> {
    let path = path.strip_suffix("_file")?;
    table.find(path).filter(|setting| setting.kind == Kind::Secret)
}
