//! Clients by origin, built at the first request and kept: a new connection for each POST costs five times a kept one, with
//! TLS fifteen times.

use crate::guard::Guard;
use crate::{Unanswered, builder, secured, unsecured};
use reqwest::{Client, Url};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::OnceCell;

/// A directory has some hundreds of endpoints; more than this means addresses that changed often. Then all is built anew.
const CLIENTS_MAX: usize = 4_096;

/// Origin, and whether private addresses are allowed.
type Key = (String, bool);

/// One client per origin; separate ones for endpoints that allow private addresses.
#[derive(Debug, Default)]
pub struct Pool {
    clients: RwLock<HashMap<Key, Arc<OnceCell<Client>>>>,
}

impl Pool {
    /// The client for an address that [`crate::checked`] has passed.
    ///
    /// # Errors
    /// `Build`, where the system's certificates can't be read.
    pub async fn client(&self, url: &Url, guard: Guard) -> Result<Client, Unanswered> {
        let key = (url.origin().ascii_serialization(), guard.allow_private);
        let known = self.clients.read().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone);
        let cell = known.unwrap_or_else(|| self.cell(key));
        let tls = url.scheme() == "https";
        let build = move || if tls { secured(builder(guard)) } else { unsecured(builder(guard)) }.build();
        // Reading the system's certificates is blocking work.
        let built = || async move {
            let built = tokio::task::spawn_blocking(build).await;
            built.map_err(|error| Unanswered::Build(error.to_string()))?.map_err(|error| Unanswered::from_build(&error))
        };
        cell.get_or_try_init(built).await.cloned()
    }

    fn cell(&self, key: Key) -> Arc<OnceCell<Client>> {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        Arc::clone(clients.entry(key).or_default())
    }
}
