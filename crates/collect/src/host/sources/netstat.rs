//! `netstat`: the counters of the network protocols that the configuration names.

use regex::Regex;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

struct NetStat {
    fields: Regex,
    /// What the pattern said, by place in the files: asking it hundreds of times a scrape costs more than reading.
    known: Vec<(String, bool)>,
    next: usize,
    name: String,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let fields = config.pattern("netstat.fields")?;
    Ok(Box::new(NetStat { fields, known: Vec::new(), next: 0, name: String::new() }))
}

impl HostSource for NetStat {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        self.next = 0;
        for file in ["net/netstat", "net/snmp"] {
            let text = system.proc.read(format_args!("{file}"))?;
            let mut lines = text.lines();
            while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
                let Some((protocol, names)) = names.split_once(':') else { continue };
                let values = values.split_once(':').map_or("", |(_, values)| values);
                for (name, value) in names.split_ascii_whitespace().zip(values.split_ascii_whitespace()) {
                    self.tell(out, (protocol, name), value)?;
                }
            }
        }
        // Without IPv6 there is no such file, and nothing wrong.
        let Ok(text) = system.proc.read(format_args!("net/snmp6")) else { return Ok(()) };
        for line in text.lines() {
            let mut fields = line.split_ascii_whitespace();
            let (Some(joined), Some(value)) = (fields.next(), fields.next()) else { continue };
            // `Ip6InReceives` is `InReceives` of `Ip6`.
            if let Some(digit) = joined.find('6') {
                let (protocol, name) = joined.split_at(digit + 1);
                self.tell(out, (protocol, name), value)?;
            }
        }
        Ok(())
    }
}

impl NetStat {
    fn tell(&mut self, out: &mut Section, (protocol, name): (&str, &str), value: &str) -> Result<(), Failure> {
        self.name.clear();
        for part in [protocol, "_", name] {
            self.name.push_str(part);
        }
        let place = self.next;
        self.next += 1;
        let wanted = match self.known.get(place) {
            Some((known, wanted)) if *known == self.name => *wanted,
            _ => {
                let wanted = self.fields.is_match(&self.name);
                self.known.truncate(place);
                self.known.push((self.name.clone(), wanted));
                wanted
            }
        };
        if wanted {
            out.untyped(
                format_args!("node_netstat_{protocol}_{name}"),
                format_args!("Statistic {protocol}{name}."),
                &[],
                number(value)?,
            );
        }
        Ok(())
    }
}
