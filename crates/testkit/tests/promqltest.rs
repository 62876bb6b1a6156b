//! The parser of PromQL test scripts: what it reads, and that it reads all of upstream's files.

use std::fs;

use anyhow::{Result, ensure};
use gw_testkit::promqltest::{
    CommandKind, CounterResetHint, Eval, EvalTime, Expectation, Expected, Load, Point, TextMatch, Window, parse,
};
use gw_testkit::{Suite, conformance};

fn command(text: &str) -> CommandKind {
    parse(text).expect("a valid script").remove(0).kind
}

fn load(text: &str) -> Load {
    let found = if let CommandKind::Load(load) = command(text) { Some(load) } else { None };
    found.expect("a load")
}

fn eval(text: &str) -> Eval {
    let found = if let CommandKind::Eval(eval) = command(text) { Some(eval) } else { None };
    found.expect("an eval")
}

/// Points in short: floats, `_`, `stale`, and the count of a histogram.
fn short(points: &[Point]) -> String {
    let one = |point: &Point| match point {
        Point::Missing => "_".to_owned(),
        stale if stale.is_stale() => "stale".to_owned(),
        Point::Float(value) => value.to_string(),
        Point::Histogram(histogram) => format!("h{}", histogram.count),
    };
    points.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn points() {
    for (text, points) in [
        ("1 2+3x2 _ stale 5", "1 2 5 8 _ stale 5"),
        ("10-5x3 -1-1x1 1x2 _x3", "10 5 0 -5 -1 -2 1 1 1 _ _ _"),
        ("1e-3 -1.5e+2x1 inf -Inf NaN", "0.001 -150 -150 inf -inf NaN"),
        ("-30s-1mx2 1m30s", "-30 -90 -150 90"),
        ("{{}} {{count:3 sum:1 }}x1", "h0 h3 h3"),
        ("{{count:3 buckets:[1 2]}}+{{count:2 buckets:[1 1]}}x2", "h3 h5 h7"),
        ("{{count:3}}-{{count:1}}x1", "h3 h2"),
    ] {
        let script = format!("load 5m\n  m{{a=\"b\"}} {text}");
        assert_eq!(short(&load(&script).series[0].points), points, "{text}");
    }
    for text in ["x", "1+x3", "1x", "1x99999999999", "{{count:1", "_y", "1 2y3"] {
        assert!(parse(&format!("load 5m\n m {text}")).is_err(), "{text}");
    }
}

#[test]
fn series_and_start_timestamps() {
    let script = "load_with_nhcb 1m\n  m{b=\"x\\ty\", a='1'}@st _ -1s\n  m{b=\"x\\ty\", a='1'} 1 2\n  {\"my.metric\", \"l\\\"\"=`v`} 3";
    let load = load(script);
    assert!(load.with_nhcb && load.step_millis == 60_000 && load.series.len() == 2);
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(load.series[0].labels, pairs(&[("__name__", "m"), ("a", "1"), ("b", "x\ty")]));
    assert_eq!(load.series[0].start_offsets_millis, [None, Some(-1000)]);
    assert_eq!(load.series[1].labels, pairs(&[("__name__", "my.metric"), ("l\"", "v")]));
}

#[test]
fn evals() {
    let window = |start_millis, end_millis, step_millis| Window { start_millis, end_millis, step_millis };
    let plain = eval("eval instant at 5m30s sum(m) # c\n  expect no_info\n  {} 3");
    assert_eq!((plain.time, plain.query.as_str()), (EvalTime::Instant { at_millis: 330_000 }, "sum(m) # c"));
    assert_eq!(plain.expectations, [Expectation::NoInfo]);
    let range = eval("eval range from 0 to 1h step 5m m\n  m 1 2\n  m{a=\"b\"} _ {{counter_reset_hint:gauge}}");
    assert_eq!(range.time, EvalTime::Range(window(0, 3_600_000, 300_000)));
    let Expected::Series(series) = &range.expected else { panic!("a matrix") };
    let Point::Histogram(histogram) = &series[1].points[1] else { panic!("a histogram") };
    assert_eq!(histogram.counter_reset_hint, Some(CounterResetHint::Gauge));
    let fails = eval("eval instant at 0 m\n  expect fail msg: no: way\n  expect warn regex:a|b\n  expect ordered");
    let message = TextMatch::Exact("no: way".to_owned());
    let pattern = TextMatch::Regex("a|b".to_owned());
    assert_eq!(fails.expectations, [Expectation::Fail(message), Expectation::Warn(pattern), Expectation::Ordered]);
    assert_eq!(eval("eval_fail instant at 0 m").expectations, [Expectation::Fail(TextMatch::Any)]);
    assert_eq!(eval("eval instant at 0 1\n 1").expected, Expected::Scalar(1.0));
    assert_eq!(eval("eval instant at 0 `x`\n expect string \"x\"").expected, Expected::String("x".to_owned()));
    let vector = eval("eval instant at 1m m[1m]\n expect range vector from 10s to 1m step 10s\n m 1 2");
    assert!(matches!(vector.expected, Expected::RangeVector(found, _) if found == window(10_000, 60_000, 10_000)));
    for text in ["eval", "eval instant m", "eval range from 0 to 1 m", "eval_what instant at 0 m", "m 1", "load x"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn upstream_files() {
    let mut suite = Suite::new("promqltest scripts");
    let (mut evals, mut loads) = (0, 0);
    for version in ["metrics/promqltest-v3.14.0", "metrics/promqltest-v2.47.0"] {
        let Some(folder) = conformance(version) else { return };
        for entry in fs::read_dir(folder).expect("readable").filter_map(Result::ok) {
            suite.case(&format!("{version}/{}", entry.file_name().display()), || {
                let text = fs::read_to_string(entry.path())?;
                let commands = parse(&text)?;
                let written = text.lines().filter(|line| line.trim_start().starts_with("eval")).count();
                let found = commands.iter().filter(|command| matches!(command.kind, CommandKind::Eval(_))).count();
                ensure!(written == found, "{written} evals written, {found} found");
                evals += found;
                loads += commands.iter().filter(|command| matches!(command.kind, CommandKind::Load(_))).count();
                Ok(()) as Result<()>
            });
        }
    }
    println!("{evals} evals, {loads} loads");
    suite.finish();
}

/// Mutations of a good script are read or refused; nothing panics.
#[test]
fn hostile_scripts() {
    let good = "load 5m\n m{a=\"b\\n\", 'c'=`d`}@st -1m _x2\n m{a=\"b\"} 1+2x3 stale {{schema:1 buckets:[1 2] offset:-3}}-{{count:1}}x2\n\
                eval range from 0 to 1h step 5m m @ 5\n expect warn msg: x\n expect range vector from 0 to 1m step 5s\n {} 1 _ Inf";
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit as u64).expect("below the limit")
    };
    for _ in 0..20_000 {
        let mut text: Vec<char> = good.chars().collect();
        for _ in 0..=below(3) {
            let (at, from) = (below(text.len()), below(text.len()));
            match below(3) {
                0 => drop(text.remove(at)),
                1 => text.insert(at, text[from]),
                _ => text.truncate(at.max(8)),
            }
        }
        let _outcome = parse(&text.into_iter().collect::<String>());
    }
}
