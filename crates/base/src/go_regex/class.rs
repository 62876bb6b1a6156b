//! Character classes and escapes, in brackets and outside.

use std::fmt::Write as _;

use super::GoRegexError;

const BAD_RANGE: &str = "invalid character class range";
const BAD_ESCAPE: &str = "invalid escape sequence";

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Appends a character that means itself, inside a class or out.
pub(super) fn push_literal(out: &mut String, c: char) {
    // Not all punctuation: `\<` is the start of a word to the `regex` crate.
    const SPECIAL: &str = "\\.+*?()|[]{}^$#&-~";
    if SPECIAL.contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// What one escape or character of a class is.
enum Item {
    Character(char),
    /// A class of its own; already written.
    Class,
}

/// Appends the class at the start of `text`, and returns its length.
pub(super) fn push_class(out: &mut String, text: &str) -> Result<usize, GoRegexError> {
    let missing = || GoRegexError::new("missing closing ]", text);
    let mut at = 1;
    out.push('[');
    if rest(text, at).starts_with('^') {
        at += 1;
        out.push('^');
    }
    let mut first = true;
    loop {
        let here = rest(text, at);
        match here.chars().next() {
            None => return Err(missing()),
            Some(']') if !first => {
                out.push(']');
                return Ok(at + 1);
            }
            Some(_) => at += push_class_item(out, here)?,
        }
        first = false;
    }
}

/// Appends one character, range, escape or named class of a class, and returns its length.
fn push_class_item(out: &mut String, text: &str) -> Result<usize, GoRegexError> {
    if text.starts_with("[:")
        && let Some(end) = text.find(":]")
    {
        let whole = text.get(..end + 2).unwrap_or(text);
        let name = text.get(2..end).unwrap_or("");
        if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(GoRegexError::new(BAD_RANGE, whole));
        }
        out.push_str(whole);
        return Ok(end + 2);
    }
    let (low, length) = class_character(out, text)?;
    let Item::Character(low) = low else { return Ok(length) };
    let after = rest(text, length);
    if !after.starts_with('-') || after.starts_with("-]") || after.len() == 1 {
        push_literal(out, low);
        return Ok(length);
    }
    let mark = out.len();
    let (high, high_length) = class_character(out, rest(after, 1))?;
    let length = length + 1 + high_length;
    let whole = text.get(..length).unwrap_or(text);
    match high {
        Item::Character(high) if low <= high => {
            push_literal(out, low);
            out.push('-');
            push_literal(out, high);
            Ok(length)
        }
        _ => {
            out.truncate(mark);
            Err(GoRegexError::new(BAD_RANGE, whole))
        }
    }
}

fn class_character(out: &mut String, text: &str) -> Result<(Item, usize), GoRegexError> {
    match text.chars().next() {
        Some('\\') => read_escape(out, text),
        Some(c) => Ok((Item::Character(c), c.len_utf8())),
        None => Err(GoRegexError::new("missing closing ]", text)),
    }
}

/// Appends the escape at the start of `text`, its backslash included, and returns its length.
pub(super) fn push_escape(out: &mut String, text: &str) -> Result<usize, GoRegexError> {
    let (item, length) = read_escape(out, text)?;
    if let Item::Character(c) = item {
        push_literal(out, c);
    }
    Ok(length)
}

/// Reads an escape; a class is appended, a character is returned.
fn read_escape(out: &mut String, text: &str) -> Result<(Item, usize), GoRegexError> {
    let Some(letter) = rest(text, 1).chars().next() else {
        return Err(GoRegexError::new("trailing backslash at end of expression", ""));
    };
    let ascii_class = match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => "[\\t\\n\\f\\r ]",
        'S' => "[^\\t\\n\\f\\r ]",
        'p' | 'P' => return unicode_class(out, text).map(|length| (Item::Class, length)),
        _ => "",
    };
    if !ascii_class.is_empty() {
        out.push_str(ascii_class);
        return Ok((Item::Class, 2));
    }
    let end = 1 + letter.len_utf8();
    let invalid = |length: usize| GoRegexError::new(BAD_ESCAPE, text.get(..length).unwrap_or(text));
    let character = match letter {
        'a' => '\u{7}',
        'f' => '\u{C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{B}',
        '0'..='7' => {
            let digits = rest(text, 1).bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            // A single digit other than zero would be a reference back, which RE2 has not.
            if letter != '0' && digits == 1 {
                return Err(invalid(2));
            }
            return coded(rest(text, 1).get(..digits), 8).map(|c| (Item::Character(c), 1 + digits)).ok_or(invalid(2));
        }
        'x' => {
            let (start, length, total) = match rest(text, 2).strip_prefix('{') {
                Some(braced) => {
                    let length = braced.find('}').ok_or_else(|| invalid(text.len()))?;
                    (3, length, length + 4)
                }
                None => (2, 2, 4),
            };
            let found = coded(rest(text, start).get(..length), 16).map(|c| (Item::Character(c), total));
            return found.ok_or_else(|| invalid(total.min(text.len())));
        }
        other if other.is_ascii_punctuation() || other == ' ' => other,
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
        _ => return Err(invalid(end)),
    };
    Ok((Item::Character(character), end))
}

fn coded(digits: Option<&str>, radix: u32) -> Option<char> {
    let digits = digits.filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok().and_then(char::from_u32)
}

/// `\pN`, `\p{Greek}`, `\p{^Greek}`, `\PN`: appended, with its length returned.
fn unicode_class(out: &mut String, text: &str) -> Result<usize, GoRegexError> {
    let invalid = |length: usize| GoRegexError::new(BAD_RANGE, text.get(..length).unwrap_or(text));
    let after = rest(text, 2);
    let (name, length) = match after.strip_prefix('{') {
        Some(braced) => {
            let length = braced.find('}').ok_or_else(|| invalid(text.len()))?;
            (braced.get(..length).unwrap_or(""), length + 4)
        }
        None => {
            let length = after.chars().next().map_or(0, char::len_utf8);
            (after.get(..length).unwrap_or(""), length + 2)
        }
    };
    let (name, caret) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
    if !is_unicode_class(name) {
        return Err(invalid(length));
    }
    let negated = text.starts_with("\\P") != caret;
    let name = if name == "Any" { "any" } else { name };
    // Writing to a string cannot fail.
    let _infallible = write!(out, "\\{}{{{name}}}", if negated { 'P' } else { 'p' });
    Ok(length)
}

/// Whether a name can be a general category, or a script, which is a capitalised word that the `regex` crate looks up.
fn is_unicode_class(name: &str) -> bool {
    const CATEGORIES: [&str; 37] = [
        "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No",
        "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs", "Any",
    ];
    let is_word = || {
        name.len() > 2
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    CATEGORIES.contains(&name) || is_word()
}

fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or("")
}
