//! Archives as files: written under another name, for their owner only, synced, then renamed, so that a file under its name is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::archive::Reading;
use super::{ArchiveKey, BackupError, Summary};
use crate::calendar::compact;

/// How the files are called that the schedule makes, and no others.
const SCHEDULED: &str = "symbolon-scheduled-";
const ENDING: &str = ".backup";
const PARTIAL: &str = ".partial";

/// What a backup made by hand is called where no name is given: `symbolon-20260131T235959Z.backup`.
pub fn default_name(now: u64) -> String {
    format!("symbolon-{}{ENDING}", compact(now))
}

/// What a scheduled one is called.
pub(super) fn scheduled_name(now: u64) -> String {
    format!("{SCHEDULED}{}{ENDING}", compact(now))
}

/// A file that is being written. Given up before it is finished, it is removed.
#[derive(Debug)]
pub struct Partial {
    file: Option<File>,
    path: PathBuf,
    place: PathBuf,
}

impl Partial {
    /// Begins a file that is to be at `place`. Refuses where there is one, and makes the folder if need be.
    pub fn create(place: &Path) -> Result<Self, BackupError> {
        if place.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name already").into());
        }
        let folder = folder_of(place);
        if !folder.exists() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut name = place.as_os_str().to_owned();
        name.push(PARTIAL);
        let path = PathBuf::from(name);
        // What a killed attempt left behind.
        if path.exists() {
            fs::remove_file(&path)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { file: Some(file), path, place: place.to_owned() })
    }

    /// Gives it its name, once it is on the disk; returns its size in bytes.
    pub fn finish(mut self) -> Result<u64, BackupError> {
        let Some(file) = self.file.take() else { return Ok(0) };
        let finish = || {
            file.sync_all()?;
            let size = file.metadata()?.len();
            fs::rename(&self.path, &self.place)?;
            File::open(folder_of(&self.place))?.sync_all()?;
            Ok(size)
        };
        finish().inspect_err(|_| drop(fs::remove_file(&self.path)))
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::Error::other("the file is finished"))
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // If it stays, its name says what it is.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Reads a whole archive and proves it against its own footer, without a database.
pub fn verify(path: &Path, key: &ArchiveKey) -> Result<Summary, BackupError> {
    Reading::open(key, BufReader::new(File::open(path)?))?.finish()
}

/// Removes scheduled backups, the oldest first, until `keep` are left; and what killed attempts at one have left. Other files stay.
/// Returns how many backups went.
pub(super) fn prune(folder: &Path, keep: usize) -> io::Result<usize> {
    let mut complete = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(SCHEDULED)) else { continue };
        if name.ends_with(ENDING) {
            complete.push(entry.path());
        } else if name.strip_suffix(PARTIAL).is_some_and(|name| name.ends_with(ENDING)) {
            fs::remove_file(entry.path())?;
        }
    }
    // Their names sort by time.
    complete.sort();
    let excess = complete.len().saturating_sub(keep);
    complete.iter().take(excess).try_for_each(fs::remove_file)?;
    Ok(excess)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_complete_and_is_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new").join("a.backup");
        let mut partial = Partial::create(&place).unwrap();
        partial.write_all(b"abc").unwrap();
        assert!(!place.exists());
        assert_eq!(partial.finish().unwrap(), 3);
        assert_eq!(names(&folder.path().join("new")), ["a.backup"]);
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Partial::create(&place).is_err(), "never overwritten");
    }

    #[test]
    fn a_file_that_was_given_up_is_gone_and_one_of_a_killed_attempt_gives_way() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.backup");
        drop(Partial::create(&place).unwrap());
        assert_eq!(names(folder.path()), [""; 0]);
        fs::write(folder.path().join("a.backup.partial"), "left").unwrap();
        Partial::create(&place).unwrap().finish().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"");
    }

    #[test]
    fn pruning_takes_the_oldest_of_its_own_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let day = 86_400;
        for number in 0..5 {
            fs::write(folder.path().join(scheduled_name(number * day)), "").unwrap();
        }
        let others = [default_name(0), "notes.txt".to_owned(), "symbolon-scheduled-notes.txt".to_owned()];
        for other in &others {
            fs::write(folder.path().join(other), "").unwrap();
        }
        fs::write(folder.path().join(format!("{}{PARTIAL}", scheduled_name(9))), "").unwrap();
        assert_eq!(prune(folder.path(), 2).unwrap(), 3);
        let mut expected: Vec<String> =
            [3, 4].map(|number| scheduled_name(number * day)).into_iter().chain(others).collect();
        expected.sort();
        assert_eq!(names(folder.path()), expected);
        assert_eq!(prune(folder.path(), 2).unwrap(), 0);
    }
}
