//! `logind`: sessions of users, asked over D-Bus.

use super::bus::{Bus, Call, Value};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const DESTINATION: &str = "org.freedesktop.login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
const TYPES: [&str; 7] = ["other", "unspecified", "tty", "x11", "wayland", "mir", "web"];
const CLASSES: [&str; 5] = ["other", "user", "greeter", "lock-screen", "background"];
const PROPERTIES: [&str; 3] = ["Remote", "Type", "Class"];

pub(super) fn read(_: &System, out: &mut Section) -> Result<(), Failure> {
    let mut bus = Bus::connect()?;
    let mut list = |member: &str| {
        bus.call(Call {
            destination: DESTINATION,
            path: "/org/freedesktop/login1",
            interface: MANAGER,
            member,
            arguments: &[],
        })
    };
    let (seats, sessions) = (list("ListSeats")?, list("ListSessions")?);
    let text = |value: &Value, at: usize| value.list().get(at).and_then(Value::text).unwrap_or_default().to_owned();
    let mut seats: Vec<String> = seats.list().iter().map(|seat| text(seat, 0)).collect();
    seats.push(String::new());
    // Each session: its seat, and the path to ask it at.
    let sessions: Vec<(String, String)> =
        sessions.list().iter().map(|session| (text(session, 3), text(session, 4))).collect();
    let arguments = PROPERTIES.map(|property| [SESSION, property]);
    let calls: Vec<Call<'_>> = sessions
        .iter()
        .flat_map(|(_, path)| {
            arguments.iter().map(move |arguments| Call {
                destination: DESTINATION,
                path,
                interface: "org.freedesktop.DBus.Properties",
                member: "Get",
                arguments,
            })
        })
        .collect();
    let answers = bus.calls(&calls)?;
    let known: Vec<[String; 4]> = sessions
        .iter()
        .zip(answers.chunks(PROPERTIES.len()))
        .map(|((seat, _), answers)| {
            let word = |at: usize, words: &[&str]| {
                let told = answers.get(at).and_then(Option::as_ref).and_then(Value::text).unwrap_or("other");
                if words.contains(&told) { told.to_owned() } else { "other".to_owned() }
            };
            let remote = answers.first().and_then(Option::as_ref).and_then(Value::number) == Some(1.0);
            [word(2, &CLASSES), remote.to_string(), seat.clone(), word(1, &TYPES)]
        })
        .collect();
    // Wire: every combination is told, most of them with 0.
    for remote in ["true", "false"] {
        for kind in TYPES {
            for class in CLASSES {
                for seat in &seats {
                    let count = known.iter().filter(|session| **session == [class, remote, seat, kind]).count();
                    let labels = [("class", class), ("remote", remote), ("seat", seat.as_str()), ("type", kind)];
                    out.put("node_logind_sessions", &labels, count as f64);
                }
            }
        }
    }
    Ok(())
}
