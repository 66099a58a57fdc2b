//! One test per sentence of RFC 9396.

use serde_json::json;

use super::*;
use crate::testing::{API, apis, payer, payments};

fn asked_as(client: &Client, text: &str) -> Result<AuthorizationDetails, OAuthError> {
    AuthorizationDetails::asked(text, client, &[&payments(), &apis()[0]])
}

fn asked(details: &Value) -> Result<AuthorizationDetails, OAuthError> {
    asked_as(&payer(), &details.to_string())
}

fn payment(changes: &Value) -> Value {
    let mut payment = json!({ "type": "payment", "amount": { "currency": "EUR", "value": 123.5 },
        "creditor": "Merchant A", "actions": ["initiate", "status"] });
    for (name, value) in changes.as_object().unwrap() {
        payment[name] = value.clone();
    }
    payment.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    payment
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "what is refused is not needed again")]
fn refused(result: Result<AuthorizationDetails, OAuthError>, failure: DetailsFailure) {
    assert_eq!(result, Err(OAuthError::AuthorizationDetails(failure)));
}

#[test]
fn what_its_type_knows_is_taken_and_belongs_to_the_api_that_has_the_type() {
    let details = asked(&json!([payment(&json!({})), payment(&json!({"creditor": "Merchant B"}))])).unwrap();
    assert_eq!(
        details.iter().map(|one| one.audience.as_str()).collect::<Vec<_>>(),
        [payments().identifier.as_str(); 2]
    );
    assert_eq!(details.at(&payer(), Some(&payments()))[0], *payment(&json!({})).as_object().unwrap());
    assert!(details.at(&payer(), Some(&apis()[0])).is_empty() && details.at(&payer(), None).is_empty());
}

