//! Flags of settings, made from the table.

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::given::Given;
use super::source::variable;
use super::table::{Form, Heading, ROWS, Row};

/// Settings of a command that delivers to a group on gateways.
pub(crate) type TargetArgs = SettingArgs<{ FLUSH | Heading::Group as u8 }>;

/// Settings of `run`.
pub(crate) type RunSettingArgs =
    SettingArgs<{ FLUSH | Heading::Group as u8 | Heading::Textfile as u8 | Heading::Scrape as u8 }>;

/// Settings of `flush`.
pub(crate) type FlushSettingArgs = SettingArgs<FLUSH>;

/// Settings of `metric`.
pub(crate) type MetricSettingArgs = SettingArgs<{ Heading::Metric as u8 }>;

const FLUSH: u8 = Heading::Spool as u8 | Heading::Gateway as u8 | Heading::Tls as u8;

/// Flags of the settings under some headings of the help.
#[derive(Clone, Debug)]
pub(crate) struct SettingArgs<const HEADINGS: u8> {
    pub(crate) given: Given,
}

impl<const HEADINGS: u8> SettingArgs<HEADINGS> {
    fn rows() -> impl Iterator<Item = &'static Row> {
        ROWS.iter()
            .copied()
            .filter(|row| row.form != Form::VariableOnly && row.heading as u8 & HEADINGS != 0)
    }
}

impl<const HEADINGS: u8> Args for SettingArgs<HEADINGS> {
    fn augment_args(command: Command) -> Command {
        command.args(Self::rows().map(Row::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const HEADINGS: u8> FromArgMatches for SettingArgs<HEADINGS> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_given =
            |row: &&Row| matches.value_source(row.name) == Some(ValueSource::CommandLine);
        let values = |row: &Row| {
            let values = matches.get_raw(row.name).into_iter().flatten();
            values.map(ToOwned::to_owned).collect()
        };
        let rows = Self::rows().filter(is_given);
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
        let mut help = format!(
            "{} [env: {}{}]",
            self.help,
            variable(self.name),
            self.variable_note
        );
        if !self.default.is_empty() {
            help = format!("{help} [default: {}]", self.default);
        }
        let arg = Arg::new(self.name)
            .long(self.name)
            .help(help)
            .help_heading(self.heading.title())
            .allow_hyphen_values(self.dashed_values)
            .conflicts_with_all(self.conflicts_with);
        match self.form {
            Form::Text(value) => arg.value_name(value),
            Form::Path(value) => arg.value_name(value).value_parser(ValueParser::path_buf()),
            Form::List(value) => arg.value_name(value).action(ArgAction::Append),
            Form::Switch | Form::VariableOnly => arg.action(ArgAction::SetTrue),
        }
    }
}
