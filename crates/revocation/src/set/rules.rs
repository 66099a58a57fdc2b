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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn rule(kind: RuleKind, id: &str, revoked_at: u64, forget_at: u64) -> Entry {
        Entry::new(kind, Fingerprint::of(kind, id), revoked_at, forget_at)
    }

    fn rules(entries: &[Entry]) -> Rules {
        Rules::default().with(entries.iter().copied(), NOW).rules
    }

    fn token(iat: Option<u64>) -> TokenIds {
        TokenIds {
            client: Some(Fingerprint::of(RuleKind::Client, "web")),
            api: Some(Fingerprint::of(RuleKind::Api, "https://api.example")),
            key: Some(Fingerprint::of(RuleKind::Key, "k1")),
            iat,
            ..TokenIds::default()
        }
    }

    #[test]
    fn client_api_and_all_refuse_what_was_issued_until_the_second_of_revocation() {
        for (kind, id) in [(RuleKind::Client, "web"), (RuleKind::Api, "https://api.example"), (RuleKind::All, "")] {
            let rules = rules(&[rule(kind, id, NOW, NOW + 900)]);
            assert_eq!(rules.refuses(&token(Some(NOW - 1))), Some(kind));
            assert_eq!(rules.refuses(&token(Some(NOW))), Some(kind), "the second itself");
            assert_eq!(rules.refuses(&token(Some(NOW + 1))), None, "{kind:?}");
            assert_eq!(rules.refuses(&token(None)), Some(kind), "it does not say when");
        }
    }

    #[test]
    fn a_key_refuses_whatever_it_signed_whenever() {
        let rules = rules(&[rule(RuleKind::Key, "k1", NOW, NOW + 900)]);
        for iat in [None, Some(0), Some(NOW + 10_000), Some(u64::MAX)] {
            assert_eq!(rules.refuses(&token(iat)), Some(RuleKind::Key));
        }
        assert_eq!(rules.refuses(&TokenIds { key: None, ..token(None) }), None);
    }

    #[test]
    fn others_are_not_meant() {
        let others = [
            rule(RuleKind::Client, "other", NOW, NOW + 900),
            rule(RuleKind::Api, "web", NOW, NOW + 900),
            rule(RuleKind::Key, "k2", NOW, NOW + 900),
        ];
        assert_eq!(rules(&others).refuses(&token(None)), None);
        assert_eq!(rules(&others).refuses(&TokenIds::default()), None);
        let all = rules(&[rule(RuleKind::All, "", NOW, NOW + 900)]);
        assert_eq!(all.refuses(&TokenIds::default()), Some(RuleKind::All), "everything is meant");
        let odd = rules(&[Entry::new(RuleKind::All, Fingerprint(7), NOW, NOW + 900)]);
        assert_eq!(odd.refuses(&token(Some(NOW))), Some(RuleKind::All), "whatever stands where there is no id");
    }

    #[test]
    fn of_several_about_the_same_the_latest_times_count() {
        let client = |revoked_at, forget_at| rule(RuleKind::Client, "web", revoked_at, forget_at);
        for order in [
            [client(NOW, NOW + 900), client(NOW - 50, NOW + 1000)],
            [client(NOW - 50, NOW + 1000), client(NOW, NOW + 900)],
        ] {
            let rules = rules(&order);
            assert_eq!(rules.len(), 1);
            assert!(rules.refuses(&token(Some(NOW))).is_some());
            assert_eq!(rules.without_due(NOW + 999).len(), 1);
            assert_eq!(rules.without_due(NOW + 1000).len(), 0);
        }
        let known = rules(&[client(NOW, NOW + 900)]);
        assert_eq!(known.with([client(NOW, NOW + 950)].into_iter(), NOW).added, 0, "refuses no more than before");
        assert_eq!(known.with([client(NOW + 1, NOW + 900)].into_iter(), NOW).added, 1);
    }

    #[test]
    fn a_rule_is_forgotten_when_it_is_due_and_not_before() {
        let rules = rules(&[
            rule(RuleKind::All, "", NOW, NOW + 10),
            rule(RuleKind::Client, "web", NOW, NOW + 20),
            rule(RuleKind::Client, "gone", NOW, NOW),
        ]);
        assert_eq!(rules.len(), 2, "one was due already");
        assert!(!rules.is_due(NOW + 9));
        assert!(rules.is_due(NOW + 10));
        let rules = rules.without_due(NOW + 10);
        assert_eq!(rules.refuses(&token(Some(NOW))), Some(RuleKind::Client), "no longer all");
        assert!(!rules.is_due(NOW + 19) && rules.is_due(NOW + 20));
    }

    #[test]
    fn beyond_the_bound_rules_are_left_out_and_counted_unless_others_are_due() {
        let many = |from: usize, to: usize, forget_at| {
            (from..to).map(move |id| rule(RuleKind::Client, &id.to_string(), NOW, forget_at))
        };
        let full = Rules::default().with(many(0, MAX_RULES + 3, NOW + 900), NOW);
        assert_eq!((full.added, full.left_out, full.rules.len()), (MAX_RULES, 3, MAX_RULES));
        let again = full.rules.with(many(0, 5, NOW + 950), NOW);
        assert_eq!((again.added, again.left_out), (0, 0), "known ones need no room");
        let later = full.rules.with(many(5000, 5005, NOW + 2000), NOW + 900);
        assert_eq!((later.added, later.left_out, later.rules.len()), (5, 0, 5));
    }
}
