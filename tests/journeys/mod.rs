//! The built program on a real broker, from a published document to signed deliveries. Each test ends by asserting that the
//! ledger balances and that the broker holds nothing back.
//!
//! Each has a virtual host to itself: t10 whole, t11 receipts, t12 and t13 down, t14 amended, t15 stopping, t16 commands,
//! t17 watch, t18 rails, t19 rekeyed, t29 sharing, restored-1 to -3 restored; chased needs none. What readiness does while the broker is away is in `faults`.

mod amended;
mod chased;
mod commands;
mod down;
mod rails;
mod receipts;
mod rekeyed;
mod restored;
mod sharing;
mod stopping;
mod watch;
mod whole;
