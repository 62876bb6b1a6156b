//! Go's time layouts: a text that shows how the moment `Mon Jan 2 15:04:05 MST 2006` would be written.

use gw_base::Timestamp;
use gw_base::time::days_from_civil;

/// How a time is written.
#[derive(Debug, Clone)]
pub(crate) enum Layout {
    /// A number of units since the epoch; the units in a second.
    Epoch(f64),
    /// RFC 3339.
    Rfc3339,
    /// Pieces in order, and the zone of times that name none, in seconds east.
    Pieces(Vec<Piece>, i64),
}

/// A piece of a layout.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Literal(String),
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    Hour,
    Hour12,
    Half,
    Minute,
    Second,
    Fraction,
    WeekDay,
    Zone,
    ZoneName,
}

/// Longest first, so that `2006` is not read as `2`.
const PIECES: [(&str, Piece); 29] = [
    ("January", Piece::MonthName),
    ("Monday", Piece::WeekDay),
    ("Z07:00", Piece::Zone),
    ("-07:00", Piece::Zone),
    ("Z0700", Piece::Zone),
    ("-0700", Piece::Zone),
    ("2006", Piece::Year),
    ("MST", Piece::ZoneName),
    ("Jan", Piece::MonthName),
    ("Mon", Piece::WeekDay),
    ("-07", Piece::Zone),
    ("01", Piece::Month),
    ("02", Piece::Day),
    ("_2", Piece::Day),
    ("03", Piece::Hour12),
    ("04", Piece::Minute),
    ("05", Piece::Second),
    ("06", Piece::ShortYear),
    ("15", Piece::Hour),
    ("PM", Piece::Half),
    ("pm", Piece::Half),
    (".0", Piece::Fraction),
    (",0", Piece::Fraction),
    (".9", Piece::Fraction),
    (",9", Piece::Fraction),
    ("1", Piece::Month),
    ("2", Piece::Day),
    ("3", Piece::Hour12),
    ("4", Piece::Minute),
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Layout {
    /// Reads a layout, or the name of one.
    pub(crate) fn parse(format: &str, location: Option<&str>) -> Result<Self, String> {
        let layout = match format {
            "" => return Err("timestamp: format is empty".to_owned()),
            "Unix" => return Ok(Self::Epoch(1.0)),
            "UnixMs" => return Ok(Self::Epoch(1e3)),
            "UnixUs" => return Ok(Self::Epoch(1e6)),
            "UnixNs" => return Ok(Self::Epoch(1e9)),
            "RFC3339" | "RFC3339Nano" => return Ok(Self::Rfc3339),
            "ANSIC" => "Mon Jan _2 15:04:05 2006",
            "UnixDate" => "Mon Jan _2 15:04:05 MST 2006",
            "RubyDate" => "Mon Jan 02 15:04:05 -0700 2006",
            "RFC822" => "02 Jan 06 15:04 MST",
            "RFC822Z" => "02 Jan 06 15:04 -0700",
            "RFC850" => "Monday, 02-Jan-06 15:04:05 MST",
            "RFC1123" => "Mon, 02 Jan 2006 15:04:05 MST",
            "RFC1123Z" => "Mon, 02 Jan 2006 15:04:05 -0700",
            layout => layout,
        };
        let east = match location {
            None | Some("" | "UTC" | "Etc/UTC") => 0,
            Some(zone) => offset_of_zone(zone)?,
        };
        Ok(Self::Pieces(pieces(layout), east))
    }

    /// The time that a text says.
    pub(crate) fn read(&self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => text.parse().ok(),
            Self::Epoch(units) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let nanos_per_unit = (1e9 / units) as i64;
                text.parse::<i64>().ok()?.checked_mul(nanos_per_unit).map(Timestamp::from_nanos)
            }
            Self::Epoch(units) => {
                let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite())?;
                let seconds = seconds / units;
                // Whole seconds apart from the rest: a float of today's date has no room for nanoseconds.
                let nanos = (seconds.fract() * 1e9).round() as i64;
                Some(Timestamp::from_secs(seconds.trunc() as i64).offset(nanos))
            }
            Self::Pieces(pieces, east) => Moment::read(pieces, text)?.timestamp(*east),
        }
    }
}

/// Wire: a named location's offset is that of now; daylight saving of past lines is the source's own concern.
fn offset_of_zone(zone: &str) -> Result<i64, String> {
    let zone = jiff::tz::TimeZone::get(zone).map_err(|error| format!("timestamp: location \"{zone}\": {error}"))?;
    Ok(i64::from(zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds()))
}

fn pieces(layout: &str) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        if let Some((text, piece)) = PIECES.iter().find(|(text, _)| rest.starts_with(text)) {
            found.push(piece.clone());
            rest = rest.get(text.len()..).unwrap_or_default();
            if *piece == Piece::Fraction {
                rest = rest.trim_start_matches(['0', '9']);
            }
            continue;
        }
        if rest.starts_with('5') {
            found.push(Piece::Second);
        } else if let Some(Piece::Literal(literal)) = found.last_mut() {
            literal.push(c);
        } else {
            found.push(Piece::Literal(c.to_string()));
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    found
}

struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    nanos: i64,
    east: Option<i64>,
}

impl Moment {
    fn read(pieces: &[Piece], text: &str) -> Option<Self> {
        let mut moment =
            Self { year: 1970, month: 1, day: 1, hour: 0, afternoon: None, minute: 0, second: 0, nanos: 0, east: None };
        let mut rest = text;
        for (i, piece) in pieces.iter().enumerate() {
            moment.take(piece, &mut rest)?;
            // Go reads a fraction after the seconds also when the layout shows none.
            if *piece == Piece::Second && pieces.get(i + 1) != Some(&Piece::Fraction) && rest.starts_with(['.', ',']) {
                moment.take(&Piece::Fraction, &mut rest)?;
            }
        }
        rest.is_empty().then_some(moment)
    }

