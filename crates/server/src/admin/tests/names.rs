//! What may be called alike, what must not, and which names are gone.

use super::*;
use crate::import::Account;

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

#[tokio::test]
async fn the_id_of_a_deleted_client_is_never_given_out_again() {
    let mut bench = Bench::new();
    bench.run(Command::Client(ClientCommand::Add(spa()))).await.unwrap();
    bench.run(Command::Client(ClientCommand::Delete { client: "my-app".into() })).await.unwrap();
    let again = NewClient { client_id: Some("my-app".into()), ..spa() };
    bench.refused(Command::Client(ClientCommand::Add(again)), AdminErrorKind::Conflict).await;
    let other = bench.run(Command::Client(ClientCommand::Add(spa()))).await.unwrap();
    assert_ne!(other["client"]["client_id"], json!("my-app"));
}

#[tokio::test]
async fn the_identifier_of_a_deleted_api_is_never_given_out_again() {
    let mut bench = Bench::new();
    let api = dragons().identifier;
    bench.run(Command::Api(ApiCommand::Add(dragons()))).await.unwrap();
    bench.run(Command::Api(ApiCommand::Delete { api })).await.unwrap();
    bench.refused(Command::Api(ApiCommand::Add(dragons())), AdminErrorKind::Conflict).await;
    let other = NewApi { identifier: "https://other.example.com".into(), ..dragons() };
    bench.run(Command::Api(ApiCommand::Add(other))).await.unwrap();
}

/// An id that an import kept is nobody else's: no client's, present or past, and no name that another person signs in with.
#[tokio::test]
async fn ids_that_an_import_keeps_are_nobody_elses_in_any_way() {
    let mut bench = Bench::new();
    let client = |id: &str| ClientCommand::Add(NewClient { client_id: Some(id.to_owned()), ..spa() });
    for id in ["here", "gone"] {
        bench.run(Command::Client(client(id))).await.unwrap();
    }
    bench.run(Command::Client(ClientCommand::Delete { client: "gone".into() })).await.unwrap();
    let eve = NewAccount { username: Some("eve".into()), ..NewAccount::default() };
    bench.run(Command::User(UserCommand::Add(eve))).await.unwrap();
    let ids = ["here", "gone", "Eve", "free"];
    let accounts =
        ids.map(|id| Account { id: Some(id.into()), email: Some(format!("{id}@example.org")), ..Account::default() });
    let batch = ImportBatch { accounts: accounts.to_vec(), on_conflict: OnConflict::Skip, dry_run: false };
    let told = bench.run(Command::User(UserCommand::Import(batch))).await.unwrap();
    let refused: Vec<&Value> = told["refused"].as_array().unwrap().iter().map(|one| &one["index"]).collect();
    assert_eq!((&told["created"], refused), (&json!(1), vec![&json!(0), &json!(1), &json!(2)]), "{told}");
    // And the other way round.
    bench.refused(Command::Client(client("free")), AdminErrorKind::Conflict).await;
    let named = NewClient { name: "Free".into(), ..spa() };
    let made = bench.run(Command::Client(ClientCommand::Add(named))).await.unwrap();
    assert_ne!(made["client"]["client_id"], json!("free"));
    // Eve takes the name later: nobody is blocked in her place, nor she in another's.
    let change = UserChange { username: Some("free".into()), ..UserChange::default() };
    bench.run(Command::User(UserCommand::Set { user: "eve".into(), change })).await.unwrap();
    bench.refused(Command::User(UserCommand::Block { user: "free".into() }), AdminErrorKind::Conflict).await;
    bench.run(Command::User(UserCommand::Block { user: "free@example.org".into() })).await.unwrap();
}

/// A name of before hidden marks were refused must not keep an operator from switching the client off, nor from another name; one that is new is judged.
#[tokio::test]
async fn what_was_registered_under_older_rules_can_be_changed_otherwise() {
    let mut bench = Bench::new();
    bench.run(Command::Api(ApiCommand::Add(dragons()))).await.unwrap();
    bench.run(Command::Client(ClientCommand::Add(spa()))).await.unwrap();
    for (kind, id) in [("client", "my-app".to_owned()), ("api", dragons().identifier)] {
        let mut old = bench.store.document(kind, &id).await.unwrap().unwrap().body.read::<Value>().unwrap();
        old["name"] = json!("Go\u{200b}ogle");
        let (kind, expect) = (kind.to_owned(), symbolon_store::Expect::Any);
        let write = DocumentWrite::Put { kind, id, body: old, expect };
        bench.store.apply(vec![write]).await.unwrap();
    }
    let client = |change| Command::Client(ClientCommand::Set { client: "my-app".into(), change: Box::new(change) });
    bench.run(client(ClientChange { disabled: Some(true), ..ClientChange::default() })).await.unwrap();
    let (api, overlap_secs, cause) = (dragons().identifier, 0, Cause::Compromised);
    bench.run(Command::Api(ApiCommand::RotateSecret { api, overlap_secs, cause })).await.unwrap();
    for name in ["Goo\u{200b}gle", "Go\u{200b}ogle "] {
        let change = ClientChange { name: Some(name.into()), ..ClientChange::default() };
        bench.refused(client(change), AdminErrorKind::Invalid).await;
    }
    bench.run(client(ClientChange { name: Some("Dragons".into()), ..ClientChange::default() })).await.unwrap();
}
