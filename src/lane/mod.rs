//! The lanes: one a provider, so that a provider that hangs holds up no other.
//!
//! | file | holds |
//! |---|---|
//! | `call` | one HTTP call, and whether any byte of it was written |

pub mod call;
