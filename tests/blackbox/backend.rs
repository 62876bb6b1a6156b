//! A tiny web server that gateways stand in front of: `/fail` answers 500, everything else 200.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;

/// The server; it ends when the value goes.
#[derive(Debug)]
pub(crate) struct Backend {
    port: u16,
    stop: Arc<AtomicBool>,
}

impl Backend {
    /// Starts it on a free port.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // A gateway that goes away in the middle of an answer is no fault of this server.
                std::thread::spawn(move || drop(answer(stream)));
            }
        });
        Ok(Self { port, stop })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees the flag.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn answer(stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        let status = if first.contains(" /fail") { "500 Internal Server Error" } else { "200 OK" };
        write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nok\n")?;
    }
}
