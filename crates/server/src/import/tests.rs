//! Each shape from a file to accounts; what must be refused, and what must not show in a cause.

use std::io;

use serde_json::json;

use super::*;

const KEY: &str = "hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,\n  \
    base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}\n";

fn shape(format: Format) -> Shape {
    Shape { format, firebase: HashConfig::parse(KEY).ok(), ids: Ids::Keep }
}

fn accounts(format: Format, file: &str) -> Vec<Result<Account, String>> {
    let mut accounts = Vec::new();
    let read = read::<io::Error>(format, file.as_bytes(), &mut |item| {
        accounts.push(item.record.and_then(|record| shape(format).keepable(record)));
        Ok(())
    });
    read.unwrap();
    accounts
}

fn only(format: Format, file: &str) -> Account {
    let mut accounts = accounts(format, file);
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    let account = accounts.remove(0).unwrap();
    if let Some(hash) = &account.password_hash {
        hash.read().unwrap();
    }
    account
}

fn hash(account: &Account) -> &str {
    match account.password_hash.as_ref().unwrap() {
        PasswordHash::Text(text) => text,
        PasswordHash::Parts(_) => panic!("in parts"),
    }
}

#[test]
fn blank_lines_before_an_array_do_not_make_it_lines() {
    let file = "\u{feff}\n\n[{\"email\":\"ada@example.com\"},\n{\"email\":\"bob@example.com\"}]";
    assert_eq!(accounts(Format::Auth0, file).len(), 2);
    assert_eq!(accounts(Format::Auth0, "\n\n{\"email\":\"ada@example.com\"}\n").len(), 1);
}

#[test]
fn our_own_shape_is_a_line_each_and_a_bad_line_is_one_refusal() {
    let file = concat!(
        "{\"email\":\"ada@example.com\",\"email_verified\":true,\"claims\":{\"given_name\":\"Ada\"},\"password_hash\":\"{SSHA}x\"}\n",
        "\n",
        "no JSON\n",
        "{\"email\":7}\n",
        "{\"mail\":\"bob@example.com\"}\n",
        "{\"email\":\"bob\\u0000@example.com\"}\n",
        "{\"username\":\"bob\",\"password_hash\":{\"algorithm\":\"sha-256\",\"hash\":\"00\",\"salt\":\"x\"}}",
    );
    let accounts = accounts(Format::Symbolon, file);
    assert_eq!(accounts[0].as_ref().unwrap().identifier(), Some("ada@example.com"));
    let causes: Vec<&String> = accounts[1..5].iter().map(|account| account.as_ref().unwrap_err()).collect();
    assert_eq!(causes[0], "the line is no JSON");
    assert_eq!(causes[1], "a member is not of the type it must be");
    assert!(causes[2].starts_with("unknown field `mail`"), "{}", causes[2]);
    assert!(causes[3].contains("U+0000"), "{}", causes[3]);
    let bob = accounts[5].as_ref().unwrap();
    assert!(bob.password_hash.as_ref().unwrap().read().is_err(), "too short");
}

#[test]
fn lines_are_bounded_and_counted() {
    let long = "x".repeat(1024 * 1024 + 5);
    let file = format!("\n{{\"email\":\"{long}\"}}\n{{\"email\":\"ada@example.com\"}}\n");
    let mut seen = Vec::new();
    let mut each = |item: Item| {
        seen.push((item.line, item.bytes, item.record.is_ok()));
        Ok(())
    };
    read::<io::Error>(Format::Symbolon, file.as_bytes(), &mut each).unwrap();
    assert_eq!(seen, [(2, file.len() as u64 - 28, false), (3, file.len() as u64, true)]);
}

#[test]
fn auth0s_bulk_export_of_hashes() {
    let file = r#"{"_id":{"$oid":"60425dc43519d90068f82973"},"email_verified":false,"email":"test2@contoso.com","passwordHash":"$2b$10$Z6hUTEEeoJXN5/AmSm/4.eZ75RYgFVriQM9LPhNEC7kbAbS/VAaJ2","password_set_date":{"$date":"2021-03-05T16:35:16.775Z"},"tenant":"dev-rwsbs6ym","connection":"Username-Password-Authentication","_tmp_is_unique":true}
"#;
    let account = only(Format::Auth0, file);
    assert_eq!(account.id.as_deref(), Some("auth0|60425dc43519d90068f82973"));
    assert_eq!(hash(&account), "$2b$10$Z6hUTEEeoJXN5/AmSm/4.eZ75RYgFVriQM9LPhNEC7kbAbS/VAaJ2");
    assert!(!account.email_verified);
}