#[test]
fn rfc9396_section_2_what_is_no_array_of_objects_with_a_type_is_refused() {
    for text in ["", "x", "{}", "[]", "null", "[1]", "[[]]", r#"["payment"]"#, "[{}]", r#"[{"type": 1}]"#, "[{}"] {
        refused(asked_as(&payer(), text), DetailsFailure::Malformed);
    }
    refused(asked_as(&payer(), r#"[{"type": "payment", "type": "payment"}]"#), DetailsFailure::Malformed);
}

#[test]
fn rfc9396_section_5_an_unknown_type_is_refused() {
    let client = Client {
        security: crate::registration::Security {
            authorization_details_types: ["payment", "other"].map(str::to_owned).into(),
            ..payer().security
        },
        ..payer()
    };
    refused(asked_as(&client, &json!([payment(&json!({"type": "other"}))]).to_string()), DetailsFailure::UnknownType);
    // Known, but not at an API that is asked for.
    let elsewhere = apis();
    let result = AuthorizationDetails::asked(&json!([payment(&json!({}))]).to_string(), &client, &[&elsewhere[0]]);
    refused(result, DetailsFailure::UnknownType);
}

#[test]
fn rfc9396_section_10_a_type_the_client_is_not_registered_for_is_refused() {
    let mut client = payer();
    client.security.authorization_details_types.clear();
    refused(asked_as(&client, &json!([payment(&json!({}))]).to_string()), DetailsFailure::NotAllowed);
}

#[test]
fn rfc9396_section_5_an_unknown_field_is_refused_at_any_depth() {
    refused(asked(&json!([payment(&json!({"iban": "DE02"}))])), DetailsFailure::UnknownField);
    refused(asked(&json!([payment(&json!({"Creditor": "x"}))])), DetailsFailure::UnknownField);
    let deep = json!({"amount": {"currency": "EUR", "value": 1, "tip": 2}});
    refused(asked(&json!([payment(&deep)])), DetailsFailure::UnknownField);
}

#[test]
fn rfc9396_section_5_fields_of_the_wrong_type_are_refused() {
    for wrong in [
        json!({"creditor": 1}),
        json!({"creditor": ["Merchant A"]}),
        json!({"creditor": ""}),
        json!({"amount": 123.5}),
        json!({"amount": {"currency": "EUR", "value": "123.50"}}),
        json!({"actions": "initiate"}),
        json!({"actions": []}),
        json!({"actions": [1]}),
    ] {
        refused(asked(&json!([payment(&wrong)])), DetailsFailure::Value);
    }
}

#[test]
fn rfc9396_section_5_fields_with_invalid_values_are_refused() {
    for wrong in [
        json!({"actions": ["initiate", "delete"]}),
        json!({"amount": {"currency": "USD", "value": 1}}),
        json!({"creditor": "Merchant\nA"}),
        json!({"creditor": "Merchant \u{202e}A"}),
        json!({"creditor": "Merchant\u{200b}A"}),
        json!({"creditor": "Merchant\u{200d}A"}),
        json!({"creditor": "Merchant\u{ad}A"}),
    ] {
        refused(asked(&json!([payment(&wrong)])), DetailsFailure::Value);
    }
}

#[test]
fn rfc9396_section_5_a_missing_required_field_is_refused() {
    refused(asked(&json!([payment(&json!({"creditor": null}))])), DetailsFailure::Incomplete);
    refused(asked(&json!([payment(&json!({"amount": {"currency": "EUR"}}))])), DetailsFailure::Incomplete);
    assert!(asked(&json!([payment(&json!({"actions": null}))])).is_ok(), "what is not required may be absent");
}

#[test]
fn rfc9396_section_5_one_bad_thing_spoils_the_request() {
    let details = json!([payment(&json!({})), payment(&json!({"creditor": null}))]);
    refused(asked(&details), DetailsFailure::Incomplete);
}

#[test]
fn rfc9396_section_2_2_locations_is_the_api_that_has_the_type() {
    let at = |places: Value| asked(&json!([payment(&json!({ "locations": places }))]));
    assert!(at(json!([payments().identifier])).is_ok());
    for places in
        [json!([API]), json!([]), json!(payments().identifier), json!([payments().identifier, API]), json!([1])]
    {
        refused(at(places), DetailsFailure::Location);
    }
}

#[test]
fn too_much_is_refused() {
    let many = vec![payment(&json!({})); MAX_DETAILS + 1];
    refused(asked(&json!(many)), DetailsFailure::Malformed);
    let long = "x".repeat(MAX_BYTES);
    refused(asked(&json!([payment(&json!({ "creditor": long }))])), DetailsFailure::Malformed);
}

#[test]
fn rfc9396_section_6_a_token_request_may_want_less_and_never_more() {
    let other = json!({"creditor": "Merchant B"});
    let granted = asked(&json!([payment(&json!({})), payment(&other)])).unwrap();
    let narrowed = |details: &Value| granted.narrowed(Some(&details.to_string()));
    assert_eq!(granted.narrowed(None).as_ref(), Ok(&granted));
    assert_eq!(narrowed(&json!([payment(&other)])).unwrap().iter().count(), 1);
    let fewer = narrowed(&json!([payment(&json!({"actions": ["status"]}))])).unwrap();
    assert_eq!(fewer.at(&payer(), Some(&payments()))[0]["actions"], json!(["status"]));
    for more in [
        json!({"creditor": "Merchant C"}),
        json!({"amount": {"currency": "EUR", "value": 124}}),
        json!({"amount": {"currency": "EUR"}}),
        json!({"actions": ["initiate", "cancel"]}),
        json!({"actions": []}),
        json!({"actions": null}),
        json!({"creditor": null}),
        json!({"type": "other"}),
        json!({"locations": [payments().identifier]}),
    ] {
        refused(narrowed(&json!([payment(&more)])), DetailsFailure::Grows);
    }
    refused(granted.narrowed(Some("[]")), DetailsFailure::Malformed);
    refused(
        AuthorizationDetails::default().narrowed(Some(&json!([payment(&json!({}))]).to_string())),
        DetailsFailure::Grows,
    );
}

#[test]
fn rfc9396_section_11_people_read_the_types_title_and_its_members_in_words() {
    let details = asked(&json!([payment(&json!({}))])).unwrap();
    let shown = details.iter().next().unwrap().shown(&payments()).unwrap();
    assert_eq!((shown.title.as_str(), shown.api.as_str()), ("Pay once", "Payments"));
    let rows: Vec<(&str, &str)> = shown.rows.iter().map(|row| (row.label.as_str(), row.value.as_str())).collect();
    assert_eq!(
        rows,
        [("Amount · Currency", "EUR"), ("Amount · value", "123.5"), ("To", "Merchant A"), ("May", "initiate, status")]
    );
    assert_eq!(details.iter().next().unwrap().shown(&apis()[0]), None);
}

#[test]
fn nothing_of_it_but_the_type_shows_in_debug() {
    let shown = format!("{:?}", asked(&json!([payment(&json!({}))])).unwrap());
    assert!(shown.contains("payment") && !shown.contains("Merchant"), "{shown}");
}

#[test]
fn what_is_not_registered_any_more_is_in_no_new_token() {
    let granted = asked(&json!([payment(&json!({}))])).unwrap();
    let mut api = payments();
    assert_eq!(granted.at(&payer(), Some(&api)).len(), 1);
    let mut client = payer();
    client.security.authorization_details_types.clear();
    assert!(granted.at(&client, Some(&api)).is_empty());
    api.authorization_details_types.clear();
    assert!(granted.at(&payer(), Some(&api)).is_empty());
}
