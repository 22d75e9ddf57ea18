//! What is known of one group: what was to be there, and what of that has not arrived.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::exposition::{MetricFamilies, MetricFamily};
use crate::push::{Change, Method};

use super::end_time::EndTime;

/// Whose metrics they are. Those of a job go by themselves, so that what is wrong with them cannot take those of the run along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Run,
    Job,
}

impl Part {
    pub(super) const BOTH: [Self; 2] = [Self::Run, Self::Job];
}

/// Whether the gateway has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    Waiting,
    Sent,
}

/// A PUT or DELETE: nothing of what was there before it is left.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cleared {
    pub(super) at: EndTime,
    pub(super) method: Method,
    pub(super) is: Whereabouts,
}

/// A family, as the last run that had it left it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) at: EndTime,
    pub(super) part: Part,
    /// Whether it is sent again with whatever is sent, for a gateway that has forgotten it.
    pub(super) is_lasting: bool,
    pub(super) is: Whereabouts,
    /// None when it has been sent and is not needed any more, but for when that was.
    pub(super) family: Option<MetricFamily>,
}

/// The runs whose results wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backlog {
    /// When the first of them ended.
    pub(super) since: SystemTime,
    pub(super) runs: u64,
}

/// The state of a group by the rules of a gateway, where of each name the run counts that ended last, in whatever order they
/// come here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupState {
    pub(super) cleared: Option<Cleared>,
    pub(super) families: BTreeMap<String, Held>,
    pub(super) backlog: Option<Backlog>,
}

/// What the end of a run does to its group.
#[derive(Clone, Copy, Debug)]
pub struct RunResult<'a> {
    /// When the run ended, which should have been just now.
    pub completed: SystemTime,
    /// What it does.
    pub change: Change<'a>,
    /// The names of those of its families that are remembered and sent again with the results of later runs, for a gateway that
    /// has forgotten them.
    pub persistent: &'a [String],
    /// The metrics of the job, to be added to the group by themselves.
    pub job: Option<&'a MetricFamilies>,
}

/// A change that brings the gateway nearer to the state.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Push(MetricFamilies),
    PushAdd(MetricFamilies),
    Delete,
}

impl Step {
    pub(super) fn change(&self) -> Change<'_> {
        match self {
            Self::Push(families) => Change::Push(families),
            Self::PushAdd(families) => Change::PushAdd(families),
            Self::Delete => Change::Delete,
        }
    }
}

impl GroupState {
    /// Takes what a run does, as far as no later one has done otherwise.
    pub(super) fn take(&mut self, news: &RunResult<'_>, at: &EndTime) {
        if matches!(news.change, Change::Push(_) | Change::Delete) {
            self.clear(news.change.method(), at);
        }
        let of_run = news
            .change
            .families()
            .into_iter()
            .flat_map(MetricFamilies::iter);
        let of_job = news.job.into_iter().flat_map(MetricFamilies::iter);
        for family in of_run {
            let is_lasting = news
                .persistent
                .iter()
                .any(|name| name == family.name().as_str());
            self.hold(family, Part::Run, is_lasting, at);
        }
        for family in of_job {
            self.hold(family, Part::Job, false, at);
        }
        if self.is_waiting() {
            let backlog = self.backlog.get_or_insert(Backlog {
                since: news.completed,
                runs: 0,
            });
            backlog.runs = backlog.runs.saturating_add(1);
        }
    }

    fn clear(&mut self, method: Method, at: &EndTime) {
        let later = |cleared: &Cleared| cleared.at.is_later_than(at);
        if self.cleared.as_ref().is_some_and(later) {
            return;
        }
        self.families.retain(|_, held| held.at.is_later_than(at));
        // To clear the group now would take along what a later run has left there, which is not known any more.
        if self.families.values().any(|held| held.family.is_none()) {
            return;
        }
        for held in self.families.values_mut() {
            held.is = Whereabouts::Waiting;
        }
        self.cleared = Some(Cleared {
            at: at.clone(),
            method,
            is: Whereabouts::Waiting,
        });
    }

    fn hold(&mut self, family: &MetricFamily, part: Part, is_lasting: bool, at: &EndTime) {
        // A family without series is not written, so a gateway never hears of it.
        if family.is_empty() {
            return;
        }
        let name = family.name().as_str();
        let cleared = self.cleared.as_ref().map(|cleared| &cleared.at);
        let held = self.families.get(name).map(|held| &held.at);
        if cleared
            .into_iter()
            .chain(held)
            .any(|other| other.is_later_than(at))
        {
            return;
        }
        let held = Held {
            at: at.clone(),
            part,
            is_lasting,
            is: Whereabouts::Waiting,
            family: Some(family.clone()),
        };
        self.families.insert(name.to_owned(), held);
    }

