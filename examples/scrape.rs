//! A program that runs for long enough to be scraped while it works.
//!
//! `cargo run --example scrape --features scrape -- 127.0.0.1:9750`

#![expect(clippy::print_stdout, reason = "an example shows what it has")]

use std::error::Error;
use std::io::{self, BufRead};

use pushjob::metrics::Registry;
use pushjob::sink::scrape::ScrapeEndpoint;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let registry = Registry::new();
    let lines = registry.counter("lines_total", "Lines read from standard input.")?;
    let lengths = registry.summary("line_length_bytes", "Lengths of the lines.")?;

    let endpoint = ScrapeEndpoint::bind(address.as_deref().unwrap_or("127.0.0.1:9750"))?;
    println!("http://{}/metrics", endpoint.local_addr());
    // Until it is dropped.
    let _serving = endpoint.serve(registry)?;
    for line in io::stdin().lock().lines() {
        lengths.observe(f64::from(u32::try_from(line?.len())?));
        lines.inc();
    }
    Ok(())
}
