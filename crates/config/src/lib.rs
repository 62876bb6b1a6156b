//! Strict YAML with line and column, environment expansion, unknown-key errors, secrets.
