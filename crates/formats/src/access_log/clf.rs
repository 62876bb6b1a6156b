//! Lines in the manner of the Common Log Format: Traefik's (with four fields of its own at the end) and nginx' `combined`.

use std::borrow::Cow;

use gw_base::Timestamp;
use gw_base::time::days_from_civil;

use super::{AccessLog, LineParser};
use crate::About;

/// A CLF dialect.
#[derive(Debug)]
pub struct Clf {
    about: About,
    traefik: bool,
}

/// Traefik's default access log.
pub static TRAEFIK_CLF: Clf = Clf {
    about: About {
        name: "traefik",
        product: "Traefik",
        summary: "Access log lines in the common log format with request count, router, server URL and duration.",
        specification: "traefik/traefik: docs/content/observe/logs-and-access-logs.md, format common",
    },
    traefik: true,
};

/// nginx' and Apache's `combined` format.
pub static NGINX: Clf = Clf {
    about: About {
        name: "nginx",
        product: "nginx",
        summary: "Access log lines in the combined format; a request time behind it is taken as the duration.",
        specification: "nginx.org: ngx_http_log_module, log_format combined",
    },
    traefik: false,
};

impl LineParser for Clf {
    fn about(&self) -> &'static About {
        if self.traefik { &TRAEFIK_CLF.about } else { &NGINX.about }
    }

    fn parse<'a>(&self, line: &'a str) -> Option<AccessLog<'a>> {
        let mut tokens = Tokens { rest: line };
        let mut log = AccessLog { client: present(tokens.word()?), ..AccessLog::default() };
        tokens.word()?;
        log.user = present(tokens.until(" [")?);
        log.time = Some(time(tokens.until("] ")?)?);
        request_line(tokens.quoted()?, &mut log);
        log.status = tokens.word()?.parse().ok();
        log.bytes = tokens.word()?.parse().ok();
        log.referer = tokens.quoted().and_then(present);
        log.user_agent = tokens.quoted().and_then(present);
        match self.traefik {
            true => traefik_tail(&mut tokens, &mut log)?,
            false => nginx_tail(&mut tokens, &mut log),
        }
        log.status.is_some().then_some(log)
    }
}

/// ` <request count> "<router>" "<server URL>" <duration>ms`.
fn traefik_tail<'a>(tokens: &mut Tokens<'a>, log: &mut AccessLog<'a>) -> Option<()> {
    tokens.word()?;
    log.router = present(tokens.quoted()?);
    log.upstream = present(tokens.quoted()?);
    let millis: f64 = tokens.word()?.strip_suffix("ms")?.parse().ok()?;
    log.duration = Some(millis / 1000.0);
    tokens.rest.is_empty().then_some(())
}

/// What people append to `combined`: a request time alone (`0.003`), or `rt=0.003`, `urt="0.002"`, `request_time=0.003`.
fn nginx_tail<'a>(tokens: &mut Tokens<'a>, log: &mut AccessLog<'a>) {
    while !tokens.rest.is_empty() {
        if tokens.rest.starts_with('"') {
            if tokens.quoted().is_none() {
                return;
            }
            continue;
        }
        let Some(word) = tokens.word() else { return };
        let (key, value) = word.split_once('=').unwrap_or(("rt", word));
        let seconds = value.trim_matches('"').parse::<f64>().ok().filter(|_| value.contains('.'));
        if matches!(key, "rt" | "request_time" | "duration") && log.duration.is_none() {
            log.duration = seconds;
        }
    }
}

/// `GET /path HTTP/1.1`; garbage of clients that speak no HTTP is kept as the path.
fn request_line<'a>(line: &'a str, log: &mut AccessLog<'a>) {
    let parts = line.split_once(' ').and_then(|(method, rest)| Some((method, rest.rsplit_once(' ')?)));
    match parts {
        Some((method, (path, protocol))) => {
            log.method = present(method);
            log.path = present(path);
            log.protocol = present(protocol);
        }
        None => log.path = present(line),
    }
}

