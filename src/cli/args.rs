//! What the command line accepts. The help texts here are the manual.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::{Asked, ExportFormat, Refusal};
use crate::domain::AssetClass;
use crate::reload::WatchMethod;
use crate::scripts::Engine;
use crate::settings::{FillTime, SourceName, UnknownSource};

/// Turns trading rules that a person can read into one clear email a day.
#[derive(Debug, Parser)]
#[command(name = "ts", version, propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that stand before or after the subcommand.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The settings file; `ts.toml` in the working folder where it exists
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How logs on stderr are written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Pretends that it is this instant (RFC 3339), to repeat a run
    #[arg(long, global = true, hide = true, overrides_with = "now", value_name = "INSTANT")]
    pub now: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Decides the session and shows what the mail would say
    #[command(alias = "run-signals-now")]
    Run(RunArgs),
    /// Tells why a symbol did or did not signal: each condition with its values and its distance
    Explain(ExplainArgs),
    /// Lists every raw signal over a span of sessions, before filters and ranking
    Signals(SignalsArgs),
    /// Trades the scripts over history, with a portfolio, fills at the next open and costs
    Backtest(BacktestArgs),
    /// Decides each session of a span again from bars that end with it: exits with 1 where it differs from the backtest
    Verify(VerifyArgs),
    /// Shows what two versions of the scripts say differently over a span of sessions
    DiffScripts(DiffScriptsArgs),
    /// Runs the scripts' own test cases, and tells which conditions they have seen
    TestScripts(TestScriptsArgs),
    /// Shows the feature values that a script would see
    Features(FeaturesArgs),
    /// Checks strategies and scorers: exits with 1 where something is found
    ValidateScripts(ValidateArgs),
    /// Fetches bars into the cache, shows what came, and exports it on request
    FetchData(FetchDataArgs),
    /// Lists, verifies or clears the cache of fetched bars
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// Runs the jobs of the schedule until it is told to stop
    #[command(alias = "daemon")]
    RunScheduler(RunSchedulerArgs),
    /// Shows when each job will run next, and which session it will decide
    Schedule(ScheduleArgs),
    /// Shows last and next runs, the outbox and the age of the data: exits with 1 where something is overdue
    Status(StatusArgs),
    /// Tells what you bought and sold, and shows what you hold
    Portfolio {
        #[command(subcommand)]
        action: PortfolioAction,
    },
    /// Shows what was decided and sent, or backs the journal up
    Journal {
        #[command(subcommand)]
        action: JournalAction,
    },
    /// Prints what a past run said, or decides it again from what was stored and compares
    Replay(ReplayArgs),
    /// Sends a test mail and tells each step of it, to prove the mail's settings
    SendTestEmail(SendTestEmailArgs),
    /// Shows or checks the settings
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Writes settings, strategies, scorers and templates into the folder, for editing
    Init(InitArgs),
    /// Writes a new strategy that works, with its test cases, for editing
    NewStrategy(NewStrategyArgs),
    /// Prints a completion script for a shell
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// Which asset classes a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassChoice {
    Equity,
    Crypto,
    All,
}

impl ClassChoice {
    /// Returns what the app calls the choice.
    pub fn asked(self) -> Asked {
        match self {
            ClassChoice::Equity => Asked::ByName(AssetClass::Equity),
            ClassChoice::Crypto => Asked::ByName(AssetClass::Crypto),
            ClassChoice::All => Asked::All,
        }
    }
}

/// Where bars come from, overriding the settings.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// Uses the embedded simulated market: offline, no key, not real prices
    #[arg(long, conflicts_with = "source")]
    pub demo: bool,
    /// Uses this source alone, whatever the settings list
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
}

impl SourceArgs {
    /// Returns the source that is named, or `None` for the settings' own.
    ///
    /// # Errors
    /// A usage [`Refusal`] for a name that is no source.
    pub fn chosen(&self) -> Result<Option<SourceName>, Refusal> {
        if self.demo {
            return Ok(Some(SourceName::Simulated));
        }
        let Some(name) = &self.source else { return Ok(None) };
        name.parse().map(Some).map_err(|error: UnknownSource| Refusal::Usage(format!("--source: {error}")))
    }
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The asset classes to decide
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    /// The session to decide; the last finished one by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// Sends nothing and writes nothing to the journal
    #[arg(long)]
    pub dry_run: bool,
    /// Decides and mails a session again that was delivered before, marked as a correction
    #[arg(long, conflicts_with = "dry_run")]
    pub again: bool,
    /// Decides nothing, and sends again what the mail server refused for good
    #[arg(long, conflicts_with_all = ["dry_run", "again", "demo"])]
    pub retry_refused: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Previews again on every edit of a script, template or the settings
    #[arg(long)]
    pub watch: bool,
    /// How edits come to notice; `poll` for network file systems, which give no events
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = WatchChoice::Events, requires = "watch")]
    pub watch_method: WatchChoice,
    /// The positions held (CSV; the README says which columns)
    #[arg(long, value_name = "FILE")]
    pub positions: Option<PathBuf>,
    /// How the preview is written
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Writes the preview to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Exits with 1 where the run has any problem
    #[arg(long)]
    pub strict: bool,
}

