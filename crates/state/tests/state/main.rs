//! State through its public face: accounts, and the documents of the product.

#![cfg(test)]

mod accounts;
mod place;
mod records;
