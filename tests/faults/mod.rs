//! What kills, cuts off and restarts, and what must hold afterwards. The long forms are ignored: `make faults` runs them.
//!
//! The crash tests have virtual hosts of their own, t20 to t25, one per point; the others start brokers of their own.

mod broker_restarts;
mod crashes;
mod load;
mod oracle;
