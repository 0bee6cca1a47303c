//! Temporary.
#![allow(dead_code)]
mod http;
mod support;
