use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use dabnet_container::replace_file;
use dabnet_report::{Comparison, NetworkKind, replace_section};
use dabnet_train::RunFolder;
use toml::{Table, Value};

use crate::{
    comparison::{FinishedRun, compare, network_kinds, split_policies},
    data::LoadedData,
    error::{CliError, ExitCode},
    evaluation::test_part,
    output, terminal,
    training::{InterruptFlag, MachineArgs, RunSettings, SettingsArgs, SettingsLayers, TrainingJob},
};

/// Train networks on a data set and compare them: the table of the paper, of one's own data.
///
/// Every network is trained with every seed, each as `dabnet train` does, in a folder of its own. The same command
/// goes on where it was stopped, and trains nothing twice. The table has top-1 and top-5 on the test part, with
/// their spread over seeds, and what each network takes; the difference of networks that differ in their scheme is
/// paired by seed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet compare --data quickdraw --out runs
  dabnet compare --data tu-berlin --arch sketch-a-net --side 128 --seeds 0 --out runs
  dabnet compare --data quickdraw --policy fbin --scheme dab,sign --out runs
  dabnet compare --out runs --only-table --markdown notes.md --name quickdraw")]
pub(crate) struct CompareArgs {
    /// Folder that has, or gets, a folder for each run
    #[arg(short, long, value_name = "RUNS")]
    out: PathBuf,

    /// Architectures, with commas between them
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = "sketch-a-net-64")]
    arch: Vec<String>,

    /// Networks: full, bwn (wbin sign), xnor (fbin sign), dab-wbin, dab (fbin dab) [default: full,xnor,dab]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    network: Vec<String>,

    /// Policies, each with every one of the schemes, in place of --network or beside it
    #[arg(long, value_name = "POLICY,...")]
    policy: Vec<String>,

    /// Schemes, with --policy
    #[arg(
        long,
        value_name = "SCHEME,...",
        value_delimiter = ',',
        default_value = "dab",
        requires = "policy"
    )]
    scheme: Vec<String>,

    /// Seeds, with commas between them
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "0,1,2",
          value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seeds: Vec<u64>,

    /// Train nothing: compare the runs that are finished, and say which are missing
    #[arg(long)]
    only_table: bool,

    /// Document to write a section into, between the lines <!-- compare:NAME --> and <!-- /compare:NAME -->
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Name of that section [default: that of the folder RUNS]
    #[arg(long, value_name = "NAME", requires = "markdown")]
    name: Option<String>,

    /// File of settings, such as another run's config.toml; options override it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    settings: SettingsArgs<false>,

    #[command(flatten)]
    machine: MachineArgs,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A run of the table, finished or to be trained.
struct PlannedRun {
    folder: PathBuf,
    /// Its settings; none if nothing is trained and it is not there.
    settings: Option<RunSettings>,
}

