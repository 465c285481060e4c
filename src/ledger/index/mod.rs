//! The state: small entries that are found fast, all of them made from the journal and replaceable by it.

mod behind;
mod changes;
mod drowsy;
pub mod keys;
mod memory;
mod overlay;
mod sled;

pub use self::{behind::WriteBehind, memory::MemoryIndex, overlay::Overlay, sled::SledIndex};

/// The store failed, by an error or a panic. What it holds is suspect.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct IndexError(pub String);

/// Changes to be made together, all or none: a key with its new value, or `None` to remove it.
pub type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// One of them, borrowed.
pub type Change<'a> = (&'a [u8], Option<&'a [u8]>);

/// A key with its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// An ordered map from bytes to bytes. It is read upwards only: to walk down, sled would bring a constant of a megabyte into the program.
pub trait Index: Send + Sync {
    /// The value under a key.
    ///
    /// # Errors
    /// [`IndexError`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError>;

    /// Up to `limit` entries with keys in `from..to`, ascending.
    ///
    /// # Errors
    /// [`IndexError`].
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError>;

    /// The first entry with a key in `from..to`.
    ///
    /// # Errors
    /// [`IndexError`].
    fn first(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>, IndexError> {
        Ok(self.range(from, to, 1)?.pop())
    }

    /// Makes the changes, atomically.
    ///
    /// # Errors
    /// [`IndexError`].
    fn apply(&self, batch: Batch) -> Result<(), IndexError>;

    /// The same with changes that stay where they are.
    ///
    /// # Errors
    /// [`IndexError`].
    fn apply_from(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), IndexError> {
        self.apply(changes.map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect())
    }

    /// Makes what was applied durable. It is never needed for correctness: the journal has it all.
    ///
    /// # Errors
    /// [`IndexError`].
    fn checkpoint(&self) -> Result<(), IndexError>;

    /// Whether any call failed so far, whoever made it: nothing it says can be relied on then.
    fn has_failed(&self) -> bool {
        false
    }
}

/// Reading with the ease of an [`Index`] from anything that looks like one.
pub trait Look {
    /// The value under a key.
    ///
    /// # Errors
    /// [`IndexError`].
    fn look(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError>;

    /// The first entry with a key in `from..to`.
    ///
    /// # Errors
    /// [`IndexError`].
    fn look_first(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>, IndexError>;
}

impl<T: Index + ?Sized> Look for T {
    fn look(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        self.get(key)
    }

    fn look_first(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>, IndexError> {
        self.first(from, to)
    }
}
