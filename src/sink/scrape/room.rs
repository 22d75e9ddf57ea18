use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::Connection;
use super::limits::CONNECTIONS;
use super::pages::Pages;

/// The connections that there are, and the page for all of them.
#[derive(Default)]
pub(super) struct Room {
    pub(super) pages: Pages,
    present: Mutex<Present>,
    changed: Condvar,
}

#[derive(Default)]
struct Present {
    /// The oldest first.
    connections: VecDeque<Arc<Connection>>,
    is_closing: bool,
}

/// A place in the room, for as long as this exists.
pub(super) struct Place {
    room: Arc<Room>,
    connection: Arc<Connection>,
}

impl Room {
    /// Takes a connection in. When there are too many the oldest is cut off, and its end waited for: so whoever comes has
    /// the time until as many others have come, and who only occupies places keeps nobody out. None when it is closed.
    pub(super) fn enter(room: &Arc<Self>, connection: Connection) -> Option<Place> {
        let connection = Arc::new(connection);
        let mut present = room.lock();
        while present.connections.len() >= CONNECTIONS && !present.is_closing {
            room.cut_off_first(&present);
            let waited = room.changed.wait(present);
            present = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if present.is_closing {
            return None;
        }
        present.connections.push_back(Arc::clone(&connection));
        drop(present);
        let room = Arc::clone(room);
        Some(Place { room, connection })
    }

    pub(super) fn cut_off_oldest(&self) {
        self.cut_off_first(&self.lock());
    }

    fn cut_off_first(&self, present: &Present) {
        if let Some(oldest) = present.connections.front() {
            oldest.cut_off();
            self.pages.wake();
        }
    }

    /// Cuts off all, and takes in nobody any more.
    pub(super) fn close(&self) {
        let mut present = self.lock();
        present.is_closing = true;
        for connection in &present.connections {
            connection.cut_off();
        }
        drop(present);
        self.changed.notify_all();
        self.pages.close();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.lock().is_closing
    }

    /// Waits for so long, or until it is closed.
    pub(super) fn pause(&self, length: Duration) {
        let is_open = |present: &mut Present| !present.is_closing;
        // Both are the same to who has waited.
        drop(
            self.changed
                .wait_timeout_while(self.lock(), length, is_open),
        );
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn serve(&self) {
        self.connection.serve(&self.room.pages);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.room.lock();
        present
            .connections
            .retain(|other| !Arc::ptr_eq(other, &self.connection));
        drop(present);
        self.room.changed.notify_all();
        self.room.pages.left();
    }
}
