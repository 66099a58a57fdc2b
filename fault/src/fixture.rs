//! What a release leaves behind: its data, and the secrets that people and programs hold then. Tests of later releases take it up
//! (`crates/server/tests/it/upgrade.rs`).
//!
//! Made with each schema once, by a release of it: `cargo xtask fault --fixture FOLDER [--store postgres] [--from COMMIT]`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::clock::unix_now;
use crate::driver::{self, APP, AUDIENCE, Browser, CALLBACK, MACHINE, PASSWORD, VERIFIER, code_of, command, redeem};
use crate::options::{Options, Store};
use crate::server::{DATABASE, World};
use crate::wire::{Answer, Connection};
use crate::{Failure, older};

/// Writes `sqlite.db` or `postgres.dump`, and beside it a file `.json` with the secrets.
pub(crate) async fn make(folder: &Path, options: &Options) -> Result<(), Failure> {
    let mut world = World::new(options)?;
    if let Some(commit) = &options.from {
        world.run_with(&older::build(commit)?.program);
    }
    world.start()?;
    let machine = driver::populate(&world)?;
    let mut secrets = secrets(&world).await?;
    secrets["machine_secret"] = machine.secret().into();
    fs::create_dir_all(folder)?;
    let name = match options.store {
        Store::Sqlite => {
            world.stop()?;
            let file = world.data().join("symbolon.db");
            secrets["schema"] = rusqlite::Connection::open(&file)?
                .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))?
                .into();
            fs::copy(file, folder.join("sqlite.db"))?;
            "sqlite.json"
        }
        Store::Postgres => {
            world.stop()?;
            let database = world.database()?;
            let schema = database.sql(DATABASE, "SELECT version FROM schema_version")?;
            secrets["schema"] = schema.trim().parse::<u64>()?.into();
            fs::write(folder.join("postgres.dump"), database.dump(DATABASE)?)?;
            "postgres.json"
        }
    };
    fs::write(folder.join(name), serde_json::to_string_pretty(&secrets)? + "\n")?;
    println!("schema {} in {}", secrets["schema"], folder.display());
    Ok(())
}

/// One of everything that a later release must honour, and one of everything that it must still refuse.
async fn secrets(world: &World) -> Result<Value, Failure> {
    let mut app = world.connect();
    let mut browser = Browser::new(world.connect(), world.issuer());
    answered(browser.sign_in(&driver::email(0)).await)?;
    let used_code = code_of(&answered(browser.code().await)?)?;
    let first = tokens(&mut app, &used_code).await?;
    let access_token = first.member("access_token")?;
    let refresh_token = rotated(&mut app, &first.member("refresh_token")?).await?;

    let stolen = of_a_sign_in(&mut app, 1).await?;
    let second = rotated(&mut app, &stolen.member("refresh_token")?).await?;
    let of_the_stolen = rotated(&mut app, &second).await?;
    let revoked = of_a_sign_in(&mut app, 2).await?;
    answered(driver::revoke(&mut app, &revoked.member("refresh_token")?).await)?;

    let ask = json!({ "user": { "reset-link": { "user": driver::email(3), "valid_secs": 3600 } } });
    let link = answered(command(&mut world.control(), &ask).await)?.member("link")?;
    let keys = answered(app.get("/.well-known/jwks.json").await)?.json();
    let kids: Vec<&Value> = keys["keys"].as_array().into_iter().flatten().map(|key| &key["kid"]).collect();
    let master = fs::read_to_string(world.data().join("master.key"))?;
    // Last, because it lives a minute.
    let code = code_of(&answered(browser.code().await)?)?;
    let cookies: BTreeMap<String, String> = browser.cookies().clone();
    Ok(json!({
        "made_at": unix_now(), "issuer": world.issuer(), "master_key": master.trim(),
        "app": APP, "callback": CALLBACK, "audience": AUDIENCE, "machine": MACHINE, "kids": kids,
        "email": driver::email(0), "password": PASSWORD, "cookies": cookies, "code_verifier": VERIFIER,
        "reset_link": link.strip_prefix(&world.issuer()).unwrap_or(&link),
        "code": code, "access_token": access_token, "refresh_token": refresh_token,
        "used_code": used_code,
        "stolen_refresh_token": stolen.member("refresh_token")?, "refresh_token_of_the_stolen": of_the_stolen,
        "revoked_refresh_token": revoked.member("refresh_token")?,
        "revoked_access_token": revoked.member("token")?,
    }))
}

async fn of_a_sign_in(app: &mut Connection, person: usize) -> Result<Answer, Failure> {
    good(answered(driver::sign_in(app, &driver::email(person), PASSWORD).await)?)
}

async fn tokens(app: &mut Connection, code: &str) -> Result<Answer, Failure> {
    good(answered(redeem(app, code).await)?)
}

async fn rotated(app: &mut Connection, token: &str) -> Result<String, Failure> {
    good(answered(driver::refresh(app, token).await)?)?.member("refresh_token")
}

fn good(answer: Answer) -> Result<Answer, Failure> {
    if answer.status == 200 { Ok(answer) } else { Err(format!("answered with {}", answer.words()).into()) }
}

fn answered<T>(answer: Result<T, crate::wire::Unanswered>) -> Result<T, Failure> {
    answer.map_err(|_| "a request was not answered".into())
}
