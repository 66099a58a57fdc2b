//! Work in place of a captcha (`session/work.rs`), at the forms that anybody can send: asked for on a page that says to wait, looked at when the form comes.

use symbolon_oauth::{OAuthError, Params};
use symbolon_store::Hash32;

use crate::account::throttle::Effort;
use crate::app::App;
use crate::effects::store_failure;
use crate::pages::{Csp, PageShell, Work};
use crate::rng::SystemRng;
use crate::session::work;

/// Whether the form brings work that was done for it. It counts once.
pub(super) async fn made(app: &App, browser: &str, params: &Params, now: u64) -> Result<Effort, OAuthError> {
    let (Some(challenge), Some(number)) = (params.get("work"), params.get("work_done")) else {
        return Ok(Effort::None);
    };
    let Some(done) = work::check(&app.work, challenge, number, browser, now) else { return Ok(Effort::None) };
    let expires_at = now.saturating_add(work::LIFETIME_SECS);
    let is_first = app.store.remember_once("work", Hash32(done), expires_at, now).await;
    Ok(if is_first.map_err(|error| store_failure(&error))? { Effort::Made } else { Effort::None })
}

/// What is asked of this browser, where anything is.
pub(super) fn ask(app: &App, browser: &str, now: u64) -> Option<Work> {
    let bits = app.config().throttle.work_bits;
    (bits > 0).then(|| Work { challenge: work::issue(&app.work, &mut SystemRng, browser, bits, now), bits })
}

/// Lets a page that asks for work run the script that does it.
pub(super) fn allow(app: &App, csp: Csp, shell: &PageShell) -> Csp {
    if shell.work.is_some() { csp.work_script(app.issuer.origin()) } else { csp }
}
