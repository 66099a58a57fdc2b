//! When a certificate is to be ordered: pure, so that years pass in a test.

use symbolon_jose::sha256;

use super::record::{CertificateRecord, OrderRecord};

/// The first pause after a try that came to nothing, twice as long after each further one. Five within the hour, which is what Let's Encrypt
/// allows of failed proofs for one name.
const FIRST_PAUSE_SECS: u64 = 120;
/// The longest pause.
const LONGEST_PAUSE_SECS: u64 = 6 * 3_600;
/// How long a node may be at it before another one takes over.
pub(super) const LEASE_SECS: u64 = 120;

/// Who could be at it beside this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nodes {
    /// Nobody: what was begun before has ended with its process.
    This,
    /// Others with the same store.
    Others,
}

/// What there is to go by.
#[derive(Debug)]
pub(super) struct Facts<'f> {
    pub(super) directory: &'f str,
    pub(super) domains: &'f [String],
    pub(super) nodes: Nodes,
    pub(super) certificate: Option<&'f CertificateRecord>,
    pub(super) order: Option<&'f OrderRecord>,
}

impl Facts<'_> {
    /// When to order, Unix seconds; it is due where that is now or in the past.
    pub(super) fn due_at(&self, now: u64) -> u64 {
        let wanted = |directory: &str, domains: &[String]| directory == self.directory && domains == self.domains;
        let certificate = self.certificate.filter(|found| wanted(&found.directory, &found.domains));
        let due = certificate.map_or(0, renewal);
        let Some(order) = self.order else { return due };
        // A lease that a clock far ahead gave holds no longer than one that is given now.
        let leased = match self.nodes {
            Nodes::This => 0,
            Nodes::Others => order.leased_until.min(now.saturating_add(LEASE_SECS)),
        };
        // Whoever asks for something else need not wait for what did not work.
        let paused = if wanted(&order.directory, &order.domains) { order.try_at } else { 0 };
        due.max(leased).max(paused)
    }

    /// How many tries for this have come to nothing.
    pub(super) fn failures(&self) -> u32 {
        let same = |order: &&OrderRecord| order.directory == self.directory && order.domains == self.domains;
        self.order.filter(same).map_or(0, |order| order.failures)
    }
}

/// At two thirds of a certificate's life, or up to a twentieth of it sooner, so that those of one day are not all renewed at one moment. By the
/// certificate itself: every node comes to the same.
pub(super) fn renewal(certificate: &CertificateRecord) -> u64 {
    let life = certificate.ends_at.saturating_sub(certificate.obtained_at);
    let chance = u64::from(sha256(certificate.chain.as_bytes())[0]);
    certificate.obtained_at.saturating_add(life * 2 / 3 - life / 20 * chance / 256)
}

/// How long to wait after so many tries that came to nothing.
pub(super) fn pause(failures: u32) -> u64 {
    let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    FIRST_PAUSE_SECS.saturating_mul(doubled).min(LONGEST_PAUSE_SECS)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::PrivatePkcs8KeyDer;

    use super::*;
    use crate::rng::SystemRng;
    use crate::seal::MasterKey;

    const NOW: u64 = 1_800_000_000;
    const DAY: u64 = 86_400;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn certificate(obtained_at: u64, days: u64, chain: &str) -> CertificateRecord {
        let folder = tempfile::tempdir().unwrap();
        let sealer = MasterKey::load_or_create(&folder.path().join("key"), &mut SystemRng).unwrap().sealer();
        let times = (obtained_at, obtained_at + days * DAY);
        let key = PrivatePkcs8KeyDer::from(vec![1]);
        CertificateRecord::new("d", &names(&["a.example"]), times, chain.to_owned(), &key, &sealer)
    }

    fn order() -> OrderRecord {
        OrderRecord { directory: "d".to_owned(), domains: names(&["a.example"]), ..OrderRecord::default() }
    }

    fn due(domains: &[&str], certificate: Option<&CertificateRecord>, order: Option<&OrderRecord>) -> u64 {
        let domains = names(domains);
        Facts { directory: "d", domains: &domains, nodes: Nodes::Others, certificate, order }.due_at(NOW)
    }

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life_or_a_little_sooner() {
        let mut seen = std::collections::BTreeSet::new();
        for chain in ["one", "two", "three", "four"] {
            let at = renewal(&certificate(NOW, 90, chain));
            assert!((NOW + 55 * DAY..=NOW + 60 * DAY).contains(&at), "{at}");
            assert_eq!(at, renewal(&certificate(NOW, 90, chain)), "every node comes to the same");
            seen.insert(at);
        }
        assert!(seen.len() > 1, "not all at one moment");
        let six_days = renewal(&certificate(NOW, 6, "one"));
        assert!((NOW + 3 * DAY..=NOW + 4 * DAY).contains(&six_days));
        assert_eq!(renewal(&certificate(NOW, 0, "one")), NOW);
    }

    #[test]
    fn what_is_not_there_or_for_something_else_is_ordered_at_once() {
        let certificate = certificate(NOW, 90, "one");
        assert_eq!(due(&["a.example"], None, None), 0);
        assert_eq!(due(&["a.example"], Some(&certificate), None), renewal(&certificate));
        assert_eq!(due(&["a.example", "b.example"], Some(&certificate), None), 0);
        let domains = names(&["a.example"]);
        let other = Facts {
            directory: "other",
            domains: &domains,
            nodes: Nodes::Others,
            certificate: Some(&certificate),
            order: None,
        };
        assert_eq!(other.due_at(NOW), 0, "another authority");
    }

    #[test]
    fn a_pause_counts_for_what_it_was_given_for_and_a_lease_for_everything() {
        let paused = OrderRecord { try_at: NOW + 600, failures: 3, ..order() };
        assert_eq!(due(&["a.example"], None, Some(&paused)), NOW + 600);
        assert_eq!(due(&["b.example"], None, Some(&paused)), 0, "what did not work is not asked for any more");
        let leased = OrderRecord { leased_until: NOW + 30, ..order() };
        assert_eq!(due(&["b.example"], None, Some(&leased)), NOW + 30);
        let of_a_wrong_clock = OrderRecord { leased_until: NOW + 400 * DAY, ..order() };
        assert_eq!(due(&["a.example"], None, Some(&of_a_wrong_clock)), NOW + LEASE_SECS);
        let domains = names(&["a.example"]);
        let alone =
            Facts { directory: "d", domains: &domains, nodes: Nodes::This, certificate: None, order: Some(&leased) };
        assert_eq!((alone.due_at(NOW), alone.failures()), (0, 0), "whoever had it has ended");
    }

    #[test]
    fn pauses_grow_so_that_five_tries_fall_into_an_hour() {
        let starts: Vec<u64> = (1..6).map(|tries| (1..=tries).map(pause).sum()).filter(|at| *at < 3_600).collect();
        assert_eq!(starts, [120, 360, 840, 1_800]);
        assert_eq!((pause(0), pause(9), pause(u32::MAX)), (120, 6 * 3_600, 6 * 3_600));
    }
}
