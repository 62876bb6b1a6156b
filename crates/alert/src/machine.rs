//! Grouping and timing of alerts, as a state machine without clock, storage, network or waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gw_base::{Alert, Fingerprint, Labels, Timestamp};

use crate::config::Plan;
use crate::message::{Envelope, Message};
use crate::record::{News, Sent};

/// A sending that is tried at least this long, whatever the group's interval is.
const LEAST_DEADLINE: Duration = Duration::from_secs(10);
/// How soon a group is looked at again whose last sending has not ended.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long the log of what was sent is kept at least.
const LOG_RETENTION: Duration = Duration::from_hours(120);
/// Most alerts held; more are refused, oldest first kept.
const MAX_ALERTS: usize = 100_000;

/// Key of a group: its route's key, a colon, its labels.
pub(crate) type GroupKey = String;

/// Which notifier of which receiver of which group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    pub(crate) group: GroupKey,
    pub(crate) receiver: String,
    /// Number of the notifier in its receiver.
    pub(crate) notifier: usize,
}

impl Way {
    /// Its key in the log.
    pub(crate) fn log_key(&self) -> String {
        format!("{}|{}|{}", self.receiver, self.notifier, self.group)
    }
}

/// A message to be sent, or, without a message, to be logged as if it had been.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) way: Way,
    pub(crate) message: Option<Message>,
    pub(crate) sent: Sent,
    /// When trying ends.
    pub(crate) deadline: Timestamp,
}

#[derive(Debug)]
struct Group {
    receiver: String,
    labels: Labels,
    group_interval: Duration,
    repeat_interval: Duration,
    alerts: BTreeSet<Fingerprint>,
    next_flush: Timestamp,
    has_flushed: bool,
    in_flight: usize,
    /// When the last sending of the running flush gives up; one that has not said so by then never will.
    busy_until: Timestamp,
    /// Whether a sending of the running flush failed; then nothing is forgotten.
    failed: bool,
    /// Alerts that had ended when the running flush began, with the time they ended.
    ending: Vec<(Fingerprint, Timestamp)>,
}

/// What is asked of silences.
pub(crate) type Covering<'a> = &'a dyn Fn(&Labels) -> Vec<String>;

#[derive(Debug)]
pub(crate) struct Core {
    plan: Arc<Plan>,
    external_url: String,
    alerts: BTreeMap<Fingerprint, Alert>,
    groups: BTreeMap<(GroupKey, String), Group>,
    log: BTreeMap<String, Sent>,
}

impl Core {
    pub(crate) fn new(plan: Arc<Plan>, external_url: &str, log: BTreeMap<String, Sent>) -> Self {
        let external_url = external_url.to_owned();
        Self { plan, external_url, alerts: BTreeMap::new(), groups: BTreeMap::new(), log }
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Takes a new configuration; groups are made anew, what was sent stays known.
    pub(crate) fn replan(&mut self, plan: Arc<Plan>, now: Timestamp) {
        self.plan = plan;
        self.groups.clear();
        let alerts: Vec<Alert> = std::mem::take(&mut self.alerts).into_values().collect();
        self.take(alerts, now);
    }

    /// Takes alerts and returns those that changed.
    pub(crate) fn take(&mut self, alerts: Vec<Alert>, now: Timestamp) -> Vec<Alert> {
        let mut changed = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let fingerprint = alert.fingerprint();
            let known = self.alerts.get(&fingerprint);
            if known.is_none() && self.alerts.len() >= MAX_ALERTS {
                tracing::warn!(alert = %alert.labels, "alert refused, {MAX_ALERTS} are held already");
                continue;
            }
            let alert = known.map_or_else(|| alert.clone(), |known| merge(known, &alert));
            self.join(&alert, fingerprint, now);
            self.alerts.insert(fingerprint, alert.clone());
            changed.push(alert);
        }
        changed
    }

