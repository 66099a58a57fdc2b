//! Hashes that the other systems' own libraries made (`tests/passwords/make.py`), and texts that must be refused.

use serde::Deserialize;

use super::*;
use crate::account::password::Password;

const CHEAP: Parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };

#[derive(Deserialize)]
struct Vectors {
    texts: Vec<Text>,
    firebase: Firebase,
}

#[derive(Deserialize)]
struct Text {
    by: String,
    password: String,
    hash: String,
}

#[derive(Deserialize)]
struct Firebase {
    signer_key: String,
    salt_separator: String,
    rounds: u32,
    mem_cost: u32,
    accounts: Vec<Account>,
}

#[derive(Deserialize)]
struct Account {
    by: String,
    password: String,
    salt: String,
    hash: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../tests/passwords/vectors.json")).unwrap()
}

fn check(imported: &ImportedHash, password: &str, by: &str) {
    let mut memory = Memory::default();
    assert_eq!(ImportedHash::read(&imported.text()).unwrap().text(), imported.text(), "{by}");
    let stored = imported.store(CHEAP, [7; SALT_LEN], &mut memory).unwrap();
    let Some(OnRecord::Theirs(parsed)) = OnRecord::parse(&stored) else { panic!("{by}: {stored}") };
    assert_eq!(parsed.print(), stored, "{by}");
    let mut verify = |password: &str| {
        let password = Password::parse(password).unwrap();
        parsed.verify(password.bytes(), &mut memory)
    };
    assert_eq!(verify(password), Some(true), "{by}: {stored}");
    assert_eq!(verify(&format!("{password} ")), Some(false), "{by}");
    assert_eq!(verify(""), Some(false), "{by}");
    // What an export has is taken over again.
    let again = ImportedHash::read(&stored).unwrap().store(CHEAP, [8; SALT_LEN], &mut memory).unwrap();
    assert_eq!(again, stored, "{by}");
}

#[test]
fn hashes_of_other_systems_libraries_are_verified() {
    let texts = vectors().texts;
    assert!(texts.len() > 100, "{}", texts.len());
    for Text { by, password, hash } in texts {
        let imported = ImportedHash::read(&hash).unwrap_or_else(|why| panic!("{by}: {why}: {hash}"));
        check(&imported, &password, &by);
    }
}

#[test]
fn hashes_of_a_firebase_project_are_verified() {
    let Firebase { signer_key, salt_separator, rounds, mem_cost, accounts } = vectors().firebase;
    let bytes = |text: &str| decode_base64(text).unwrap();
    let (signer_key, salt_separator) = (bytes(&signer_key), bytes(&salt_separator));
    let settings = FirebaseSettings { signer_key, salt_separator, rounds, mem_cost };
    for Account { by, password, salt, hash } in accounts {
        let imported = FirebaseHash::new(&settings, bytes(&salt), bytes(&hash)).unwrap();
        check(&imported.into(), &password, &by);
    }
    let other = FirebaseSettings { signer_key: vec![0; 63], ..settings };
    assert!(FirebaseHash::new(&other, vec![0; 8], vec![0; 64]).is_err(), "key and hash of two lengths");
}

#[test]
fn a_fast_hash_is_never_kept_as_it_came() {
    for fast in ["{SHA}mN7MYuzjmaIu0w1JDvMzvn/ec4U=", "$stormpath2$MD5$1$$0HY+2qnZvSqVFigOkETYhQ=="] {
        let imported = ImportedHash::read(fast).unwrap();
        assert!(imported.is_weak());
        let stored = imported.store(CHEAP, [7; SALT_LEN], &mut Memory::default()).unwrap();
        let digest = fast.rsplit(['}', '$']).next().unwrap().trim_end_matches('=');
        assert!(!stored.contains(digest) && stored.contains("$argon2id$"), "{stored}");
    }
}

