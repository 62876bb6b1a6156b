//! The heart of dispatching as a synchronous state machine: alerts in, notifications that are due out.

use std::collections::{BTreeMap, BTreeSet};

use gw_base::alert::Fingerprint;
use gw_base::{Alert, Labels, Timestamp};
use serde::{Deserialize, Serialize};

use crate::matchers::{self, CompiledMatcher};
use crate::route::{Route, RouteOptions, group_labels};

/// A group of alerts at one route.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Wire: route key, colon, group labels; receivers see it.
    pub(crate) key: String,
    pub(crate) options: RouteOptions,
    pub(crate) labels: Labels,
    pub(crate) alerts: BTreeMap<Fingerprint, Alert>,
    due: Timestamp,
    flushed: bool,
}

/// What was told about a group, to one endpoint of a receiver, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) firing: BTreeSet<u64>,
    pub(crate) resolved: BTreeSet<u64>,
    pub(crate) at: i64,
}

/// A rule by which alerts keep others from being sent.
#[derive(Debug, Clone)]
pub(crate) struct Inhibition {
    pub(crate) source: Vec<CompiledMatcher>,
    pub(crate) target: Vec<CompiledMatcher>,
    pub(crate) equal: Vec<String>,
}

/// A group that is due.
#[derive(Debug, Clone)]
pub(crate) struct Flush {
    pub(crate) key: String,
    pub(crate) options: RouteOptions,
    pub(crate) labels: Labels,
    /// Alerts to tell, silenced and inhibited ones left out.
    pub(crate) alerts: Vec<Alert>,
}

/// All groups.
#[derive(Debug)]
pub(crate) struct Groups {
    route: Route,
    inhibitions: Vec<Inhibition>,
    groups: BTreeMap<String, Group>,
}

impl Groups {
    pub(crate) const fn new(route: Route, inhibitions: Vec<Inhibition>) -> Self {
        Self { route, inhibitions, groups: BTreeMap::new() }
    }

    /// Takes another route tree; alerts are sorted into its groups anew and groups that remain keep their rhythm.
    pub(crate) fn reroute(&mut self, route: Route, inhibitions: Vec<Inhibition>, now: Timestamp) {
        let old = std::mem::take(&mut self.groups);
        (self.route, self.inhibitions) = (route, inhibitions);
        let mut alerts: BTreeMap<Fingerprint, Alert> = BTreeMap::new();
        for group in old.values() {
            alerts.extend(group.alerts.iter().map(|(print, alert)| (*print, alert.clone())));
        }
        alerts.into_values().for_each(|alert| self.add(alert, now));
        for (key, group) in &mut self.groups {
            if let Some(before) = old.get(key) {
                (group.due, group.flushed) = (before.due, before.flushed);
            }
        }
    }

    /// Takes an alert, new or repeated.
    pub(crate) fn add(&mut self, alert: Alert, now: Timestamp) {
        for route in self.route.find(&alert.labels) {
            let labels = group_labels(&route.options, &alert.labels);
            let key = format!("{}:{}", route.key, print_labels(&labels));
            let known = self.groups.get_mut(&key);
            if known.is_none() && alert.is_resolved(now) {
                continue;
            }
            let wait = route.options.group_wait;
            let group = match known {
                Some(group) => group,
                None => {
                    let options = route.options.clone();
                    let group = Group {
                        key: key.clone(),
                        options,
                        labels,
                        alerts: BTreeMap::new(),
                        due: now + wait,
                        flushed: false,
                    };
                    self.groups.entry(key).or_insert(group)
                }
            };
            // An alert that fires for longer than the group waits need not wait again.
            if !group.flushed && alert.starts_at + wait < now {
                group.due = group.due.min(now);
            }
            group.alerts.insert(alert.fingerprint(), alert.clone());
        }
    }

    /// When the next group is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.groups.values().map(|group| group.due).min()
    }

    /// The groups that are due, each moved on to its next time.
    pub(crate) fn flush(&mut self, now: Timestamp, silenced: impl Fn(&Labels) -> bool) -> Vec<Flush> {
        let sources = self.firing(now);
        let inhibitions = &self.inhibitions;
        let mut due = Vec::new();
        for group in self.groups.values_mut().filter(|group| group.due <= now) {
            group.due = now + group.options.group_interval;
            group.flushed = true;
            let told = group
                .alerts
                .values()
                .filter(|alert| !silenced(&alert.labels) && !inhibited(inhibitions, &sources, &alert.labels));
            due.push(Flush {
                key: group.key.clone(),
                options: group.options.clone(),
                labels: group.labels.clone(),
                alerts: told.cloned().collect(),
            });
        }
        due
    }

    fn firing(&self, now: Timestamp) -> Vec<Labels> {
        if self.inhibitions.is_empty() {
            return Vec::new();
        }
        let alerts = self.groups.values().flat_map(|group| group.alerts.values());
        alerts.filter(|alert| !alert.is_resolved(now)).map(|alert| alert.labels.clone()).collect()
    }

    /// Forgets alerts of a group that are resolved and have been told; a group without alerts goes too.
    pub(crate) fn settle(&mut self, key: &str, resolved: &BTreeSet<u64>, now: Timestamp) {
        let Some(group) = self.groups.get_mut(key) else { return };
        group.alerts.retain(|print, alert| !(resolved.contains(&print.0) && alert.is_resolved(now)));
        if group.alerts.is_empty() {
            self.groups.remove(key);
        }
    }

    /// All groups.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }
}

