//! The state of one group: the families that it is to have, and which of them have not been
//! delivered.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::exposition::{MetricFamilies, MetricFamily};
use crate::push::{Change, Method};

use super::end_time::EndTime;

/// The origin of metrics. Those of a job are sent by themselves, so that a mistake in them cannot
/// take those of the run along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Run,
    Job,
}

impl Origin {
    pub(super) const BOTH: [Self; 2] = [Self::Run, Self::Job];
}

/// The knowledge of whether the gateway has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeliveryState {
    Waiting,
    Sent,
}

/// A PUT or DELETE: nothing is left of what was in the group before it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ResetMarker {
    pub(super) at: EndTime,
    pub(super) method: Method,
    pub(super) delivery: DeliveryState,
}

/// A family, as the last run that had it left it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FamilyState {
    pub(super) at: EndTime,
    pub(super) origin: Origin,
    /// True when it is sent again with whatever is sent, for a gateway that has forgotten it.
    pub(super) is_persistent: bool,
    pub(super) delivery: DeliveryState,
    /// None when it has been sent and only the time of that is needed.
    pub(super) family: Option<MetricFamily>,
}

/// The runs whose results wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backlog {
    /// When the first of them ended.
    pub(super) since: SystemTime,
    pub(super) runs: u64,
}

/// The state of a group by the rules of a gateway, where of each name the run counts that ended
/// last, in whatever order the results come here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupState {
    pub(super) reset: Option<ResetMarker>,
    pub(super) families: BTreeMap<String, FamilyState>,
    pub(super) backlog: Option<Backlog>,
    /// The state before the last result, where something waits in it: it is delivered by itself
    /// first, and is what holds when the gateway refuses that result.
    pub(super) before: Option<Box<GroupState>>,
}

/// The largest number of results that can be refused one by one. Of more, the first ones are
/// delivered and refused together.
pub(super) const MOST_LEVELS: usize = 8;

/// The result of a run: what its end does to its group.
#[derive(Clone, Copy, Debug)]
pub struct RunResult<'a> {
    /// When the run ended, which should have been just now.
    pub completed: SystemTime,
    /// The change of the group.
    pub change: Change<'a>,
    /// The names of those of its families that are remembered and sent again with the results of
    /// later runs, for a gateway that has forgotten them.
    pub persistent: &'a [String],
    /// The metrics of the job, to be added to the group by themselves.
    pub job: Option<&'a MetricFamilies>,
}

/// A change that brings the gateway nearer to the state.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NextChange {
    Push(MetricFamilies),
    PushAdd(MetricFamilies),
    Delete,
}

impl NextChange {
    /// The names of its families.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let families = self.as_change().families().into_iter();
        let families = families.flat_map(MetricFamilies::iter);
        families.map(|family| family.name().as_str())
    }

    pub(super) fn as_change(&self) -> Change<'_> {
        match self {
            Self::Push(families) => Change::Push(families),
            Self::PushAdd(families) => Change::PushAdd(families),
            Self::Delete => Change::Delete,
        }
    }

    /// The same without families of these names.
    pub(super) fn without(self, names: &[&str]) -> Self {
        match self {
            Self::PushAdd(mut families) if !names.is_empty() => {
                families.retain(|family| !names.contains(&family.name().as_str()));
                Self::PushAdd(families)
            }
            other => other,
        }
    }
}

impl ResetMarker {
    fn is_waiting(&self) -> bool {
        self.delivery == DeliveryState::Waiting
    }
}

impl FamilyState {
    fn is_waiting(&self) -> bool {
        self.delivery == DeliveryState::Waiting
    }
}

impl GroupState {
    /// Records the result of a run, as far as no later one has done otherwise.
    pub(super) fn record(&mut self, result: &RunResult<'_>, at: &EndTime) {
        let before = self.clone();
        let method = result.change.method();
        if method.clears_group() {
            self.reset(method, at);
        }
        let of_run = result.change.families();
        for family in of_run.into_iter().flat_map(MetricFamilies::iter) {
            let name = family.name().as_str();
            let is_persistent = result.persistent.iter().any(|other| other == name);
            self.set_family(family, Origin::Run, is_persistent, at);
        }
        for family in result.job.into_iter().flat_map(MetricFamilies::iter) {
            self.set_family(family, Origin::Job, false, at);
        }
        if self.is_waiting() {
            let backlog = self.backlog.get_or_insert(Backlog {
                since: result.completed,
                runs: 0,
            });
            backlog.runs = backlog.runs.saturating_add(1);
            self.set_before(before);
        }
    }

