//! Writes Prometheus text exposition 0.0.4: what every `/metrics` of ours answers.

use gw_batch::MetricType;

use super::cursor::needs_escape;
use crate::number::write_page_float;

/// The `Content-Type` of [`Writer`]'s text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/// Writes families and their samples; the caller keeps the samples of a family together.
#[derive(Debug, Default)]
pub struct Writer {
    text: String,
}

impl Writer {
    /// Opens a family: its `# HELP` (left out when empty) and `# TYPE` lines.
    pub fn family(&mut self, name: &str, kind: MetricType, help: &str) {
        if !help.is_empty() {
            self.text.push_str("# HELP ");
            self.name(name);
            self.text.push(' ');
            self.escaped(help, false);
            self.text.push('\n');
        }
        self.text.push_str("# TYPE ");
        self.name(name);
        self.text.push(' ');
        self.text.push_str(text_type(kind));
        self.text.push('\n');
    }

    /// Writes a sample; `labels` in the order to be written, empty values included.
    pub fn sample<'a>(&mut self, name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>, value: f64) {
        self.sample_at(name, labels, value, None);
    }

    /// Writes a sample with its time in milliseconds.
    pub fn sample_at<'a>(
        &mut self,
        name: &str,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        value: f64,
        millis: Option<i64>,
    ) {
        self.series(name, labels);
        write_page_float(&mut self.text, value);
        if let Some(millis) = millis {
            self.text.push(' ');
            self.text.push_str(&millis.to_string());
        }
        self.text.push('\n');
    }

    /// Writes what stands before a sample's value, for whoever keeps it: name, labels and a blank.
    pub fn series<'a>(&mut self, name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let quoted = !is_metric_name(name);
        let mut separator = '{';
        if quoted {
            self.text.push(separator);
            self.name(name);
            separator = ',';
        } else {
            self.text.push_str(name);
        }
        for (label, value) in labels {
            self.text.push(separator);
            separator = ',';
            if is_label_name(label) {
                self.text.push_str(label);
            } else {
                self.quoted(label);
            }
            self.text.push('=');
            self.quoted(value);
        }
        if separator == ',' {
            self.text.push('}');
        }
        self.text.push(' ');
    }

    /// The text so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The finished text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    fn name(&mut self, name: &str) {
        if is_metric_name(name) { self.text.push_str(name) } else { self.quoted(name) }
    }

    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        self.escaped(text, true);
        self.text.push('"');
    }

    /// Wire: help texts escape backslash and line feed only, label values the quote too.
    fn escaped(&mut self, text: &str, quotes: bool) {
        if !needs_escape(text) {
            self.text.push_str(text);
            return;
        }
        for c in text.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '"' if quotes => self.text.push_str("\\\""),
                c => self.text.push(c),
            }
        }
    }
}

/// Wire: text 0.0.4 knows five types; the others of OpenMetrics are written as the nearest.
const fn text_type(kind: MetricType) -> &'static str {
    match kind {
        MetricType::Counter => "counter",
        MetricType::Gauge | MetricType::Info | MetricType::StateSet => "gauge",
        MetricType::Histogram => "histogram",
        MetricType::Summary => "summary",
        MetricType::Unknown | MetricType::GaugeHistogram => "untyped",
    }
}

fn is_metric_name(name: &str) -> bool {
    is_word(name, |byte| byte == b'_' || byte == b':')
}

fn is_label_name(name: &str) -> bool {
    is_word(name, |byte| byte == b'_')
}

fn is_word(name: &str, extra: impl Fn(u8) -> bool) -> bool {
    !name.is_empty()
        && !name.as_bytes()[0].is_ascii_digit()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_samples_are_written() {
        let mut writer = Writer::default();
        writer.family("up", MetricType::Gauge, "Whether it is \"up\".\nOr \\ not.");
        writer.sample("up", [("job", "a\"b\\c\nd"), ("empty", "")], 1.0);
        writer.sample_at("up", [], f64::INFINITY, Some(-5));
        writer.sample("my.metric", [("http.method", "GET")], 1e-7);
        assert_eq!(
            writer.finish(),
            "# HELP up Whether it is \"up\".\\nOr \\\\ not.\n# TYPE up gauge\nup{job=\"a\\\"b\\\\c\\nd\",empty=\"\"} 1\nup +Inf -5\n{\"my.metric\",\"http.method\"=\"GET\"} 1e-07\n"
        );
    }
}
