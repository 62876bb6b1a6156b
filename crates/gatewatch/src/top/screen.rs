//! The terminal: one screen of its own, keys one by one, and everything as it was at the end.
//!
//! Modes are set by `stty`, which every system with a terminal has.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// Keys that wait to be read.
const KEYS: usize = 64;
/// Where the size is not told.
const USUAL_SIZE: (usize, usize) = (80, 24);

/// A key that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    Left,
    Right,
    Up,
    Down,
    Sort,
    Reverse,
}

/// The terminal in raw mode; its old mode returns when the value goes.
pub(super) struct Screen {
    before: String,
    keys: Receiver<Key>,
}

impl Screen {
    pub(super) fn open() -> Result<Self> {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        ensure!(is_terminal, "this is no terminal, use --once");
        let before = stty(&["-g"])?;
        stty(&["-icanon", "-echo", "min", "1"])?;
        let (sender, keys) = sync_channel(KEYS);
        let read = move || {
            let mut decoder = Decoder::default();
            // Ends with the input, or with the screen.
            for byte in std::io::stdin().lock().bytes().map_while(std::result::Result::ok) {
                if let Some(key) = decoder.push(byte)
                    && sender.send(key).is_err()
                {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("keys".to_owned()).spawn(read).context("no thread for the keys")?;
        let screen = Self { before, keys };
        // Another screen, without a cursor.
        screen.write("\u{1b}[?1049h\u{1b}[?25l")?;
        Ok(screen)
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> (usize, usize) {
        let text = stty(&["size"]).unwrap_or_default();
        let mut numbers = text.split_ascii_whitespace().map_while(|number| number.parse().ok());
        match (numbers.next(), numbers.next()) {
            (Some(rows), Some(columns)) if rows > 4 && columns > 0 => (columns, rows),
            _ => USUAL_SIZE,
        }
    }

    pub(super) fn show(&self, lines: &[String]) -> Result<()> {
        // From the top; each line is cleared behind its end.
        let frame: Vec<String> = lines.iter().map(|line| format!("{line}\u{1b}[K")).collect();
        self.write(&format!("\u{1b}[H{}\u{1b}[J", frame.join("\r\n")))
    }

    /// The next key, or `None` when none came in time.
    pub(super) fn key(&self, patience: Duration) -> Option<Key> {
        self.keys.recv_timeout(patience).ok()
    }

    fn write(&self, text: &str) -> Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        self.write("\u{1b}[?25h\u{1b}[?1049l").unwrap_or_default();
        stty(&[self.before.as_str()]).unwrap_or_default();
    }
}

fn stty(words: &[&str]) -> Result<String> {
    let done = Command::new("stty").args(words).stdin(Stdio::inherit()).stderr(Stdio::null()).output();
    let done = done.context("stty cannot be started, use --once")?;
    ensure!(done.status.success(), "stty {} failed, use --once", words.join(" "));
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// Waits while another look at the machine would be too early.
pub(super) fn pause(time: Duration) {
    let (_sender, nobody) = sync_channel::<()>(1);
    // Nobody sends: the wait ends by its time.
    nobody.recv_timeout(time).unwrap_or_default();
}

/// Keys out of the bytes that a terminal sends; arrows are three.
#[derive(Debug, Default)]
struct Decoder {
    begun: usize,
}

impl Decoder {
    fn push(&mut self, byte: u8) -> Option<Key> {
        const ESCAPE: u8 = 0x1b;
        match (self.begun, byte) {
            (_, ESCAPE) => {
                self.begun = 1;
                return None;
            }
            (1, b'[' | b'O') => {
                self.begun = 2;
                return None;
            }
            _ => {}
        }
        let is_arrow = std::mem::take(&mut self.begun) == 2;
        match (is_arrow, byte) {
            (true, b'A') | (false, b'k') => Some(Key::Up),
            (true, b'B') | (false, b'j') => Some(Key::Down),
            (true, b'C') | (false, b'\t') => Some(Key::Right),
            (true, b'D') => Some(Key::Left),
            (false, b'q' | b'Q' | 3) => Some(Key::Quit),
            (false, b's') => Some(Key::Sort),
            (false, b'r') => Some(Key::Reverse),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_keys() {
        let mut decoder = Decoder::default();
        let keys: Vec<Key> = b"s\x1b[A\x1b[B\x1bOC\x1b[Dr\x1b[5~xq".iter().filter_map(|b| decoder.push(*b)).collect();
        assert_eq!(keys, [Key::Sort, Key::Up, Key::Down, Key::Right, Key::Left, Key::Reverse, Key::Quit]);
    }
}