    /// Remembers the state before the last result.
    fn set_before(&mut self, mut before: Self) {
        if !before.is_waiting() && before.families.is_empty() {
            return;
        }
        before.limit_levels(MOST_LEVELS - 1);
        self.before = Some(Box::new(before));
    }

    fn limit_levels(&mut self, most: usize) {
        match &mut self.before {
            Some(before) if most > 0 => before.limit_levels(most - 1),
            before => *before = None,
        }
    }

    /// The state that is to be delivered next: that before the last result, or the first of all
    /// where results are delivered one by one.
    pub(super) fn next_level(&self, is_one_by_one: bool) -> &Self {
        match self.before.as_deref().filter(|before| before.is_waiting()) {
            Some(before) if is_one_by_one => before.next_level(true),
            Some(before) => before,
            None => self,
        }
    }

    /// Returns true when there are results in it that can be delivered one by one.
    pub(super) fn has_levels(&self) -> bool {
        let before = self.before.as_deref();
        before.is_some_and(Self::is_waiting)
    }

    /// Puts back what the last result had replaced, when that was refused.
    fn restore(&mut self) {
        let Some(before) = &self.before else { return };
        match (&self.reset, &before.reset) {
            (None, reset) => self.reset.clone_from(reset),
            (Some(own), Some(other)) if own.at == other.at => {}
            // The group has been cleared since.
            (Some(_), _) => return,
        }
        for (name, state) in &before.families {
            if !self.families.contains_key(name) {
                self.families.insert(name.clone(), state.clone());
            }
        }
    }

    fn reset(&mut self, method: Method, at: &EndTime) {
        let later = |reset: &ResetMarker| reset.at.is_later_than(at);
        if self.reset.as_ref().is_some_and(later) {
            return;
        }
        self.families.retain(|_, state| state.at.is_later_than(at));
        // To clear the group now would take along what a later run has left there, which is not
        // known any more.
        if self.families.values().any(|state| state.family.is_none()) {
            return;
        }
        for state in self.families.values_mut() {
            state.delivery = DeliveryState::Waiting;
        }
        self.reset = Some(ResetMarker {
            at: at.clone(),
            method,
            delivery: DeliveryState::Waiting,
        });
    }

    fn set_family(
        &mut self,
        family: &MetricFamily,
        origin: Origin,
        is_persistent: bool,
        at: &EndTime,
    ) {
        // A family without series is not written, so that a gateway never learns of it.
        if family.is_empty() {
            return;
        }
        let name = family.name().as_str();
        let reset = self.reset.as_ref().map(|reset| &reset.at);
        let known = self.families.get(name).map(|state| &state.at);
        let mut others = reset.into_iter().chain(known);
        if others.any(|other| other.is_later_than(at)) {
            return;
        }
        let state = FamilyState {
            at: at.clone(),
            origin,
            is_persistent,
            delivery: DeliveryState::Waiting,
            family: Some(family.clone()),
        };
        self.families.insert(name.to_owned(), state);
    }

    /// Takes times that are later than `now`, in this start of the system, for unknown.
    pub(super) fn distrust_after(&mut self, now: &EndTime) {
        let families = self.families.values_mut().map(|state| &mut state.at);
        let reset = self.reset.as_mut().map(|reset| &mut reset.at);
        for at in families.chain(reset) {
            *at = at.clone().known_by(now);
        }
        if let Some(before) = &mut self.before {
            before.distrust_after(now);
        }
    }

    /// Adds what another state knows, as far as it is later.
    pub(super) fn merge(&mut self, other: Self) {
        // What has been sent already would be overwritten by what is delivered first.
        let reset = self.reset.as_ref().map(|reset| reset.delivery);
        let families = self.families.values().map(|state| state.delivery);
        let is_new = families.chain(reset).all(|it| it == DeliveryState::Waiting);
        if is_new && self.before.is_none() && other.is_waiting() {
            self.set_before(other.clone());
        }
        if let Some(reset) = other.reset {
            let own = self.reset.as_ref();
            if own.is_none_or(|own| reset.at.is_later_than(&own.at)) {
                self.families
                    .retain(|_, state| state.at.is_later_than(&reset.at));
                self.reset = Some(reset);
            }
        }
        let reset = self.reset.as_ref().map(|reset| &reset.at);
        for (name, state) in other.families {
            // What was there before is known here already.
            let own = self.families.get(&name);
            let is_later = own.is_none_or(|own| state.at.is_later_than(&own.at));
            let stays = |reset: &EndTime| state.at == *reset || state.at.is_later_than(reset);
            if is_later && reset.is_none_or(stays) {
                self.families.insert(name, state);
            }
        }
        self.backlog = self.backlog.or(other.backlog);
    }

