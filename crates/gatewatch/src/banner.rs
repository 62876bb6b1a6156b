//! What the product says when it stands: where to click, where to send, what to sign in with.

use std::io::Write;
use std::time::Duration;

use gw_serve::Port;

/// What the banner tells.
#[derive(Debug)]
pub(crate) struct Banner<'a> {
    pub(crate) version: &'a str,
    pub(crate) data_dir: &'a str,
    pub(crate) ports: &'a [Port],
    /// Shown at the first start alone.
    pub(crate) password: Option<&'a str>,
    /// Whether the port table moved because its ports are privileged.
    pub(crate) moved: bool,
    pub(crate) took: Duration,
}

impl Banner<'_> {
    /// Writes the banner.
    ///
    /// # Errors
    /// When the output is closed.
    pub(crate) fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let ui = self.ports.iter().find(|port| port.role == "grafana").map_or("", |port| port.url.as_str());
        writeln!(out, "\nGatewatch {} is ready ({} ms)\n", self.version, self.took.as_millis())?;
        writeln!(out, "  Open      {ui}")?;
        match self.password {
            Some(password) => writeln!(out, "  Sign in   admin / {password}   (shown only once)")?,
            None => writeln!(out, "  Sign in   with the account of your first start")?,
        }
        writeln!(out, "  Data      {}\n", self.data_dir)?;
        for port in self.ports {
            writeln!(out, "  {:<18}{}", port.role, port.url)?;
        }
        if self.moved {
            writeln!(out, "\n  Ports 1002-1016 need a privilege, so the table moved up by 10000.")?;
        }
        writeln!(out)?;
        out.flush()
    }
}
