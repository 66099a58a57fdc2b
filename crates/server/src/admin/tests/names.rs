//! What may be called alike, and what must not.

use super::*;

/// RFC 8725 §3.12: an ID token is for its client and of type `JWT`, like the access tokens of such an API.
#[tokio::test]
async fn no_api_that_takes_plain_tokens_is_called_what_a_client_is_called() {
    let mut bench = Bench::new();
    let named = |id: &str| Command::Client(ClientCommand::Add(NewClient { client_id: Some(id.into()), ..spa() }));
    let api = |id: &str, access_token_type| {
        Command::Api(ApiCommand::Add(NewApi { identifier: id.into(), access_token_type, ..dragons() }))
    };
    let plain = |id: &str| {
        let change = ApiChange { access_token_type: Some(AccessTokenType::Jwt), ..ApiChange::default() };
        Command::Api(ApiCommand::Set { api: id.into(), change })
    };
    bench.run(named("shop")).await.unwrap();
    let refused = bench.run(api("shop", AccessTokenType::Jwt)).await.unwrap_err();
    assert!(refused.message.contains("ID tokens"), "{refused}");
    bench.run(api("shop", AccessTokenType::AtJwt)).await.unwrap();
    bench.run(plain("shop")).await.unwrap_err();
    bench.run(api("orders", AccessTokenType::Jwt)).await.unwrap();
    bench.run(named("orders")).await.unwrap_err();
    // A client that is called after its name gets another id.
    let answer = bench.run(Command::Client(ClientCommand::Add(NewClient { name: "Orders".into(), ..spa() }))).await;
    assert_ne!(answer.unwrap()["client"]["client_id"], "orders");
}
