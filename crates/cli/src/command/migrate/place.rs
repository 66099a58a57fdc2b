//! Where data is copied from and to, as it is written on the command line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use symbolon_store::postgres::{Options, Postgres};
use symbolon_store::transfer::{Load, Snapshot};
use symbolon_store::{Sqlite, StoreError};

pub(super) const HELP: &str = "Examples:\n  symbolon migrate copy --from symbolon-data --to postgres://symbolon@db.example.com/symbolon\n  \
    symbolon migrate copy --from @url.txt --to /mnt/new/symbolon-data\n\n\
    A place is a data folder, a database file, the URL of a PostgreSQL database as in store.url, or @FILE with that URL in it, which\n\
    keeps a password from the list of processes.\n\
    Stop the server, all nodes of it, first. The master key is not copied: put it beside the new data yourself.";

/// A database.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// PostgreSQL, by its URL.
    Postgres(String),
    /// A file.
    Sqlite(PathBuf),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("name a data folder or a database file".to_owned());
        }
        if let Some(file) = text.strip_prefix('@') {
            let url = std::fs::read_to_string(file).map_err(|why| format!("{file} cannot be read: {why}"))?;
            return if url.starts_with('@') { Err(format!("{file} holds no URL")) } else { url.trim().parse() };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!("`{scheme}://` is no kind of database this program knows"));
        }
        let path = Path::new(text.strip_prefix("sqlite:").unwrap_or(text));
        let is_file = path.is_file() || path.extension().is_some_and(|ending| ending == "db");
        Ok(Self::Sqlite(if is_file { path.to_owned() } else { path.join("symbolon.db") }))
    }
}

impl Place {
    /// For people; never a password.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Postgres(url) => without_user(url),
            Self::Sqlite(path) => path.display().to_string(),
        }
    }

    /// Everything in it, at one moment.
    pub(super) async fn export(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        match self {
            Self::Postgres(url) => Postgres::export(&options(url)).await,
            Self::Sqlite(path) => Sqlite::export(path),
        }
    }

    /// To be filled.
    pub(super) async fn load(&self) -> Result<Box<dyn Load>, StoreError> {
        match self {
            Self::Postgres(url) => Postgres::load(&options(url)).await,
            Self::Sqlite(path) => Sqlite::load(path),
        }
    }
}

fn options(url: &str) -> Options {
    Options { url: url.to_owned(), ..Options::default() }
}

/// Scheme, host and database: user, password and options stay out.
fn without_user(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default();
    format!("postgres://{}", rest.rsplit_once('@').map_or(rest, |(_, place)| place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_a_file_or_nothing_we_know() {
        let file = |path: &str| Ok(Place::Sqlite(path.into()));
        assert_eq!("data".parse(), file("data/symbolon.db"));
        assert_eq!("data/".parse(), file("data/symbolon.db"));
        assert_eq!("sqlite:/x/y.db".parse(), file("/x/y.db"));
        let url = "postgres://u:secret@db.example.com:5432/symbolon?sslmode=disable";
        assert_eq!(url.parse::<Place>().unwrap().shown(), "postgres://db.example.com:5432/symbolon");
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), format!("{url}\n")).unwrap();
        assert_eq!(format!("@{}", path.path().display()).parse(), Ok(Place::Postgres(url.to_owned())));
        assert!("@/no/such/file".parse::<Place>().is_err());
        assert!("mysql://root:secret@host/db".parse::<Place>().is_err_and(|why| !why.contains("secret")));
        assert!("".parse::<Place>().is_err());
    }
}
