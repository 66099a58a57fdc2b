//! `symbolon keys`: the signing keys of the server, and key files of anyone's.

mod convert;
pub(crate) mod file;
mod generate;
mod server;
mod source;
mod write;

use clap::Subcommand;
use symbolon_jose::jwk::MAX_KID_LEN;

use super::Global;
use crate::error::CliError;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// The server's keys: all that are published
    List,
    /// The server's keys: let the next ones sign from now on
    ///
    /// The next key is published already, so APIs know it. The present one stays published until the last token it signed has
    /// expired. Keys rotate by themselves; this is for when you do not want to wait. For five minutes after a next key was
    /// published it is refused, because an API may hold a key set from before that long and would refuse the new tokens.
    Rotate(server::Rotate),
    /// The server's keys: withdraw one that somebody else may have
    ///
    /// It leaves the key set at once, and if it was the one that signs, the next one of its algorithm signs from now on. ID tokens and
    /// access tokens that it signed are refused by guards that follow the revocation feed within a second, by others when they fetch
    /// the key set anew. People stay signed in; clients get new tokens with their refresh tokens.
    Retire(server::Retire),
    /// A key file: make a key; nothing to do with the server's keys
    ///
    /// The private key goes to a file that only you may read, the public key to standard output. A private key or a shared secret
    /// is shown on the screen only if you ask for it with --show.
    Generate(Box<generate::Generate>),
    /// A key file: write a key in another form
    ///
    /// What the file holds is found out by looking at it: PEM or DER (PKCS#8, PKCS#1, SEC1, SPKI), a JWK, a JWK set or an
    /// encrypted JWK. A private key goes to a file that only you may read, or to the screen if you ask for it with --show.
    Convert(Box<convert::Convert>),
}

impl Keys {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Convert(command) => command.run(output),
            Self::Generate(command) => command.run(output),
            Self::List => server::list(global, output),
            Self::Retire(command) => command.run(global, output),
            Self::Rotate(command) => command.run(global, output),
        }
    }
}

/// An identifier for a key, as a header of a token can name it.
fn kid(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > MAX_KID_LEN || text.chars().any(char::is_control) {
        return Err(format!("1 to {MAX_KID_LEN} bytes, without control characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kid_is_short_and_printable() {
        assert_eq!(kid("2026-01"), Ok("2026-01".to_owned()));
        for bad in ["", "a\nb", &"x".repeat(MAX_KID_LEN + 1)] {
            assert!(kid(bad).is_err(), "{bad:?}");
        }
    }
}