fn inhibited(inhibitions: &[Inhibition], sources: &[Labels], labels: &Labels) -> bool {
    inhibitions.iter().filter(|rule| matchers::all_match(&rule.target, labels)).any(|rule| {
        // Wire: an alert that matches both sides does not inhibit itself or its like.
        let both = matchers::all_match(&rule.source, labels);
        sources.iter().any(|source| {
            matchers::all_match(&rule.source, source)
                && !(both && matchers::all_match(&rule.target, source))
                && rule.equal.iter().all(|name| source.get(name).unwrap_or("") == labels.get(name).unwrap_or(""))
        })
    })
}

/// Labels as group keys show them: `{a="b", c="d"}`.
fn print_labels(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// What of a flush one endpoint has to be told: `None` when nothing has changed for it.
///
/// The rules are Alertmanager's: new firing alerts always; resolved ones if it wants to know; everything again after
/// `repeat_interval`; silence when nothing fires and nothing was told to fire.
pub(crate) fn to_tell(told: Option<&Told>, flush: &Flush, send_resolved: bool, now: Timestamp) -> Option<Told> {
    let split = |resolved: bool| -> BTreeSet<u64> {
        let alerts = flush.alerts.iter().filter(|alert| alert.is_resolved(now) == resolved);
        alerts.map(|alert| alert.fingerprint().0).collect()
    };
    let (firing, resolved) = (split(false), split(true));
    let needed = match told {
        None => !firing.is_empty(),
        Some(told) if !firing.is_subset(&told.firing) => true,
        Some(told) if firing.is_empty() => {
            !told.firing.is_empty() && (send_resolved || told.firing.is_subset(&resolved))
        }
        Some(told) if send_resolved && !resolved.is_subset(&told.resolved) => true,
        Some(told) => Timestamp::from_nanos(told.at) + flush.options.repeat_interval <= now,
    };
    needed.then(|| Told { firing, resolved, at: now.nanos() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::AlertConfig;

    fn alert(name: &str, starts: i64, ends: i64) -> Alert {
        Alert {
            labels: Labels::from_pairs([("alertname", name), ("severity", "crit")]),
            annotations: Labels::empty(),
            starts_at: Timestamp::from_secs(starts),
            ends_at: Timestamp::from_secs(ends),
            updated_at: Timestamp::from_secs(starts),
            generator_url: String::new(),
            value: None,
            origin: None,
        }
    }

    fn groups() -> Groups {
        Groups::new(Route::of(&AlertConfig::default()).unwrap(), Vec::new())
    }

    #[test]
    fn a_group_waits_then_tells_then_repeats() {
        let at = Timestamp::from_secs;
        let mut groups = groups();
        groups.add(alert("Down", 0, 10_000_000), at(0));
        assert!(groups.flush(at(29), |_| false).is_empty());
        let flush = groups.flush(at(30), |_| false).remove(0);
        assert_eq!(flush.key, "{}:{alertname=\"Down\"}");
        let told = to_tell(None, &flush, true, at(30)).unwrap();
        let again = groups.flush(at(330), |_| false).remove(0);
        assert_eq!(to_tell(Some(&told), &again, true, at(330)), None);
        let repeat = at(30) + Duration::from_hours(4);
        assert!(to_tell(Some(&told), &again, true, repeat).is_some());
    }

    #[test]
    fn resolved_alerts_are_told_once_and_forgotten() {
        let at = Timestamp::from_secs;
        let mut groups = groups();
        groups.add(alert("Down", 0, 10_000), at(0));
        let told = to_tell(None, &groups.flush(at(30), |_| false).remove(0), true, at(30)).unwrap();
        groups.add(alert("Down", 0, 100), at(100));
        let flush = groups.flush(at(330), |_| false).remove(0);
        let now_told = to_tell(Some(&told), &flush, true, at(330)).unwrap();
        assert!(now_told.firing.is_empty() && now_told.resolved.len() == 1);
        groups.settle(&flush.key, &now_told.resolved, at(330));
        assert_eq!(groups.iter().count(), 0);
    }

    #[test]
    fn silenced_alerts_are_not_told() {
        let mut groups = groups();
        groups.add(alert("Down", 0, 10_000), Timestamp::from_secs(0));
        let flush = groups.flush(Timestamp::from_secs(30), |_| true).remove(0);
        assert_eq!(to_tell(None, &flush, true, Timestamp::from_secs(30)), None);
    }
}
