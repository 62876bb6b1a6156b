//! Listeners, authentication, compression, admission, error kinds to status.
