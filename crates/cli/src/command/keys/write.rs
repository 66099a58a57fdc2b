//! Where a key goes: to a file of its own, or to the screen if that was asked for.
//!
//! A file is written under another name and renamed, so that nobody finds half a key. A private one has mode 0600 from the start.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{CONFLICT, CliError, FAILED, NOT_ALLOWED};

/// Where the key goes.
#[derive(Args, Debug)]
pub(crate) struct Destination {
    /// Write the key to this file
    #[arg(long, value_name = "FILE", conflicts_with = "show")]
    pub(crate) out: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the key on standard output, secret or not
    #[arg(long)]
    pub(crate) show: bool,
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Everyone, as far as the umask lets them.
    Everyone,
    /// Its owner alone.
    Owner,
}

/// Whether a file may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is left as it is.
    Keep,
    /// It is replaced.
    Replace,
}

impl Destination {
    /// The name of the file, for people and programs.
    pub(crate) fn named(&self) -> Option<String> {
        self.out.as_ref().map(|path| path.display().to_string())
    }

    pub(crate) const fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}

/// Refuses a file that could not be written, before anything is made that would be lost.
pub(crate) fn check(path: &Path, existing: Existing) -> Result<(), CliError> {
    if path == Path::new("-") {
        return Err(CliError::usage("a key is not written to a file called -", "--show prints it"));
    }
    let folder = folder(path);
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(cannot_write(path, &std::io::Error::from(ErrorKind::NotADirectory))),
        Err(why) => return Err(cannot_write(path, &why)),
    }
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() && existing == Existing::Replace => Ok(()),
        Ok(found) if found.is_file() => Err(exists(path)),
        Ok(_) => {
            Err(CliError::new(CONFLICT, format!("{} exists and is no plain file", path.display()), "name another file"))
        }
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        Err(why) => Err(cannot_write(path, &why)),
    }
}

/// The folder a file is in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether two names mean one file, which need not exist.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| Some((fs::canonicalize(folder(path)).ok()?, path.file_name()?.to_owned()));
    one == other || place(one).is_some_and(|one| place(other) == Some(one))
}

/// Writes the whole file or nothing.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers, existing: Existing) -> Result<(), CliError> {
    check(path, existing)?;
    let failed = |why: &std::io::Error| cannot_write(path, why);
    // Whoever creates the name has it: of two that write at once, one is refused.
    if existing == Existing::Keep {
        create(path, readers).map_err(|why| match why.kind() {
            ErrorKind::AlreadyExists => exists(path),
            _ => failed(&why),
        })?;
    }
    let draft = draft(path);
    let written = create(&draft, readers).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    written.map_err(|why| {
        if why.kind() != ErrorKind::AlreadyExists {
            // The failure is told; what is left over may be gone already.
            let _ = fs::remove_file(&draft);
        }
        if existing == Existing::Keep {
            // The same.
            let _ = fs::remove_file(path);
        }
        failed(&why)
    })
}

fn create(path: &Path, readers: Readers) -> std::io::Result<fs::File> {
    let mode = match readers {
        Readers::Everyone => 0o644,
        Readers::Owner => 0o600,
    };
    fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// A name beside the file, on the same file system.
fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

fn exists(path: &Path) -> CliError {
    CliError::new(
        CONFLICT,
        format!("{} exists already and was left as it is", path.display()),
        "name another file, or replace it with --force",
    )
}

fn cannot_write(path: &Path, why: &std::io::Error) -> CliError {
    let code = if why.kind() == ErrorKind::PermissionDenied { NOT_ALLOWED } else { FAILED };
    CliError::new(
        code,
        format!("{} cannot be written: {why}", path.display()),
        "name a file in a folder that this user may write to",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_its_owners_alone_and_not_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write(&path, b"one", Readers::Owner, Existing::Keep).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (b"one".as_slice(), 0o600));
        let refused = write(&path, b"two", Readers::Owner, Existing::Keep).unwrap_err();
        assert_eq!((refused.code, fs::read(&path).unwrap().as_slice()), (CONFLICT, b"one".as_slice()));
        // A file that everyone could read is not kept open by being replaced.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write(&path, b"two", Readers::Owner, Existing::Replace).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (b"two".as_slice(), 0o600));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn one_file_may_have_many_names() {
        let folder = tempfile::tempdir().unwrap();
        let (key, around) = (folder.path().join("key"), folder.path().join(".").join("key"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(is_same_file(&key, &around) && is_same_file(&key, &link.join("key")));
        assert!(is_same_file(Path::new("key"), Path::new("./key")));
        assert!(!is_same_file(&key, &folder.path().join("other")) && !is_same_file(&key, Path::new("key")));
    }

    #[test]
    fn what_is_no_plain_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write(folder.path(), b"x", Readers::Owner, Existing::Replace).unwrap_err().code, CONFLICT);
        let missing = folder.path().join("missing").join("key");
        assert_eq!(write(&missing, b"x", Readers::Owner, Existing::Keep).unwrap_err().code, FAILED);
    }
}
