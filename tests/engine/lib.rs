//! Nothing but a place for the test binary `engine`.
