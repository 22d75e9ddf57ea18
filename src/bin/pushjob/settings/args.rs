//! Flags of settings, made from the table.

use std::env;

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::given::Given;
use super::source::variable;
use super::table::{Form, Heading, ROWS, Row, Shown};

/// Settings of a command that delivers to a group on gateways.
pub(crate) type TargetArgs = SettingArgs<{ FLUSH | Heading::Group as u8 }>;

/// Settings of `run`, with the flags of the group and the destinations.
pub(crate) type RunSettingArgs = SettingArgs<{ RUN | CONNECTION }, RUN>;

/// Flags of the connection, whose values the settings of `run` have.
pub(crate) type ConnectionFlags = SettingArgs<0, CONNECTION>;

/// Settings of `flush`.
pub(crate) type FlushSettingArgs = SettingArgs<FLUSH>;

/// Settings of `metric`.
pub(crate) type MetricSettingArgs = SettingArgs<{ Heading::Metric as u8 }>;

const CONNECTION: u8 = Heading::Connection as u8 | Heading::Tls as u8;
const FLUSH: u8 = Heading::Spool as u8 | Heading::Gateway as u8 | CONNECTION;
const RUN: u8 = Heading::Group as u8
    | Heading::Gateway as u8
    | Heading::Textfile as u8
    | Heading::Spool as u8
    | Heading::Scrape as u8;

/// Settings under some headings of the table, and the flags of them that are declared here: the others
/// come later in the help, after flags that are no settings.
#[derive(Clone, Debug)]
pub(crate) struct SettingArgs<const HEADINGS: u8, const DECLARED: u8 = HEADINGS> {
    pub(crate) given: Given,
}

impl<const HEADINGS: u8, const DECLARED: u8> SettingArgs<HEADINGS, DECLARED> {
    fn rows(headings: u8) -> impl Iterator<Item = &'static Row> {
        let rows = ROWS.iter().copied();
        rows.filter(move |row| row.form != Form::VariableOnly && row.heading as u8 & headings != 0)
    }
}

impl<const HEADINGS: u8, const DECLARED: u8> Args for SettingArgs<HEADINGS, DECLARED> {
    fn augment_args(command: Command) -> Command {
        let rows = Self::rows(DECLARED);
        if is_help_wanted() {
            command.args(rows.map(|row| row.describe(row.arg())))
        } else {
            command.args(rows.map(Row::arg))
        }
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const HEADINGS: u8, const DECLARED: u8> FromArgMatches for SettingArgs<HEADINGS, DECLARED> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_given =
            |row: &&Row| matches.value_source(row.name) == Some(ValueSource::CommandLine);
        let values = |row: &Row| {
            let values = matches.get_raw(row.name).into_iter().flatten();
            values.map(ToOwned::to_owned).collect()
        };
        let rows = Self::rows(HEADINGS).filter(is_given);
        let given = rows.map(|row| (row.name, values(row))).collect();
        Ok(Self { given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Row {
    fn arg(&self) -> Arg {
        let arg = Arg::new(self.name)
            .long(self.name)
            .allow_hyphen_values(self.dashed_values)
            .conflicts_with_all(self.conflicts_with);
        match self.form {
            Form::Text(value) => arg.value_name(value),
            Form::Path(value) => arg.value_name(value).value_parser(ValueParser::path_buf()),
            Form::List(value) => arg.value_name(value).action(ArgAction::Append),
            Form::Switch | Form::VariableOnly => arg.action(ArgAction::SetTrue),
        }
    }

    /// Adds what the help says of the flag.
    fn describe(&self, arg: Arg) -> Arg {
        let mut help = format!(
            "{} [env: {}{}]",
            self.help,
            variable(self.name),
            self.variable_note
        );
        if !self.default.is_empty() {
            help = format!("{help} [default: {}]", self.default);
        }
        let (summary, _) = self.help.split_once(". ").unwrap_or((self.help, ""));
        arg.help(summary)
            .long_help(help)
            .hide_short_help(self.shown == Shown::InFull)
            .help_heading(self.heading.title())
    }
}

/// Decides if the command line may ask for help: its texts take a good part of the time to start.
fn is_help_wanted() -> bool {
    env::args_os().skip(1).any(|word| {
        let word = word.as_encoded_bytes();
        let is_short = word.starts_with(b"-") && !word.starts_with(b"--");
        word == b"help" || word == b"--help" || is_short && word.contains(&b'h')
    })
}
