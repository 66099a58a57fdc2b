//! The one place of the server that asks the system for randomness.

use symbolon_oauth::Rng;

/// The operating system's generator, by way of the crypto back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(clippy::disallowed_methods, reason = "this file is the source of randomness")]
    fn fill(&mut self, bytes: &mut [u8]) {
        // Without randomness nothing this server hands out is safe: fail the request rather than go on.
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives randomness");
    }
}
