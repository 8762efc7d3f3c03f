//! What a caller does, and when it leaves.

/// What a caller is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Flow {
    EndedToken,
    RequestWithGoodToken,
    RequestWithEndedToken,
    RequestWithDeadToken,
    ForcedRenewal,
    NewLogin,
}

const FLOWS: [Flow; 6] = [
    Flow::EndedToken,
    Flow::RequestWithGoodToken,
    Flow::RequestWithEndedToken,
    Flow::RequestWithDeadToken,
    Flow::ForcedRenewal,
    Flow::NewLogin,
];

/// When it leaves: after a poll, or when so many bytes have passed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaves {
    AfterPoll(u64),
    AfterBytes(u64),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Instant {
    pub(super) flow: Flow,
    pub(super) leaves: Leaves,
    /// Whether somebody else makes a request meanwhile, and stays.
    pub(super) company: bool,
}

impl Instant {
    pub(super) fn random(chance: &mut Chance) -> Self {
        Self {
            flow: FLOWS[chance.below(FLOWS.len() as u64) as usize],
            leaves: match chance.below(2) {
                0 => Leaves::AfterPoll(1 + chance.below(8)),
                _ => Leaves::AfterBytes(1 + chance.below(1_500)),
            },
            company: chance.below(4) == 0,
        }
    }
}

/// Xorshift: good enough to choose instants.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
