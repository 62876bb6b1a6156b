//! Slack's incoming webhook.

use gw_base::Labels;
use gw_config::Secret;
use serde::{Deserialize, Serialize};

use super::webhook::check_url;
use super::{About, Answer, Notifier, Post, Verdict, by_status};
use crate::AlertError;
use crate::config::GlobalConfig;
use crate::message::{Message, MessageAlert};

pub(super) static ABOUT: About = About {
    name: "slack",
    product: "Slack, and chats that take its incoming webhooks",
    since: "0.1.0",
    doc: "Posts the group as one attachment to an incoming webhook.",
};

/// Alerts that one message spells out; the rest is counted. Slack cuts texts of an attachment at about 3000 characters.
const SPELLED_OUT: usize = 10;
const MAX_TEXT: usize = 2900;
const MAX_TITLE: usize = 250;

/// An entry of `slack_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlackConfig {
    /// The incoming webhook; without it `global.slack_api_url`.
    pub api_url: Option<Secret>,
    /// Channel or user, where the webhook lets one choose.
    pub channel: String,
    /// Name shown as sender.
    pub username: String,
    /// Emoji shown as sender, such as `:rotating_light:`.
    pub icon_emoji: String,
    /// Title; without it the state, the number of alerts and their labels.
    pub title: Option<String>,
    /// Text; without it the summaries of the alerts.
    pub text: Option<String>,
    /// Text of notifications; without it the title.
    pub fallback: Option<String>,
    /// Colour of the bar; without it red while firing, else green.
    pub color: Option<String>,
    /// Whether the end of alerts is posted too.
    pub send_resolved: bool,
}

impl Default for SlackConfig {
    fn default() -> Self {
        Self {
            api_url: None,
            channel: String::new(),
            username: "Gatewatch".to_owned(),
            icon_emoji: String::new(),
            title: None,
            text: None,
            fallback: None,
            color: None,
            send_resolved: false,
        }
    }
}

/// A Slack webhook ready to render.
#[derive(Debug)]
pub struct Slack {
    url: Secret,
    config: SlackConfig,
}

impl Slack {
    /// Checks an entry of `receiver`.
    ///
    /// # Errors
    /// [`AlertError::Config`] when there is no usable URL, or a text is a template, which is not carried out yet.
    pub fn new(config: &SlackConfig, global: &GlobalConfig, receiver: &str) -> Result<Self, AlertError> {
        let refuse = |why: &str| AlertError::Config(format!("receiver {receiver:?}: {why}"));
        let url = config.api_url.clone().or_else(|| global.slack_api_url.clone()).filter(|url| !url.is_empty());
        let url = url.ok_or_else(|| refuse("no Slack API URL set, give api_url or global.slack_api_url"))?;
        check_url(&url, receiver)?;
        let texts = [
            ("channel", Some(&config.channel)),
            ("title", config.title.as_ref()),
            ("text", config.text.as_ref()),
            ("fallback", config.fallback.as_ref()),
            ("color", config.color.as_ref()),
        ];
        let is_template = |text: Option<&String>| text.is_some_and(|text| text.contains("{{"));
        if let Some((field, _)) = texts.iter().find(|(_, text)| is_template(*text)) {
            return Err(refuse(&format!(
                "templates in {field} of slack_configs are not carried out yet, leave it out"
            )));
        }
        Ok(Self { url, config: config.clone() })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    channel: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    icon_emoji: &'a str,
    attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
struct Attachment<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    title_link: &'a str,
    text: String,
    fallback: &'a str,
    color: &'a str,
    mrkdwn_in: [&'static str; 3],
}

impl Notifier for Slack {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn sends_resolved(&self) -> bool {
        self.config.send_resolved
    }

    fn render(&self, message: &Message) -> Post {
        let title = cut(&self.config.title.clone().unwrap_or_else(|| title(message)), MAX_TITLE);
        let color = if message.is_firing() { "danger" } else { "good" };
        let attachment = Attachment {
            title: &title,
            title_link: &message.external_url,
            text: cut(&self.config.text.clone().unwrap_or_else(|| text(message)), MAX_TEXT),
            fallback: self.config.fallback.as_deref().unwrap_or(&title),
            color: self.config.color.as_deref().unwrap_or(color),
            mrkdwn_in: ["fallback", "pretext", "text"],
        };
        let body = Body {
            channel: &self.config.channel,
            username: &self.config.username,
            icon_emoji: &self.config.icon_emoji,
            attachments: [attachment],
        };
        let body = serde_json::to_string(&body).expect("texts and numbers are always JSON");
        Post { url: self.url.clone(), body, timeout: None }
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        // Wire: some failures come as 200 with `{"ok":false,"error":"..."}`.
        match by_status(answer) {
            Verdict::Done if answer.body.replace(' ', "").contains("\"ok\":false") => Verdict::Refused,
            verdict => verdict,
        }
    }
}

/// `[FIRING:2] TargetDown shop (node warn)`: state, group labels, then the other labels that all alerts share.
fn title(message: &Message) -> String {
    let firing = message.alerts.iter().filter(|alert| alert.ends_at.is_none()).count();
    let state = if firing > 0 { format!("FIRING:{firing}") } else { "RESOLVED".to_owned() };
    let values = |labels: &Labels| labels.iter().map(|(_, value)| value.to_owned()).collect::<Vec<_>>().join(" ");
    let others = message.common_labels.without(|name| message.group_labels.get(name).is_some());
    let shared = if others.is_empty() { String::new() } else { format!(" ({})", values(&others)) };
    escape(&format!("[{state}] {}{shared}", values(&message.group_labels)))
}

fn text(message: &Message) -> String {
    let mut lines: Vec<String> = message.alerts.iter().take(SPELLED_OUT).map(line).collect();
    let rest = message.alerts.len().saturating_sub(SPELLED_OUT);
    if rest > 0 {
        lines.push(format!("... and {rest} more"));
    }
    lines.join("\n")
}

fn line(alert: &MessageAlert) -> String {
    let annotation = ["summary", "description", "message"].iter().find_map(|name| alert.annotations.get(name));
    let words = annotation.map_or_else(|| alert.labels.to_string(), str::to_owned);
    let mark = if alert.ends_at.is_some() { ":white_check_mark:" } else { ":red_circle:" };
    let words = escape(&words);
    match alert.generator_url.starts_with("http") {
        true => format!("{mark} <{}|{words}>", alert.generator_url.replace(['<', '>', '|'], "")),
        false => format!("{mark} {words}"),
    }
}

/// The three characters that Slack takes for markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