/// How edits come to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WatchChoice {
    Events,
    Poll,
}

impl From<WatchChoice> for WatchMethod {
    fn from(choice: WatchChoice) -> Self {
        match choice {
            WatchChoice::Events => WatchMethod::Events,
            WatchChoice::Poll => WatchMethod::Poll,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Text,
    Json,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    Text,
    Csv,
    Json,
}

/// A span of sessions; both ends are clamped to the bars that are held.
#[derive(Debug, Args)]
pub struct SpanArgs {
    /// The first session of the span
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    /// The last session of the span
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
}

#[derive(Debug, Args)]
pub struct SignalsArgs {
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset classes to scan
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    /// Only these strategies
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub strategy: Vec<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    /// Writes the table to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BacktestArgs {
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset classes to trade, over one account
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    /// Only these strategies, switched on or not
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub strategy: Vec<String>,
    /// Sets a constant in every script that has it
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = constant)]
    pub constants: Vec<(String, f64)>,
    /// When orders fill, instead of the settings' own
    #[arg(long, value_enum)]
    pub fill: Option<FillChoice>,
    /// Trades without fees and slippage
    #[arg(long)]
    pub no_costs: bool,
    /// By what the scripts are evaluated: columns, interpreter, or verify, which is both compared row by row
    #[arg(long, value_name = "ENGINE", default_value_t = Engine::default())]
    pub engine: Engine,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
    /// Writes the report to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// When an order fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FillChoice {
    /// At the open of the next bar
    NextOpen,
    /// At the close of the next bar
    NextClose,
}

impl From<FillChoice> for FillTime {
    fn from(choice: FillChoice) -> Self {
        match choice {
            FillChoice::NextOpen => FillTime::NextOpen,
            FillChoice::NextClose => FillTime::NextClose,
        }
    }
}

fn constant(text: &str) -> Result<(String, f64), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("write the constant's name, `=` and its value: STOP_ATR_MULT=3.0".to_owned());
    };
    match value.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((name.trim().to_owned(), number)),
        _ => Err(format!("`{value}` is not a number")),
    }
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset classes to verify
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    /// Only these strategies, switched on or not
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub strategy: Vec<String>,
    #[command(flatten)]
    pub source: SourceArgs,
}

#[derive(Debug, Args)]
pub struct DiffScriptsArgs {
    /// The earlier version: a folder of scripts, one that holds `strategies/` or `scorers/`, or one script
    pub old: PathBuf,
    /// The later version, likewise
    pub new: PathBuf,
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset classes to scan
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
    /// Writes the differences to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The symbol to explain
    pub symbol: String,
    /// The session to decide; the last finished one by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// Only these strategies
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub strategy: Vec<String>,
    /// The asset class, where both list the symbol
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
    /// The positions held (CSV; the README says which columns)
    #[arg(long, value_name = "FILE")]
    pub positions: Option<PathBuf>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
    /// Writes the explanation to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct TestScriptsArgs {
    /// Scripts (.rhai), their cases (.test.toml) or folders of them; all scripts by default
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only cases whose name, or whose script's name, holds this text; capitals count
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Fails where a script has no cases, or these have seen less of its conditions, in percent
    #[arg(long, value_name = "PCT", value_parser = percentage)]
    pub min_coverage: Option<f64>,
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    pub format: TestFormat,
    /// Writes the results to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    Text,
    Json,
    Junit,
}

fn percentage(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value),
        _ => Err("it is a number from 0 to 100".to_owned()),
    }
}

/// For people, or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct FeaturesArgs {
    /// The symbol to show
    #[arg(required_unless_present = "list")]
    pub symbol: Option<String>,
    /// Lists every feature that a script may read, instead of values
    #[arg(long, conflicts_with_all = ["symbol", "date", "from", "to", "asset_class", "names", "demo", "source"])]
    pub list: bool,
    /// The one session to show
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with_all = ["from", "to"])]
    pub date: Option<NaiveDate>,
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset class, where both list the symbol
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
    /// These features instead of the ones that the scripts read, separated by commas
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub names: Vec<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    /// Writes the table to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// One asset class by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OneClass {
    Equity,
    Crypto,
}

impl From<OneClass> for AssetClass {
    fn from(class: OneClass) -> Self {
        match class {
            OneClass::Equity => AssetClass::Equity,
            OneClass::Crypto => AssetClass::Crypto,
        }
    }
}

#[derive(Debug, Args)]
pub struct FetchDataArgs {
    /// The symbols; without them the universe of the class and its benchmark
    #[arg(long, value_name = "SYMBOL", num_args = 1.., value_delimiter = ',')]
    pub symbols: Vec<String>,
    /// The asset class; not needed for symbols of one universe
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
    /// How many days up to the last finished session; the two years of a run by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=40_000))]
    pub days: Option<u32>,
    /// Shows the calls that it would take, and makes none
    #[arg(long, conflicts_with = "output")]
    pub plan: bool,
    /// Writes one file a symbol to this folder
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// The form of those files
    #[arg(long, value_enum, default_value_t = FileFormat::Csv, requires = "output")]
    pub format: FileFormat,
    #[command(flatten)]
    pub source: SourceArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    Csv,
    Parquet,
}

