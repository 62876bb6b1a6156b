//! The collector runtime and the collectors that need no kernel hooks.
