//! The life of a rule's alerts, as a state machine without clock, storage or waiting.
//!
//! Wire: transitions, resending and retention are those of Prometheus' `rules/alerting.go`; the alert generator
//! compliance specification describes them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gw_base::{ALERT_NAME, Alert, Labels, METRIC_NAME, Timestamp};

use crate::rules::{Alerting, Rule};
use crate::template::text::table_link;

/// How long a resolved alert is remembered and sent again.
const RESOLVED_RETENTION: Duration = Duration::from_mins(15);

/// The label of `ALERTS` series that says how far the alert is.
pub(crate) const ALERT_STATE: &str = "alertstate";
/// Series with 1 for each alert that is pending or firing.
pub(crate) const ALERTS: &str = "ALERTS";
/// Series with the time since when each alert is active.
pub(crate) const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";

/// How far an alert, or the farthest of a rule's alerts, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum AlertState {
    /// Not there, or there no more.
    #[default]
    Inactive,
    /// There, but not for long enough.
    Pending,
    /// There for long enough.
    Firing,
}

impl AlertState {
    /// The name that Prometheus shows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// An element of the expression's result, its templates expanded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) labels: Labels,
    pub(crate) annotations: Labels,
    pub(crate) value: f64,
}

/// What the series of an alert said before a restart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Remembered {
    pub(crate) active_at: Timestamp,
    pub(crate) was_firing: bool,
    /// When it was evaluated last.
    pub(crate) down_at: Timestamp,
}

/// An alert that is pending, firing, or resolved a while ago.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Active {
    pub(crate) annotations: Labels,
    pub(crate) value: f64,
    pub(crate) state: AlertState,
    pub(crate) active_at: Timestamp,
    fired_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    last_sent_at: Option<Timestamp>,
    pub(crate) keep_firing_since: Option<Timestamp>,
}

impl Active {
    fn new(element: Element, now: Timestamp) -> Self {
        Self {
            annotations: element.annotations,
            value: element.value,
            state: AlertState::Pending,
            active_at: now,
            fired_at: None,
            resolved_at: None,
            last_sent_at: None,
            keep_firing_since: None,
        }
    }

    /// Takes what is known from before a restart. `grace` is the least time that stays before it fires, unless it had fired.
    fn recall(&mut self, known: &Remembered, hold_for: Duration, grace: Duration, now: Timestamp) {
        let pending = Duration::from_nanos(known.down_at.since(known.active_at).max(0).unsigned_abs());
        let remaining = hold_for.saturating_sub(pending);
        self.active_at = match () {
            () if known.was_firing || remaining.is_zero() => known.active_at,
            // Wire: whoever repairs things while we are down should see them work before they are called broken.
            () if remaining < grace => (now + grace) - hold_for,
            () => known.active_at.offset(now.since(known.down_at)),
        };
        if known.was_firing {
            self.state = AlertState::Firing;
            self.fired_at = Some((known.active_at + hold_for).min(known.down_at));
        }
    }

    fn needs_sending(&self, now: Timestamp, resend_delay: Duration) -> bool {
        match (self.state, self.last_sent_at) {
            (AlertState::Pending, _) => false,
            (_, None) => true,
            (_, Some(sent)) => self.resolved_at.is_some_and(|at| at > sent) || sent + resend_delay < now,
        }
    }
}

/// The alerts of one rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    active: BTreeMap<Labels, Active>,
    remembered: BTreeMap<Labels, Remembered>,
}

impl Machine {
    /// Takes what the series of this rule's alerts said before a restart; used by the next step.
    pub(crate) fn remember(&mut self, remembered: BTreeMap<Labels, Remembered>) {
        self.remembered = remembered;
    }

    /// Goes on with the result of an evaluation at `now`, and returns the series to write.
    pub(crate) fn step(
        &mut self,
        rule: &Alerting,
        now: Timestamp,
        elements: Vec<Element>,
        bounds: Bounds,
    ) -> Result<Vec<(Labels, f64)>, String> {
        let mut present = BTreeMap::new();
        for element in elements {
            if present.insert(element.labels.clone(), element).is_some() {
                return Err("vector contains metrics with the same labelset after applying alert labels".to_owned());
            }
        }
        self.recall_vanished(rule, &present, now);
        for (labels, element) in &present {
            match self.active.get_mut(labels).filter(|alert| alert.state != AlertState::Inactive) {
                Some(alert) => {
                    alert.value = element.value;
                    alert.annotations = element.annotations.clone();
                }
                None => {
                    let mut alert = Active::new(element.clone(), now);
                    if let Some(known) = self.remembered.get(labels) {
                        alert.recall(known, rule.hold_for, bounds.grace, now);
                    }
                    self.active.insert(labels.clone(), alert);
                }
            }
        }
        self.remembered.clear();
        self.active.retain(|labels, alert| advance(alert, rule, present.contains_key(labels), now));
        let live = || self.active.iter().filter(|(_, alert)| alert.state != AlertState::Inactive);
        let count = live().count();
        if bounds.limit > 0 && count > bounds.limit {
            self.active.clear();
            return Err(format!("exceeded limit of {} with {count} alerts", bounds.limit));
        }
        Ok(live().flat_map(|(labels, alert)| series_of(labels, alert)).collect())
    }