impl From<FileFormat> for ExportFormat {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Csv => ExportFormat::Csv,
            FileFormat::Parquet => ExportFormat::Parquet,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum CacheAction {
    /// Lists the entries
    Ls,
    /// Reads every entry whole and tells which are unsound; exits with 1 where one is
    Verify,
    /// Removes an entry, a symbol's entries, or all
    Clear(ClearArgs),
}

#[derive(Debug, Args)]
pub struct ClearArgs {
    /// A key as `ts cache ls` prints it, or a symbol
    #[arg(value_name = "KEY|SYMBOL", required_unless_present = "all", conflicts_with = "all")]
    pub what: Option<String>,
    /// Removes every entry, and what was quarantined
    #[arg(long)]
    pub all: bool,
    /// The asset class, where both hold the symbol
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
}

#[derive(Debug, Subcommand)]
pub enum PortfolioAction {
    /// Adds what you bought, so that its stop and exit rule are checked each session
    Add(AddArgs),
    /// Tells that you sold a position, or a part of it
    Close(CloseArgs),
    /// Shows what you hold at the newest cached prices, without the network
    List {
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Adds the positions of a CSV file, all or none (the README says which columns)
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct AddArgs {
    pub symbol: String,
    /// How many units
    #[arg(long, value_name = "UNITS")]
    pub quantity: f64,
    /// What one unit cost
    #[arg(long, value_name = "PRICE")]
    pub price: f64,
    /// The session on which you bought; the newest that has opened by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// The strategy that sells it; by default the one that recommended it
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// The stop at the entry; by default the one that was recommended
    #[arg(long, value_name = "PRICE")]
    pub stop: Option<f64>,
    /// The asset class, where the universes do not tell it
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
}

#[derive(Debug, Args)]
pub struct CloseArgs {
    pub symbol: String,
    /// What one unit brought; by default the open of the session, where its bar is at hand
    #[arg(long, value_name = "PRICE")]
    pub price: Option<f64>,
    /// The session on which you sold; the newest that has opened by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// How many units, as they were counted on that day; all by default
    #[arg(long, value_name = "UNITS")]
    pub quantity: Option<f64>,
    /// The strategy, where several hold the symbol
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// The asset class, where both hold the symbol
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
}

#[derive(Debug, Subcommand)]
pub enum JournalAction {
    /// Lists the runs, the newest first
    Runs {
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Lists the recommendations and what became of them, the newest session first
    Recommendations {
        /// The first session that is listed; all by default
        #[arg(long, value_name = "YYYY-MM-DD")]
        since: Option<NaiveDate>,
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Shows one run: its scripts, problems, recommendations and mails
    Show {
        /// The run's id, or its beginning
        #[arg(value_name = "ID")]
        id: String,
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Writes a whole copy of the journal, also while others write to it
    Backup {
        /// The file to write; it must not be there yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The run's id, or its beginning
    #[arg(value_name = "RUN_ID")]
    pub id: String,
    /// Decides again from the stored inputs and compares to the byte; exits with 1 on a difference
    #[arg(long, conflicts_with_all = ["format", "output"])]
    pub recompute: bool,
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Writes it to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Prints each value with the layer it came from, secrets redacted
    Show,
    /// Tells what is wrong or missing; exits with 78 where something is
    Check,
}

#[derive(Debug, Args)]
pub struct SendTestEmailArgs {
    /// Sends it to this address alone, whoever the recipients are
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
}

#[derive(Debug, Args)]
pub struct NewStrategyArgs {
    /// What the strategy is called: lower-case letters, digits and `_`
    pub name: String,
    /// The market that it trades
    #[arg(long, value_enum)]
    pub asset_class: OneClass,
    /// The scorer that grades its signals; the settings' own by default
    #[arg(long, value_name = "NAME")]
    pub scorer: Option<String>,
}

#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Scripts and folders of scripts; `strategies/` and `scorers/` beside the settings by default
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = FindingFormat::Text)]
    pub format: FindingFormat,
    /// Exits with 1 on warnings too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Shows the page on a code, and checks nothing
    #[arg(long, value_name = "CODE", conflicts_with_all = ["paths", "format", "deny_warnings"])]
    pub explain: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FindingFormat {
    /// Each finding with its line and a mark under the place
    Text,
    Json,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
    /// Annotations of GitHub's pull requests
    Github,
    /// For CI servers that list tests
    Junit,
}

#[derive(Debug, Args)]
pub struct RunSchedulerArgs {
    /// How edits come to notice; `poll` for network file systems, which give no events
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = WatchChoice::Events)]
    pub watch_method: WatchChoice,
}

#[derive(Debug, Args)]
pub struct ScheduleArgs {
    /// The instant to look ahead from (RFC 3339), itself included; now by default
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<DateTime<Utc>>,
    /// How many runs of each job to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub count: usize,
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder to write to
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}