    /// Returns true when something has not been delivered.
    pub(super) fn is_waiting(&self) -> bool {
        let mut origins = Origin::BOTH.into_iter();
        origins.any(|origin| self.next_change(origin).is_some())
    }

    /// The change that is to be sent of an origin. That of the run comes first, for it may clear
    /// the group.
    pub(super) fn next_change(&self, origin: Origin) -> Option<NextChange> {
        let of_origin = || {
            let states = self.families.values();
            states.filter(move |state| state.origin == origin)
        };
        let reset = self.reset.as_ref().filter(|reset| reset.is_waiting());
        if let (Origin::Run, Some(reset)) = (origin, reset) {
            if reset.method == Method::Delete && self.families.is_empty() {
                return Some(NextChange::Delete);
            }
            return Some(NextChange::Push(families(of_origin())));
        }
        if !of_origin().any(FamilyState::is_waiting) {
            return None;
        }
        let wanted = |state: &&FamilyState| state.is_waiting() || state.is_persistent;
        Some(NextChange::PushAdd(families(of_origin().filter(wanted))))
    }

    /// The names that are only sent again with the next change of the run, for a gateway that has
    /// forgotten them. None of them waits.
    pub(super) fn names_sent_again(&self) -> Vec<&str> {
        let is_reset = self.reset.as_ref().is_some_and(ResetMarker::is_waiting);
        let families = self.families.iter().filter(|_| !is_reset);
        let again = families.filter(|(_, state)| {
            state.is_persistent && !state.is_waiting() && state.origin == Origin::Run
        });
        again.map(|(name, _)| name.as_str()).collect()
    }

    /// Notes that the gateway has what `sent` had of an origin.
    pub(super) fn mark_sent(&mut self, sent: &Self, origin: Origin) {
        if let Some(before) = &mut self.before {
            before.mark_sent(sent, origin);
        }
        if origin == Origin::Run {
            if let (Some(reset), Some(sent)) = (&mut self.reset, &sent.reset) {
                if reset.at == sent.at {
                    reset.delivery = DeliveryState::Sent;
                }
            }
        }
        for (name, state) in &mut self.families {
            let sent = sent.families.get(name);
            if sent.is_some_and(|sent| sent.origin == origin && sent.at == state.at) {
                state.delivery = DeliveryState::Sent;
                // Those of a job may be many.
                if origin == Origin::Job {
                    state.family = None;
                }
            }
        }
        self.drop_backlog_if_done();
    }

    /// The waiting part of an origin that is refused for this reason: where it names a metric, the
    /// result that holds that, and otherwise all.
    pub(super) fn refused_part(&self, origin: Origin, metric: Option<&str>) -> Self {
        let mut part = self.only_waiting(origin);
        let named = metric.and_then(|metric| part.families.get(metric));
        if let Some(at) = named.map(|state| state.at.clone()) {
            part.families.retain(|_, state| state.at == at);
            part.reset = part.reset.filter(|reset| reset.at == at);
        }
        part
    }

    /// Removes what `refused` had waiting of an origin, for a reason that may name a metric. What
    /// is persistent is remembered all the same, unless it is that metric.
    pub(super) fn remove_refused(&mut self, refused: &Self, origin: Origin, metric: Option<&str>) {
        if let Some(before) = &mut self.before {
            before.remove_refused(refused, origin, metric);
        }
        if origin == Origin::Run {
            let at = |state: &Self| state.reset.as_ref().map(|reset| reset.at.clone());
            if at(self) == at(refused) && self.reset.as_ref().is_some_and(ResetMarker::is_waiting) {
                self.reset = None;
            }
        }
        self.families.retain(|name, state| {
            let refused = refused.families.get(name);
            let is_refused = refused.is_some_and(|refused| {
                refused.origin == origin && refused.at == state.at && state.is_waiting()
            });
            if is_refused && state.is_persistent && metric != Some(name.as_str()) {
                state.delivery = DeliveryState::Sent;
                return true;
            }
            !is_refused
        });
        self.restore();
        self.drop_backlog_if_done();
    }

    /// The waiting ones of an origin, by themselves.
    pub(super) fn only_waiting(&self, origin: Origin) -> Self {
        let mut only = self.clone();
        only.before = None;
        only.reset = only
            .reset
            .filter(|reset| origin == Origin::Run && reset.is_waiting());
        only.families
            .retain(|_, state| state.origin == origin && state.is_waiting());
        only
    }

    fn drop_backlog_if_done(&mut self) {
        if !self.is_waiting() {
            self.backlog = None;
            self.before = None;
        }
    }
}

