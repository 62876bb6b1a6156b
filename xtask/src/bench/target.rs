//! A scrape target of ten thousand series: 100 routes of 100 series each, counters that grow with time.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use anyhow::Result;

use crate::environment::clock;

/// Series of the target.
pub(super) const SERIES: usize = 10_000;

/// Starts it and returns its port. It ends with the process.
pub(super) fn start() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let begun = clock();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A scraper that hangs up is served again at its next scrape.
            std::thread::spawn(move || drop(serve(stream, begun.elapsed().as_secs())));
        }
    });
    Ok(port)
}

fn serve(stream: TcpStream, seconds: u64) -> Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        while reader.read_line(&mut line)? > 2 {}
        let body = exposition(seconds);
        let length = body.len();
        write!(
            reader.get_mut(),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
    }
}

fn exposition(seconds: u64) -> String {
    let mut text = String::with_capacity(SERIES * 100);
    text.push_str("# HELP bench_requests_total Requests by route.\n# TYPE bench_requests_total counter\n");
    for number in 0..SERIES {
        let (route, code, pod) = (number / 100, 200 + number % 4 * 100, number % 25);
        let value = seconds * (1 + number as u64 % 7);
        writeln!(
            text,
            "bench_requests_total{{route=\"/api/v1/thing/{route}\",code=\"{code}\",pod=\"shop-{pod}\",n=\"{number}\"}} {value}"
        )
        .expect("writing to a string cannot fail");
    }
    text
}