fn present(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty() && text != "-").then_some(Cow::Borrowed(text))
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    /// Text up to the next space, or the rest.
    fn word(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (word, rest) = self.rest.split_once(' ').unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(word)
    }

    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (text, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(text)
    }

    /// Text in double quotes; a backslash keeps the quote after it inside.
    fn quoted(&mut self) -> Option<&'a str> {
        let body = self.rest.strip_prefix('"')?;
        let mut at = 0;
        loop {
            at += memchr::memchr2(b'"', b'\\', body.as_bytes().get(at..)?)?;
            if body.as_bytes().get(at) == Some(&b'"') {
                break;
            }
            at += 2;
        }
        let text = body.get(..at)?;
        let rest = body.get(at + 1..)?;
        self.rest = rest.strip_prefix(' ').unwrap_or(rest);
        Some(text)
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `10/Oct/2000:13:55:36 -0700`.
fn time(text: &str) -> Option<Timestamp> {
    let bytes: &[u8; 26] = text.as_bytes().try_into().ok()?;
    let marks = [(2, b'/'), (6, b'/'), (11, b':'), (14, b':'), (17, b':'), (20, b' ')];
    if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = bytes.get(from..to)?;
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| digits.iter().fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0')))
    };
    let month = MONTHS.iter().position(|month| bytes.get(3..6) == Some(month.as_bytes()))? as i64 + 1;
    let (day, year) = (number(0, 2)?, number(7, 11)?);
    let (hour, minute, second) = (number(12, 14)?, number(15, 17)?, number(18, 20)?);
    let zone = (number(22, 24)? * 60 + number(24, 26)?) * 60;
    let zone = match bytes[21] {
        b'+' => zone,
        b'-' => -zone,
        _ => return None,
    };
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(Timestamp::from_secs(days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traefik_lines() {
        let line = r#"10.0.0.7 - alice [10/Oct/2000:13:55:36 -0700] "GET /a b?x=1 HTTP/2.0" 502 2326 "-" "curl/8 \"x\"" 17 "shop@docker" "http://10.0.0.2:80" 5ms"#;
        let log = TRAEFIK_CLF.parse(line).unwrap();
        assert_eq!(log.time.unwrap().to_string(), "2000-10-10T20:55:36Z");
        let fields: Vec<String> = log.fields().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            fields.join(" "),
            "method=GET path=/a b?x=1 protocol=HTTP/2.0 status=502 duration=0.005 bytes=2326 client=10.0.0.7 user=alice router=shop@docker upstream=http://10.0.0.2:80 user_agent=curl/8 \\\"x\\\""
        );
        assert!(NGINX.parse(line).is_some());
    }

    #[test]
    fn nginx_lines() {
        let line =
            r#"::1 - - [23/Nov/2026:01:02:03 +0000] "GET / HTTP/1.1" 200 612 "http://a/" "Mozilla/5.0" "-" rt=0.003"#;
        let log = NGINX.parse(line).unwrap();
        assert_eq!((log.status, log.bytes, log.duration), (Some(200), Some(612), Some(0.003)));
        assert_eq!((log.user, log.referer.as_deref()), (None, Some("http://a/")));
        assert!(TRAEFIK_CLF.parse(line).is_none());
        let garbage = r#"1.2.3.4 - - [23/Nov/2026:01:02:03 +0000] "\x16\x03\x01" 400 157 "-" "-""#;
        assert_eq!(NGINX.parse(garbage).unwrap().path.as_deref(), Some("\\x16\\x03\\x01"));
        for line in
            ["", "x", "1 - - [", "1 - - [23/Nov/2026:01:02:03 +0000] \"", "1 - - [23/Foo/2026:01:02:03 +0000] \"\" 1 1"]
        {
            assert!(NGINX.parse(line).is_none(), "{line}");
        }
    }
}
