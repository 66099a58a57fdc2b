//! `acr_values`: levels of authentication, best first (OpenID Connect Core §3.1.2.1). A wish, never a reason to refuse; without it the `claims`
//! parameter may wish for some, and without that the client's own default counts.

use super::Draft;
use crate::claims_request::Asked;

const MAX_VALUES: usize = 20;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>, asked: &Asked) -> Vec<String> {
    if let Some(values) = draft.params.get("acr_values") {
        return values.split(' ').filter(|value| !value.is_empty()).take(MAX_VALUES).map(str::to_owned).collect();
    }
    // OpenID Connect Registration §2: "The acr_values request parameter or an individual acr Claim request overrides these default values."
    let wished = asked.wished_acr.as_ref().or(asked.acr.as_ref());
    wished.unwrap_or(&draft.client.metadata.default_acr_values).iter().take(MAX_VALUES).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{on, on_client};
    use super::*;
    use crate::registration::Client;
    use crate::testing::spa;

    fn values(text: &str) -> Vec<String> {
        on(text, |draft| check(draft, &Asked::default()))
    }

    #[test]
    fn they_are_words_in_order() {
        assert_eq!(values("acr_values=a+b++c"), ["a", "b", "c"]);
        assert!(values("").is_empty());
        assert_eq!(values(&format!("acr_values={}", "x+".repeat(50))).len(), MAX_VALUES);
    }

    #[test]
    fn openid_registration_section_2_the_default_counts_until_a_request_says_otherwise() {
        let mut client: Client = spa();
        client.metadata.default_acr_values = vec!["2".to_owned(), "1".to_owned()];
        let of = |text: &str, asked: &Asked| on_client(&client, text, |draft| check(draft, asked));
        assert_eq!(of("", &Asked::default()), ["2", "1"]);
        assert_eq!(of("acr_values=1", &Asked::default()), ["1"]);
        let wished = Some(vec!["3".to_owned()]);
        assert_eq!(of("", &Asked { wished_acr: wished.clone(), ..Asked::default() }), ["3"]);
        assert_eq!(of("", &Asked { acr: wished, ..Asked::default() }), ["3"]);
    }
}
