//! A collector of one's own: what can be looked up when it is wanted need not be kept up to date.
//!
//! `cargo run --example collector --features process`

#![expect(clippy::print_stdout, reason = "an example shows what it has")]

use std::fs;
use std::path::PathBuf;

use pushjob::exposition::{MetricFamily, MetricName, MetricType, encode};
use pushjob::metrics::{CollectError, Collector, ProcessCollector, Registry};

/// How many files there are in each of some folders.
struct Folders(Vec<PathBuf>);

impl Collector for Folders {
    fn collect(&self) -> Result<Vec<MetricFamily>, CollectError> {
        let mut files = MetricFamily::new(MetricName::new("folder_files")?, MetricType::Gauge)
            .with_help("How many files there are in a folder.");
        for folder in &self.0 {
            let count = u32::try_from(fs::read_dir(folder)?.count())?;
            files.add(&[("folder", &folder.to_string_lossy())], count.into())?;
        }
        Ok(vec![files])
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new();
    let mut folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        folders.push(".".into());
    }
    registry.register(Folders(folders))?;
    registry.register(ProcessCollector::new())?;
    // A closure is a collector too.
    registry.register(|| {
        let threads = std::thread::available_parallelism()?.get();
        let name = MetricName::new("usable_processors")?;
        Ok(vec![MetricFamily::gauge(
            name,
            u32::try_from(threads)?.into(),
        )])
    })?;
    println!("{}", encode(&registry.gather()?));
    Ok(())
}