#[test]
fn auth0s_import_with_custom_hashes() {
    let user = |custom: Value| {
        json!([{ "email": "ada@example.com", "name": "Ada", "given_name": "Ada", "blocked": true,
        "created_at": "2016-02-29T23:59:59.123Z", "custom_password_hash": custom }])
    };
    let sha = json!({ "algorithm": "sha256", "hash": { "value": "VLGx2ZBEfAuuPEWQkBPkNg6QYYbYLpqU4VRP2SSVGfI=", "encoding": "base64" },
        "salt": { "value": "c2FsdA==", "encoding": "base64", "position": "suffix" } });
    let account = only(Format::Auth0, &user(sha).to_string());
    assert!(account.blocked && account.is_slow());
    assert_eq!(account.created_at, Some(1_456_790_399));
    for custom in [
        json!({ "algorithm": "bcrypt", "hash": { "value": "$2b$10$Z6hUTEEeoJXN5/AmSm/4.eZ75RYgFVriQM9LPhNEC7kbAbS/VAaJ2" } }),
        json!({ "algorithm": "pbkdf2", "hash": { "value": "$pbkdf2-sha512$i=100000,l=64$KNyFsA2rMMfKMEpCfEFJtQ$4j4m6zbV0Pf6K3PBNKCI6BmhPEOYLIUjbKS6fwqEOTs6XR+3DCYsHcfjNcxZ7lq/sYLp92lg4Bo8EoYrHGtQ4A", "encoding": "utf8" } }),
        json!({ "algorithm": "ldap", "hash": { "value": "{SSHA}Vu3DLlGWYSIhd9C/1Laveqyx1ROr1fpf" } }),
        json!({ "algorithm": "md5", "hash": { "value": "5f4dcc3b5aa765d61d8327deb882cf99", "encoding": "hex" } }),
        json!({ "algorithm": "hmac", "hash": { "value": "cg7f42jH39/2EuAU4wNf1NmnHuTKsJX1UTPZn8V/kmQ=", "encoding": "base64", "digest": "sha256", "key": { "value": "abc123", "encoding": "utf8" } } }),
        json!({ "algorithm": "scrypt", "hash": { "value": "00112233445566778899aabbccddeeff", "encoding": "hex" }, "salt": { "value": "x" }, "keylen": 16 }),
    ] {
        only(Format::Auth0, &user(custom).to_string());
    }
    for refused in [
        json!({ "algorithm": "md4", "hash": { "value": "00" } }),
        json!({ "algorithm": "sha1", "hash": { "value": "00" }, "password": { "encoding": "utf16le" } }),
        json!({ "algorithm": "bcrypt", "hash": {} }),
    ] {
        assert!(accounts(Format::Auth0, &user(refused.clone()).to_string())[0].is_err(), "{refused}");
    }
}

#[test]
fn keycloaks_realm_with_its_users() {
    let file = r#"{
  "id" : "my-realm", "realm" : "my-realm", "clients" : [ { "clientId" : "users" } ],
  "users" : [ {
    "id" : "826731b2-bf17-4bd9-b45c-6a26c77ddaae", "createdTimestamp" : 1693887631918, "username" : "test-user", "enabled" : false,
    "emailVerified" : true, "firstName" : "John", "lastName" : "Doe", "email" : "test-user@mail.com", "attributes" : { "locale" : [ "de" ] },
    "credentials" : [ { "type" : "otp" }, { "type" : "password", "userLabel" : "My password", "createdDate" : 1693888572700,
      "secretData" : "{\"value\":\"ng6oDRung/pBLayd5ro7IU3mL/p86pg3WvQNQc+N1Eg=\",\"salt\":\"RaXjs4RiUKgJGkX6kp277w==\",\"additionalParameters\":{}}",
      "credentialData" : "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}" } ]
  }, { "username" : "admin1",
    "credentials" : [ { "type" : "password",
      "secretData" : "{\"value\":\"BruFLfFkjH/8erZ26NnrbkOrWiZuQyDRCHD9o0R6Scg=\",\"salt\":\"Cf9AYCE5pAbb4CKEF0GUTA==\",\"additionalParameters\":{}}",
      "credentialData" : "{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}" } ]
  }, { "username" : "service-account-x", "serviceAccountClientId" : "x" }, { "username" : "bomb",
    "credentials" : [ { "type" : "password", "secretData" : "{\"value\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"salt\":\"\"}",
      "credentialData" : "{\"hashIterations\":2000000000,\"algorithm\":\"pbkdf2-sha256\"}" } ] } ],
  "roles" : { "realm" : [ ] }
}"#;
    let accounts = accounts(Format::Keycloak, file);
    let john = accounts[0].as_ref().unwrap();
    assert_eq!(john.name.as_deref(), Some("John Doe"));
    assert_eq!((john.blocked, john.email_verified, john.created_at), (true, true, Some(1_693_887_631)));
    assert_eq!(john.claims["locale"], "de");
    assert!(hash(john).starts_with("$pbkdf2-sha256$i=27500$RaXjs4RiUKgJGkX6kp277w$"), "{}", hash(john));
    assert!(hash(accounts[1].as_ref().unwrap()).starts_with("$argon2id$v=19$m=7168,t=5,p=1$"));
    assert!(accounts[2].as_ref().unwrap_err().contains("client"));
    assert!(accounts[3].as_ref().unwrap_err().contains("more than is computed"));
    assert_eq!(accounts.len(), 4);
}

