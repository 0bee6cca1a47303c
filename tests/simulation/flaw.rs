//! What can be broken on purpose, to see whether the simulation finds it.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flaw {
    #[default]
    None,
    /// The ledger says "recorded" and has written nothing.
    ForgetsACommit,
    /// The ledger leaves out one of the obligations that a decision issued.
    LosesAnObligation,
    /// The ledger says "settled" and has written nothing.
    ForgetsASettlement,
    /// The ledger takes the word of those who lost their lease.
    IgnoresFences,
    /// The ledger leases what stands behind something pending.
    LeasesTheSecond,
    /// The ledger leases a line from its end.
    LeasesTheNewestFirst,
    /// The ledger forgets that something may have been seen, so that it is taken back without a word.
    ForgetsWhatWasLeased,
    /// The hub acknowledges a message to the broker before it is recorded.
    AcknowledgesFirst,
    /// The rail changes what it carries when it carries it again.
    ChangesTheBytes,
}

impl Flaw {
    pub const ALL: [Self; 9] = [
        Self::ForgetsACommit,
        Self::LosesAnObligation,
        Self::ForgetsASettlement,
        Self::IgnoresFences,
        Self::LeasesTheSecond,
        Self::LeasesTheNewestFirst,
        Self::ForgetsWhatWasLeased,
        Self::AcknowledgesFirst,
        Self::ChangesTheBytes,
    ];
}
