//! Black-box tests: the built binary as a process, asked over its ports by unmodified clients, and by bad ones.
//!
//! One executable, so that one link serves all of them. Nothing of the product is linked in. A test whose foreign program
//! is absent prints a skip; under `CI=true` it fails.

mod accounts;
mod alerts;
mod backend;
mod blocks;
mod clients;
mod commands;
mod containers;
mod crash;
mod daemon;
mod death;
mod demo;
mod differential;
mod disk;
mod exporters;
mod folder;
mod gateways;
mod hostile;
mod http_api;
mod inventory;
mod loki;
mod originals;
mod outside;
mod pages;
mod parts;
mod personalities;
mod ports;
mod product;
mod promqltest;
mod rooms;
mod starts;
mod websocket;
mod wire;
mod written;