/// Of each kind one that is weak, and the next that is not.
#[test]
fn a_weak_key_derivation_is_not_kept_as_it_came_either() {
    let (salt, hash) = ("c29tZXNhbHQxNmJ5dGVzIQ", "qzqIpnYMDISnGMyi+kbc+jtjYWUt/Uq+");
    let tail = "5YJBOO.yUoTxRfZOQQLEMe4FFiNCaKDoNH0.jhOcjNOzZ0sB0.okG";
    for (weak, strong) in [
        (format!("$2b$09${tail}"), format!("$2b$10${tail}")),
        (format!("bcrypt_sha256$$2b$09${tail}"), format!("bcrypt_sha256$$2b$10${tail}")),
        (format!("$pbkdf2-sha1$i=1299999${salt}${hash}"), format!("$pbkdf2-sha1$i=1300000${salt}${hash}")),
        (format!("$pbkdf2-sha256$i=599999${salt}${hash}"), format!("$pbkdf2-sha256$i=600000${salt}${hash}")),
        (format!("$pbkdf2-sha512$i=1${salt}${hash}"), format!("$pbkdf2-sha512$i=210000${salt}${hash}")),
        (format!("$scrypt$ln=13,r=8,p=16${salt}${hash}"), format!("$scrypt$ln=14,r=8,p=1${salt}${hash}")),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}${hash}"), format!("$argon2id$v=19$m=7168,t=5,p=1${salt}${hash}")),
        (format!("$argon2i$v=19$m=7167,t=6,p=1${salt}${hash}"), format!("$argon2i$v=19$m=65536,t=1,p=1${salt}${hash}")),
    ] {
        assert!(ImportedHash::read(&strong).is_ok_and(|hash| !hash.is_weak()), "{strong}");
        let imported = ImportedHash::read(&weak).unwrap();
        assert!(imported.is_weak(), "{weak}");
        let stored = imported.store(CHEAP, [7; SALT_LEN], &mut Memory::default()).unwrap();
        let known = &weak[weak.len() - 24..];
        assert!(stored.starts_with("$wrapped$argon2id$") && !stored.contains(known), "{stored}");
        assert!(!ImportedHash::read(&stored).unwrap().is_weak(), "as an export has it");
    }
    let weak = FirebaseSettings { signer_key: vec![1; 64], salt_separator: vec![], rounds: 8, mem_cost: 13 };
    let hash = |settings| ImportedHash::from(FirebaseHash::new(settings, vec![0; 8], vec![0; 64]).unwrap());
    assert!(hash(&weak).is_weak() && !hash(&FirebaseSettings { mem_cost: 14, ..weak.clone() }).is_weak());
}

#[test]
fn an_argon2id_hash_of_another_system_is_not_taken_for_ours() {
    let theirs = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert!(matches!(OnRecord::parse(theirs), Some(OnRecord::Ours(_))));
    let stored = ImportedHash::read(theirs).unwrap().text();
    assert!(stored.ends_with(theirs) && ImportedHash::is_of_another_system(&stored), "{stored}");
    assert_eq!(ImportedHash::read(&stored).unwrap().text(), stored);
}

#[test]
fn hashes_that_ask_for_too_much_are_refused() {
    let (salt, hash) = ("c29tZXNhbHQxNmJ5dGVzIQ", "qzqIpnYMDISnGMyi+kbc+jtjYWUt/Uq+");
    for bomb in [
        format!("$argon2id$v=19$m=4194304,t=1,p=1${salt}${hash}"),
        format!("$argon2id$v=19$m=262144,t=9,p=1${salt}${hash}"),
        format!("$argon2i$v=19$m=1024,t=1,p=16777215${salt}${hash}"),
        format!("$scrypt$ln=30,r=8,p=1${salt}${hash}"),
        format!("$scrypt$ln=14,r=8,p=1000${salt}${hash}"),
        format!("$scrypt$ln=63,r=4294967295,p=1${salt}${hash}"),
        format!("$scrypt$ln=1,r=1,p=4294967295${salt}${hash}"),
        format!("$pbkdf2-sha512$i=4294967295${salt}${hash}"),
        format!("$pbkdf2-sha1$i=3000001${salt}${hash}"),
        "$2b$31$5YJBOO.yUoTxRfZOQQLEMe4FFiNCaKDoNH0.jhOcjNOzZ0sB0.okG".to_owned(),
        "$shiro1$MD5$2000000$$0HY+2qnZvSqVFigOkETYhQ==".to_owned(),
    ] {
        let problem = ImportedHash::read(&bomb).unwrap_err();
        assert!(matches!(problem, HashProblem::TooCostly { .. }), "{bomb}: {problem}");
        assert!(OnRecord::parse(&bomb).is_none_or(|record| matches!(record, OnRecord::Ours(_))), "{bomb}");
    }
    let project =
        |rounds, mem_cost| FirebaseSettings { signer_key: vec![0; 64], salt_separator: vec![], rounds, mem_cost };
    for (rounds, mem_cost) in [(8, 30), (u32::MAX, 63), (8, u32::MAX), (1 << 20, 14)] {
        assert!(FirebaseHash::new(&project(rounds, mem_cost), vec![0; 8], vec![0; 64]).is_err());
    }
}

#[test]
fn a_fast_hash_cannot_ask_for_gigabytes_by_the_hash_around_it() {
    let imported = ImportedHash::read("{SHA}mN7MYuzjmaIu0w1JDvMzvn/ec4U=").unwrap();
    let good = imported.store(CHEAP, [7; SALT_LEN], &mut Memory::default()).unwrap();
    assert!(OnRecord::parse(&good).is_some());
    for costs in ["m=4194304,t=100,p=1", "m=262145,t=1,p=1", "m=262144,t=9,p=1"] {
        let bomb = good.replace("m=64,t=1,p=1", costs);
        assert!(bomb != good && ImportedHash::read(&bomb).is_err() && OnRecord::parse(&bomb).is_none(), "{bomb}");
        // Nor by what is inside.
        let inner = format!("$argon2id$v=19${costs}$c29tZXNhbHQxNmJ5dGVzIQ$qzqIpnYMDISnGMyi+kbc+jtjYWUt/Uq+");
        let inner = good.replace(&good[good.find("$digest$").unwrap()..], &inner);
        assert!(ImportedHash::read(&inner).is_err() && OnRecord::parse(&inner).is_none(), "{inner}");
    }
}

