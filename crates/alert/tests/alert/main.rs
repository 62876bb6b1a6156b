//! Alerts through their public face: configuration, dispatch, silences, and the cases of Alertmanager.

#![cfg(test)]

mod dispatcher;
mod notifiers;
mod silences;
mod stage;
mod upstream;
