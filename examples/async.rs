//! In an async program: tasks count, and a thread that may block pushes.
//!
//! `cargo run --example async -- localhost:9091`

use std::error::Error;

use pushjob::grouping::GroupingKey;
use pushjob::metrics::Registry;
use pushjob::push::Pushgateway;
use tokio::runtime::Builder;
use tokio::task::{spawn_blocking, yield_now};

/// What goes on in a task may end in another thread.
type Failure = Box<dyn Error + Send + Sync>;

async fn fetch(page: u32) -> u32 {
    // Here a request would be waited for.
    yield_now().await;
    page * 100
}

async fn work(url: String) -> Result<(), Failure> {
    let registry = Registry::new();
    let under_way = registry.gauge("fetches_in_progress", "Pages that are being fetched.")?;
    let bytes = registry.counter("fetched_bytes_total", "Bytes fetched.")?;
    let duration = registry.summary("fetch_duration_seconds", "Fetching a page.")?;

    let fetches = (1..=3).map(|page| {
        // Instruments are cheap to clone, and clones count together.
        let (under_way, bytes, duration) = (under_way.clone(), bytes.clone(), duration.clone());
        tokio::spawn(async move {
            // Guards, because a closure cannot wait for anything.
            let _fetch = under_way.track_in_progress();
            let _timer = duration.start_timer();
            bytes.inc_by(fetch(page).await.into())
        })
    });
    for fetch in fetches.collect::<Vec<_>>() {
        fetch.await??;
    }

    spawn_blocking(move || {
        let key = GroupingKey::new("fetch")?;
        Pushgateway::new(&url)?.push_add(&key, &registry)?;
        Ok::<_, Failure>(())
    })
    .await?
}

fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1);
    let url = url.unwrap_or_else(|| "localhost:9091".to_owned());
    Builder::new_current_thread().build()?.block_on(work(url))
}
