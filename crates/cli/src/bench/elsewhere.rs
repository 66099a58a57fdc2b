//! Sessions in a database of the reader's: PostgreSQL through the adapter that a server uses, Valkey (or Redis) as an API would use it alone.

use std::sync::Arc;

use serde_json::{Value, json};
use symbolon_jose::{base64url, sha256};
use symbolon_server::rng::SystemRng;
use symbolon_store::postgres::{self, Postgres, Scratch};
use symbolon_store::{NewUser, Store};

use super::valkey::Valkey;
use super::world::API;
use super::{Bench, Steps, accepted, cookie, measure, pick};

pub(super) const IN_POSTGRES: &str = "session, looked up in PostgreSQL";
pub(super) const IN_VALKEY: &str = "session, looked up in Valkey";

/// Where else sessions are looked up.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    /// `postgres://…`
    pub(crate) store_url: Option<String>,
    /// `valkey://[:PASSWORD@]HOST[:PORT]`
    pub(crate) valkey_url: Option<String>,
}

impl Elsewhere {
    /// How many steps it adds.
    pub(super) fn count(&self) -> usize {
        usize::from(self.store_url.is_some()) + usize::from(self.valkey_url.is_some())
    }

    pub(super) async fn measure(
        &self,
        bench: &mut Bench<'_>,
        steps: &mut Steps<'_>,
        values: &[String],
    ) -> Result<(), String> {
        if let Some(url) = &self.store_url {
            let name = format!("symbolon_bench_{}", hexadecimal());
            steps.next(&format!("{IN_POSTGRES} (schema {name})"));
            let options = postgres::Options { url: url.clone(), ..postgres::Options::default() };
            let scratch = Scratch::make(options, &name).await.map_err(|why| why.to_string())?;
            let measured = in_postgres(bench, &scratch).await;
            // Also when nothing came of it.
            scratch.remove().await.map_err(|why| format!("{why}; remove it yourself: DROP SCHEMA {name} CASCADE"))?;
            measured?;
        }
        if let Some(url) = &self.valkey_url {
            steps.next(IN_VALKEY);
            in_valkey(bench, url, values).await?;
        }
        Ok(())
    }
}

async fn in_postgres(bench: &mut Bench<'_>, scratch: &Scratch) -> Result<(), String> {
    let failed = |why: symbolon_store::StoreError| why.to_string();
    let world = bench.world;
    let store: Arc<dyn Store> = Arc::new(Postgres::open(scratch.options().clone()).await.map_err(failed)?);
    let user = world.user().await?;
    store.create_user(NewUser { user, identifiers: Vec::new() }).await.map_err(failed)?;
    let values = world.add_sessions(&store, bench.plan.sessions).await?;
    let cost = measure::cost(bench.plan.length, async |number| {
        accepted(world.is_in_database(&*store, pick(&values, number)).await?)
    });
    let cost = cost.await?;
    bench.note(IN_POSTGRES, cost, &cookie(pick(&values, 0)), 0);
    Ok(())
}

/// By the hash of the value, as JSON: what an API has to know.
async fn in_valkey(bench: &mut Bench<'_>, url: &str, values: &[String]) -> Result<(), String> {
    let mut valkey = Valkey::connect(url).await?;
    let prefix = format!("symbolon-bench:{}:", hexadecimal());
    let key = |value: &str| prefix.clone() + &base64url::encode(&sha256(value.as_bytes()));
    let clock = &bench.world.app.clock;
    let user = bench.world.user().await?;
    let held = json!({
        "sub": user.id, "sid": user.revocation_handle, "scope": "openid read:dragons", "aud": API, "exp": clock.now() + 1_800,
        "handle": user.revocation_handle, "amr": ["pwd"], "auth_time": clock.now(),
    });
    let keys: Vec<String> = values.iter().map(|value| key(value)).collect();
    valkey.set_all(&keys, &held.to_string()).await?;
    let cost = measure::cost(bench.plan.length, async |number| {
        let held = valkey.get(&key(pick(values, number))).await?.ok_or("a session is not there")?;
        let held: Value = serde_json::from_slice(&held).map_err(|why| why.to_string())?;
        accepted(held["exp"].as_u64().is_some_and(|ends_at| clock.now() < ends_at))
    });
    let cost = cost.await?;
    bench.note(IN_VALKEY, cost, &cookie(pick(values, 0)), 0);
    Ok(())
}

/// A name that nobody else has.
fn hexadecimal() -> String {
    let mut bytes = [0; 6];
    symbolon_oauth::Rng::fill(&mut SystemRng, &mut bytes);
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
