//! The acknowledgement journal: one line for each answered request with what was promised, out of our hands before the next request
//! is sent; and a line for each request that was sent and not answered.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::Failure;

/// One line.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(crate) enum Entry {
    /// A refresh-token family has begun.
    Born { chain: String, token: String },
    /// The newest token of the chain was used and has this successor.
    Rotated { chain: String, token: String },
    /// The newest token of the chain was revoked.
    Revoked { chain: String },
    /// A code was handed out.
    Code { code: String },
    /// It was redeemed for this refresh token.
    Redeemed { code: String, token: String },
    /// An account with a password exists.
    Registered { user: String },
    /// An account without one exists.
    Invited { user: String },
    /// A link to choose a password was handed out.
    Link { user: String, link: String },
    /// A password was chosen with it.
    Chosen { user: String, link: String },
    /// An access token was issued.
    Issued { token: String },
    /// Keys were rotated; this one signs.
    KeyActive { kid: String },
    /// Sent and not answered: `doing` something to `about`.
    Doubt { about: String, doing: String },
}

/// A journal that several clients write.
#[derive(Clone, Debug)]
pub(crate) struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: Mutex<File>,
    acknowledged: AtomicU64,
    in_doubt: AtomicU64,
}

impl Journal {
    /// A new one at `path`.
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        let file = Mutex::new(File::create(path)?);
        let (acknowledged, in_doubt) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self(Arc::new(Inner { path: path.into(), file, acknowledged, in_doubt })))
    }

    /// Writes a line. It has left this process when this returns; it is the server that dies, not the machine.
    pub(crate) fn note(&self, entry: &Entry) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.0.file.lock().map_err(|_| "a client has failed over the journal")?.write_all(&line)?;
        let counter = if matches!(entry, Entry::Doubt { .. }) { &self.0.in_doubt } else { &self.0.acknowledged };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// A request without an answer.
    pub(crate) fn doubt(&self, about: &str, doing: &str) -> Result<(), Failure> {
        self.note(&Entry::Doubt { about: about.to_owned(), doing: doing.to_owned() })
    }

    /// Answered so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.0.acknowledged.load(Ordering::Relaxed)
    }

    /// Lines so far: whoever has a line here before another is asked for was answered before.
    pub(crate) fn lines(&self) -> usize {
        usize::try_from(self.acknowledged() + self.in_doubt()).unwrap_or(usize::MAX)
    }

    /// Not answered so far.
    pub(crate) fn in_doubt(&self) -> u64 {
        self.0.in_doubt.load(Ordering::Relaxed)
    }

    /// What stands in it, read back from the file.
    pub(crate) fn read(&self) -> Result<Vec<Entry>, Failure> {
        let text = std::fs::read_to_string(&self.0.path)?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}
