//! `symbolon token`: look into a token, verify, sign, encrypt, decrypt and revoke. Decoding trusts nothing and says so; verifying takes
//! the issuer's keys and names the reason of a refusal, which the server never tells a stranger; revoking is done by the server.

mod decode;
mod decrypt;
mod device;
mod encrypt;
mod hide;
mod look;
mod meaning;
mod reason;
mod revoke;
mod sign;
mod tolerant;
mod verify;
mod with;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::Global;
use crate::error::CliError;
use crate::input;
use crate::output::Output;
use crate::program::quoted;

/// The longest text that is looked at; longer than any that is accepted.
const MAX_BYTES: usize = 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Show what a token says and why it would be refused, without any claim that it is genuine
    #[command(
        after_help = "The token is read from standard input, where no shell history and no other user sees it. Signed and encrypted\n\
        tokens are known, in compact and in JSON serialization. Exit code 0 when it could be read, also when it would be\n\
        refused; 8 when it is not even written as a token must be.\n\n\
        Examples:\n  symbolon token decode < token.txt\n  pbpaste | symbolon token decode --json"
    )]
    Decode(decode::Decode),
    /// Get tokens as a device without a browser does: show a code, and wait for the answer on another screen
    #[command(
        after_help = "The client is a public one: symbolon client add --native --device. The access token is printed, with --json all of the answer.\n\n\
        Examples:\n  \
        symbolon token device --client dragons-tv\n  \
        TOKEN=$(symbolon token device --issuer https://auth.example.com --client dragons-tv --audience https://api.example.com)"
    )]
    Device(device::Device),
    /// Check signature, issuer, audience and times; exit code 8 when refused
    #[command(
        after_help = "The token is read from standard input. Keys come from the issuer (https, or http on this machine) or from a file.\n\n\
        Examples:\n  \
        symbolon token verify --issuer https://auth.example.com --audience https://api.example.com < token.txt\n  \
        symbolon token verify --jwks keys.json --issuer https://auth.example.com < token.txt\n  \
        symbolon token verify --jwks public.pem --alg RS256 --issuer https://auth.example.com < token.txt\n  \
        symbolon token verify --secret-file secret.bin --issuer https://auth.example.com < token.txt\n  \
        symbolon token verify --key mine.jwk --jwks keys.json --issuer https://auth.example.com < encrypted.txt"
    )]
    Verify(verify::Verify),
    /// Sign claims with a key file
    #[command(
        after_help = "Claims come from options, from a file, or from standard input when neither is given. iat is added, and exp is asked for.\n\
        With \"=\" a value is a text, with \":=\" it is JSON.\n\n\
        Examples:\n  \
        symbolon token sign --key key.jwk --issuer https://auth.example.com --audience https://api.example.com --expires 10m\n  \
        symbolon token sign --key key.pem --alg ES256 --claims claims.json --expires 10m\n  \
        symbolon token sign --key key.jwk --subject ada --claim scope=read --claim 'roles:=[\"admin\"]' --expires 1h"
    )]
    Sign(sign::Sign),
    /// Encrypt a text or a token to a key file, or with a password
    #[command(
        after_help = "The content is read from standard input or a file. A signed token as content is marked as such (cty JWT).\n\n\
        Examples:\n  \
        symbolon token encrypt --key recipient.jwk < token.txt\n  \
        symbolon token encrypt --key public.pem --alg RSA-OAEP-256 --enc A128GCM --file secret.txt\n  \
        symbolon token encrypt --password-file password.txt --file secret.txt"
    )]
    Encrypt(encrypt::Encrypt),
    /// Decrypt a token with a key file or a password, and print its content
    #[command(
        after_help = "The token is read from standard input or a file. Its content is printed as it is; on a terminal without control\n\
        characters. That it can be decrypted does not say who made it: verify a signed token inside.\n\n\
        Examples:\n  \
        symbolon token decrypt --key mine.jwk < token.txt\n  \
        symbolon token decrypt --password-file password.txt --file token.txt"
    )]
    Decrypt(decrypt::Decrypt),
    /// Let a token count no more, or all of a client, for an API, or all there are
    ///
    /// An access token or a refresh token ends with the grant it is of; a machine's access token ends alone. Of a client, for an API and
    /// with --everything, access tokens end, and refresh tokens live on: clients get new access tokens with them, from the next second on.
    ///
    /// Userinfo and introspection refuse what was revoked now, guards that follow the revocation feed within a second. An API that does
    /// not follow it accepts it until it expires; the answer says when.
    #[command(
        after_help = "The token is read from standard input or a file, where no shell history and no other user sees it.\n\n\
        Examples:\n  \
        symbolon token revoke < token.txt\n  \
        symbolon token revoke --jti 4fX0cGm1TqSx2hT1d0bq1w\n  \
        symbolon token revoke --client shop\n  \
        symbolon token revoke --everything"
    )]
    Revoke(revoke::Revoke),
}

