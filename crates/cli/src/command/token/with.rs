//! What encrypts or decrypts: a key file or a password, and which algorithms.

use std::path::{Path, PathBuf};

use clap::Args;
use symbolon_jose::{ContentEncryption, Jwk, KeyManagement};

use super::encrypt::{Choice, encryption, management};
use crate::command::keys::file::KeyFile;
use crate::error::CliError;
use crate::input::PasswordSource;
use crate::program::quoted;

#[derive(Args, Debug)]
pub(super) struct With {
    /// The key: a file with a JWK, a JWK set, PEM, DER, or a JWK that the password opens
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    #[command(flatten)]
    pub(super) password: PasswordSource,
    /// Which key of a set
    #[arg(long)]
    kid: Option<String>,
    /// How the content key is encrypted [default: what the key is for]
    #[arg(long, value_parser = management)]
    pub(super) alg: Option<KeyManagement>,
    /// How the content is encrypted [default: what the key is for, else A256GCM to encrypt, and any to decrypt]
    #[arg(long, value_parser = encryption)]
    pub(super) enc: Option<ContentEncryption>,
}

impl With {
    /// The key in its file.
    pub(super) fn jwk(&self, path: &Path) -> Result<Jwk, CliError> {
        KeyFile::read_with(path, &self.password)?.one(self.kid.as_deref())
    }

    pub(super) const fn choice(&self) -> Choice {
        Choice { alg: self.alg, enc: self.enc }
    }

    /// The options that choose the same key of its file for the same use, in a command to copy.
    pub(super) fn same_key(&self) -> String {
        let password = if self.password.is_given() { " --password-file FILE" } else { "" };
        let kid = self.kid.as_ref().map_or_else(String::new, |kid| format!(" --kid {}", quoted(kid)));
        format!("{password}{kid}{}", self.same_algorithms())
    }

    /// Those that choose the same algorithms: a file that does not say them needs them again.
    pub(super) fn same_algorithms(&self) -> String {
        let alg = self.alg.map_or_else(String::new, |alg| format!(" --alg {alg}"));
        let enc = self.enc.map_or_else(String::new, |enc| format!(" --enc {enc}"));
        alg + &enc
    }

    /// Standard input gives one thing only: `what` has to come from a file if it gives the password.
    pub(super) fn check_stdin(&self, what: &str, from_file: bool) -> Result<(), CliError> {
        if self.password.is_stdin() && !from_file {
            let message = format!("standard input gives the password, so the {what} must come from elsewhere");
            return Err(CliError::usage(message, "--file FILE"));
        }
        Ok(())
    }
}
