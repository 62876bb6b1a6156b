//! Fuzz target of the PromQL parser: any text is a tree or an error with a place, soon, and no panic. What was parsed is
//! printed, and means the same when it is parsed again.

use gw_lang::promql::{parse, parse_selector};
use gw_testkit::fuzz::{Target, kind_of};

const SEEDS: &[&str] = &[
    "sum by (job) (rate(http_requests_total{code=~\"5..\",job!=\"a\"}[5m] offset 1h)) / on (job) group_left (x) up",
    "histogram_quantile(0.9, sum(rate(h_bucket[5m:30s] @ start())) by (le)) > bool 1e3 or vector(0)",
    "{\"my.metric\", \"a.b\"='c\\n'} and ignoring(a) -x ^ -2 unless topk(3, y) @ 1609746000.5",
    "quantile_over_time(0.5, a[1h30m5s10ms:]) atan2 (1 + 2 * 3 % 4) == NaN",
    "count_values(\"v\", a) + limitk(2, b) - info(c, {d=\"e\"}) * sort_by_label(f, \"g\")",
    "rate(a[5m] anchored) + increase(b[step() * 2] smoothed) + x </ 5 >/ 3 + fill(1) y",
];
const WORDS: &[&[u8]] = &[
    b"(",
    b")",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\"",
    b"'",
    b"`",
    b"\\",
    b"=~",
    b"!~",
    b"!=",
    b"==",
    b">=",
    b"<",
    b"^",
    b"%",
    b"@",
    b" offset ",
    b" by (",
    b" without (",
    b" on (",
    b" ignoring (",
    b" group_left",
    b" bool ",
    b" and ",
    b" or ",
    b" unless ",
    b"sum",
    b"rate",
    b"start()",
    b"end()",
    b"step()",
    b"range()",
    b"5m",
    b"1y",
    b"0x1F",
    b"1e-9",
    b"Inf",
    b"NaN",
    b" atan2 ",
    b"#",
    b"\n",
    b"__name__",
    b"\xC3\xA9",
    b"\xFF",
    b"-",
    b"+",
    b":",
    b"anchored",
    b"smoothed",
    b"(((((((((((((((((((((((((((((",
    b"- - - - - - - - - - - - - - - - - - - - - - - -",
    b"99999999999999999999d",
];

#[test]
fn promql() {
    let check = |input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let selector = u64::from(parse_selector(&text).is_ok());
        match parse(&text) {
            Ok(tree) => {
                let printed = tree.to_string();
                let again = parse(&printed);
                assert!(again.is_ok(), "{text:?} is printed as {printed:?}, which is refused: {again:?}");
                let twice = again.map(|tree| tree.to_string()).unwrap_or_default();
                assert_eq!(printed, twice, "{text:?} changes when it is printed twice");
                kind_of(&printed.chars().filter(|c| !c.is_ascii_lowercase()).collect::<String>()) << 1 | selector
            }
            Err(error) => kind_of(&error.to_string()) << 1 | selector,
        }
    };
    let seeds = SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    Target { name: "promql", seeds, words: WORDS, mend: |_| {}, check: &check }.run();
}
