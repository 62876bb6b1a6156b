//! `sysctl`: settings of the kernel that the configuration names.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::{Decimal, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// One setting: its name with dots, its file, the names of its fields.
struct Setting {
    name: String,
    file: String,
    keys: Vec<String>,
    is_text: bool,
}

struct Sysctl(Vec<Setting>);

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let numbers = config.all("sysctl.include").iter().map(|text| setting(text, false));
    let texts = config.all("sysctl.include-info").iter().map(|text| setting(text, true));
    Ok(Box::new(Sysctl(numbers.chain(texts).collect::<Result<_, _>>()?)))
}

/// `fs.file-nr`, or `fs.file-nr:total,current,max`, which names the fields.
fn setting(text: &str, is_text: bool) -> Result<Setting, String> {
    let (name, keys) = text.split_once(':').map_or((text, None), |(name, keys)| (name, Some(keys)));
    if name.is_empty() || name.split('.').any(|part| part.is_empty() || part == "..") || name.contains('/') {
        return Err(format!("sysctl \"{text}\" is not a name such as kernel.threads-max"));
    }
    let keys: Vec<String> = keys.map(|keys| keys.split(',').map(str::to_owned).collect()).unwrap_or_default();
    if is_text && !keys.is_empty() {
        return Err(format!("sysctl \"{text}\": a setting that is told as text has no named fields"));
    }
    Ok(Setting { name: name.to_owned(), file: name.replace('.', "/"), keys, is_text })
}

impl HostSource for Sysctl {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for setting in &self.0 {
            let text = system.proc.value(format_args!("sys/{}", setting.file))?;
            if setting.is_text {
                for (index, value) in text.split_ascii_whitespace().enumerate() {
                    let index = Decimal::of(index as u64);
                    let labels = [("index", index.as_str()), ("name", &setting.name), ("value", value)];
                    out.put("node_sysctl_info", &labels, 1.0);
                }
            } else {
                setting.numbers(&text, out)?;
            }
        }
        Ok(())
    }
}

impl Setting {
    fn numbers(&self, text: &str, out: &mut Section) -> Result<(), Failure> {
        let name = metric_name(&self.name);
        let count = text.split_ascii_whitespace().count();
        if !self.keys.is_empty() && self.keys.len() != count {
            return Err(Failure::told(format!("sysctl {} has {count} fields, not {}", self.name, self.keys.len())));
        }
        for (index, field) in text.split_ascii_whitespace().enumerate() {
            let value = number(field)?;
            match self.keys.get(index) {
                Some(key) => out.untyped(
                    format_args!("node_sysctl_{name}_{}", metric_name(key)),
                    format_args!("sysctl {}, field {index}", self.name),
                    &[],
                    value,
                ),
                None => {
                    let at = Decimal::of(index as u64);
                    let labels = [("index", at.as_str())];
                    let labels = if count > 1 { labels.as_slice() } else { &[] };
                    let help = format_args!("sysctl {}", self.name);
                    out.untyped(format_args!("node_sysctl_{name}"), help, labels, value);
                }
            }
        }
        Ok(())
    }
}

fn metric_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
