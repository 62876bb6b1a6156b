//! Hostile input: mutations of good queries, nesting, length. Nothing may panic, overflow the stack, or be slow.

use gw_lang::{HEIGHT_LIMIT, NESTING_LIMIT, QUERY_LIMIT_BYTES, logql, promql};

const SEEDS: [&str; 12] = [
    r#"sum by (job, "a.b") (rate(http_requests_total{code=~"5..", le!="0.5"}[5m] offset -1h @ end()))"#,
    r#"a + on (x) group_left (y) fill_left (1) fill_right(-2) b ^ -c{'q\n'="\x41\u00e9"} </ 3"#,
    r#"histogram_quantile(0x1F, {"my.metric", a=`b`}[1h:30s] anchored) or vector(1_000e-3)"#,
    "foo[step() * (2 + min_of(1m, range()))] smoothed # comment\n > bool 5m30s",
    r#"topk(3, info(up, {data=~".+"})) unless ignoring () -(1 % 2) atan2 NaN"#,
    r#"count_values without ("x") ("l\"", time() - start(), Inf)"#,
    r#"{app="a", x!~"b\\d"} |= "err" or ip("10.0.0.0/8") !> "<_> x" | json a="b[0].c", d | status >= 400 and t > 1.5s"#,
    r#"sum by (a) (rate({app="a"} | logfmt --strict --keep-empty | unwrap bytes(b) | c=`d` [5m] offset -1h)) / 2"#,
    r#"label_replace(quantile_over_time(0.99, ({a="b"} | pattern "<x> <_>" | drop e, f="g")[1w]), "a", "$1", "b", "(.*)")"#,
    r#"topk(3, count_over_time({a=~".+"}[1m])) by (x) > bool on (y) group_right (z) vector(0x1p3) or absent_over_time({a="b"}[1h])"#,
    "{a=\"b\"} | label_format c=d,e=\"{{.f}}\" | line_format `{{.g}}` # comment\n| decolorize | size <= 10MiB, (x=1 or y!=-2)",
    r"[](){}<>|\ `'&#x!@%^*=~.:;,",
];

/// A small generator with a fixed seed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("below the limit")
    }
}

/// Parses with both parsers; what is accepted must print to something that is accepted.
fn attempt(text: &str) {
    if let Ok(expr) = promql::parse(text) {
        let printed = expr.to_string();
        let again = promql::parse(&printed).map(|expr| expr.to_string());
        assert_eq!(again.as_ref(), Ok(&printed), "{text:?}");
        assert!(!promql::pretty(&expr).is_empty());
    }
    let _selector = promql::parse_selector(text);
    if let Ok(expr) = logql::parse(text) {
        let printed = expr.to_string();
        if !printed.contains("NaN") && !printed.contains("Inf") {
            let again = logql::parse(&printed).map(|expr| expr.to_string());
            assert_eq!(again.as_ref(), Ok(&printed), "{text:?}");
        }
        assert!(!logql::pretty(&expr, logql::LINE_WIDTH).is_empty());
    }
}

#[test]
fn mutations() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..60_000 {
        let mut text: Vec<char> = SEEDS[round % SEEDS.len()].chars().collect();
        let other: Vec<char> = SEEDS[random.below(SEEDS.len())].chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len() + 1);
            match random.below(5) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => text.insert(at, other[random.below(other.len())]),
                2 => text.truncate(at),
                3 => {
                    let start = random.below(other.len());
                    let end = (start + random.below(12)).min(other.len());
                    text.splice(at..at, other[start..end].iter().copied());
                }
                _ => text.insert(at, char::from_u32(random.below(0x1_1000) as u32).unwrap_or('\u{FFFD}')),
            }
        }
        attempt(&text.into_iter().collect::<String>());
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("(", ")"), ("-", ""), ("abs(", ")"), ("sum by (a) (", ")"), ("1 ^ ", ""), ("a[", "]")] {
        let text = format!("{}up{}", open.repeat(100_000), close.repeat(100_000));
        assert!(promql::parse(text.get(..QUERY_LIMIT_BYTES).unwrap_or(&text)).is_err(), "{open}");
    }
    let deep = format!("{}1{}", "(".repeat(NESTING_LIMIT / 2), ")".repeat(NESTING_LIMIT / 2));
    assert!(promql::parse(&deep).is_ok());
    for text in [
        format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("sum({}1", "sum(".repeat(50_000)),
        format!("{{a=\"b\"}} | {}x=1", "(".repeat(200_000)),
        format!("rate({}", "(".repeat(200_000)),
        "1 ^ ".repeat(60_000),
    ] {
        assert!(logql::parse(&text).is_err());
    }
}

#[test]
fn long_chains_are_refused() {
    let chain = |term: &str, count: usize| vec![term; count].join(" or ");
    assert!(promql::parse(&chain("a", HEIGHT_LIMIT - 1)).is_ok());
    assert!(promql::parse(&chain("a", 50_000)).is_err());
    assert!(promql::parse(&format!("a{}", "[1m:1s]".repeat(30_000))).is_err());
    let nested = (0..100).fold("a".to_owned(), |inner, _| format!("({inner}{})", " or a".repeat(200)));
    assert!(promql::parse(&nested).is_err());
    assert!(promql::parse(&format!("a[{}1m]", "1m+".repeat(50_000))).is_err());
    assert!(logql::parse(&chain("vector(1)", 20_000)).is_err());
    assert!(logql::parse(&format!("{{a=\"b\"}} | {}", chain("x=1", 30_000))).is_err());
    let stages = format!("{{a=\"b\"}}{}", " |= \"x\"".repeat(30_000));
    assert!(logql::parse(&stages).is_ok());
}

#[test]
fn long_texts_are_refused() {
    let long = format!("a{}", " ".repeat(QUERY_LIMIT_BYTES));
    assert!(promql::parse(&long).expect_err("too long").to_string().contains("limit"));
    assert!(logql::parse(&long).expect_err("too long").to_string().contains("limit"));
}
