//! A bounded set of sessions: taken for one piece of work, given back, opened anew where one has broken.

use crate::fault::Fault;
use crate::session::Session;
use crate::settings::Place;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Longer than any statement may take: whoever waits for a session waits for work that ends.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Pool {
    place: Place,
    idle: Mutex<Vec<Session>>,
    permits: Semaphore,
}

/// A session on loan. One that was not given back with [`Loan::done`] may be in the middle of something, and is closed.
pub struct Loan<'a> {
    pool: &'a Pool,
    session: Session,
    _permit: SemaphorePermit<'a>,
}

impl Pool {
    pub fn new(place: Place, size: usize) -> Self {
        Self { place, idle: Mutex::default(), permits: Semaphore::new(size) }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub async fn take(&self) -> Result<Loan<'_>, Fault> {
        let waited = tokio::time::timeout(PATIENCE, self.permits.acquire()).await;
        let permit = waited.map_err(|_| Fault::Crowded(PATIENCE.as_secs()))?.map_err(|_| Fault::Stopped)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().filter(|session| !session.is_closed());
        let session = match idle {
            Some(session) => session,
            None => Session::open(&self.place).await?,
        };
        Ok(Loan { pool: self, session, _permit: permit })
    }
}

impl Loan<'_> {
    /// The work has ended and no transaction is open.
    pub fn done(self) {
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.session);
    }
}

impl Deref for Loan<'_> {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.session
    }
}
