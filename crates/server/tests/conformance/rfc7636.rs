//! Proof Key for Code Exchange (RFC 7636).

use crate::flows::ADA;
use crate::support::World;
use crate::support::flow::{VERIFIER, challenge};

told_to_the_client! {
    rfc7636_section_4_4_1_a_public_client_without_a_challenge_is_refused:
        "spa", [("code_challenge", ""), ("code_challenge_method", "")] => "invalid_request";
    rfc7636_section_4_4_1_a_confidential_client_without_a_challenge_is_refused:
        "web", [("code_challenge", ""), ("code_challenge_method", "")] => "invalid_request";
    rfc7636_section_4_3_a_method_without_a_challenge_is_refused: "web", [("code_challenge", "")] => "invalid_request";
    rfc7636_section_4_3_the_default_method_plain_is_refused: "web", [("code_challenge_method", "")] => "invalid_request";
    rfc7636_section_4_4_1_the_method_plain_is_refused: "web", [("code_challenge_method", "plain")] => "invalid_request";
    rfc7636_section_4_4_1_an_unknown_method_is_refused: "web", [("code_challenge_method", "S512")] => "invalid_request";
    rfc7636_section_4_3_methods_are_case_sensitive: "web", [("code_challenge_method", "s256")] => "invalid_request";
    rfc7636_section_4_2_a_challenge_that_is_too_short_is_refused:
        "web", [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c")] => "invalid_request";
    rfc7636_section_4_2_a_challenge_that_is_too_long_is_refused:
        "web", [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM")] => "invalid_request";
    rfc7636_section_4_2_a_challenge_with_padding_is_refused:
        "web", [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=")] => "invalid_request";
    rfc7636_section_4_2_a_challenge_of_ordinary_base64_is_refused:
        "web", [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")] => "invalid_request";
}

refused_for_a_code! {
    rfc7636_section_4_6_a_missing_verifier_is_refused: "web", "code_verifier", "" => "invalid_grant";
    rfc7636_section_4_6_another_verifier_is_refused:
        "web", "code_verifier", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq" => "invalid_grant";
    rfc7636_section_4_6_the_challenge_is_no_verifier: "web", "code_verifier", &challenge() => "invalid_grant";
    rfc7636_section_4_6_a_verifier_in_other_case_is_refused:
        "web", "code_verifier", &VERIFIER.to_lowercase() => "invalid_grant";
    rfc7636_section_4_1_a_verifier_that_is_too_short_is_refused: "web", "code_verifier", "tooshort" => "invalid_grant";
    rfc7636_section_4_1_a_verifier_that_is_too_long_is_refused:
        "web", "code_verifier", &"a".repeat(129) => "invalid_grant";
    rfc7636_section_4_1_a_verifier_of_other_characters_is_refused:
        "web", "code_verifier", &format!("{}=", &VERIFIER[1..]) => "invalid_grant";
}

/// §4.4: the challenge is associated with the code: the verifier of another request does not fit.
#[tokio::test]
async fn rfc7636_section_4_4_the_verifier_of_another_request_is_refused() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("code_challenge", &"A".repeat(43))]).await;
    world.redeem("web", &code).await.is_error(400, "invalid_grant");
}
