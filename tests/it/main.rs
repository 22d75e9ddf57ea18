//! Tests through the binary and the public API, against real processes and a real Pushgateway.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by failing"
)]
#![expect(clippy::too_many_lines, reason = "a table of cases belongs together")]
#![expect(clippy::float_cmp, reason = "what is stored must come back exactly")]

mod support;

#[cfg(all(feature = "prometheus", feature = "prometheus-client"))]
mod adapters;
mod addresses;
mod architecture;
mod auth;
mod batch;
mod check_command;
mod client_settings;
mod collectors;
mod corpus;
mod delivery;
mod docs;
mod embedded;
mod ending;
mod environment;
mod examples;
mod exit_codes;
mod exposition;
mod faults;
mod finish;
mod grouping;
mod groups;
mod heartbeat;
mod help;
mod history;
mod init;
mod inside_job;
mod job_file;
mod left_behind;
mod limits;
mod listen;
mod memory;
mod metric_command;
mod metrics;
mod metrics_file;
mod proxy;
mod push_client;
mod push_command;
mod push_text;
mod readme;
mod record;
mod refusals;
mod retries;
mod roundtrip;
mod run_textfile;
mod scrape;
mod scrape_requests;
mod secrets;
mod settings;
mod several;
mod signals;
mod spool;
mod spool_again;
mod spool_faults;
mod spool_flush;
mod spool_killed;
mod spool_order;
mod spool_random;
mod spool_refused;
mod spool_trust;
mod start;
mod supervise;
mod terminal;
mod textfile;
mod tls;
mod transparency;
mod tutorial;
mod usage;
mod verdict;
mod victoriametrics;
mod wrong_server;
