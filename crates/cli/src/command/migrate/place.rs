//! Where data is copied from and to, as it is written on the command line.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use symbolon_store::transfer::{Load, Snapshot};
use symbolon_store::{Sqlite, StoreError};

pub(super) const HELP: &str = "Examples:\n  symbolon migrate copy --from symbolon-data --to /mnt/new/symbolon-data\n\n\
    A place is a data folder or a database file.\n\
    Stop the server first. The master key is not copied: put it beside the new data yourself.";

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file.
    Sqlite(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("name a data folder or a database file".to_owned());
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
            Self::Sqlite(path) => path.display().to_string(),
        }
    }

    /// Everything in it, at one moment.
    pub(super) fn export(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        match self {
            Self::Sqlite(path) => Sqlite::export(path),
        }
    }

    /// To be filled.
    pub(super) fn load(&self) -> Result<Box<dyn Load>, StoreError> {
        match self {
            Self::Sqlite(path) => Sqlite::load(path),
        }
    }
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
        assert!("mysql://root:secret@host/db".parse::<Place>().is_err_and(|why| !why.contains("secret")));
        assert!("".parse::<Place>().is_err());
    }
}
