//! Containers: pages against upstream's expected outputs, and readings of fixture trees of every kind of cgroup mount.

mod damage;
mod fake;
mod pages;
mod runtimes;
mod tree;
mod trees;
