//! Many users, each with a session, a session value and a family of refresh tokens, as rows that are copies of what a real sign-in wrote: only the
//! keys are new. Some of them, far from each other, can be used: their secrets are known here.

use std::fmt::Write as _;

use symbolon_oauth::{OpaqueToken, TokenKind};
use symbolon_server::rng::SystemRng;

use super::database::{Shell, Words};
use super::script::Account;
use crate::Failure;

/// Users whose secrets go into one statement.
const AT_ONCE: usize = 300;

/// Fills tables that hold one user, signed in once by each client; gives the accounts that can be used.
pub(super) fn fill(shell: &Shell<'_>, words: &Words, users: u64, sample: u64) -> Result<Vec<Account>, Failure> {
    let accounts = known(shell, words, users, sample)?;
    let script = [words.prepare, &stage(words, users), COPIES, LEAVE].join("\n");
    shell.run(&script)?;
    words.settle.iter().try_for_each(|statement| shell.run(statement))?;
    Ok(accounts)
}

/// Makes the secrets, and a table of their hashes.
fn known(shell: &Shell<'_>, words: &Words, users: u64, sample: u64) -> Result<Vec<Account>, Failure> {
    let blob = words.blob;
    shell.run(&format!(
        "CREATE TABLE bulk_known (n BIGINT NOT NULL PRIMARY KEY, refresh {blob}, cookie {blob}, value {blob})"
    ))?;
    let mut accounts = Vec::new();
    let mut rows = Vec::new();
    for number in 0..sample {
        let n = 1 + number * (users / sample);
        let secret = |kind| OpaqueToken::generate(kind, &mut SystemRng);
        let [cookie, value] = [TokenKind::Session, TokenKind::SessionValue].map(secret);
        let secrets = [OpaqueToken::of_family(&dated_id('f', n), &mut SystemRng), cookie, value];
        let mut row = format!("({n}");
        for secret in &secrets {
            let hash = secret.hash().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            // Writing to a string cannot fail.
            let _ = write!(row, ", {}{hash}{}", words.bytes.0, words.bytes.1);
        }
        rows.push(row + ")");
        let [refresh_token, cookie, session_value] = secrets.map(|secret| secret.reveal().to_owned());
        let email = format!("user{n}@bench.example");
        accounts.push(Account { email, refresh_token, cookie, session_value, access_token: String::new() });
    }
    for rows in rows.chunks(AT_ONCE) {
        shell.run(&format!("INSERT INTO bulk_known VALUES {}", rows.join(", ")))?;
    }
    Ok(accounts)
}

/// What is different in each row, once, and the rows to copy.
fn stage(words: &Words, users: u64) -> String {
    let (numbers, random) = (words.numbers(1, users), words.random);
    let [user, handle] = ["u", "h"].map(id);
    let [session, family, value, token] = ['s', 'f', 'v', 't'].map(dated);
    format!(
        "CREATE TABLE bulk AS {numbers}
            SELECT numbers.n AS n, {user} AS u, {handle} AS h, {session} AS s, {family} AS f, {value} AS v, {token} AS t,
                coalesce(k.refresh, {random}) AS refresh, coalesce(k.cookie, {random}) AS cookie, coalesce(k.value, {random}) AS value
            FROM numbers LEFT JOIN bulk_known k ON k.n = numbers.n;
        CREATE TABLE bulk_account AS SELECT * FROM account;
        CREATE TABLE bulk_session AS SELECT * FROM session;
        CREATE TABLE bulk_family AS SELECT * FROM family;
        CREATE TABLE bulk_refresh AS SELECT * FROM refresh_token;
        CREATE TABLE bulk_access AS SELECT * FROM access_token;"
    )
}

/// An id of the user `n`: spread over the alphabet of ids, so that new ones of the server fall everywhere between.
fn id(kind: &str) -> String {
    // Odd, so each number below 2^24 has four letters of its own.
    let spread = "(numbers.n * 2654435761)";
    let letters = [1, 64, 4096, 262_144].map(|divisor| letter(spread, divisor)).join(" || ");
    format!("{letters} || '-' || CAST(numbers.n AS TEXT) || '-{kind}-0123456789'")
}

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// When the first of them was there (Unix seconds); one follows another each second.
const BORN: u64 = 1_770_000_000;

