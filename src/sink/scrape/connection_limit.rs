//! The open connections, of which there are only so many.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::Connection;
use super::limits::CONNECTIONS;
use super::page_cache::PageCache;

/// The open connections, and the page for all of them.
#[derive(Default)]
pub(super) struct ConnectionLimit {
    pub(super) pages: PageCache,
    open: Mutex<OpenConnections>,
    changed: Condvar,
}

#[derive(Default)]
struct OpenConnections {
    /// The oldest first.
    connections: VecDeque<Arc<Connection>>,
    is_closing: bool,
}

/// The place of a connection, which is free again when this is dropped.
pub(super) struct Slot {
    limit: Arc<ConnectionLimit>,
    connection: Arc<Connection>,
}

impl ConnectionLimit {
    /// Takes a slot. When there is none the oldest connection is cut off, and its end waited for: a
    /// connection has the time until as many others have come, and idle ones keep no client out. None
    /// when the endpoint is closed.
    pub(super) fn take(limit: &Arc<Self>, connection: Connection) -> Option<Slot> {
        let connection = Arc::new(connection);
        let mut open = limit.lock();
        while open.connections.len() >= CONNECTIONS && !open.is_closing {
            limit.cut_off_first(&open);
            let waited = limit.changed.wait(open);
            open = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if open.is_closing {
            return None;
        }
        open.connections.push_back(Arc::clone(&connection));
        drop(open);
        let limit = Arc::clone(limit);
        Some(Slot { limit, connection })
    }

    pub(super) fn cut_off_oldest(&self) {
        self.cut_off_first(&self.lock());
    }

    fn cut_off_first(&self, open: &OpenConnections) {
        if let Some(oldest) = open.connections.front() {
            oldest.cut_off();
            self.pages.wake();
        }
    }

    /// Cuts off all connections, and gives no more slots.
    pub(super) fn close(&self) {
        let mut open = self.lock();
        open.is_closing = true;
        for connection in &open.connections {
            connection.cut_off();
        }
        drop(open);
        self.changed.notify_all();
        self.pages.close();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.lock().is_closing
    }

    /// Waits for this long, or until the endpoint is closed.
    pub(super) fn pause(&self, length: Duration) {
        let is_open = |open: &mut OpenConnections| !open.is_closing;
        drop(
            self.changed
                .wait_timeout_while(self.lock(), length, is_open),
        );
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(super) fn serve(&self) {
        self.connection.serve(&self.limit.pages);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.limit.lock();
        open.connections
            .retain(|other| !Arc::ptr_eq(other, &self.connection));
        drop(open);
        self.limit.changed.notify_all();
        self.limit.pages.client_left();
    }
}
