//! Rules through their public face: files, templates, evaluation, and those that come with the product.

#![cfg(test)]

mod default_rules;
mod detector;
mod rulefiles;
mod stage;
mod templates;
