//! Functions of texts: host names, links, case, escaping.

/// Letters that begin a word in capitals, the rest as they are.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside_word = false;
    for c in text.chars() {
        match inside_word {
            true => out.push(c),
            false => out.extend(c.to_uppercase()),
        }
        inside_word = c.is_alphanumeric() || matches!(c, '_' | '\'' | '\u{2019}') || (inside_word && c == '.');
    }
    out
}

/// Splits `host:port` and `[v6]:port`; `None` when there is no port or more colons than one.
fn split_host_port(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return Some((host, rest.strip_prefix(':').filter(|port| !port.contains(':'))?));
    }
    let (host, port) = text.rsplit_once(':')?;
    (!host.contains([':', '[', ']']) && !port.contains([']', '['])).then_some((host, port))
}

/// `host` of `host:port`; other texts stay.
pub(super) fn strip_port(text: &str) -> &str {
    split_host_port(text).map_or(text, |(host, _)| host)
}

/// `host:port` of `host.domain:port`; addresses stay.
pub(super) fn strip_domain(text: &str) -> String {
    let (host, port) = split_host_port(text).unwrap_or((text, ""));
    if host.parse::<std::net::IpAddr>().is_ok() {
        return text.to_owned();
    }
    let short = host.split('.').next().unwrap_or(host);
    match port {
        "" => short.to_owned(),
        port => format!("{short}:{port}"),
    }
}

/// The page that draws an expression.
pub(super) fn graph_link(expression: &str) -> String {
    format!("/graph?g0.expr={}&g0.tab=0", query_escape(expression))
}

/// The page that tabulates an expression.
pub(crate) fn table_link(expression: &str) -> String {
    format!("/graph?g0.expr={}&g0.tab=1", query_escape(expression))
}

/// The path of a URL.
pub(super) fn url_path(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("");
    path.split(['?', '#']).next().unwrap_or("")
}

/// Go's `url.QueryEscape`.
pub(super) fn query_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                for digit in [byte >> 4, byte & 0x0F] {
                    out.extend(char::from_digit(u32::from(digit), 16).map(|c| c.to_ascii_uppercase()));
                }
            }
        }
    }
    out
}

/// Go's `template.HTMLEscapeString`.
pub(super) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\0' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}
