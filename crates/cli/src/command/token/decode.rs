//! `symbolon token decode`: what a token says, what that means, and why it would be refused.

use clap::Args;
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, KeyManagement};

use super::TokenSource;
use super::look::{Form, Look};
use super::meaning::{claim_rows, header_rows};
use super::reason::{Reason, Severity};
use crate::error::{CHECK_FAILED, CliError};
use crate::output::{Output, text, visible};
use crate::time;

#[derive(Args, Debug)]
pub(crate) struct Decode {
    #[command(flatten)]
    source: TokenSource,
}

impl Decode {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let now = time::now();
        let look = Look::at(&self.source.read()?, now);
        let malformed = look.malformed().map(|reason| (reason.text.clone(), reason.hint.clone()));
        if look.is_readable() || malformed.is_none() {
            if output.is_json() {
                output.json(&look.answer(output));
            } else {
                look.print(now, output);
            }
        }
        match malformed {
            None => {
                look.suggest(&self.source.again(), output);
                Ok(())
            }
            Some((text, hint)) => {
                Err(CliError::new(CHECK_FAILED, format!("this is not a well-formed token: {text}"), hint))
            }
        }
    }
}

impl Look {
    fn answer(&self, output: &Output) -> Value {
        let reasons: Vec<Value> = self.reasons.iter().map(|reason| reason.json(output)).collect();
        let mut answer = json!({
            "verified": false,
            "form": self.form.name(),
            "well_formed": self.malformed().is_none(),
            "header": self.headers.first(),
            "claims": self.claims,
            "reasons": reasons,
        });
        if self.headers.len() > 1 {
            answer["headers"] = json!(self.headers);
        }
        if let Some(content) = &self.content {
            answer["content"] = json!(content);
        }
        answer
    }

    fn print(&self, now: u64, output: &Output) {
        if self.form.is_encrypted() {
            output.say("NOT VERIFIED and not decrypted: the header is what anyone can write, the content only its recipient can read.");
        } else {
            output.say("NOT VERIFIED: anyone can write such a token. This is what it says, not what is true.");
        }
        if self.form != Form::JwsCompact {
            output.say(&format!("this is {}", self.form.words()));
        }
        let each = if self.form.is_encrypted() { "recipient" } else { "signature" };
        for (index, header) in self.headers.iter().enumerate() {
            if self.headers.len() > 1 {
                output.say(&format!("{each} {} of {}:", index + 1, self.headers.len()));
            }
            output.table(&["HEADER", "VALUE", "MEANING"], &header_rows(header, now));
        }
        if let Some(claims) = &self.claims {
            output.table(&["CLAIM", "VALUE", "MEANING"], &claim_rows(claims, now));
        }
        if let Some(content) = &self.content {
            output.table(&["CONTENT", "VALUE", "MEANING"], &[vec!["payload".into(), content.clone(), String::new()]]);
        }
        if self.reasons.is_empty() {
            output.say(if self.form.is_encrypted() {
                "nothing speaks against it, as far as can be seen without the key"
            } else {
                "nothing speaks against it but the signature, which was not checked"
            });
        }
        self.print_reasons("WOULD BE REFUSED", "refused", &[Severity::Malformed, Severity::Refused], output);
        self.print_reasons("WORTH A LOOK", "worth a look", &[Severity::WorthALook], output);
    }

    /// Under a heading for people; for pipes as rows of what it is, its name, the words, and what to try.
    fn print_reasons(&self, heading: &str, mark: &str, of: &[Severity], output: &Output) {
        let reasons: Vec<&Reason> = self.reasons.iter().filter(|reason| of.contains(&reason.severity)).collect();
        if !output.is_terminal() {
            let row = |reason: &&Reason| {
                vec![
                    mark.to_owned(),
                    reason.id.to_owned(),
                    reason.text.clone(),
                    format!("try: {}", output.spell(&reason.hint)),
                ]
            };
            return output.table(&["", "", "", ""], &reasons.iter().map(row).collect::<Vec<_>>());
        }
        if !reasons.is_empty() {
            output.line(&format!("\n{heading}"));
        }
        for reason in reasons {
            output.line(&format!("- {}", visible(&reason.text)));
            output.line(&format!("  try: {}", visible(&output.spell(&reason.hint))));
        }
    }

    /// What to do next, if there is something: `again` names the token once more.
    fn suggest(&self, again: &str, output: &Output) {
        let alg = self.headers.first().and_then(|header| header.get("alg")).and_then(Value::as_str);
        if self.form.is_encrypted() {
            let Some(management) = alg.and_then(KeyManagement::from_name) else { return };
            let option = if management.is_password() { "--password-file" } else { "--key" };
            return output.next(&format!("symbolon token decrypt {option} FILE{again}"));
        }
        // Only a compact token with claims is a JWT, and only one that is signed at all can be verified.
        let (Form::JwsCompact, Some(claims), Some(algorithm)) =
            (self.form, &self.claims, alg.and_then(Algorithm::from_name))
        else {
            return;
        };
        let issuer = claims.get("iss").map_or_else(|| "URL".to_owned(), |iss| shell_word(&text(iss)));
        let secret = if algorithm.is_symmetric() { " --secret-file FILE" } else { "" };
        output.next(&format!("symbolon token verify --issuer {issuer}{secret}{again}"));
    }
}

/// What comes from a token and goes into a command to copy: only what a shell takes as it stands.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-~".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        text.to_owned()
    } else {
        "URL".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_token_gets_into_a_command_to_copy_but_plain_addresses() {
        assert_eq!(shell_word("https://auth.example.com:8443/x"), "https://auth.example.com:8443/x");
        for text in ["https://a;rm -rf ~", "$(id)", "`id`", "a b", "", "--config", "é", "https://a/?x=1&y"] {
            assert_eq!(shell_word(text), "URL", "{text}");
        }
    }
}
