//! How many requests may be open at once: for each organisation, so that none takes the others' places, and in all, so that
//! memory is bounded.

use domain::Code;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Messages that are being read or recorded, of at most 1 MiB each. In all as many as the letterbox holds.
const MESSAGES: (usize, usize) = (32, 128);
/// Readers of feeds that wait or stream, with a page each.
const FEEDS: (usize, usize) = (8, 512);

pub struct Places {
    pub messages: Share,
    pub feeds: Share,
}

/// Places of one kind.
pub struct Share {
    each: usize,
    all: Arc<Semaphore>,
    /// One entry per organisation that has a token.
    own: Mutex<HashMap<Code, Arc<Semaphore>>>,
}

/// Free again when it is dropped.
pub struct Place {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// By this organisation itself.
    ByYou,
    ByAll,
}

impl Places {
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { messages: Share::new(MESSAGES), feeds: Share::new(FEEDS) })
    }
}

impl Share {
    fn new((each, all): (usize, usize)) -> Self {
        Self { each, all: Arc::new(Semaphore::new(all)), own: Mutex::default() }
    }

    /// # Errors
    /// Where there is none: nobody waits for one.
    pub fn take(&self, organisation: Code) -> Result<Place, Taken> {
        let own = {
            // Nothing panics under this lock.
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(own.entry(organisation).or_insert_with(|| Arc::new(Semaphore::new(self.each))))
        };
        let own = own.try_acquire_owned().map_err(|_| Taken::ByYou)?;
        let all = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Taken::ByAll)?;
        Ok(Place { _own: own, _all: all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_organisation_never_takes_all_places() {
        let share = Share::new((2, 3));
        let [kent, medway] = ["E10000016", "E06000035"].map(|code| Code::new(code).unwrap());
        let held = [share.take(kent).unwrap(), share.take(kent).unwrap()];
        assert_eq!(share.take(kent).err(), Some(Taken::ByYou));
        let last = share.take(medway).unwrap();
        assert_eq!(share.take(medway).err(), Some(Taken::ByAll));
        drop(held);
        assert!(share.take(kent).is_ok() && share.take(medway).is_ok());
        drop(last);
    }
}
