//! The small table: rules that refuse tokens by what many have in common. Immutable; a change makes another one.

use crate::{Entry, Fingerprint, Kind, RuleKind, TokenIds};

/// Most rules that are kept.
pub const MAX_RULES: usize = 4096;

#[derive(Clone, Copy, Debug)]
struct Rule {
    kind: RuleKind,
    fingerprint: Fingerprint,
    revoked_at: u64,
    forget_at: u64,
}

/// What adding rules led to.
pub(super) struct Changed {
    pub(super) rules: Rules,
    pub(super) added: usize,
    pub(super) left_out: usize,
}

/// Sorted by kind and fingerprint.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    sorted: Vec<Rule>,
    /// The newest second of revocation among the rules for all tokens.
    all: Option<u64>,
    /// When the first of them is due.
    next_due: Option<u64>,
}

impl Rules {
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.sorted.capacity() * size_of::<Rule>()
    }

    /// The first rule that refuses a token.
    pub(super) fn refuses(&self, token: &TokenIds) -> Option<RuleKind> {
        if self.sorted.is_empty() {
            return None;
        }
        // A token that does not say when it was issued may be as old as the rule.
        let is_old = |revoked_at: u64| token.iat.is_none_or(|iat| iat <= revoked_at);
        let revoked = |kind, fingerprint: Option<Fingerprint>| self.find(kind, fingerprint?).ok();
        let old = |kind, fingerprint| revoked(kind, fingerprint).is_some_and(|at| is_old(self.sorted[at].revoked_at));
        if self.all.is_some_and(is_old) {
            Some(RuleKind::All)
        } else if revoked(RuleKind::Key, token.key).is_some() {
            Some(RuleKind::Key)
        } else {
            [(RuleKind::Client, token.client), (RuleKind::Api, token.api)]
                .into_iter()
                .find_map(|(kind, fingerprint)| old(kind, fingerprint).then_some(kind))
        }
    }

    /// With more of them, and without those that are due. Of two about the same the latest times count.
    pub(super) fn with(&self, entries: impl Iterator<Item = Entry>, now: u64) -> Changed {
        let mut rules = self.without_due(now);
        let (mut added, mut left_out) = (0, 0);
        for Entry { kind, fingerprint, revoked_at, forget_at } in entries {
            let Kind::Rule(kind) = kind else { continue };
            if forget_at <= now {
                continue;
            }
            match rules.find(kind, fingerprint) {
                Ok(at) => {
                    let rule = &mut rules.sorted[at];
                    rule.forget_at = rule.forget_at.max(forget_at);
                    if revoked_at > rule.revoked_at {
                        rule.revoked_at = revoked_at;
                        added += 1;
                    }
                }
                Err(_) if rules.len() == MAX_RULES => left_out += 1,
                Err(at) => {
                    rules.sorted.insert(at, Rule { kind, fingerprint, revoked_at, forget_at });
                    added += 1;
                }
            }
        }
        Changed { rules: Self::of(rules.sorted), added, left_out }
    }

    /// Whether there is something to forget.
    pub(super) fn is_due(&self, now: u64) -> bool {
        self.next_due.is_some_and(|due| due <= now)
    }

    pub(super) fn without_due(&self, now: u64) -> Self {
        Self::of(self.sorted.iter().filter(|rule| rule.forget_at > now).copied().collect())
    }

    fn of(rules: Vec<Rule>) -> Self {
        let all = rules.iter().filter(|rule| rule.kind == RuleKind::All).map(|rule| rule.revoked_at).max();
        let next_due = rules.iter().map(|rule| rule.forget_at).min();
        Self { sorted: rules, all, next_due }
    }

    fn find(&self, kind: RuleKind, fingerprint: Fingerprint) -> Result<usize, usize> {
        self.sorted.binary_search_by_key(&(kind, fingerprint), |rule| (rule.kind, rule.fingerprint))
    }
}