    /// Takes what another one knows, as far as it is later.
    pub(super) fn absorb(&mut self, other: Self) {
        if let Some(cleared) = other.cleared {
            let is_known = self
                .cleared
                .as_ref()
                .is_some_and(|own| !cleared.at.is_later_than(&own.at));
            if !is_known {
                self.families
                    .retain(|_, held| held.at.is_later_than(&cleared.at));
                self.cleared = Some(cleared);
            }
        }
        let cleared = self.cleared.as_ref().map(|cleared| &cleared.at);
        for (name, held) in other.families {
            // What was there before is known here already.
            let own = self.families.get(&name);
            let is_later = own.is_none_or(|own| held.at.is_later_than(&own.at));
            let stays = |cleared: &EndTime| held.at == *cleared || held.at.is_later_than(cleared);
            if is_later && cleared.is_none_or(stays) {
                self.families.insert(name, held);
            }
        }
        self.backlog = self.backlog.or(other.backlog);
    }

    /// Whether something has not arrived.
    pub(super) fn is_waiting(&self) -> bool {
        Part::BOTH.into_iter().any(|part| self.step(part).is_some())
    }

    /// What is to be sent of a part. That of the run comes first, for it may clear the group.
    pub(super) fn step(&self, part: Part) -> Option<Step> {
        let of_part = || self.families.values().filter(move |held| held.part == part);
        let is_waiting = |held: &&Held| held.is == Whereabouts::Waiting;
        let cleared = self
            .cleared
            .as_ref()
            .filter(|cleared| cleared.is == Whereabouts::Waiting);
        if let (Part::Run, Some(cleared)) = (part, cleared) {
            if cleared.method == Method::Delete && self.families.is_empty() {
                return Some(Step::Delete);
            }
            return Some(Step::Push(families(of_part())));
        }
        if !of_part().any(|held| is_waiting(&held)) {
            return None;
        }
        let wanted = |held: &&Held| is_waiting(held) || held.is_lasting;
        Some(Step::PushAdd(families(of_part().filter(wanted))))
    }

    /// Takes note that what `sent` had of a part is there now.
    pub(super) fn sent(&mut self, sent: &Self, part: Part) {
        if part == Part::Run {
            if let (Some(cleared), Some(sent)) = (&mut self.cleared, &sent.cleared) {
                if cleared.at == sent.at {
                    cleared.is = Whereabouts::Sent;
                }
            }
        }
        for (name, held) in &mut self.families {
            let arrived = sent.families.get(name);
            if arrived.is_some_and(|sent| sent.part == part && sent.at == held.at) {
                held.is = Whereabouts::Sent;
                // Those of a job may be many.
                if part == Part::Job {
                    held.family = None;
                }
            }
        }
        self.settle();
    }

    /// What of a part earlier runs have left, if a later one has left something too: the likelier reason for a refusal, which
    /// is not to take the later one along.
    pub(super) fn earlier(&self, part: Part) -> Option<Self> {
        let waiting = self.only_waiting(part);
        let stamps = || waiting.families.values().map(|held| &held.at);
        let newest =
            stamps().reduce(|one, other| if one.is_later_than(other) { one } else { other })?;
        let earlier = Self {
            cleared: None,
            families: waiting
                .families
                .iter()
                .filter(|(_, held)| held.at != *newest)
                .map(|(name, held)| (name.clone(), held.clone()))
                .collect(),
            backlog: waiting.backlog,
        };
        (!earlier.families.is_empty()).then_some(earlier)
    }

    /// Takes out what `refused` had waiting of a part, for a reason that may name a metric. What lasts is remembered all the
    /// same, unless it is that metric.
    pub(super) fn forget(&mut self, refused: &Self, part: Part, metric: Option<&str>) {
        if part == Part::Run {
            let at = |state: &Self| state.cleared.as_ref().map(|cleared| cleared.at.clone());
            let is_waiting = |cleared: &Cleared| cleared.is == Whereabouts::Waiting;
            if at(self) == at(refused) && self.cleared.as_ref().is_some_and(is_waiting) {
                self.cleared = None;
            }
        }
        self.families.retain(|name, held| {
            let refused = refused.families.get(name);
            let is_refused = refused.is_some_and(|refused| {
                refused.part == part && refused.at == held.at && held.is == Whereabouts::Waiting
            });
            if is_refused && held.is_lasting && metric != Some(name.as_str()) {
                held.is = Whereabouts::Sent;
                return true;
            }
            !is_refused
        });
        self.settle();
    }

    /// The waiting ones of a part, by themselves.
    pub(super) fn only_waiting(&self, part: Part) -> Self {
        let mut only = self.clone();
        only.cleared = only
            .cleared
            .filter(|cleared| part == Part::Run && cleared.is == Whereabouts::Waiting);
        only.families
            .retain(|_, held| held.part == part && held.is == Whereabouts::Waiting);
        only
    }

