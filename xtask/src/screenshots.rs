//! `cargo xtask screenshots`: `docs/images/sign-in.png`, taken from a real server by a real browser.

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::process;
use crate::test::binary;
use crate::tree::Workspace;

/// What the sample app asks for when someone presses its sign-in button. Nobody redeems the code, so the challenge may be public.
const SIGN_IN: &str = "http://localhost:4400/authorize?client_id=dragons-spa&response_type=code&scope=openid&state=picture\
    &redirect_uri=http%3A%2F%2Flocalhost%3A4401%2F&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const PORT: u16 = 4400;
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn run() -> Result<(), String> {
    let workspace = Workspace::find()?;
    process::run(process::cargo(&workspace.root).args(["build", "--locked", "--package", "symbolon"]))?;
    let data = workspace.target.join("screenshots");
    // Left by a run that was interrupted; a picture starts from nothing.
    let _ = std::fs::remove_dir_all(&data);
    let images = workspace.root.join("docs/images");
    // The browser writes no picture into a folder that is not there, and says nothing.
    std::fs::create_dir_all(&images).map_err(|error| format!("cannot make {}: {error}", images.display()))?;
    let image = images.join("sign-in.png");
    let server = Server::start(&workspace, &data)?;
    let taken = photograph(&workspace.root, SIGN_IN, &image);
    drop(server);
    let _ = std::fs::remove_dir_all(&data);
    taken?;
    println!("wrote {}", image.display());
    Ok(())
}

fn photograph(root: &Path, address: &str, image: &Path) -> Result<(), String> {
    let program = std::env::var_os("CHROMIUM").unwrap_or_else(|| "chromium".into());
    let mut browser = process::command(program, root);
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,720"]);
    browser.arg(format!("--screenshot={}", image.display())).arg(address);
    process::run(browser.stderr(Stdio::null()))?;
    if image.exists() { Ok(()) } else { Err("the browser wrote no picture".into()) }
}

/// The development server; ends with the value.
struct Server(Child);

impl Server {
    fn start(workspace: &Workspace, data: &Path) -> Result<Self, String> {
        let mut command = process::command(binary(workspace), &workspace.root);
        command.args(["serve", "--dev", "--data"]).arg(data).stdout(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("cannot start the server: {error}"))?;
        let watch = Stopwatch::start();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, PORT)).is_err() {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(format!("the server ended with {status}"));
            }
            if watch.elapsed() > PATIENCE {
                return Err("the server does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self(child))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to do about a child that has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