impl CompareArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let section = self.section()?;
        let mut planned = Vec::new();
        for network in self.networks()? {
            let runs = self.seeds().into_iter().map(|seed| self.planned(&network, seed));
            planned.push((network.clone(), runs.collect::<Result<Vec<_>, _>>()?));
        }
        if !self.only_table && !self.train(planned.iter().flat_map(|(_, runs)| runs).collect())? {
            return Ok(ExitCode::from(InterruptFlag::EXIT_CODE));
        }
        let (mut networks, mut missing) = (Vec::new(), Vec::new());
        for (network, runs) in planned {
            let mut finished = Vec::new();
            for PlannedRun { folder, .. } in runs {
                match FinishedRun::open(&folder)? {
                    Some(run) => finished.push(run),
                    None => missing.push(folder.display().to_string()),
                }
            }
            networks.push((network, finished));
        }
        self.show(networks, &missing, section)?;
        Ok(ExitCode::SUCCESS)
    }

    fn networks(&self) -> Result<Vec<NetworkKind>, CliError> {
        let usual = ["full", "xnor", "dab"].map(str::to_owned);
        let names =
            if self.network.is_empty() && self.policy.is_empty() { &usual } else { &self.network[..] };
        let policies: Vec<String> = self.policy.iter().flat_map(|text| split_policies(text)).collect();
        network_kinds(&self.arch, names, &policies, &self.scheme)
    }

    /// Seeds in ascending order, each once.
    fn seeds(&self) -> Vec<u64> {
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }

    /// The document and the name of the section to write.
    fn section(&self) -> Result<Option<(&Path, String)>, CliError> {
        let Some(document) = &self.markdown else { return Ok(None) };
        let folder = || self.out.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = self.name.clone().unwrap_or_else(folder);
        check_section_name(&name)?;
        Ok(Some((document, name)))
    }

    /// Plans a run; an error if it was begun with other settings.
    fn planned(&self, network: &NetworkKind, seed: u64) -> Result<PlannedRun, CliError> {
        let folder = self.out.join(format!("{}-s{seed}", network.key()));
        let begun = if is_begun(&folder)? { RunSettings::begun(&folder)? } else { None };
        if self.only_table && begun.is_none() {
            return Ok(PlannedRun { folder, settings: None });
        }
        let options = self.options(network, seed);
        let folder_of_settings = self.only_table.then_some(folder.as_path());
        let layers = SettingsLayers::new(folder_of_settings, self.config.as_deref(), options)?;
        let settings = layers.resolve()?;
        let settings = match &begun {
            Some(begun) => settings.chosen_as(begun),
            None => settings,
        };
        let difference = begun.map(|begun| begun.difference(&settings)).transpose()?.flatten();
        if let Some((name, then, now)) = difference {
            let source =
                layers.source(&name).map_or_else(|| "by default".to_owned(), |source| format!("by {source}"));
            return Err(CliError::Input(format!(
                "{} was begun with other settings: {name} was {then} and is now {now} {source}; take another --out",
                folder.display()
            )));
        }
        Ok(PlannedRun { folder, settings: Some(settings) })
    }

    /// Options of a run of the network with a seed.
    fn options(&self, network: &NetworkKind, seed: u64) -> Table {
        let mut options = self.settings.0.clone();
        if !network.is_automatic() {
            options.remove("auto");
        }
        options.insert("arch".to_owned(), network.arch.clone().into());
        options.insert("policy".to_owned(), network.policy.to_string().into());
        if let Value::Table(train) = options.entry("train").or_insert_with(|| Table::new().into()) {
            train.insert("scheme".to_owned(), network.scheme.name().into());
            train.insert("seed".to_owned(), (seed as i64).into());
        }
        options
    }

    /// Trains the runs that are not finished, one after another. Whether it came to an end.
    fn train(&self, runs: Vec<&PlannedRun>) -> Result<bool, CliError> {
        let Some(first) = runs.iter().find_map(|run| run.settings.as_ref()) else { return Ok(true) };
        self.machine.apply(first.clone())?;
        let data = LoadedData::open(&first.data)?;
        if test_part(&data.set).is_none() {
            let data = first.data.display();
            let reason = format!("{data} has no test part to compare networks on: see dabnet data split");
            return Err(CliError::Input(reason));
        }
        let interrupt = InterruptFlag::listen()?;
        let count = runs.len();
        for (index, PlannedRun { folder, settings }) in runs.into_iter().enumerate() {
            let (Some(settings), false) = (settings, is_finished(folder, &data)?) else { continue };
            if interrupt.is_set() {
                return Ok(false);
            }
            terminal::say(format_args!("run {} of {count}: {}", index + 1, folder.display()));
            let settings = self.machine.apply(settings.clone())?;
            let job = TrainingJob::new(folder.clone(), settings, self.machine.saving());
            if job.run(&data, &interrupt)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn show(
        &self,
        networks: Vec<(NetworkKind, Vec<FinishedRun>)>,
        missing: &[String],
        section: Option<(&Path, String)>,
    ) -> Result<(), CliError> {
        for run in missing {
            terminal::say(format_args!("dabnet: missing: {run}"));
        }
        if networks.iter().all(|(_, runs)| runs.is_empty()) {
            let out = self.out.display();
            return Err(CliError::Input(format!("{out} has not one of these runs finished")));
        }
        let comparison = compare(networks)?;
        if let Some((document, name)) = section {
            write_section(document, &name, &comparison.section(missing, &command_line()))?;
        }
        if self.json {
            output::print_json(&comparison.to_json(missing))?
        } else {
            print(&comparison)?
        }
        Ok(())
    }
}

/// True if something was trained in `folder`.
fn is_begun(folder: &Path) -> Result<bool, CliError> {
    Ok(folder.is_dir()
        && (RunFolder::create(folder)?.has_checkpoint() || FinishedRun::open(folder)?.is_some()))
}

/// True if the run in `folder` has come to its end, on this data.
fn is_finished(folder: &Path, data: &LoadedData) -> Result<bool, CliError> {
    let Some(run) = FinishedRun::open(folder)? else { return Ok(false) };
    let train = run.settings.train_count(&data.set)?;
    if (run.results.fingerprint, run.results.train) == (data.set.manifest().fingerprint, train) {
        return Ok(true);
    }
    let reason = format!("{} was trained on other data than this; take another --out", folder.display());
    Err(CliError::Input(reason))
}

fn print(comparison: &Comparison) -> io::Result<()> {
    let mut table = output::table(comparison.header());
    table.add_rows(comparison.rows().map(|(name, cells)| output::row(&name, cells)));
    let mut out = io::stdout().lock();
    writeln!(out, "{table}")?;
    let lines = comparison.differences().chain(comparison.chosen_policies()).chain(comparison.explanation());
    lines.into_iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Writes a section of a document, in the place of the one of that name or at the end.
fn write_section(document: &Path, name: &str, body: &str) -> Result<(), CliError> {
    let text = match fs::read_to_string(document) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(CliError::Input(format!("{}: {error}", document.display()))),
    };
    let wrong = |reason| CliError::Input(format!("{}: {reason}", document.display()));
    let text = replace_section(&text, name, body).map_err(wrong)?;
    replace_file(document, text.as_bytes()).map_err(|error| CliError::write(document, &error))
}

/// Checks the name of a section.
fn check_section_name(name: &str) -> Result<(), CliError> {
    let plain = |c: char| c.is_alphanumeric() || "._+-".contains(c);
    if !name.is_empty() && name.chars().all(plain) && !name.contains("--") {
        return Ok(());
    }
    Err(CliError::Input(format!(
        "'{name}' is no name for a section: give --name letters, digits, . _ + or -"
    )))
}

/// The command line, quoted for a shell.
fn command_line() -> String {
    let quoted = |argument: String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
        match argument.chars().all(plain) && !argument.is_empty() {
            true => argument,
            false => format!("'{}'", argument.replace('\'', "'\\''")),
        }
    };
    let arguments = env::args_os()
        .skip_while(|it| it != "compare")
        .map(|argument| quoted(argument.to_string_lossy().into_owned()));
    ["dabnet".to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}