fn families<'a>(states: impl Iterator<Item = &'a FamilyState>) -> MetricFamilies {
    let mut families = MetricFamilies::new();
    for family in states.filter_map(|state| state.family.clone()) {
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

    /// The change of one run, by the place of its end among all.
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

    fn end(place: usize) -> EndTime {
        format!("boot:{}", 100 + place).parse().unwrap()
    }

    fn take(state: &mut GroupState, does: &Does, place: usize) {
        let (Does::Push(names) | Does::PushAdd(names)) = does else {
            return state.record(&news(Change::Delete), &end(place));
        };
        let families = named(names, place);
        let change = match does {
            Does::Push(_) => Change::Push(&families),
            _ => Change::PushAdd(&families),
        };
        state.record(&news(change), &end(place));
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
        for part in Origin::BOTH {
            if let Some(step) = state.next_change(part) {
                gateway
                    .apply(key, step.as_change(), SystemTime::UNIX_EPOCH)
                    .unwrap();
                let sent = state.clone();
                state.mark_sent(&sent, part);
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

    /// Runs in the order of their ends, the order in which they come here, and after which of them
    /// there is a delivery.
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
        state.record(&first, &end(1));
        assert_eq!(
            state.next_change(Origin::Run),
            Some(NextChange::PushAdd(run))
        );
        assert_eq!(
            state.next_change(Origin::Job),
            Some(NextChange::PushAdd(job))
        );
        for part in Origin::BOTH {
            state.mark_sent(&state.clone(), part);
        }
        assert_eq!(state.families["m3"].family, None);
        take(&mut state, &Does::PushAdd(vec![2]), 2);
        let mut both = named(&[2], 2);
        both.replace(named(&[1], 1).get("m1").unwrap().clone());
        assert_eq!(
            state.next_change(Origin::Run),
            Some(NextChange::PushAdd(both))
        );
        assert_eq!(state.next_change(Origin::Job), None);
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
            absorbed.merge(state(&other));
            assert_eq!(
                absorbed.next_change(Origin::Run),
                state(&all).next_change(Origin::Run),
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
        state.record(&first, &end(1));
        state.remove_refused(&state.clone(), Origin::Run, None);
        assert_eq!(state.next_change(Origin::Run), None);
        assert_eq!(
            state.next_change(Origin::Job),
            Some(NextChange::PushAdd(job))
        );
        assert_eq!(state.backlog.map(|backlog| backlog.runs), Some(1));
        state.remove_refused(&state.clone(), Origin::Job, None);
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
        state.record(&first, &end(1));
        let mut other = state.clone();
        state.remove_refused(&state.clone(), Origin::Run, Some("m2"));
        assert_eq!(state.families.keys().collect::<Vec<_>>(), ["m1"]);
        assert!(!state.is_waiting());
        other.remove_refused(&other.clone(), Origin::Run, Some("m1"));
        assert_eq!(other, GroupState::default());
    }

    #[test]
    fn a_refused_replacement_gives_back_what_it_had_replaced() {
        let mut state = GroupState::default();
        take(&mut state, &Does::PushAdd(vec![1, 2]), 1);
        let night = state.clone();
        take(&mut state, &Does::Push(vec![2, 3]), 2);
        assert_eq!(*state.next_level(false), night);
        let sent = state.next_level(false).clone();
        state.mark_sent(&sent, Origin::Run);
        assert_eq!(
            state.next_change(Origin::Run),
            Some(NextChange::Push(named(&[2, 3], 2)))
        );
        let part = state.refused_part(Origin::Run, None);
        state.remove_refused(&part, Origin::Run, None);
        assert!(!state.is_waiting());
        assert_eq!(state.families.keys().collect::<Vec<_>>(), ["m1", "m2"]);
    }

    #[test]
    fn only_the_result_with_the_metric_that_is_refused_is_set_aside() {
        let mut state = GroupState::default();
        take(&mut state, &Does::PushAdd(vec![1]), 1);
        take(&mut state, &Does::PushAdd(vec![2, 3]), 2);
        let part = state.refused_part(Origin::Run, Some("m3"));
        state.remove_refused(&part, Origin::Run, Some("m3"));
        assert_eq!(
            state.next_change(Origin::Run),
            Some(NextChange::PushAdd(named(&[1], 1)))
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
        state.record(&later, &end(2));
        for part in Origin::BOTH {
            state.mark_sent(&state.clone(), part);
        }
        take(&mut state, &Does::Push(vec![1, 2]), 1);
        assert_eq!(
            state.next_change(Origin::Run),
            Some(NextChange::PushAdd(named(&[2], 1)))
        );
    }
}
