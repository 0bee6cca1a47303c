//! One transaction, as often as it takes: what another hub overtook is read and decided on again, and a connection that broke
//! before the commit is opened anew.

use crate::fault::Fault;
use crate::pool::Pool;
use crate::session::Session;
use domain::port::BoxFuture;
use tokio::join;

/// Each time somebody else has got on with theirs. Five in a row is a crowd: then the caller waits.
const ATTEMPTS: u32 = 5;

/// What is done within a transaction. It may run several times, each time from its beginning.
pub trait Transaction: Send {
    type Answer: Send;
    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<Self::Answer, Fault>>;
}

/// # Errors
/// Nothing took place, but where the connection broke during the commit: then nobody knows, and every verb may be asked again.
pub async fn transact<T: Transaction>(pool: &Pool, work: &mut T) -> Result<T::Answer, Fault> {
    let mut attempt = 1;
    loop {
        let loan = pool.take().await?;
        // Both go out together: the work's first statement does not wait for the answer to BEGIN.
        let (begun, answer) = join!(biased; loan.batch("BEGIN"), work.run(&loan));
        let (fault, in_doubt) = match begun.and(answer) {
            Ok(answer) => match loan.batch("COMMIT").await {
                Ok(()) => {
                    loan.done();
                    return Ok(answer);
                }
                Err(fault) => (fault, true),
            },
            Err(fault) => (fault, false),
        };
        let has_broken = fault.ends_the_session();
        if !has_broken && loan.batch("ROLLBACK").await.is_ok() {
            loan.done();
        }
        let stale_connection = has_broken && attempt == 1 && !matches!(fault, Fault::Silent(_));
        if in_doubt || attempt == ATTEMPTS || !(fault.is_fleeting() || stale_connection) {
            return Err(fault);
        }
        attempt += 1;
    }
}
