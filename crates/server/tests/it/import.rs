//! Accounts of another system: taken over beside the running server, they sign in with the password they had, and the hash is ours afterwards.

use std::time::Duration;

use serde_json::{Value, json};
use symbolon_server::admin::{AdminError, Command, ImportBatch, OnConflict, UserCommand, control};
use symbolon_server::clock::Stopwatch;
use symbolon_server::config::MailedCodes;
use symbolon_server::import::Account;
use symbolon_store::{Change, User, UserStatus, UserUpdate};

use crate::support::{Answer, World};

/// Of `correct horse battery`, by other systems' libraries (`tests/passwords`).
const HASHES: [&str; 5] = [
    "$2b$10$5YJBOO.yUoTxRfZOQQLEMeeJmNr.7FXODFWJafMl5TYUN9654eK0K",
    "$scrypt$ln=8,r=8,p=2$hvBeq7WW0rp3DqGUUmrNmQ$g/xfCmUV71Y3v0xhPVoEpcxk8tv4GXl1BFVN7OH87ys",
    "$pbkdf2-sha256$1000$OUco5XyPsVbKGaO0Nqb0Pg$rteJOlS7kol2GDCuy2eR4eBDpp4TNGSJFOsGSsEKULI",
    "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQxNmJ5dGVzIQ$iFY+ho2ezNtRi/mMzJNbWfiTble+JDqg",
    "{SSHA}Vu3DLlGWYSIhd9C/1Laveqyx1ROr1fpf",
];
const PASSWORD: &str = "correct horse battery";

fn account(fields: Value) -> Account {
    serde_json::from_value(fields).unwrap()
}

async fn import(world: &World, on_conflict: OnConflict, accounts: Vec<Account>) -> Result<Value, AdminError> {
    let batch = ImportBatch { accounts, on_conflict, dry_run: false };
    control::run(&world.running.app, Command::User(UserCommand::Import(batch)), "test").await
}

async fn sign_in(world: &World, username: &str, password: &str) -> Answer {
    world.post_json("/authenticate", &[], &json!({ "username": username, "password": password })).await
}

async fn stored(world: &World, identifier: &str) -> String {
    world.running.app.store.user_by_identifier(identifier).await.unwrap().unwrap().password_hash.unwrap()
}

#[tokio::test]
async fn people_sign_in_with_the_password_they_had_and_the_hash_is_ours_then() {
    let world = World::new().await;
    let address = |number: usize| format!("person-{number}@example.org");
    let accounts = HASHES
        .iter()
        .enumerate()
        .map(|(number, hash)| {
            account(json!({ "email": address(number), "email_verified": true, "password_hash": hash }))
        })
        .collect();
    let told = import(&world, OnConflict::Skip, accounts).await.unwrap();
    assert_eq!((&told["created"], &told["refused"]), (&json!(5), &json!([])));
    for (number, hash) in HASHES.iter().enumerate() {
        let before = stored(&world, &address(number)).await;
        assert_eq!(sign_in(&world, &address(number), "correct horse batterx").await.status, 401, "{hash}");
        assert_eq!(stored(&world, &address(number)).await, before, "a wrong password changes nothing");
        let answer = sign_in(&world, &address(number), PASSWORD).await;
        assert_eq!(answer.status, 200, "{hash}: {}", answer.body);
        let ours = stored(&world, &address(number)).await;
        assert!(ours.starts_with("$argon2id$v=19$") && ours != before, "{ours}");
        assert_eq!(sign_in(&world, &address(number), PASSWORD).await.status, 200, "{hash}");
    }
    let audit = world.audit_trail().await;
    let said: Vec<_> = audit.iter().filter(|(name, _)| name == "user.import").map(|(_, detail)| detail).collect();
    assert_eq!(said, [&json!({ "created": 5, "present": 0, "refused": 0 })]);
}

#[tokio::test]
async fn each_record_is_refused_by_itself_and_no_cause_holds_a_hash() {
    let world = World::new().await;
    let accounts = vec![
        account(
            json!({ "email": "good@example.org", "created_at": 1_000_000_000, "claims": { "given_name": "Good" } }),
        ),
        account(json!({ "email": "nonsense" })),
        account(json!({ "name": "Nobody" })),
        account(json!({ "email": "role@example.org", "roles": ["unknown"] })),
        account(
            json!({ "email": "bomb@example.org", "password_hash": "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQxNmJ5dGVzIQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO" }),
        ),
        account(json!({ "email": "odd@example.org", "password_hash": "secret-and-odd" })),
        account(json!({ "email": "client@example.org", "id": "web" })),
        account(json!({ "email": "claim@example.org", "claims": { "iss": "https://evil.example" } })),
        account(json!({ "email": "GOOD@example.org" })),
    ];
    let told = import(&world, OnConflict::Skip, accounts).await.unwrap();
    assert_eq!(told["created"], 1, "{told}");
    let refused: Vec<u64> =
        told["refused"].as_array().unwrap().iter().map(|one| one["index"].as_u64().unwrap()).collect();
    assert_eq!(refused, [1, 2, 3, 4, 5, 6, 7, 8], "{told}");
    assert!(!told.to_string().contains("secret-and-odd") && !told.to_string().contains("k5zHzzaS"), "{told}");
    let good = world.running.app.store.user_by_identifier("good@example.org").await.unwrap().unwrap();
    assert_eq!((good.created_at, good.password_hash), (1_000_000_000, None));
}