#[derive(Args, Debug)]
pub(crate) struct TokenSource {
    /// Read the token from this file; - is standard input [default: standard input]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Token {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Decode(decode) => decode.run(output),
            Self::Decrypt(decrypt) => decrypt.run(output),
            Self::Device(device) => device.run(global, output),
            Self::Encrypt(encrypt) => encrypt.run(output),
            Self::Revoke(revoke) => revoke.run(global, output),
            Self::Sign(sign) => sign.run(output),
            Self::Verify(verify) => verify.run(global, output),
        }
    }
}

impl TokenSource {
    /// The file, unless it is standard input.
    fn path(&self) -> Option<&Path> {
        self.file.as_deref().filter(|path| *path != "-")
    }

    /// The option that names the same token in a command to copy.
    fn again(&self) -> String {
        self.path().map_or_else(String::new, |path| format!(" --file {}", quoted(&path.display().to_string())))
    }

    fn read(&self) -> Result<Zeroizing<String>, CliError> {
        let token = self.read_any("symbolon token decode < token.txt")?;
        refuse_secrets(&token)?;
        Ok(token)
    }

    /// The same, opaque secrets too; `again` is how to hand one in.
    fn read_any(&self, again: &str) -> Result<Zeroizing<String>, CliError> {
        let text = match self.path() {
            Some(path) => text(&input::read_bytes(path, MAX_BYTES)?)?,
            None if std::io::stdin().is_terminal() => input::read_stdin("the token")?,
            None => text(&input::pipe("the token", MAX_BYTES)?)?,
        };
        let token = bare(&text);
        if token.is_empty() {
            return Err(CliError::usage("no token was given", format!("pipe it in: {again}")));
        }
        Ok(Zeroizing::new(token.to_owned()))
    }
}

fn text(bytes: &[u8]) -> Result<Zeroizing<String>, CliError> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        CliError::usage("this is not a text, so it is no token", "pass the token itself: letters, digits, dots")
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// People copy whole headers, and quotes with it; some programs write a mark before the text.
fn bare(text: &str) -> &str {
    let around = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '"' | '\'');
    let mut token = text.trim_matches(around);
    for before in ["Authorization:", "Bearer ", "DPoP "] {
        let begins = token.get(..before.len()).is_some_and(|start| start.eq_ignore_ascii_case(before));
        if begins {
            token = token[before.len()..].trim();
        }
    }
    token
}

/// What is no token and must not be shown: none of it is repeated here.
fn refuse_secrets(text: &str) -> Result<(), CliError> {
    if text.starts_with("sym_") {
        return Err(CliError::usage(
            "this is an opaque secret (code, refresh token or client secret): it holds no claims",
            "ask the server about it with POST /oauth/introspect",
        ));
    }
    if text.contains("-----BEGIN") {
        return Err(CliError::usage(
            "this is a PEM text, perhaps a private key, and no token; it is not shown",
            "symbolon keys convert --in FILE --public",
        ));
    }
    let is_json = text.starts_with(['{', '[']);
    if is_json && !is_serialization(text) && ["\"kty\"", "\"keys\""].iter().any(|name| text.contains(name)) {
        return Err(CliError::usage(
            "this is a key, perhaps a private one, and no token; it is not shown",
            "symbolon keys convert --in FILE --public",
        ));
    }
    Ok(())
}

/// Whether it is a token in JSON serialization. A key may stand in one, as the `epk` of a recipient does, and is hidden there.
fn is_serialization(text: &str) -> bool {
    let members = ["ciphertext", "signature", "signatures"];
    tolerant::json(text.as_bytes()).is_some_and(|(whole, _)| members.iter().any(|name| whole.get(name).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use symbolon_jose::{Algorithm, Jwk, KeyFormat};

    #[test]
    fn whole_headers_are_taken_for_the_token_in_them() {
        for text in
            ["a.b.c\n", "Bearer a.b.c", "Authorization: Bearer a.b.c", "authorization: bearer  a.b.c", "DPoP a.b.c"]
        {
            assert_eq!(bare(text), "a.b.c", "{text}");
        }
        for text in ["\u{feff}a.b.c\r\n", "\"a.b.c\"", "'Bearer a.b.c'"] {
            assert_eq!(bare(text), "a.b.c", "{text}");
        }
        assert_eq!(bare("{\"a\":\"b\"}\n"), "{\"a\":\"b\"}");
        assert_eq!(bare("é"), "é");
    }

    #[test]
    fn keys_and_opaque_secrets_are_refused_and_not_repeated() {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let (json, pem) = (jwk.to_private_json(), jwk.to_pem(KeyFormat::Pkcs8).unwrap());
        for text in [json.as_str(), &pem, "sym_rt_AAAABBBB", &format!("{{\"keys\":[{}]}}", json.as_str())] {
            let error = refuse_secrets(text).unwrap_err();
            let words = format!("{error:?}");
            assert!(!text.split(['"', '\n']).any(|part| part.len() > 8 && words.contains(part)), "{words}");
        }
        assert!(refuse_secrets("{\"payload\":\"e30\",\"signatures\":[]}").is_ok());
        let epk = "{\"ciphertext\":\"\",\"recipients\":[{\"header\":{\"epk\":{\"kty\":\"EC\"}}}]}";
        assert!(refuse_secrets(epk).is_ok());
    }
}
