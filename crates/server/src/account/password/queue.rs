//! Who waits for a hash, first come first served, but for what takes more memory than a thread keeps: of those few run at once.
//!
//! A hash of another system may ask for 256 MiB. With sixteen threads that would be 4 GiB where ours take 304 MiB, so all such together get as much as one may
//! ask for. Who waits for that memory holds up others who need it, but nobody who does not.

use std::collections::VecDeque;

/// KiB for all that need more than a thread keeps; one alone gets what it needs.
const SHARED_KIB: u64 = 256 * 1024;

/// Somebody may have gone away meanwhile.
pub(super) trait Waiting {
    fn is_abandoned(&self) -> bool;
}

pub(super) struct Queue<J> {
    jobs: VecDeque<(J, u32)>,
    closed: Closed,
    /// KiB that running jobs take beyond what their threads keep.
    taken_kib: u64,
}

#[derive(PartialEq, Eq)]
enum Closed {
    No,
    Yes,
}

impl<J> Default for Queue<J> {
    fn default() -> Self {
        Self { jobs: VecDeque::new(), closed: Closed::No, taken_kib: 0 }
    }
}

impl<J: Waiting> Queue<J> {
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn push(&mut self, job: J, extra_kib: u32) {
        self.jobs.push_back((job, extra_kib));
    }

    pub(super) fn forget_abandoned(&mut self) {
        self.jobs.retain(|(job, _)| !job.is_abandoned());
    }

    /// The next that there is memory for, with what is set aside for it.
    pub(super) fn take(&mut self) -> Option<(J, u32)> {
        self.forget_abandoned();
        let mut others_wait = false;
        let place = self.jobs.iter().position(|(_, extra)| {
            let fits = *extra == 0 || (!others_wait && self.fits(*extra));
            others_wait |= !fits;
            fits
        })?;
        let (job, extra_kib) = self.jobs.remove(place)?;
        self.taken_kib += u64::from(extra_kib);
        Some((job, extra_kib))
    }

    pub(super) fn give_back(&mut self, extra_kib: u32) {
        self.taken_kib = self.taken_kib.saturating_sub(extra_kib.into());
    }

    pub(super) fn close(&mut self) {
        self.closed = Closed::Yes;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed == Closed::Yes
    }

    fn fits(&self, extra_kib: u32) -> bool {
        self.taken_kib == 0 || self.taken_kib + u64::from(extra_kib) <= SHARED_KIB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Job(&'static str);

    impl Waiting for Job {
        fn is_abandoned(&self) -> bool {
            self.0 == "gone"
        }
    }

    fn queue(jobs: &[(&'static str, u32)]) -> Queue<Job> {
        let mut queue = Queue::default();
        for (name, mib) in jobs {
            queue.push(Job(name), mib * 1024);
        }
        queue
    }

    fn take(queue: &mut Queue<Job>) -> Option<&'static str> {
        queue.take().map(|(job, _)| job.0)
    }

    #[test]
    fn many_large_hashes_at_once_do_not_take_gigabytes() {
        let mut queue = queue(&[("a", 200), ("b", 100), ("c", 50), ("ours", 0), ("gone", 0), ("d", 0)]);
        assert_eq!(take(&mut queue), Some("a"));
        // Not c, which would fit: b would wait for ever while such come in.
        assert_eq!(take(&mut queue), Some("ours"), "who needs no more than a thread keeps is not held up");
        assert_eq!((take(&mut queue), take(&mut queue)), (Some("d"), None));
        queue.give_back(200 * 1024);
        assert_eq!((take(&mut queue), take(&mut queue), take(&mut queue)), (Some("b"), Some("c"), None));
    }

    #[test]
    fn one_that_needs_more_than_all_may_have_runs_alone() {
        let mut queue = queue(&[("huge", 4000), ("large", 1), ("ours", 0)]);
        assert_eq!((take(&mut queue), take(&mut queue), take(&mut queue)), (Some("huge"), Some("ours"), None));
        queue.give_back(4000 * 1024);
        assert_eq!(take(&mut queue), Some("large"));
    }

    #[test]
    fn who_has_gone_away_is_passed_over() {
        let mut queue = queue(&[("gone", 300), ("gone", 0), ("here", 0)]);
        assert_eq!((take(&mut queue), queue.len()), (Some("here"), 0));
    }
}
