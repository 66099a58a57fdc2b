//! Whether the issuer answers from here, under its own name and with keys: DNS, proxy and certificate in one.

use super::finding::Finding;
use super::seen::Seen;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let issuer = &seen.config.issuer;
    vec![match &seen.issuer.keys {
        None => Finding::skipped("issuer", if issuer.is_empty() { "no issuer is known" } else { "could not be asked" }),
        Some(Ok(0)) => Finding::wrong("issuer", format!("{issuer} answers without a key"), "symbolon keys list"),
        Some(Ok(keys)) => Finding::ok("issuer", format!("{issuer} answers with {keys} keys")),
        Some(Err(why)) => Finding::wrong(
            "issuer",
            format!("{issuer} does not answer as it should: {why}"),
            "start the server; check DNS, proxy and certificate",
        ),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_fine, assert_found};
    use super::super::seen::healthy;
    use super::*;

    #[test]
    fn an_issuer_that_does_not_answer_is_told_with_the_reason() {
        assert_fine(&judge(&healthy()));
        let mut seen = healthy();
        seen.issuer.keys = Some(Err("invalid peer certificate: Expired".to_owned()));
        assert_found(&judge(&seen), Grade::Wrong, "does not answer as it should: invalid peer certificate");
        seen.issuer.keys = Some(Ok(0));
        assert_found(&judge(&seen), Grade::Wrong, "without a key");
        seen.issuer.keys = None;
        assert_found(&judge(&seen), Grade::Skipped, "could not be asked");
    }
}
