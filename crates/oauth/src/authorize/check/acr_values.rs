//! `acr_values`: levels of authentication, best first (OpenID Connect Core §3.1.2.1). A wish, never a reason to refuse.

use super::Draft;

const MAX_VALUES: usize = 20;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Vec<String> {
    let values = draft.params.get("acr_values").unwrap_or_default();
    values.split(' ').filter(|value| !value.is_empty()).take(MAX_VALUES).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn they_are_words_in_order() {
        assert_eq!(on("acr_values=a+b++c", check), ["a", "b", "c"]);
        assert!(on("", check).is_empty());
        assert_eq!(on(&format!("acr_values={}", "x+".repeat(50)), check).len(), MAX_VALUES);
    }
}
