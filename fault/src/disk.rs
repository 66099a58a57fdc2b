//! What a disk holds after the power fails: everything up to the last sync of a file, and of what was written since whatever it likes.
//!
//! strace records every write to the files with its data; from the record the files are put together as they would be found. A write
//! that was not synced is kept, lost, or torn at a sector, each by chance: a log that relies on order without a sync shows it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::{Failure, rng};

/// What a disk writes at once.
const SECTOR: usize = 512;

/// The calls that strace records. Others that could write would be unknown to [`Disk::replay`], which then refuses.
const CALLS: &str =
    "pwrite64,pwritev,pwritev2,write,writev,ftruncate,truncate,fallocate,copy_file_range,sendfile,fsync,fdatasync";

/// Files and what of them would survive.
pub(crate) struct Disk {
    files: HashMap<PathBuf, File>,
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Eq, PartialEq)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Length(usize),
}

/// One call as strace writes it.
#[derive(Debug, Eq, PartialEq)]
enum Call {
    Changed { path: PathBuf, change: Change },
    Synced { path: PathBuf },
}

impl Disk {
    /// Files at rest, all synced. One that is not there is empty.
    pub(crate) fn at_rest(files: &[PathBuf]) -> Self {
        let read = |path: &PathBuf| File { durable: std::fs::read(path).unwrap_or_default(), pending: Vec::new() };
        Self { files: files.iter().map(|path| (path.clone(), read(path))).collect() }
    }

    /// The wrapper that records into `record` and kills the process as its `sync`-th sync begins.
    pub(crate) fn recorder(&self, record: &Path, sync: u64) -> Vec<String> {
        let mut words = ["strace", "-f", "-qq", "-y", "-xx", "-s", "1000000", "-o"].map(str::to_owned).to_vec();
        words.push(record.display().to_string());
        for path in self.files.keys() {
            words.extend(["-P".to_owned(), path.display().to_string()]);
        }
        words.extend(["-e".to_owned(), format!("trace={CALLS}")]);
        words.extend(["-e".to_owned(), format!("inject=fsync,fdatasync:signal=KILL:when={sync}")]);
        words
    }

    /// Carries out what was recorded; gives the number of syncs that were completed.
    pub(crate) fn replay(&mut self, record: &str) -> Result<u64, Failure> {
        let (mut begun, mut syncs) = (HashMap::new(), 0);
        for line in record.lines() {
            let Some(line) = whole(line, &mut begun) else { continue };
            match parse(&line)? {
                None => {}
                Some(Call::Changed { path, change }) => {
                    self.files.entry(path).or_default().pending.push(change);
                }
                Some(Call::Synced { path }) => {
                    self.files.entry(path).or_default().sync();
                    syncs += 1;
                }
            }
        }
        Ok(syncs)
    }

    /// The power fails: writes the files as they would be found; gives the number of changes that were not synced.
    pub(crate) fn fail(self) -> Result<usize, Failure> {
        let mut unsynced = 0;
        for (path, mut file) in self.files {
            unsynced += file.pending.len();
            for change in std::mem::take(&mut file.pending) {
                match (rng::between(0..=2), change) {
                    (0, _) => {}
                    (1, Change::Write { at, mut data }) if data.len() > SECTOR => {
                        data.truncate(data.len().div_ceil(SECTOR) / 2 * SECTOR);
                        file.apply(Change::Write { at, data });
                    }
                    (_, change) => file.apply(change),
                }
            }
            std::fs::write(path, file.durable)?;
        }
        Ok(unsynced)
    }
}

impl File {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            self.apply(change);
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Length(length) => self.durable.resize(length, 0),
            Change::Write { at, data } => {
                let end = at + data.len();
                if self.durable.len() < end {
                    self.durable.resize(end, 0);
                }
                self.durable[at..end].copy_from_slice(&data);
            }
        }
    }
}

/// A call on one line: strace breaks one in two when another thread's comes between. `None` while it is not complete.
fn whole(line: &str, begun: &mut HashMap<String, String>) -> Option<String> {
    let (thread, call) = line.split_once(' ')?;
    let call = call.trim_start();
    if let Some(first) = call.strip_suffix(" <unfinished ...>") {
        begun.insert(thread.to_owned(), first.to_owned());
        return None;
    }
    if let Some(rest) = call.strip_prefix("<... ") {
        let (_, rest) = rest.split_once(" resumed>")?;
        return begun.remove(thread).map(|first| first + rest);
    }
    Some(call.to_owned())
}

/// `pwrite64(13<\x2f…>, "\x37…", 4096, 32) = 4096` and its kin; `None` for what changes nothing.
fn parse(call: &str) -> Result<Option<Call>, Failure> {
    let wrong = || format!("an unreadable record: {}", call.chars().take(120).collect::<String>());
    // Signals and exits.
    let Some((name, rest)) = call.split_once('(').filter(|_| !call.starts_with(['-', '+'])) else { return Ok(None) };
    let (arguments, result) = rest.rsplit_once(" = ").ok_or_else(wrong)?;
    let arguments = arguments.trim_end().strip_suffix(')').ok_or_else(wrong)?;
    if result.starts_with(['-', '?']) {
        return Ok(None);
    }
    let (_, rest) = arguments.split_once('<').ok_or_else(wrong)?;
    let (path, rest) = rest.split_once('>').ok_or_else(wrong)?;
    let path = PathBuf::from(String::from_utf8(bytes(path).ok_or_else(wrong)?)?);
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
    match name {
        "fsync" | "fdatasync" => Ok(Some(Call::Synced { path })),
        "ftruncate" => {
            let length = number(rest.trim_start_matches(", "))?;
            Ok(Some(Call::Changed { path, change: Change::Length(length) }))
        }
        "pwrite64" => {
            let (data, rest) = rest.trim_start_matches(", \"").split_once('"').ok_or_else(wrong)?;
            let (_, at) = rest.rsplit_once(", ").ok_or_else(wrong)?;
            let mut data = bytes(data).ok_or_else(wrong)?;
            data.truncate(number(result)?);
            Ok(Some(Call::Changed { path, change: Change::Write { at: number(at)?, data } }))
        }
        other => Err(format!("the record holds {other}, which is not understood").into()),
    }
}

/// `\x2f\x64` as bytes.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks_exact(4);
    if !digits.remainder().is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.map(|it| Some(digit(it[2])? * 16 + digit(it[3])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Disk {
        Disk { files: HashMap::new() }
    }

    #[test]
    fn only_what_was_synced_is_sure() {
        let record = "\
1 pwrite64(3<\\x61>, \"\\x01\\x02\", 2, 0) = 2
2 pwrite64(3<\\x61>, \"\\x03\", 1, 2 <unfinished ...>
1 fdatasync(3<\\x61> <unfinished ...>
2 <... pwrite64 resumed>) = 1
1 <... fdatasync resumed>) = 0
1 pwrite64(3<\\x61>, \"\\x09\", 1, 0) = 1
1 fdatasync(3<\\x61>)                  = ?
1 +++ killed by SIGKILL +++
";
        let mut disk = disk();
        assert_eq!(disk.replay(record).unwrap(), 1);
        let file = &disk.files[Path::new("a")];
        assert_eq!(file.durable, [1, 2, 3]);
        assert_eq!(file.pending, [Change::Write { at: 0, data: vec![9] }]);
    }

    #[test]
    fn a_call_that_is_not_understood_is_an_error() {
        assert!(disk().replay("1 writev(3<\\x61>, [], 1) = 1\n").is_err());
        assert!(disk().replay("1 pwrite64(3<\\x61>, nonsense) = 1\n").is_err());
    }
}