    /// An alert that fires on after its element is gone must do so across a restart as well.
    fn recall_vanished(&mut self, rule: &Alerting, present: &BTreeMap<Labels, Element>, now: Timestamp) {
        if rule.keep_firing_for.is_zero() {
            return;
        }
        for (labels, known) in
            self.remembered.iter().filter(|(labels, r)| r.was_firing && !present.contains_key(*labels))
        {
            let element = Element { labels: labels.clone(), annotations: Labels::empty(), value: f64::NAN };
            let mut alert = Active::new(element, now);
            alert.recall(known, rule.hold_for, Duration::ZERO, now);
            alert.keep_firing_since = Some(known.down_at);
            self.active.insert(labels.clone(), alert);
        }
    }

    /// The alerts to send now; they count as sent.
    pub(crate) fn due(&mut self, rule: &Rule, now: Timestamp, pace: &Pace<'_>) -> Vec<Alert> {
        // Wire: two evaluations or two sendings may fail before the receiver takes the alert for ended.
        let valid_for = pace.interval.max(pace.resend_delay) * 4;
        let origin = rule.alerting().map(|alerting| Arc::clone(&alerting.origin));
        let mut due = Vec::new();
        for (labels, alert) in &mut self.active {
            if !alert.needs_sending(now, pace.resend_delay) {
                continue;
            }
            alert.last_sent_at = Some(now);
            due.push(Alert {
                labels: labels.clone(),
                annotations: alert.annotations.clone(),
                starts_at: alert.fired_at.unwrap_or(now),
                ends_at: alert.resolved_at.unwrap_or(now + valid_for),
                updated_at: now,
                generator_url: format!("{}{}", pace.external_url, table_link(&rule.query)),
                value: Some(alert.value),
                origin: origin.clone(),
            });
        }
        due
    }

    /// Alerts that are pending or firing.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = (&Labels, &Active)> {
        self.active.iter().filter(|(_, alert)| alert.state != AlertState::Inactive)
    }

    /// The alerts that fire, those included of which only their series tells since a restart.
    pub(crate) fn firing(&self) -> BTreeMap<Labels, Labels> {
        let known = self.remembered.iter().filter(|(_, known)| known.was_firing);
        let known = known.map(|(labels, _)| (labels.clone(), Labels::empty()));
        let active = self.active.iter().filter(|(_, alert)| alert.state == AlertState::Firing);
        known.chain(active.map(|(labels, alert)| (labels.clone(), alert.annotations.clone()))).collect()
    }

    /// The state of the farthest alert.
    pub(crate) fn state(&self) -> AlertState {
        self.active.values().map(|alert| alert.state).max().unwrap_or_default()
    }
}

/// Limits of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Most alerts; 0 is no limit.
    pub(crate) limit: usize,
    /// Least time between a restart and firing.
    pub(crate) grace: Duration,
}

/// When alerts are sent, and what their links begin with.
#[derive(Debug)]
pub(crate) struct Pace<'a> {
    pub(crate) interval: Duration,
    pub(crate) resend_delay: Duration,
    pub(crate) external_url: &'a str,
}

/// Moves one alert on; false when it is to be forgotten.
fn advance(alert: &mut Active, rule: &Alerting, is_present: bool, now: Timestamp) -> bool {
    if is_present {
        alert.keep_firing_since = None;
    } else {
        let keeps_firing = alert.state == AlertState::Firing
            && !rule.keep_firing_for.is_zero()
            && now < *alert.keep_firing_since.get_or_insert(now) + rule.keep_firing_for;
        if !keeps_firing {
            let was_pending = alert.state == AlertState::Pending;
            let forgotten = alert.resolved_at.is_some_and(|at| at + RESOLVED_RETENTION < now);
            if alert.state != AlertState::Inactive {
                alert.state = AlertState::Inactive;
                alert.resolved_at = Some(now);
            }
            return !was_pending && !forgotten;
        }
    }
    let held = now >= alert.active_at + rule.hold_for;
    match alert.state {
        AlertState::Pending if held => {
            alert.state = AlertState::Firing;
            alert.fired_at = Some(now);
        }
        // A reload may have raised `for`.
        AlertState::Firing if !held && alert.keep_firing_since.is_none() => alert.state = AlertState::Pending,
        _ => {}
    }
    true
}

fn series_of(labels: &Labels, alert: &Active) -> [(Labels, f64); 2] {
    let mut builder = labels.to_builder();
    builder.set(METRIC_NAME, ALERTS_FOR_STATE);
    let for_state = (builder.build(), alert.active_at.secs() as f64);
    builder.set(METRIC_NAME, ALERTS).set(ALERT_STATE, alert.state.as_str());
    [(builder.build(), 1.0), for_state]
}

/// The labels of an alert from those of one of its series.
pub(crate) fn alert_labels(series: &Labels) -> Labels {
    series.without(|name| name == METRIC_NAME || name == ALERT_STATE)
}

/// The labels of an alert: those of the element, those of the rule over them, and the name over all.
pub(crate) fn merge_labels(element: &Labels, expanded: Vec<(String, String)>, name: &str) -> Labels {
    let mut builder = element.to_builder();
    builder.remove(METRIC_NAME);
    for (label, value) in expanded {
        builder.set(label, value);
    }
    builder.set(ALERT_NAME, name);
    builder.build()
}
