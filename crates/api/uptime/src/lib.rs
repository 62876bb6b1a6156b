//! Room: Uptime monitors (port 1009).
