//! What the letters say that tell of changes to an account.

use symbolon_oauth::Issuer;

use super::letter::Letter;
use super::words::{Action, Words};
use crate::words::{AccountLetters, Language};

/// The words of such a letter, to this address.
pub(super) fn of(letter: &Letter, to: &str, issuer: &Issuer, host: &str, language: Language) -> Words {
    let words = AccountLetters::of(language);
    let plain = |subject: &str, lead: String, after: Vec<&str>| Words {
        subject: subject.to_owned(),
        lead,
        after: after.into_iter().map(str::to_owned).collect(),
        ..Words::default()
    };
    match letter {
        Letter::EmailProof { link, minutes } => Words {
            actions: vec![Action::new(words.proof_action(), link)],
            ..plain(
                words.proof_subject(),
                words.proof_lead(host),
                vec![&words.proof_after(*minutes), words.proof_else()],
            )
        },
        Letter::OwnEmailProof { link, minutes } => Words {
            actions: vec![Action::new(words.own_proof_action(), link)],
            ..plain(
                words.own_proof_subject(),
                words.own_proof_lead(host),
                vec![&words.proof_after(*minutes), words.proof_else()],
            )
        },
        Letter::EmailLeft => plain(words.changed_subject(), words.left_lead(to, host), vec![words.left_after()]),
        Letter::EmailTaken => plain(words.taken_subject(), words.taken_lead(host), vec![words.taken_after()]),
        Letter::EmailAsked { email, link, days } => {
            let told = plain(words.asked_subject(), words.asked_lead(to, host, email), vec![words.was_me()]);
            with_undo(told, words, link.as_deref(), *days)
        }
        Letter::EmailChanged { old, email, link, days } => {
            let told = plain(words.changed_subject(), words.changed_lead(host, old, email), vec![words.was_me()]);
            with_undo(told, words, link.as_deref(), *days)
        }
        Letter::EmailUndone { email } => Words {
            actions: vec![Action::new(words.new_password(), issuer.endpoint("/forgot"))],
            ..plain(words.undone_subject(), words.undone_lead(host, email), Vec::new())
        },
        // Of all others `words.rs` knows what they say.
        _ => plain(words.deleted_subject(), words.deleted_lead(to, host), vec![words.deleted_after()]),
    }
}

/// A letter with the link that takes the address back, where there is one.
fn with_undo(told: Words, words: AccountLetters, link: Option<&str>, days: u64) -> Words {
    let Some(link) = link else { return told };
    Words {
        actions: vec![Action::new(words.not_me(), link)],
        after: vec![words.was_me().to_owned(), words.not_me_after(days)],
        ..told
    }
}
