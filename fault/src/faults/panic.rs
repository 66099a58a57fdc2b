//! Row 15: one in a thousand requests panics, anywhere between its start and its answer. It fails with 500 and our error, and nothing else
//! does: the same request is answered when it is sent again, on the same connection, and whatever was acknowledged stays true.

use std::path::Path;

use crate::Failure;
use crate::checker::chains;
use crate::driver::patient::Crowd;
use crate::driver::{self, Browser, code_of, email};
use crate::options::Options;
use crate::report::Report;
use crate::server::World;

/// What the server says of each on standard error.
const SAID: &str = "a request panicked";

pub(super) async fn run(options: &Options) -> Result<Report, Failure> {
    let mut world = World::new(options)?;
    let switch = world.folder().join("panics");
    world.set("FAULT_PANICS", &switch.display().to_string());
    world.start()?;
    driver::populate(&world)?;
    let each = options.pick(1_000, 50);
    let browser = signed_in(&world).await?;
    std::fs::write(&switch, each.to_string())?;
    let crowd = Crowd::among_failures(&world)?;
    let codes = codes(browser, options.pick(3_000, 300));
    let (codes, ()) = tokio::join!(codes, crowd.enough(options.pick(20_000, 600)));
    let mut report = Report::default();
    let lived = crowd.end(&mut report).await?;
    std::fs::remove_file(&switch)?;
    let (asked, broken) = codes?;
    report.acknowledged += asked;
    let failed = lived.failed + broken;
    let said = u64::try_from(world.words()?.matches(SAID).count())?;
    report.tell(format!("one in {each} panicked: {failed} answered with 500, {said} in the log"));
    report.demand(failed == said, "what failed is not what panicked");
    report.demand(failed > report.acknowledged / each / 4, "hardly anything panicked");
    report.demand(Path::new(&world.control_socket()).exists(), "the control socket is gone");
    report.demand(world.run(&["doctor"], "").is_ok(), "the doctor finds something wrong afterwards");
    chains::check(&world, &lived.entries, &mut report).await?;
    Ok(report)
}

async fn signed_in(world: &World) -> Result<Browser, Failure> {
    let mut browser = Browser::new(world.connect(), world.issuer());
    let answer = browser.sign_in(&email(0)).await.map_err(|_| "the sign-in page does not answer")?;
    if answer.status == 303 { Ok(browser) } else { Err(format!("signing in: {}", answer.words()).into()) }
}

/// One session that asks for code after code; how often it got one, and how often the request failed.
async fn codes(mut browser: Browser, count: u64) -> Result<(u64, u64), Failure> {
    let (mut got, mut failed) = (0, 0);
    while got < count {
        let answer = browser.code().await.map_err(|_| "the session's connection broke")?;
        if answer.status == 500 {
            failed += 1;
        } else {
            code_of(&answer)?;
            got += 1;
        }
    }
    Ok((got, failed))
}
