//! `systemd`: units and their states, asked over D-Bus.

use regex::Regex;

use super::HostSource;
use super::bus::{Bus, Call, Value};
use crate::host::config::{Compat, HostConfig};
use crate::host::parse::{flag, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const DESTINATION: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const STATES: [&str; 5] = ["active", "activating", "deactivating", "inactive", "failed"];
const MICROSECONDS: f64 = 1e6;
/// What systemd writes for no limit.
const NO_LIMIT: f64 = u64::MAX as f64;

struct Systemd {
    include: Regex,
    exclude: Regex,
    tasks: bool,
    restarts: bool,
    start_times: bool,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let whole = |name: &str| {
        let text = config.option(name);
        Regex::new(&format!("^(?:{text})$")).map_err(|error| format!("pattern \"{text}\" does not compile: {error}"))
    };
    Ok(Box::new(Systemd {
        include: whole("systemd.unit-include")?,
        exclude: whole("systemd.unit-exclude")?,
        tasks: config.switch("systemd.enable-task-metrics"),
        restarts: config.switch("systemd.enable-restarts-metrics"),
        start_times: config.switch("systemd.enable-start-time-metrics"),
    }))
}

/// A unit as the manager lists it.
struct Unit {
    name: String,
    state: String,
    path: String,
    is_loaded: bool,
}

/// What to ask of a unit, and what its answer is told as.
struct Question {
    unit: usize,
    interface: &'static str,
    property: &'static str,
    family: &'static str,
}

impl HostSource for Systemd {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        let mut bus = Bus::connect()?;
        manager(system.compat, &mut bus, out)?;
        let listed = bus.call(Call {
            destination: DESTINATION,
            path: "/org/freedesktop/systemd1",
            interface: MANAGER,
            member: "ListUnits",
            arguments: &[],
        })?;
        let units: Vec<Unit> = listed.list().iter().filter_map(Unit::of).collect();
        for state in STATES {
            let count = units.iter().filter(|unit| unit.state == state).count();
            out.put("node_systemd_units", &[("state", state)], count as f64);
        }
        let wanted =
            |unit: &Unit| unit.is_loaded && self.include.is_match(&unit.name) && !self.exclude.is_match(&unit.name);
        let units: Vec<Unit> = units.into_iter().filter(wanted).collect();
        let questions = self.questions(&units);
        let arguments: Vec<[&str; 2]> =
            questions.iter().map(|question| [question.interface, question.property]).collect();
        let calls: Vec<Call<'_>> = questions
            .iter()
            .zip(&arguments)
            .map(|(question, arguments)| Call {
                destination: DESTINATION,
                path: &units[question.unit].path,
                interface: "org.freedesktop.DBus.Properties",
                member: "Get",
                arguments,
            })
            .collect();
        let answers = bus.calls(&calls)?;
        tell_states(out, &units, &questions, &answers);
        for (question, answer) in questions.iter().zip(&answers) {
            let Some(value) = answer.as_ref().and_then(Value::number).filter(|_| !question.family.is_empty()) else {
                continue;
            };
            let name = units[question.unit].name.as_str();
            match question.family {
                "node_systemd_unit_tasks_current" | "node_systemd_unit_tasks_max" if value >= NO_LIMIT => {}
                "node_systemd_timer_last_trigger_seconds" | "node_systemd_unit_start_time_seconds" => {
                    out.put(question.family, &[("name", name)], value / MICROSECONDS);
                }
                family => out.put(family, &[("name", name)], value),
            }
        }
        Ok(())
    }
}

impl Unit {
    fn of(listed: &Value) -> Option<Self> {
        let text = |at: usize| listed.list().get(at).and_then(Value::text);
        Some(Self {
            name: text(0)?.to_owned(),
            is_loaded: text(2)? == "loaded",
            state: text(3)?.to_owned(),
            path: text(6)?.to_owned(),
        })
    }
}

impl Systemd {
    fn questions(&self, units: &[Unit]) -> Vec<Question> {
        let mut questions = Vec::new();
        for (unit, known) in units.iter().enumerate() {
            let mut ask = |interface, property, family| {
                questions.push(Question { unit, interface, property, family });
            };
            match known.name.rsplit('.').next() {
                Some("service") => {
                    let interface = "org.freedesktop.systemd1.Service";
                    ask(interface, "Type", "");
                    if self.restarts {
                        ask(interface, "NRestarts", "node_systemd_service_restart_total");
                    }
                    if self.tasks {
                        ask(interface, "TasksCurrent", "node_systemd_unit_tasks_current");
                        ask(interface, "TasksMax", "node_systemd_unit_tasks_max");
                    }
                }
                Some("mount") => ask("org.freedesktop.systemd1.Mount", "Type", ""),
                Some("timer") => {
                    let family = "node_systemd_timer_last_trigger_seconds";
                    ask("org.freedesktop.systemd1.Timer", "LastTriggerUSec", family);
                }
                Some("socket") => {
                    let interface = "org.freedesktop.systemd1.Socket";
                    ask(interface, "NAccepted", "node_systemd_socket_accepted_connections_total");
                    ask(interface, "NConnections", "node_systemd_socket_current_connections");
                    ask(interface, "NRefused", "node_systemd_socket_refused_connections_total");
                }
                _ => {}
            }
            if self.start_times {
                let family = "node_systemd_unit_start_time_seconds";
                ask("org.freedesktop.systemd1.Unit", "ActiveEnterTimestamp", family);
            }
        }
        questions
    }
}

fn tell_states(out: &mut Section, units: &[Unit], questions: &[Question], answers: &[Option<Value>]) {
    for (index, unit) in units.iter().enumerate() {
        let kind = questions.iter().zip(answers).find_map(|(question, answer)| {
            (question.unit == index && question.property == "Type").then(|| answer.as_ref()?.text())?
        });
        for state in STATES {
            let labels = [("name", unit.name.as_str()), ("state", state), ("type", kind.unwrap_or_default())];
            out.put("node_systemd_unit_state", &labels, flag(unit.state == state));
        }
    }
}

fn manager(compat: Compat, bus: &mut Bus, out: &mut Section) -> Result<(), Failure> {
    let mut get = |property: &str| {
        bus.call(Call {
            destination: DESTINATION,
            path: "/org/freedesktop/systemd1",
            interface: "org.freedesktop.DBus.Properties",
            member: "Get",
            arguments: &[MANAGER, property],
        })
    };
    let version = get("Version")?;
    let version = version.text().unwrap_or_default().trim_matches('"');
    // `252.39-1~deb12u1` is version 252.39.
    let digits: String =
        version.chars().skip_while(|c| !c.is_ascii_digit()).take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let value = number(digits.trim_end_matches('.')).unwrap_or_default();
    out.put("node_systemd_version", &[("version", version)], value);
    if compat >= Compat::V1_8 {
        let kind = get("Virtualization")?;
        let kind = kind.text().filter(|kind| !kind.is_empty()).unwrap_or("none").to_owned();
        out.put("node_systemd_virtualization_info", &[("virtualization_type", &kind)], 1.0);
    }
    let state = get("SystemState")?;
    out.put("node_systemd_system_running", &[], flag(state.text() == Some("running")));
    Ok(())
}