#[test]
fn firebases_export() {
    let file = r#"{"users": [{"localId": "Z1y2", "email": "ada@example.com", "emailVerified": true, "displayName": "Ada",
        "passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", "salt": "42xEC+ixf3L2lw==",
        "createdAt": "1611230523301", "providerUserInfo": []}]}"#;
    let account = only(Format::Firebase, file);
    assert_eq!((account.id.as_deref(), account.created_at), (Some("Z1y2"), Some(1_611_230_523)));
    assert!(hash(&account).starts_with("$firebase-scrypt$ln=14,r=8$42xEC+ixf3L2lw$Bw$"));
    let without = Shape { firebase: None, ..shape(Format::Firebase) };
    let record = json!({ "email": "ada@example.com", "passwordHash": "AAAA", "salt": "" });
    assert!(without.account(record).unwrap_err().contains("parameters of its project"));
    for missing in [
        "",
        "hash_config { algorithm: SCRYPT }",
        &KEY.replace("SCRYPT", "BCRYPT"),
        &KEY.replace("mem_cost: 14", "mem_cost: x"),
    ] {
        assert!(HashConfig::parse(missing).is_err(), "{missing}");
    }
}

#[test]
fn stormpaths_accounts_one_after_the_other() {
    let file = r#"{"href":"https://api.stormpath.com/v1/accounts/3apenYvL0Z9v9spdzpFfey","username":"jlpicard","email":"capt@enterprise.com",
        "givenName":"Jean-Luc","middleName":"","surname":"Picard","fullName":"Jean-Luc Picard","status":"ENABLED","emailVerificationStatus":"VERIFIED",
        "createdAt":"2015-08-25T19:57:05.976Z","password":"$stormpath2$SHA-512$1$ZFhBRmpFSnEwVEx2ekhKS0JTMDJBNTNmcg==$Q+sGFg9e+pe9QsUdfnbJUMDtrQNf27ezTnnGllBVkQpMRc9bqH6WkyE3y0svD/7cBk8uJW9Wb3dolWwDtDLFjg==","customData":{}}
        {"username":"riker","status":"DISABLED"}
    "#;
    let accounts = accounts(Format::Stormpath, file);
    let picard = accounts[0].as_ref().unwrap();
    assert_eq!(picard.id.as_deref(), Some("3apenYvL0Z9v9spdzpFfey"));
    assert!(picard.is_slow() && picard.email_verified && !picard.blocked);
    assert!(accounts[1].as_ref().unwrap().blocked);
    assert_eq!(accounts.len(), 2);
}

#[test]
fn a_file_that_breaks_off_says_where_and_nothing_of_what_is_there() {
    for file in ["[{\"email\":\"x\"}", "[\"secret\"] 7", "{\"users\":\"secret\"}", "[{\"passwordHash\":\"secret\"} x"] {
        let mut each = |_: Item| Ok(());
        let why = read::<io::Error>(Format::Firebase, file.as_bytes(), &mut each).unwrap_err();
        assert!(why.to_string().contains("at line 1 column") && !why.to_string().contains("secret"), "{file}: {why}");
    }
    let mut each = |_: Item| Ok(());
    read::<io::Error>(Format::Firebase, "  \u{feff} ".as_bytes(), &mut each).unwrap();
    let mut each = |_: Item| Err(io::Error::other("enough"));
    let why = read::<io::Error>(Format::Auth0, "[{},{}]".as_bytes(), &mut each).unwrap_err();
    assert_eq!(why.to_string(), "enough");
}

#[test]
fn ids_are_kept_only_where_that_is_asked_for() {
    let new = Shape { ids: Ids::New, ..shape(Format::Stormpath) };
    assert_eq!(new.account(json!({ "href": "https://api/v1/accounts/x", "username": "ada" })).unwrap().id, None);
}

#[test]
fn a_hash_shows_in_no_debug_output() {
    let account = Account { password_hash: Some(PasswordHash::Text("$2b$secret".into())), ..Account::default() };
    assert!(!format!("{account:?}").contains("secret"));
}
