//! Configuration through its public face: what is read, and what is refused in which words.

#![cfg(test)]

mod corpus;
mod layers;
