//! `corpus/rooms/ROOM/*.http`: what to send to a product's port, and what must come back.
//!
//! A step is `> METHOD PORT PATH`, `> header: value` lines, the body; then `< STATUS`, `< header: value` lines that must
//! be among the answer's, and the body, or `~ text` lines that it must hold. `@ms@`, `@us@` and `@ns@` stand for one and the
//! same time, now.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::{Suite, http};

use crate::outside::unix_nanos;
use crate::product::Gatewatch;

#[derive(Default)]
struct Step {
    line: usize,
    request: Vec<String>,
    body: Vec<String>,
    answer: Vec<String>,
    expected: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let new = steps.last().is_none_or(|step| !step.answer.is_empty());
        match (line.strip_prefix("> "), line.strip_prefix("< ")) {
            (Some(line), _) if new => {
                steps.push(Step { line: number + 1, request: vec![line.to_owned()], ..Step::default() });
            }
            (request, answer) => {
                let Some(step) = steps.last_mut() else { continue };
                let into = match (request, answer) {
                    (Some(_), _) => &mut step.request,
                    (_, Some(_)) => &mut step.answer,
                    _ if step.answer.is_empty() => &mut step.body,
                    _ => &mut step.expected,
                };
                into.push(request.or(answer).unwrap_or(line).to_owned());
            }
        }
    }
    steps
}

fn run(product: &Gatewatch, step: &Step) -> Result<()> {
    let head: Vec<&str> = step.request[0].splitn(3, ' ').collect();
    let [method, port, path] = head[..] else { anyhow::bail!("a request is METHOD PORT PATH: {}", step.request[0]) };
    let pair = |line: &'_ String| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers: Vec<(String, String)> = step.request.iter().skip(1).filter_map(pair).collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = step.body.join("\n");
    let answer = http::request(product.port(port.parse()?), method, path, &headers, body.trim_end().as_bytes())?;
    let status: u16 = step.answer.first().context("an expected status")?.parse()?;
    ensure!(answer.status == status, "status {} in place of {status}: {}", answer.status, answer.text());
    for (name, value) in step.answer.iter().skip(1).filter_map(pair) {
        let found = answer.header(&name);
        ensure!(found == Some(value.as_str()), "header {name} is {found:?} in place of {value:?}");
    }
    let text = answer.text();
    let (held, whole): (Vec<&String>, Vec<&String>) = step.expected.iter().partition(|line| line.starts_with("~ "));
    for part in held.iter().filter_map(|line| line.strip_prefix("~ ")) {
        ensure!(text.contains(part), "{part:?} is not in {text}");
    }
    let whole = whole.into_iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    ensure!(
        whole.trim().is_empty() || whole.trim() == text.trim(),
        "expected {}\nfound    {}",
        whole.trim(),
        text.trim()
    );
    Ok(())
}

fn room(name: &str) -> Result<()> {
    let folder = gw_testkit::package().join("../corpus/rooms").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let product = Gatewatch::start()?;
    let millis = unix_nanos() / 1_000_000;
    let mut suite = Suite::new(&format!("room {name}"));
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "http")) {
        let text = fs::read_to_string(file)?
            .replace("@ms@", &millis.to_string())
            .replace("@us@", &(millis * 1000).to_string())
            .replace("@ns@", &(millis * 1_000_000).to_string());
        let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for step in steps(&text) {
            suite.case(&format!("{file}:{}", step.line), || run(&product, &step));
        }
    }
    suite.finish();
    product.finish()
}

#[test]
fn otlp() -> Result<()> {
    room("otlp")
}

#[test]
fn zipkin() -> Result<()> {
    room("zipkin")
}

#[test]
fn jaeger() -> Result<()> {
    room("jaeger")
}

#[test]
fn prometheus() -> Result<()> {
    room("prometheus")
}

#[test]
fn loki() -> Result<()> {
    room("loki")
}

#[test]
fn grafana() -> Result<()> {
    room("grafana")
}