    fn join(&mut self, alert: &Alert, fingerprint: Fingerprint, now: Timestamp) {
        let plan = Arc::clone(&self.plan);
        for route in plan.root.of(&alert.labels) {
            let labels = route.group_labels(&alert.labels);
            let key = (format!("{}:{labels}", route.key), route.receiver.clone());
            if alert.is_resolved(now) && !self.groups.get(&key).is_some_and(|group| group.alerts.contains(&fingerprint))
            {
                // What ended before this group knew of it needs no sending, unless the log says that its start was sent.
                let prefix = format!("{}|", route.receiver);
                let was_sent = |(k, sent): (&String, &Sent)| {
                    k.starts_with(&prefix) && k.ends_with(&key.0) && sent.firing.contains(&fingerprint.0)
                };
                if !self.log.iter().any(was_sent) {
                    continue;
                }
            }
            let group = self.groups.entry(key).or_insert_with(|| Group {
                receiver: route.receiver.clone(),
                labels,
                group_interval: route.group_interval,
                repeat_interval: route.repeat_interval,
                alerts: BTreeSet::new(),
                next_flush: now + route.group_wait,
                has_flushed: false,
                in_flight: 0,
                busy_until: now,
                failed: false,
                ending: Vec::new(),
            });
            group.alerts.insert(fingerprint);
            // Wire: an alert that is older than the wait does not wait again.
            if !group.has_flushed && alert.starts_at + route.group_wait < now {
                group.next_flush = now;
            }
        }
    }

    /// When something is to be done next.
    pub(crate) fn next_flush(&self) -> Option<Timestamp> {
        self.groups.values().map(|group| group.next_flush).min()
    }

    /// Flushes the groups whose time has come: what to send, and which alerts need not be remembered any more.
    pub(crate) fn flush(&mut self, now: Timestamp, covering: Covering<'_>) -> (Vec<Sending>, Vec<Fingerprint>) {
        let plan = Arc::clone(&self.plan);
        let muting = plan.inhibitor.index(self.alerts.values(), now);
        let mut sendings = Vec::new();
        for ((key, _), group) in self.groups.iter_mut().filter(|(_, group)| group.next_flush <= now) {
            if group.in_flight > 0 && now <= group.busy_until {
                group.next_flush = now + LOOK_AGAIN;
                continue;
            }
            group.has_flushed = true;
            group.next_flush = now + group.group_interval;
            let alerts: Vec<&Alert> = group.alerts.iter().filter_map(|id| self.alerts.get(id)).collect();
            group.failed = false;
            group.ending = alerts.iter().filter(|a| a.is_resolved(now)).map(|a| (a.fingerprint(), a.ends_at)).collect();
            let audible = |alert: &&Alert| muting.by(&alert.labels).is_empty() && covering(&alert.labels).is_empty();
            let alerts: Vec<&Alert> = alerts.into_iter().filter(audible).collect();
            let speaker = Speaker { plan: &plan, log: &self.log, external_url: &self.external_url, now };
            let said = speaker.sendings(key, group, &alerts);
            group.in_flight = said.len();
            group.busy_until = now + group.group_interval.max(LEAST_DEADLINE) + LEAST_DEADLINE;
            sendings.extend(said);
        }
        drop(muting);
        let gone = self.forget_quiet_groups();
        (sendings, gone)
    }

    /// Notes how a sending ended. Returns alerts that need not be remembered any more.
    pub(crate) fn ended(&mut self, sending: &Sending, succeeded: bool) -> Vec<Fingerprint> {
        if succeeded {
            self.log.insert(sending.way.log_key(), sending.sent.clone());
        }
        let key = (sending.way.group.clone(), sending.way.receiver.clone());
        if let Some(group) = self.groups.get_mut(&key) {
            group.in_flight = group.in_flight.saturating_sub(1);
            group.failed |= !succeeded;
        }
        self.forget_quiet_groups()
    }

    /// Takes alerts that ended out of groups whose flush is through, and drops groups and alerts that are left over.
    fn forget_quiet_groups(&mut self) -> Vec<Fingerprint> {
        for group in self.groups.values_mut().filter(|group| group.in_flight == 0 && !group.failed) {
            for (fingerprint, ended_at) in std::mem::take(&mut group.ending) {
                // It may fire again by now; then its end is another one.
                if self.alerts.get(&fingerprint).is_none_or(|alert| alert.ends_at == ended_at) {
                    group.alerts.remove(&fingerprint);
                }
            }
        }
        self.groups.retain(|_, group| !group.alerts.is_empty() || group.in_flight > 0);
        let held: BTreeSet<Fingerprint> = self.groups.values().flat_map(|group| group.alerts.iter().copied()).collect();
        let gone: Vec<Fingerprint> = self.alerts.keys().filter(|id| !held.contains(id)).copied().collect();
        for fingerprint in &gone {
            self.alerts.remove(fingerprint);
        }
        gone
    }

    /// Drops what was sent long ago and returns the keys.
    pub(crate) fn forget_sent(&mut self, now: Timestamp) -> Vec<String> {
        let gone: Vec<String> =
            self.log.iter().filter(|(_, sent)| sent.expires_at < now.nanos()).map(|(key, _)| key.clone()).collect();
        for key in &gone {
            self.log.remove(key);
        }
        gone
    }