    fn take(&mut self, piece: &Piece, rest: &mut &str) -> Option<()> {
        match piece {
            Piece::Literal(literal) => *rest = rest.strip_prefix(literal.as_str())?,
            Piece::Year => self.year = digits(rest, 4, 4)?,
            Piece::ShortYear => {
                let year = digits(rest, 2, 2)?;
                self.year = if year >= 69 { 1900 + year } else { 2000 + year };
            }
            Piece::Month => self.month = digits(rest, 1, 2)?,
            Piece::MonthName => {
                let word = word(rest)?.to_lowercase();
                let named = |month: &&str| *month == word || (word.len() == 3 && month.starts_with(&word));
                self.month = MONTHS.iter().position(named)? as i64 + 1;
            }
            Piece::Day => {
                *rest = rest.trim_start_matches(' ');
                self.day = digits(rest, 1, 2)?;
            }
            Piece::Hour | Piece::Hour12 => self.hour = digits(rest, 1, 2)?,
            Piece::Half => self.afternoon = Some(word(rest)?.eq_ignore_ascii_case("pm")),
            Piece::Minute => self.minute = digits(rest, 1, 2)?,
            Piece::Second => self.second = digits(rest, 1, 2)?,
            Piece::Fraction => {
                *rest = rest.strip_prefix(['.', ','])?;
                let before = rest.len();
                let number = digits(rest, 1, 9)?;
                self.nanos = number * 10i64.pow(9 - (before - rest.len()) as u32);
            }
            Piece::WeekDay | Piece::ZoneName => drop(word(rest)?),
            Piece::Zone => self.east = Some(zone(rest)?),
        }
        Some(())
    }

    fn timestamp(&self, east: i64) -> Option<Timestamp> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let sane = (1..=12).contains(&self.month)
            && (1..=31).contains(&self.day)
            && hour < 24
            && self.minute < 60
            && self.second <= 60;
        let seconds =
            days_from_civil(self.year, self.month, self.day) * 86_400 + hour * 3600 + self.minute * 60 + self.second
                - self.east.unwrap_or(east);
        let nanos = seconds.checked_mul(1_000_000_000)?.checked_add(self.nanos)?;
        sane.then(|| Timestamp::from_nanos(nanos))
    }
}

fn digits(rest: &mut &str, least: usize, most: usize) -> Option<i64> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at_checked(count).filter(|_| count >= least)?;
    *rest = after;
    number.parse().ok()
}

fn word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
    *rest = after;
    Some(word)
}

fn zone(rest: &mut &str) -> Option<i64> {
    if let Some(after) = rest.strip_prefix('Z') {
        *rest = after;
        return Some(0);
    }
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    *rest = rest.strip_prefix(['+', '-'])?;
    let hours = digits(rest, 2, 2)?;
    *rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = digits(rest, 2, 2).unwrap_or(0);
    Some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_read_what_go_reads() {
        for (layout, text, time) in [
            ("RFC3339Nano", "2026-11-23T01:02:03.5+09:00", "2026-11-22T16:02:03.500Z"),
            ("Unix", "1700000000", "2023-11-14T22:13:20Z"),
            ("Unix", "1700000000.25", "2023-11-14T22:13:20.250Z"),
            ("UnixMs", "1700000000001", "2023-11-14T22:13:20.001Z"),
            ("UnixNs", "1700000000000000007", "2023-11-14T22:13:20.000000007Z"),
            ("02/Jan/2006:15:04:05 -0700", "23/Nov/2026:01:02:03 +0000", "2026-11-23T01:02:03Z"),
            ("2006-01-02 15:04:05,000", "2026-11-23 01:02:03,250", "2026-11-23T01:02:03.250Z"),
            ("2006-01-02 15:04:05", "2026-11-23 01:02:03.125", "2026-11-23T01:02:03.125Z"),
            ("RFC1123Z", "Mon, 23 Nov 2026 01:02:03 -0500", "2026-11-23T06:02:03Z"),
            ("ANSIC", "Mon Nov  3 01:02:03 2026", "2026-11-03T01:02:03Z"),
            ("Jan 2, 2006 3:04 PM", "Nov 23, 2026 1:02 PM", "2026-11-23T13:02:00Z"),
        ] {
            let read = Layout::parse(layout, None).unwrap().read(text);
            assert_eq!(read.map(|time| time.to_string()).as_deref(), Some(time), "{layout} {text}");
        }
        let seoul = Layout::parse("2006-01-02 15:04", Some("Asia/Seoul")).unwrap();
        assert_eq!(seoul.read("2026-11-23 09:00").unwrap().to_string(), "2026-11-23T00:00:00Z");
    }

    #[test]
    fn what_does_not_fit_is_none() {
        for (layout, text) in [
            ("2006-01-02", "2026-13-01"),
            ("2006-01-02", "2026-11-23x"),
            ("15:04", "25:00"),
            ("Unix", "soon"),
            ("Unix", "99999999999999999999"),
            ("Mon", "é"),
        ] {
            assert_eq!(Layout::parse(layout, None).unwrap().read(text), None, "{layout} {text}");
        }
        assert!(Layout::parse("", None).is_err() && Layout::parse("15:04", Some("Nowhere/At_All")).is_err());
    }
}
