//! Routing, grouping, silences and the notifiers.
//!
//! A [`Dispatcher`] takes alerts from a bounded queue, routes them through Alertmanager's routing tree, groups them, leaves
//! out what is silenced or inhibited, and hands messages to notifiers. Its core is a state machine without clock or waiting
//! (`machine.rs`); notifiers are pure renderers; one sender sends. What was sent is logged before it counts as sent, so that a
//! restart neither repeats nor loses.
//!
//! Deliberately absent: rules, queries, HTTP routes.

mod config;
mod dispatcher;
mod error;
mod inhibit;
mod machine;
mod matchers;
mod message;
mod notifiers;
mod record;
mod route;
mod sender;
mod silences;

pub use crate::machine::{AlertSnapshot, GroupSnapshot};
pub use config::{AlertConfig, GlobalConfig, InhibitConfig, Plan, Receiver, ReceiverConfig, RouteConfig};
pub use dispatcher::{Counters, Dispatcher, Outside};
pub use error::AlertError;
pub use inhibit::{Inhibitor, Muting};
pub use matchers::{Matchers, parse_classic, parse_matchers, parse_utf8};
pub use message::{Envelope, Message, MessageAlert};
pub use notifiers::{About, Answer, NOTIFIERS, Notifier, Post, Slack, SlackConfig, Verdict, Webhook, WebhookConfig};
pub use route::{GroupBy, Route};
pub use sender::{Http, Transport};
pub use silences::{SilenceRequest, Silences};
