//! A job in this process: how it went is recorded, with its own metrics, also when it fails or panics.
//!
//! `cargo run --example job -- localhost:9091 src/lib.rs`

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example shows what it has"
)]

use std::error::Error;
use std::fs;

use pushjob::chain;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let gateway = args.next().unwrap_or_else(|| "localhost:9091".to_owned());
    let files: Vec<String> = args.collect();

    let lines = pushjob::job("count_lines")
        .gateway(&gateway)
        .on_trouble(|trouble| eprintln!("count_lines: {}", chain(trouble)))
        .run(|job| {
            let lines = job.registry().counter("lines_total", "Lines counted.")?;
            let reading = job
                .registry()
                .summary("file_read_seconds", "Reading a file.")?;
            for file in &files {
                let text = reading.time(|| fs::read_to_string(file))?;
                lines.inc_by(f64::from(u32::try_from(text.lines().count())?))?;
            }
            Ok::<_, Box<dyn Error>>(lines.get())
        })?;
    println!("{lines}");
    Ok(())
}
