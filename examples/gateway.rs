//! A batch program that pushes its metrics when it is done.
//!
//! `cargo run --example gateway -- localhost:9091`

use std::error::Error;

use pushjob::grouping::GroupingKey;
use pushjob::metrics::{Buckets, Registry, build_info};
use pushjob::push::Pushgateway;

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1);
    let gateway = Pushgateway::new(url.as_deref().unwrap_or("localhost:9091"))?;

    let registry = Registry::new();
    registry.register(build_info("etl", env!("CARGO_PKG_VERSION"), &[])?)?;
    let rows = registry.counter_vec("etl_rows_total", "Rows read.", &["table"])?;
    let sizes = Buckets::exponential(1024.0, 4.0, 5)?;
    let sizes = registry.histogram("etl_file_bytes", "Sizes of the files.", sizes)?;
    let last = registry.gauge(
        "etl_last_file_timestamp_seconds",
        "When a file was last read.",
    )?;

    for (table, bytes) in [("users", 900), ("orders", 70_000), ("orders", 3_000)] {
        // Here the file would be read.
        rows.with_label_values(&[table])?
            .inc_by(f64::from(bytes / 100))?;
        sizes.observe(f64::from(bytes));
        last.set_to_current_time();
    }

    // What is in the group `etl` is replaced. `push_add` would leave metrics of other names as they are.
    gateway.push(&GroupingKey::new("etl")?, &registry)?;
    Ok(())
}
