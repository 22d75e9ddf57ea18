//! A batch program whose metrics node exporter shows: there is nothing to reach over the network.
//!
//! `cargo run --example textfile -- /var/lib/prometheus/node-exporter`

#![expect(clippy::print_stdout, reason = "an example shows what it has")]

use std::error::Error;

use pushjob::grouping::GroupingKey;
use pushjob::metrics::Registry;
use pushjob::sink::Textfile;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .unwrap_or_else(|| "etl.prom".into());

    let registry = Registry::new();
    let rows = registry.gauge_vec("etl_rows", "Rows loaded.", &["table"])?;
    rows.with_label_values(&["users"])?.set(42.0);
    registry
        .gauge("etl_last_success_timestamp_seconds", "When it was done.")?
        .set_to_current_time();

    // The file of a directory is named after the job, and each series has the label job_name="etl".
    let written = Textfile::new(path)?.push(&GroupingKey::new("etl")?, &registry)?;
    println!("{}", written.path.display());
    Ok(())
}