/// What settings beyond those bounds keep must be readable afterwards.
#[test]
fn a_fast_hash_is_kept_within_the_bounds_whatever_the_settings() {
    let imported = ImportedHash::read("{SHA}mN7MYuzjmaIu0w1JDvMzvn/ec4U=").unwrap();
    let settings = Parameters { memory_kib: 64, passes: 100, lanes: 1 };
    assert!(argon2::is_within_bounds(settings));
    let settings = Parameters { memory_kib: 1024 * 1024, passes: 4, lanes: 1 };
    let stored = imported.store(settings, [7; SALT_LEN], &mut Memory::default()).unwrap();
    assert!(OnRecord::parse(&stored).is_some(), "{stored}");
}

/// Keycloak 24 and newer with `pbkdf2`: 1,300,000 iterations for 64 bytes, made with Python's `hashlib`.
#[test]
fn the_most_that_keycloak_asks_for_is_verified() {
    let hash = decode_hex(
        "a68f9e6bc13648104bb3d53fe13486db29efd460a90b2f51538c0f610e8762b3a8dbafe4912560a90aa7e5142e4f442106a51855377ce36d6823575a919add0f",
    );
    let imported = Pbkdf2Hash::new(Prf::Sha1, 1_300_000, b"keycloak's salt.".to_vec(), hash.unwrap()).unwrap();
    let (imported, mut memory) = (Stored::bare(imported), Memory::default());
    assert_eq!(imported.verify(b"correct horse battery", &mut memory), Some(true));
    assert_eq!(imported.verify(b"correct horse batterx", &mut memory), Some(false));
}

#[test]
fn what_is_no_hash_of_a_known_kind_is_refused() {
    for text in [
        "",
        "$",
        "$$",
        "plain text",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
        "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
        "$2x$04$5YJBOO.yUoTxRfZOQQLEMe4FFiNCaKDoNH0.jhOcjNOzZ0sB0.okG",
        "$2b$04$5YJBOO.yUoTxRfZOQQLEMe4FFiNCaKDoNH0.jhOcjNOzZ0sB0.ok",
        "$2b$04$5YJBOO.yUoTxRfZOQQLEMe4FFiNCaKDoNH0.jhOcjNOzZ0sB0.ok\u{e9}",
        "$2b$03$5YJBOO.yUoTxRfZOQQLEMe4FFiNCaKDoNH0.jhOcjNOzZ0sB0.okG",
        "$2b$4$$5YJBOO.yUoTxRfZOQQLEMe4FFiNCaKDoNH0.jhOcjNOzZ0sB0.okG",
        "$argon2id$v=18$m=256,t=2,p=2$c29tZXNhbHQxNmJ5dGVzIQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO",
        "$argon2id$v=19$m=256,t=2$c29tZXNhbHQxNmJ5dGVzIQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO",
        "$argon2id$v=19$m=256,t=0,p=2$c29tZXNhbHQxNmJ5dGVzIQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQxNmJ5dGVzIQ$",
        "$argon2id$v=19$m=256,t=2,p=2$$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO",
        "$pbkdf2-sha256$i=0$c29tZXNhbHQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO",
        "$pbkdf2-md5$i=1000$c29tZXNhbHQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO",
        "$scrypt$ln=0,r=8,p=1$c29tZXNhbHQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO",
        "$scrypt$ln=14,r=0,p=1$c29tZXNhbHQ$k5zHzzaSZsEKpNgQjOhZ4lBaTxBaahrO",
        "scrypt:1000:8:1$salt$00112233445566778899aabbccddeeff",
        "pbkdf2:sha256:1000$salt$xyz",
        "{CLEARTEXT}secret",
        "{SSHA}AAAA",
        "$stormpath2$SHA-512$1$$0HY+2qnZvSqVFigOkETYhQ==",
        "$digest$a=sha-1,s=after,n=0$AAAA$mN7MYuzjmaIu0w1JDvMzvn/ec4U",
        "$digest$a=sha-1,s=key,n=2$AAAA$mN7MYuzjmaIu0w1JDvMzvn/ec4U",
        "$wrapped$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
        "$wrapped$wrapped",
        "$imported",
        "pbkdf2_sha256$-1$salt$/OVK3THfPRUsn2zn0WG3ZTuejHIbNaoKYuH4z3KmYL0=",
        "!unusable",
        "\u{1f409}$\u{1f409}$\u{1f409}",
    ] {
        let problem = ImportedHash::read(text).unwrap_err();
        assert!(!matches!(problem, HashProblem::TooCostly { .. }), "{text}: {problem}");
        assert!(text.len() < 12 || !problem.to_string().contains(text), "a hash in a message: {problem}");
    }
}

#[test]
fn bcrypt_sees_72_bytes_and_such_a_password_is_not_hashed_anew() {
    let long = "a".repeat(72);
    let stored = Stored::bare(bcrypt::hash_of(&long));
    assert!(stored.verify(format!("{long} and more").as_bytes(), &mut Memory::default()).unwrap());
    assert!(stored.sees_all_of(long.as_bytes()) && !stored.sees_all_of(format!("{long}b").as_bytes()));
}