fn letter(number: &str, divisor: u64) -> String {
    format!("substr('{ALPHABET}', CAST(1 + {number} / {divisor} % 64 AS INTEGER), 1)")
}

/// An id of what belongs to the user `n` and is named by when it was made, as the server's [`dated_id`](symbolon_oauth::dated_id) is.
fn dated(kind: char) -> String {
    let time = format!("(({BORN} + numbers.n) * 16)");
    let letters = [64_u64.pow(5), 64_u64.pow(4), 64_u64.pow(3), 4096, 64, 1].map(|divisor| letter(&time, divisor));
    format!("{} || '{kind}' || CAST(100000000 + numbers.n AS TEXT) || '-copyA'", letters.join(" || "))
}

/// The same for one of them.
fn dated_id(kind: char, n: u64) -> String {
    let letter = |power: u32| ALPHABET.as_bytes()[((BORN + n) * 16 / 64_u64.pow(power) % 64) as usize];
    let letters = [5, 4, 3, 2, 1, 0].map(letter);
    format!("{}{kind}{}-copyA", String::from_utf8_lossy(&letters), 100_000_000 + n)
}

const COPIES: &str = "
    INSERT INTO account (id, username, email, email_verified, name, profile, password_hash, status, roles, revocation_handle, created_at,
            updated_at, password_changed_at, revision)
        SELECT b.u, NULL, 'user' || CAST(b.n AS TEXT) || '@bench.example', t.email_verified, t.name, t.profile, t.password_hash, t.status, t.roles,
            b.h, t.created_at, t.updated_at, t.password_changed_at, t.revision
        FROM bulk b CROSS JOIN bulk_account t;
    INSERT INTO login_identifier (identifier, user_id)
        SELECT 'user' || CAST(n AS TEXT) || '@bench.example', u FROM bulk;
    INSERT INTO session (id_hash, sid, user_id, created_at, auth_time, last_seen_at, idle_expires_at, absolute_expires_at, persistent, amr,
            user_agent, address)
        SELECT b.cookie, b.s, b.u, t.created_at, t.auth_time, t.last_seen_at + 3600, t.idle_expires_at, t.absolute_expires_at, t.persistent, t.amr,
            t.user_agent, t.address
        FROM bulk b CROSS JOIN bulk_session t;
    INSERT INTO session_client (sid, client_id)
        SELECT b.s, t.client_id FROM bulk b CROSS JOIN bulk_family t WHERE t.sid IS NOT NULL;
    INSERT INTO family (id, client_id, user_id, sid, session_bound, scope, audience, auth_time, created_at, absolute_expires_at, payload)
        SELECT CASE WHEN t.sid IS NULL THEN b.f ELSE b.v END, t.client_id, b.u, CASE WHEN t.sid IS NULL THEN NULL ELSE b.s END, t.session_bound,
            t.scope, t.audience, t.auth_time, t.created_at, t.absolute_expires_at, t.payload
        FROM bulk b CROSS JOIN bulk_family t;
    INSERT INTO refresh_token (hash, family, state, created_at, expires_at)
        SELECT b.refresh, b.f, t.state, t.created_at, t.expires_at FROM bulk b CROSS JOIN bulk_refresh t;
    INSERT INTO access_token (jti, family, expires_at, session_hash)
        SELECT CASE WHEN t.session_hash IS NULL THEN b.t ELSE b.v END, CASE WHEN t.session_hash IS NULL THEN b.f ELSE b.v END, t.expires_at,
            CASE WHEN t.session_hash IS NULL THEN NULL ELSE b.value END
        FROM bulk b CROSS JOIN bulk_access t;";

const LEAVE: &str = "
    DROP TABLE bulk; DROP TABLE bulk_known; DROP TABLE bulk_account; DROP TABLE bulk_session; DROP TABLE bulk_family; DROP TABLE bulk_refresh;
    DROP TABLE bulk_access;";
