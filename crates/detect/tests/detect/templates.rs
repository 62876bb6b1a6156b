//! What templates expand to, case by case.

use std::sync::Arc;

use gw_base::{Labels, Timestamp};
use gw_detect::template::{Answered, Data, Expansion, Sample, Template};

fn data(value: f64) -> Arc<Data> {
    Arc::new(Data {
        labels: Labels::from_pairs([("instance", "web-1.example.org:9100"), ("job", "node"), ("severity", "crit")]),
        external_labels: Labels::from_pairs([("region", "kr")]),
        external_url: "http://gateway.example:1002/metrics".to_owned(),
        value,
    })
}

/// Expands as the detector does: queries are answered as they are asked.
fn expand_with(text: &str, value: f64) -> Result<String, String> {
    let template = Template::parse(text).map_err(|error| error.to_string())?;
    let mut answered = Answered::default();
    loop {
        match template.expand(&data(value), Timestamp::from_millis(1_435_065_584_128), &answered) {
            Expansion::Done(text) => return Ok(text),
            Expansion::Failed(error) => return Err(error.to_string()),
            Expansion::Needs(query) => {
                let answer = answer(&query);
                answered.put(query, answer);
            }
        }
    }
}

fn answer(query: &str) -> Result<Vec<Sample>, String> {
    let sample = |instance: &str, value| Sample {
        labels: Labels::from_pairs([("__name__", "metric"), ("instance", instance)]),
        value,
    };
    match query {
        "metric" => Ok(vec![sample("b", 21.0), sample("a", 11.0)]),
        "none" => Ok(Vec::new()),
        other => Err(format!("unknown metric {other}")),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(expand_with(text, 0.25).as_deref(), Ok(expected), "{text}");
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = expand_with(text, 0.25).unwrap_err();
    let shown: String = text.chars().take(100).collect();
    assert!(error.contains(expected), "{shown}: {error}");
}

#[test]
fn texts_and_trimming() {
    check("plain text", "plain text");
    check("{{ 1 }}", "1");
    check("a {{- 1 -}} b", "a1b");
    check("a {{- /* gone */ -}} b", "ab");
    check("a{{/* gone */}} b", "a b");
    check("{{ \"a\\tb\\u00e9\\x41\" }}{{ `raw\\n` }}{{ 'a' }}", "a\tbéAraw\\n97");
    check("{{ 0x1F }} {{ 1_000 }} {{ -3 }} {{ 1e3 }} {{ .5 }}", "31 1000 -3 1000 0.5");
    check("단위 {{ $value }} 개", "단위 0.25 개");
}

#[test]
fn labels_and_values() {
    check("{{ $labels.instance }} is {{ .Labels.severity }}: {{ $value }}", "web-1.example.org:9100 is crit: 0.25");
    check("{{ $labels.missing }}|", "|");
    check(
        "{{ .Value }} {{ $externalLabels.region }} {{ .ExternalURL }}",
        "0.25 kr http://gateway.example:1002/metrics",
    );
    check("{{ externalURL }} {{ pathPrefix }}", "http://gateway.example:1002/metrics /metrics");
    check(
        "{{ range $name, $value := .Labels }}{{ $name }}={{ $value }};{{ end }}",
        "instance=web-1.example.org:9100;job=node;severity=crit;",
    );
    check("{{ $labels }}", "map[instance:web-1.example.org:9100 job:node severity:crit]");
    check("{{ index $labels \"job\" }} {{ len $labels }}", "node 3");
}

#[test]
fn numbers_print_as_in_go() {
    for (value, text) in [
        (1e6, "1e+06"),
        (123_456.0, "123456"),
        (1_234_567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.000_012, "1.2e-05"),
        (100.0, "100"),
        (-0.5, "-0.5"),
        (f64::INFINITY, "+Inf"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(expand_with("{{ $value }}", value).as_deref(), Ok(text));
    }
}

#[test]
fn branches() {
    check("{{ if gt $value 0.2 }}high{{ else }}low{{ end }}", "high");
    check("{{ if gt $value 0.5 }}high{{ else if gt $value 0.2 }}middle{{ else }}low{{ end }}", "middle");
    check("{{ with $labels.job }}[{{ . }}]{{ end }}{{ with $labels.none }}x{{ else }}none{{ end }}", "[node]none");
    check("{{ if and true (eq $labels.job \"a\" \"node\") }}yes{{ end }}", "yes");
    check("{{ or \"\" \"b\" }} {{ and 1 0 2 }} {{ not true }}", "b 0 false");
    check("{{ if or $labels.job (query \"broken\") }}short{{ end }}", "short");
    check("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2");
    check("{{ range $i, $e := query \"metric\" }}{{ if $i }}{{ break }}{{ end }}{{ $e.Value }}{{ end }}", "21");
    check("{{ range query \"none\" }}x{{ else }}empty{{ end }}", "empty");
    check("{{ range 3 }}{{ . }}{{ end }}", "012");
    check("{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" $labels.job }}", "<node>");
}

#[test]
fn queries() {
    check("{{ query \"metric\" | first | value }}", "21");
    check("{{ query \"metric\" | sortByLabel \"instance\" | first | label \"instance\" }}", "a");
    check("{{ range query \"metric\" }}{{ .Labels.instance }}:{{ .Value }} {{ end }}", "b:21 a:11 ");
    check("{{ with query \"none\" }}{{ . | first }}{{ else }}nothing{{ end }}", "nothing");
    check("{{ printf \"%q\" (query \"metric\" | first | label \"instance\") }}", "\"b\"");
    refused("{{ query \"none\" | first }}", "error calling first: first() called on vector with no elements");
    refused("{{ query \"broken\" }}", "error calling query: unknown metric broken");
    refused("{{ range 100 }}{{ query (printf \"x%d\" .) }}{{ end }}", "error calling query: unknown metric x0");
}

#[test]
fn people_read_numbers() {
    let cases = [
        ("humanize", "0", "0"),
        ("humanize", "1e6", "1M"),
        ("humanize", "1234567", "1.235M"),
        ("humanize", "0.012", "12m"),
        ("humanize", "-1e7", "-10M"),
        ("humanize", "0.00000000000000000000000000123", "0.00123y"),
        ("humanize1024", "1048576", "1Mi"),
        ("humanize1024", "0.5", "0.5"),
        ("humanize1024", "1500", "1.465ki"),
        ("humanizeDuration", "0", "0s"),
        ("humanizeDuration", "1.5", "1.5s"),
        ("humanizeDuration", "60", "1m 0s"),
        ("humanizeDuration", "3661", "1h 1m 1s"),
        ("humanizeDuration", "-86400", "-1d 0h 0m 0s"),
        ("humanizeDuration", "0.012345", "12.35ms"),
        ("humanizePercentage", "0.12345", "12.35%"),
        ("humanizePercentage", "1.234567e-9", "1.235e-07%"),
        ("humanizeTimestamp", "1435065584.128", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("humanizeTimestamp", "0", "1970-01-01 00:00:00 +0000 UTC"),
        ("parseDuration | humanizeDuration", "1h2m10ms", "1h 2m 0s"),
    ];
    for (function, argument, expected) in cases {
        check(&format!("{{{{ \"{argument}\" | {function} }}}}"), expected);
    }
    check("{{ $value | humanizePercentage }}", "25%");
    check("{{ humanize \"Inf\" }} {{ humanize \"NaN\" }}", "+Inf NaN");
    check("{{ now | humanizeTimestamp }}", "2015-06-23 13:19:44.128 +0000 UTC");
    refused("{{ humanize \"x\" }}", "error calling humanize: strconv.ParseFloat: parsing \"x\": invalid syntax");
}

#[test]
fn texts() {
    check("{{ toUpper \"aé\" }} {{ toLower \"AÉ\" }} {{ title \"aa bB CC foo_bar\" }}", "AÉ aé Aa BB CC Foo_bar");
    check(
        "{{ stripPort \"1.2.3.4:80\" }} {{ stripPort \"[::1]:80\" }} {{ stripPort \"host\" }} {{ stripPort \"::1\" }}",
        "1.2.3.4 ::1 host ::1",
    );
    check(
        "{{ stripDomain \"web.example.org:80\" }} {{ stripDomain \"1.2.3.4:80\" }} {{ stripDomain \"a.b\" }}",
        "web:80 1.2.3.4:80 a",
    );
    check("{{ reReplaceAll \"(a)b\" \"x$1\" \"ab ab\" }} {{ match \"^a+$\" \"aa\" }}", "xa xa true");
    check(
        "{{ graphLink \"up == 1\" }} {{ tableLink \"a&b\" }}",
        "/graph?g0.expr=up+%3D%3D+1&g0.tab=0 /graph?g0.expr=a%26b&g0.tab=1",
    );
    check("{{ html \"<a href='x'>\" }} {{ urlquery \"a b\" }}", "&lt;a href=&#39;x&#39;&gt; a+b");
    check("{{ with args 1 \"b\" }}{{ .arg1 }}{{ .arg0 }}{{ end }}", "b1");
    check("{{ print \"a\" 1 2 \"b\" }}|{{ println 1 \"x\" }}", "a1 2b|1 x\n");
    refused("{{ reReplaceAll \"(\" \"\" \"\" }}", "error parsing regexp: missing closing )");
}

#[test]
fn printf_is_gos() {
    let cases = [
        (r#""%d|%5d|%-5d|%05d|%+d" 42 42 42 42 42"#, "42|   42|42   |00042|+42"),
        (r#""%x %X %o %b %c %U" 255 255 8 5 65 65"#, "ff FF 10 101 A U+0041"),
        (
            r#""%f %.2f %8.3f %e %g %.3g" 1.5 1.555 3.14159 1500.0 1e21 1234.5"#,
            "1.500000 1.55    3.142 1.500000e+03 1e+21 1.23e+03",
        ),
        (r#""%s %q %10s|%-6s|%.2s %v %t" "a" "b\"" "r" "l" "cut" 1 true"#, "a \"b\\\"\"          r|l     |cu 1 true"),
        (r#""%% %d" 1"#, "% 1"),
        (r#""%d" "x""#, "%!d(string=x)"),
        (r#""%s" 1.5"#, "%!s(float64=1.5)"),
        (r#""%d %d" 1"#, "1 %!d(MISSING)"),
        (r#""a" 1"#, "a%!(EXTRA int=1)"),
        (r#""%*d" 5 1"#, "    1"),
        (r#""%z" 1"#, "%!z(int=1)"),
        (r#""%""#, "%!(NOVERB)"),
    ];
    for (arguments, expected) in cases {
        check(&format!("{{{{ printf {arguments} }}}}"), expected);
    }
}

#[test]
fn wrong_templates_are_refused() {
    for (text, message) in [
        ("{{", "unclosed action"),
        ("{{ if }}x{{ end }}", "missing value for if"),
        ("{{ if true }}x", "unexpected EOF"),
        ("x{{ end }}", "unexpected {{end}}"),
        ("{{ nope }}", "function \"nope\" not defined"),
        ("{{ $nope }}", "undefined variable \"$nope\""),
        ("{{ \"a }}", "unterminated quoted string"),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
        ("{{ /* x }}", "unclosed comment"),
        ("{{ 1x }}", "bad number syntax"),
        ("{{ . | }}", "missing value for command"),
        ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", "expected end; found {{else}}"),
        ("a\n\n{{ nope }}", "3: function"),
    ] {
        refused(text, message);
    }
}

#[test]
fn wrong_use_is_refused_when_it_runs() {
    for (text, message) in [
        ("{{ if gt $value 1 }}x{{ end }}", "error calling gt: incompatible types for comparison"),
        ("{{ .Nope }}", "can't evaluate field Nope in type struct"),
        ("{{ $labels.job.x }}", "can't evaluate field x in type string"),
        ("{{ humanize }}", "wrong number of args for humanize: want 1 got 0"),
        ("{{ $labels.job 1 }}", "can't give argument to non-function"),
        ("{{ toUpper 1 }}", "wrong type for value; expected string; got int"),
        ("{{ template \"none\" }}", "template \"none\" not defined"),
        ("{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}", "exceeded maximum template depth"),
        ("{{ range 199999 }}{{ range 199999 }}{{ end }}{{ end }}", "takes more than 200000 steps"),
        ("{{ range 9999 }}{{ printf \"%200d\" . }}{{ end }}", "prints more than 262144 bytes"),
    ] {
        refused(text, message);
    }
}

#[test]
fn hostile_texts_never_end_the_process() {
    refused(&format!("{{{{ {} }}}}", "(".repeat(100_000)), "nested deeper than 64");
    refused(&"{{ if 1 }}".repeat(10_000), "nested deeper than 64");
    refused(&format!("{{{{ if 1 }}}}{}", "{{ else if 1 }}".repeat(10_000)), "nested deeper than 64");
    refused(&"x".repeat(1 << 20), "longer than");
    let pieces = [
        "{{", "}}", "-}}", "{{-", "\"", "'", "`", "$", ".", "(", ")", "|", "if ", "range ", "end", "é", "\\", "1e",
        "0x", " ", ":=", ",",
    ];
    let mut state = 7u64;
    for _ in 0..5_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        drop(expand_with(&text, 1.0));
    }
}