#[tokio::test]
async fn who_is_there_already_is_skipped_updated_or_stops_it() {
    let world = World::new().await;
    let person = |name: &str, hash: &str| {
        account(json!({ "email": "eve@example.org", "username": "eve", "name": name, "password_hash": hash }))
    };
    import(&world, OnConflict::Fail, vec![person("First", HASHES[0])]).await.unwrap();
    let skipped = import(&world, OnConflict::Skip, vec![person("Second", HASHES[1])]).await.unwrap();
    assert_eq!((&skipped["present"], stored(&world, "eve").await.as_str()), (&json!(1), HASHES[0]));
    let other = account(json!({ "email": "other@example.org" }));
    let stopped = import(&world, OnConflict::Fail, vec![person("Third", HASHES[1]), other]).await.unwrap();
    assert_eq!((&stopped["conflicts"][0]["index"], &stopped["created"]), (&json!(0), &json!(0)), "nothing behind it");
    // Whose password changed there meanwhile: the new one counts, until they have signed in here.
    let updated = import(&world, OnConflict::Update, vec![person("Fourth", HASHES[4])]).await.unwrap();
    assert_eq!(updated["updated"], 1);
    let wrapped = stored(&world, "eve").await;
    assert!(wrapped.starts_with("$wrapped$argon2id$") && wrapped.contains("$digest$a=sha-1,s=after,n=1$"), "{wrapped}");
    assert_eq!(sign_in(&world, "eve", PASSWORD).await.status, 200);
    let ours = stored(&world, "eve").await;
    // Now nothing tells that the account came from there.
    let told = import(&world, OnConflict::Update, vec![person("Fifth", HASHES[0])]).await.unwrap();
    assert_eq!(told["refused"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(stored(&world, "eve").await, ours);
    assert_eq!(user(&world, "eve").await.name.as_deref(), Some("Fourth"));
    // Somebody else's address under Eve's name is nobody's.
    let both = account(json!({ "username": "eve", "email": "ada@example.com" }));
    let told = import(&world, OnConflict::Update, vec![both]).await.unwrap();
    assert_eq!(told["refused"].as_array().unwrap().len(), 1, "{told}");
}

async fn user(world: &World, identifier: &str) -> User {
    world.running.app.store.user_by_identifier(identifier).await.unwrap().unwrap()
}

/// The manual's two files of Auth0: hashes first, then who the people are.
#[tokio::test]
async fn a_second_file_blocks_whom_it_calls_blocked_and_unblocks_nobody() {
    let world = World::new().await;
    let file = |fields: Value| {
        let mut record = json!({ "id": "auth0|1", "email": "mallory@example.org" });
        record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        vec![account(record)]
    };
    import(&world, OnConflict::Skip, file(json!({ "password_hash": HASHES[0] }))).await.unwrap();
    assert_eq!(sign_in(&world, "mallory@example.org", PASSWORD).await.status, 200);
    let told = import(&world, OnConflict::Update, file(json!({ "blocked": true, "name": "Mal" }))).await.unwrap();
    assert_eq!(told["updated"], 1, "{told}");
    assert_eq!(sign_in(&world, "mallory@example.org", PASSWORD).await.status, 401);
    import(&world, OnConflict::Update, file(json!({ "email": "new@example.org" }))).await.unwrap();
    let mallory = user(&world, "mallory@example.org").await;
    assert_eq!((mallory.status, mallory.name.as_deref()), (UserStatus::Blocked, Some("Mal")));
    // Who has not come here has the address that the file says, and no other person's.
    let other = |email: &str| account(json!({ "id": "auth0|2", "email": email, "password_hash": HASHES[0] }));
    import(&world, OnConflict::Skip, vec![other("first@example.org")]).await.unwrap();
    import(&world, OnConflict::Update, vec![other("second@example.org")]).await.unwrap();
    assert_eq!(user(&world, "second@example.org").await.id, "auth0|2");
    let told = import(&world, OnConflict::Update, vec![other("mallory@example.org")]).await.unwrap();
    assert_eq!(told["refused"].as_array().unwrap().len(), 1, "{told}");
}

#[tokio::test]
async fn an_import_gives_nobodys_account_to_somebody_else() {
    let world = World::new().await;
    let eve = json!({ "username": "eve", "email": "eve@example.org", "password_hash": HASHES[0] });
    let boss = json!({ "email": "boss@example.org", "roles": ["admin"], "password_hash": HASHES[0] });
    let local = json!({ "email": "local@example.org" });
    import(&world, OnConflict::Skip, vec![account(eve), account(boss), account(local)]).await.unwrap();
    let thief = json!({ "username": "eve", "email": "thief@example.org", "password_hash": HASHES[1] });
    let names = json!({ "username": "local@example.org", "email": "thief@example.org" });
    for on_conflict in [OnConflict::Skip, OnConflict::Update] {
        let told = import(&world, on_conflict, vec![account(thief.clone()), account(names.clone())]).await.unwrap();
        assert_eq!((told["refused"].as_array().unwrap().len(), &told["present"]), (2, &json!(0)), "{told}");
    }
    for email in ["boss@example.org", "local@example.org"] {
        let before = user(&world, email).await;
        let record = json!({ "email": email, "email_verified": true, "name": "Thief", "password_hash": HASHES[1] });
        let told = import(&world, OnConflict::Update, vec![account(record)]).await.unwrap();
        assert_eq!(told["refused"].as_array().unwrap().len(), 1, "{told}");
        assert_eq!(user(&world, email).await, before);
    }
    assert_eq!(stored(&world, "eve").await, HASHES[0]);
    assert!(world.running.app.store.user_by_identifier("thief@example.org").await.unwrap().is_none());
    // Django's mark of an account without a password.
    let none = json!({ "email": "none@example.org", "password_hash": "!unusable" });
    import(&world, OnConflict::Skip, vec![account(none)]).await.unwrap();
    assert_eq!(user(&world, "none@example.org").await.password_hash, None);
}

/// Security 123, by what an imported hash costs.
#[tokio::test]
async fn an_account_with_a_slow_imported_hash_is_not_told_by_the_time_of_a_failure() {
    let world = World::new().await;
    let slow = "pbkdf2_sha256$60000$FvmSvNZ8uKyuXf5StMJFgs$/OVK3THfPRUsn2zn0WG3ZTuejHIbNaoKYuH4z3KmYL0=";
    let accounts = vec![account(json!({ "email": "slow@example.org", "password_hash": slow }))];
    import(&world, OnConflict::Skip, accounts).await.unwrap();
    // On record, for the next start and for other nodes, before anybody could guess.
    let kept = world.running.app.store.document("slow_password", "wrapped-pbkdf2-sha256").await.unwrap().unwrap();
    let measured = kept.body.read::<Value>().unwrap()["micros"].as_u64().unwrap();
    let time = async |username: &str| {
        let begun = Stopwatch::start();
        assert_eq!(sign_in(&world, username, "wrong horse battery").await.status, 401);
        begun.elapsed()
    };
    let least = Duration::from_micros(measured * 5 / 4) + Duration::from_millis(20);
    // An unknown name would be answered after the cheapest hash there is, and the first of all guesses is at one.
    let took = time("nobody@example.org").await;
    assert!(took >= least, "{took:?}, {least:?}");
    assert!(time("slow@example.org").await >= Duration::from_millis(20));
}

/// A batch says in the audit log who got roles, and that is on record with them.
#[tokio::test]
async fn roles_that_an_import_gives_are_told_of_each_person() {
    let world = World::new().await;
    let accounts = vec![
        account(json!({ "email": "boss@example.org", "roles": ["admin"] })),
        account(json!({ "email": "none@example.org" })),
    ];
    import(&world, OnConflict::Skip, accounts).await.unwrap();
    let boss = user(&world, "boss@example.org").await.id;
    let told = world.running.app.store.audit_of(&boss, None, 10).await.unwrap();
    assert_eq!((told.len(), &told[0].event.detail), (1, &json!({ "roles": ["admin"] })));
}

#[tokio::test]
async fn an_argon2id_hash_of_another_system_is_replaced_by_the_file_until_its_owner_signs_in() {
    let world = World::new().await;
    // `argon2 somesalt -id -t 2 -m 16 -p 1`, of the reference program: in the very form of ours.
    let theirs = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let record = |hash: &str| vec![account(json!({ "email": "eve@example.org", "password_hash": hash }))];
    import(&world, OnConflict::Skip, record(theirs)).await.unwrap();
    let told = import(&world, OnConflict::Update, record(HASHES[0])).await.unwrap();
    assert_eq!((&told["updated"], stored(&world, "eve@example.org").await.as_str()), (&json!(1), HASHES[0]));
    import(&world, OnConflict::Update, record(theirs)).await.unwrap();
    assert_eq!(sign_in(&world, "eve@example.org", "password").await.status, 200);
    assert!(stored(&world, "eve@example.org").await.starts_with("$argon2id$"));
    let told = import(&world, OnConflict::Update, record(HASHES[0])).await.unwrap();
    assert_eq!(told["refused"].as_array().unwrap().len(), 1, "{told}");
}

/// Ours, of nothing that matters.
const OURS: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxNmJ5dGVzIQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrOk5zHzzaSZsE";

/// Whoever has the mailbox that somebody gave up here is not let in by the file, though its password was never used.
#[tokio::test]
async fn a_repeated_import_gives_no_account_back_to_the_mailbox_it_had() {
    let world = World::with(|config| {
        config.dev = true;
        config.factors.email = MailedCodes::First;
    })
    .await;
    let store = &world.running.app.store;
    let person = |id: &str, hash: &str| {
        let old = format!("{id}-old@example.org");
        account(json!({ "id": id, "email": old, "email_verified": true, "name": id, "password_hash": hash }))
    };
    let all = |hash: &str| vec![person("moved", hash), person("by-code", hash), person("fresh", hash)];
    import(&world, OnConflict::Skip, all(HASHES[0])).await.unwrap();
    // Moved, and every trace of the sign-in is gone but the change.
    let email = "moved-new@example.org".to_owned();
    let moved = UserUpdate {
        identifiers: Change::Set(vec![email.clone()]),
        email: Change::Set(Some(email.clone())),
        now: world.clock.now(),
        ..UserUpdate::default()
    };
    store.update_user("moved", moved).await.unwrap();
    // Came by a mailed code, and every session is over.
    let mut browser = world.browser();
    let page = browser.ask("by-code-old@example.org").await;
    browser.type_code(&page, &world.code().await).await;
    assert!(browser.is_in().await);
    world.clock.advance(200 * 86_400);
    let mut second = all(HASHES[1]);
    second[1].email = Some("by-code-other@example.org".to_owned());
    let mut fresh = HASHES[0].to_owned();
    for _ in 0..2 {
        let told = import(&world, OnConflict::Update, second.clone()).await.unwrap();
        assert_eq!(told["updated"], 3, "{told}");
        assert_eq!(stored(&world, &email).await, HASHES[0]);
        assert_eq!(stored(&world, "by-code-old@example.org").await, HASHES[0]);
        // Who has not come is still brought up to date, as often as it is repeated.
        let replaced = std::mem::replace(&mut fresh, stored(&world, "fresh-old@example.org").await);
        assert_ne!(fresh, replaced, "inside another hash of ours each time");
    }
    for given_up in ["moved-old@example.org", "by-code-other@example.org"] {
        assert!(store.user_by_identifier(given_up).await.unwrap().is_none(), "{given_up}");
    }
}

#[tokio::test]
async fn a_second_systems_namesake_without_an_address_gets_nobodys_account() {
    let world = World::new().await;
    let eve = json!({ "username": "eve", "email": "eve@example.org", "password_hash": HASHES[0] });
    let bob = json!({ "username": "bob-only", "password_hash": HASHES[0] });
    import(&world, OnConflict::Skip, vec![account(eve), account(bob)]).await.unwrap();
    let before = user(&world, "eve").await;
    let namesake = |name: &str| account(json!({ "username": name, "name": "Thief", "password_hash": HASHES[1] }));
    let told = import(&world, OnConflict::Update, vec![namesake("eve"), namesake("bob-only")]).await.unwrap();
    assert_eq!((&told["refused"][0]["index"], &told["updated"]), (&json!(0), &json!(1)), "{told}");
    assert_eq!(user(&world, "eve").await, before);
    assert_eq!(stored(&world, "bob-only").await, HASHES[0], "a name alone brings no password");
}

#[tokio::test]
async fn a_password_chosen_while_the_import_hashes_stays() {
    let world = World::new().await;
    let store = &world.running.app.store;
    let record =
        |hash: Value| vec![account(json!({ "id": "late", "email": "late@example.org", "password_hash": hash }))];
    import(&world, OnConflict::Skip, record(Value::Null)).await.unwrap();
    let slow = "pbkdf2_sha256$60000$FvmSvNZ8uKyuXf5StMJFgs$/OVK3THfPRUsn2zn0WG3ZTuejHIbNaoKYuH4z3KmYL0=";
    let chosen = async {
        // As late as it can be seen that the import has read the account, or, where nothing shows until it is done, then.
        while user(&world, "late@example.org").await.revision == 1 {
            tokio::task::yield_now().await;
        }
        store.set_password("late", OURS, "chosen", world.clock.now()).await.unwrap();
    };
    let (told, ()) = tokio::join!(import(&world, OnConflict::Update, record(json!(slow))), chosen);
    assert_eq!(
        (told.unwrap()["updated"].clone(), stored(&world, "late@example.org").await),
        (json!(1), OURS.to_owned())
    );
}