    fn settle(&mut self) {
        if !self.is_waiting() {
            self.backlog = None;
        }
    }
}

fn families<'a>(held: impl Iterator<Item = &'a Held>) -> MetricFamilies {
    let mut families = MetricFamilies::new();
    for family in held.filter_map(|held| held.family.clone()) {
        families.replace(family);
    }
    families
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exposition::MetricName;
    use crate::grouping::GroupingKey;
    use crate::sink::GroupStore;

    /// What one run does, by the place of its end among all.
    #[derive(Clone, Debug)]
    enum Does {
        Push(Vec<u8>),
        PushAdd(Vec<u8>),
        Delete,
    }

    fn named(names: &[u8], value: usize) -> MetricFamilies {
        let mut families = MetricFamilies::new();
        for name in names {
            let name = MetricName::new(format!("m{name}")).unwrap();
            families.replace(MetricFamily::gauge(
                name,
                f64::from(u32::try_from(value).unwrap()),
            ));
        }
        families
    }

    fn stamp(place: usize) -> EndTime {
        format!("boot:{}", 100 + place).parse().unwrap()
    }

    fn take(state: &mut GroupState, does: &Does, place: usize) {
        let (Does::Push(names) | Does::PushAdd(names)) = does else {
            return state.take(&news(Change::Delete), &stamp(place));
        };
        let families = named(names, place);
        let change = match does {
            Does::Push(_) => Change::Push(&families),
            _ => Change::PushAdd(&families),
        };
        state.take(&news(change), &stamp(place));
    }

    fn news(change: Change<'_>) -> RunResult<'_> {
        RunResult {
            completed: SystemTime::UNIX_EPOCH,
            change,
            persistent: &[],
            job: None,
        }
    }

    fn deliver(state: &mut GroupState, gateway: &mut GroupStore, key: &GroupingKey) {
        for part in Part::BOTH {
            if let Some(step) = state.step(part) {
                gateway
                    .apply(key, step.change(), SystemTime::UNIX_EPOCH)
                    .unwrap();
                let sent = state.clone();
                state.sent(&sent, part);
            }
        }
    }

    fn does() -> impl Strategy<Value = Does> {
        let names = || proptest::collection::vec(0..4_u8, 0..3);
        prop_oneof![
            4 => names().prop_map(Does::PushAdd),
            2 => names().prop_map(Does::Push),
            1 => Just(Does::Delete),
        ]
    }

    /// Runs in the order of their ends, the order in which they come here, and after which of them there is a delivery.
    fn history() -> impl Strategy<Value = (Vec<Does>, Vec<usize>, Vec<bool>)> {
        proptest::collection::vec(does(), 1..7).prop_flat_map(|runs| {
            let order: Vec<usize> = (0..runs.len()).collect();
            let delivered = proptest::collection::vec(any::<bool>(), runs.len());
            (Just(runs), Just(order).prop_shuffle(), delivered)
        })
    }

    proptest! {
        #[test]
        fn the_gateway_ends_as_if_each_run_had_been_delivered_when_it_ended(
            (runs, order, delivered) in history()
        ) {
            let key = GroupingKey::new("j").unwrap();
            let mut expected = GroupStore::new();
            for (place, does) in runs.iter().enumerate() {
                let families;
                let change = match does {
                    Does::Delete => Change::Delete,
                    Does::Push(names) => {
                        families = named(names, place);
                        Change::Push(&families)
                    }
                    Does::PushAdd(names) => {
                        families = named(names, place);
                        Change::PushAdd(&families)
                    }
                };
                expected.apply(&key, change, SystemTime::UNIX_EPOCH).unwrap();
            }
            let mut state = GroupState::default();
            let mut gateway = GroupStore::new();
            for (place, is_delivered) in order.into_iter().zip(delivered) {
                take(&mut state, &runs[place], place);
                if is_delivered {
                    deliver(&mut state, &mut gateway, &key);
                }
            }
            deliver(&mut state, &mut gateway, &key);
            prop_assert!(!state.is_waiting());
            prop_assert_eq!(state.backlog, None);
            let families = |store: &GroupStore| {
                store.get(&key).map(|group| group.families().clone()).unwrap_or_default()
            };
            prop_assert_eq!(families(&gateway), families(&expected));
        }
    }

    #[test]
    fn what_lasts_is_sent_again_and_what_a_job_left_is_not_kept() {
        let run = named(&[1, 2], 1);
        let job = named(&[3], 1);
        let mut state = GroupState::default();
        let first = RunResult {
            persistent: &["m1".to_owned()],
            job: Some(&job),
            ..news(Change::PushAdd(&run))
        };
        state.take(&first, &stamp(1));
        assert_eq!(state.step(Part::Run), Some(Step::PushAdd(run)));
        assert_eq!(state.step(Part::Job), Some(Step::PushAdd(job)));
        for part in Part::BOTH {
            state.sent(&state.clone(), part);
        }
        assert_eq!(state.families["m3"].family, None);
        take(&mut state, &Does::PushAdd(vec![2]), 2);
        let mut both = named(&[2], 2);
        both.replace(named(&[1], 1).get("m1").unwrap().clone());
        assert_eq!(state.step(Part::Run), Some(Step::PushAdd(both)));
        assert_eq!(state.step(Part::Job), None);
    }

    #[test]
    fn what_others_have_left_counts_where_it_is_later() {
        let state = |runs: &[(Does, usize)]| {
            let mut state = GroupState::default();
            for (does, place) in runs {
                take(&mut state, does, *place);
            }
            state
        };
        let adds = |names: &[u8], place| (Does::PushAdd(names.to_vec()), place);
        let clears = |names: &[u8], place| (Does::Push(names.to_vec()), place);
        for (own, other) in [
            (vec![adds(&[1, 2], 2)], vec![adds(&[2, 3], 1)]),
            (vec![adds(&[1, 2], 1)], vec![adds(&[2, 3], 2)]),
            (vec![clears(&[1], 2)], vec![adds(&[2], 1)]),
            (vec![clears(&[1], 1)], vec![adds(&[2], 2)]),
            (vec![adds(&[1], 1)], vec![clears(&[2], 2)]),
            (vec![adds(&[1], 2)], vec![clears(&[2], 1)]),
            (vec![clears(&[1], 1)], vec![(Does::Delete, 2)]),
            (vec![], vec![clears(&[2], 1)]),
        ] {
            let all: Vec<_> = own.iter().chain(&other).cloned().collect();
            let mut absorbed = state(&own);
            absorbed.absorb(state(&other));
            assert_eq!(
                absorbed.step(Part::Run),
                state(&all).step(Part::Run),
                "{all:?}"
            );
        }
    }

    #[test]
    fn what_is_refused_takes_nothing_else_along() {
        let (run, job) = (named(&[1], 1), named(&[3], 1));
        let mut state = GroupState::default();
        let first = RunResult {
            job: Some(&job),
            ..news(Change::Push(&run))
        };
        state.take(&first, &stamp(1));
        state.forget(&state.clone(), Part::Run, None);
        assert_eq!(state.step(Part::Run), None);
        assert_eq!(state.step(Part::Job), Some(Step::PushAdd(job)));
        assert_eq!(state.backlog.map(|backlog| backlog.runs), Some(1));
        state.forget(&state.clone(), Part::Job, None);
        assert_eq!(state, GroupState::default());
    }

    #[test]
    fn what_lasts_is_remembered_though_it_was_refused_with_others() {
        let run = named(&[1, 2], 1);
        let mut state = GroupState::default();
        let first = RunResult {
            persistent: &["m1".to_owned()],
            ..news(Change::PushAdd(&run))
        };
        state.take(&first, &stamp(1));
        let mut named_by_it = state.clone();
        state.forget(&state.clone(), Part::Run, Some("m2"));
        assert_eq!(state.families.keys().collect::<Vec<_>>(), ["m1"]);
        assert!(!state.is_waiting());
        named_by_it.forget(&named_by_it.clone(), Part::Run, Some("m1"));
        assert_eq!(named_by_it, GroupState::default());
    }

    #[test]
    fn what_earlier_runs_have_left_is_told_from_what_the_last_has() {
        let mut state = GroupState::default();
        take(&mut state, &Does::PushAdd(vec![1, 2]), 1);
        assert_eq!(state.earlier(Part::Run), None);
        take(&mut state, &Does::PushAdd(vec![2, 3]), 2);
        let earlier = state.earlier(Part::Run).unwrap();
        assert_eq!(earlier.families.keys().collect::<Vec<_>>(), ["m1"]);
        state.forget(&earlier, Part::Run, None);
        assert_eq!(
            state.step(Part::Run),
            Some(Step::PushAdd(named(&[2, 3], 2)))
        );
    }

    #[test]
    fn a_late_replacement_does_not_take_along_what_is_not_known_any_more() {
        let (run, job) = (named(&[1], 2), named(&[3], 2));
        let mut state = GroupState::default();
        let later = RunResult {
            job: Some(&job),
            ..news(Change::PushAdd(&run))
        };
        state.take(&later, &stamp(2));
        for part in Part::BOTH {
            state.sent(&state.clone(), part);
        }
        take(&mut state, &Does::Push(vec![1, 2]), 1);
        assert_eq!(state.step(Part::Run), Some(Step::PushAdd(named(&[2], 1))));
    }
}