    /// The groups as they are shown, by receiver and labels.
    pub(crate) fn snapshot(&self, now: Timestamp, covering: Covering<'_>) -> Vec<GroupSnapshot> {
        let muting = self.plan.inhibitor.index(self.alerts.values(), now);
        let shown = |alert: &Alert| AlertSnapshot {
            silenced_by: covering(&alert.labels),
            inhibited_by: muting.by(&alert.labels),
            is_resolved: alert.is_resolved(now),
            alert: alert.clone(),
        };
        let snapshot = |group: &Group| GroupSnapshot {
            receiver: group.receiver.clone(),
            labels: group.labels.clone(),
            alerts: group.alerts.iter().filter_map(|id| self.alerts.get(id)).map(shown).collect(),
        };
        let mut groups: Vec<GroupSnapshot> = self.groups.values().map(snapshot).collect();
        groups.sort_by(|a, b| (&a.labels, &a.receiver).cmp(&(&b.labels, &b.receiver)));
        groups
    }

    /// The group that an alert would join: receiver and group labels of each route.
    pub(crate) fn destinations(&self, labels: &Labels) -> Vec<(String, Labels)> {
        self.plan
            .root
            .of(labels)
            .into_iter()
            .map(|route| (route.receiver.clone(), route.group_labels(labels)))
            .collect()
    }
}

/// A group of alerts as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSnapshot {
    /// Where it goes.
    pub receiver: String,
    /// Labels that make the group.
    pub labels: Labels,
    /// Its alerts.
    pub alerts: Vec<AlertSnapshot>,
}

/// An alert as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertSnapshot {
    /// The alert.
    pub alert: Alert,
    /// Whether it has ended.
    pub is_resolved: bool,
    /// Silences that cover it.
    pub silenced_by: Vec<String>,
    /// Alerts that mute it.
    pub inhibited_by: Vec<Fingerprint>,
}

/// Decides what a group says at one time.
struct Speaker<'a> {
    plan: &'a Plan,
    log: &'a BTreeMap<String, Sent>,
    external_url: &'a str,
    now: Timestamp,
}

impl Speaker<'_> {
    fn sendings(&self, key: &str, group: &Group, alerts: &[&Alert]) -> Vec<Sending> {
        let now = self.now;
        let ids = |resolved: bool| -> BTreeSet<u64> {
            alerts.iter().filter(|a| a.is_resolved(now) == resolved).map(|a| a.fingerprint().0).collect()
        };
        let (firing, resolved) = (ids(false), ids(true));
        let Some(receiver) = self.plan.receivers.get(&group.receiver).filter(|_| !alerts.is_empty()) else {
            return Vec::new();
        };
        let mut sendings = Vec::new();
        for (number, notifier) in receiver.notifiers.iter().enumerate() {
            let way = Way { group: key.to_owned(), receiver: group.receiver.clone(), notifier: number };
            let news = News {
                firing: &firing,
                resolved: &resolved,
                sends_resolved: notifier.sends_resolved(),
                repeat_interval: group.repeat_interval,
                now,
            };
            if !Sent::is_outdated(self.log.get(&way.log_key()), &news) {
                continue;
            }
            let told: Vec<&Alert> =
                alerts.iter().filter(|a| notifier.sends_resolved() || !a.is_resolved(now)).copied().collect();
            let envelope = Envelope {
                receiver: &group.receiver,
                group_key: key,
                group_labels: &group.labels,
                external_url: self.external_url,
            };
            let keep_for = LOG_RETENTION.max(group.repeat_interval * 2);
            sendings.push(Sending {
                way,
                message: (!told.is_empty()).then(|| Message::new(envelope, &told, now)),
                sent: Sent {
                    firing: firing.clone(),
                    resolved: resolved.clone(),
                    at: now.nanos(),
                    expires_at: (now + keep_for).nanos(),
                },
                deadline: now + group.group_interval.max(LEAST_DEADLINE),
            });
        }
        sendings
    }
}

/// Two reports of one alert. Wire: while they overlap the earliest start stays (`types.Alert.Merge`).
fn merge(known: &Alert, news: &Alert) -> Alert {
    if news.updated_at < known.updated_at {
        return known.clone();
    }
    let overlaps = news.starts_at <= known.ends_at && news.ends_at >= known.starts_at;
    let starts_at = if overlaps { known.starts_at.min(news.starts_at) } else { news.starts_at };
    Alert { starts_at, ..news.clone() }
}
