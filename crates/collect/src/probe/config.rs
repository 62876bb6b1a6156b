//! A monitor as people set it up: what is checked, how often, what counts as good.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::MONITORS;

/// A monitor and its number in the state database.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorSpec {
    /// Its number.
    pub id: i64,
    /// What it does.
    pub settings: MonitorSettings,
}

/// The settings of a monitor, as the API and the state database write them. Times are in seconds.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct MonitorSettings {
    /// Its name.
    pub name: String,
    /// `http`, `tcp` or `ping`.
    pub kind: String,
    /// A URL, `host:port` or a host.
    pub target: String,
    /// Distance of checks.
    #[serde(default = "interval")]
    pub interval: f64,
    /// Longest check.
    #[serde(default = "timeout")]
    pub timeout: f64,
    /// Failed checks in a row that are still pending and not down.
    #[serde(default)]
    pub retries: u32,
    /// What counts as good.
    #[serde(default)]
    pub expect: Expect,
    /// Whether it is not checked now.
    #[serde(default)]
    pub paused: bool,
}

fn interval() -> f64 {
    60.0
}

fn timeout() -> f64 {
    10.0
}

/// What counts as good.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// Statuses of HTTP (`200-299,301`).
    pub status: String,
    /// A text that the answer must hold.
    pub keyword: Option<String>,
    /// Days of a certificate's life below which rules warn.
    pub tls_days: u32,
    /// Whether the server's certificate must be trusted.
    pub verify_tls: bool,
    /// Whether redirects are followed.
    pub redirects: bool,
}

impl Default for Expect {
    fn default() -> Self {
        Self { status: "200-299".to_owned(), keyword: None, tls_days: 14, verify_tls: true, redirects: true }
    }
}

impl Expect {
    /// Whether a status is among those expected.
    #[must_use]
    pub fn takes_status(&self, status: u16) -> bool {
        ranges(&self.status).is_ok_and(|ranges| ranges.iter().any(|(low, high)| (*low..=*high).contains(&status)))
    }
}

fn ranges(text: &str) -> Result<Vec<(u16, u16)>, String> {
    let range = |part: &str| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        match (low.trim().parse::<u16>(), high.trim().parse::<u16>()) {
            (Ok(low), Ok(high)) if low <= high && (100..=599).contains(&low) && high <= 599 => Ok((low, high)),
            _ => Err(format!("expect.status \"{part}\" is no status or range, write 200-299 or 200,301")),
        }
    };
    text.split(',').map(range).collect()
}

impl MonitorSettings {
    /// Checks the settings; says what is wrong and what would be right.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.name.trim().is_empty() || self.name.len() > 200 {
            return Err("name must have 1 to 200 characters".to_owned());
        }
        let Some(monitor) = MONITORS.iter().find(|monitor| monitor.kind() == self.kind) else {
            let known: Vec<&str> = MONITORS.iter().map(|monitor| monitor.kind()).collect();
            return Err(format!("kind \"{}\" is not known, use one of {}", self.kind, known.join(", ")));
        };
        if !(1.0..=86_400.0).contains(&self.interval) {
            return Err(format!("interval {} must be from 1 to 86400 seconds", self.interval));
        }
        if !(0.1..=300.0).contains(&self.timeout) {
            return Err(format!("timeout {} must be from 0.1 to 300 seconds", self.timeout));
        }
        if self.retries > 100 {
            return Err(format!("retries {} must be at most 100", self.retries));
        }
        ranges(&self.expect.status)?;
        monitor.check_target(&self.target)
    }

    /// Distance of checks.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::try_from_secs_f64(self.interval).unwrap_or(Duration::from_mins(1)).max(Duration::from_secs(1))
    }

    /// Longest check.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout).unwrap_or(Duration::from_secs(10))
    }
}
