//! Small transactional state: users, sessions, silences, monitors, dashboards.
