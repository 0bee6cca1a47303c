//! The certificate: what it states, that nothing in it can be changed, and that others can check it.

mod altered;
mod built;
mod others;
mod stated;
mod whole;
mod whose;
