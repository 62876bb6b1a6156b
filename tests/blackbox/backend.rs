//! A tiny web server that gateways stand in front of and that notifications go to: `/fail` answers 500, everything else
//! 200, and the bodies it was sent are kept.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

/// The server; it ends when the value goes.
#[derive(Debug)]
pub(crate) struct Backend {
    port: u16,
    stop: Arc<AtomicBool>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    /// Starts it on a free port.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // A gateway that goes away in the middle of an answer is no fault of this server.
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || drop(answer(stream, &kept)));
            }
        });
        Ok(Self { port, stop, bodies })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The bodies of the requests so far that had one.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees the flag.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn answer(stream: TcpStream, bodies: &Mutex<Vec<String>>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line)? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            line.clear();
        }
        if length > 0 {
            let mut body = String::new();
            reader.by_ref().take(length).read_to_string(&mut body)?;
            bodies.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        }
        let status = if first.contains(" /fail") { "500 Internal Server Error" } else { "200 OK" };
        write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nok\n")?;
    }
}
