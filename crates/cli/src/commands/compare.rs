use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use dabnet_data::Part;
use dabnet_train::RunFolder;

use crate::{
    comparison::{Comparison, Entry, Network, Report, policies},
    data::Data,
    error::CliError,
    json,
    scoring::tested,
    terminal,
    training::{Interrupt, Job, Machine, Settings, TrainingOptions},
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
  dabnet compare --data quickdraw --policy fbin,hybrid:conv6,conv7 --scheme dab,sign,mean --out runs
  dabnet compare --out runs --only-table --markdown docs/accuracy.md --name quickdraw")]
pub(crate) struct Compare {
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

    /// File of settings, such as another run's config.toml; what is given here stands over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    options: TrainingOptions,

    #[command(flatten)]
    machine: Machine,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A run of the table.
struct Planned {
    folder: PathBuf,
    /// What it is to be trained with; nothing where nothing is trained and it is not there.
    settings: Option<Settings>,
}

impl Compare {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let report = self.report()?;
        let mut planned = Vec::new();
        for network in self.networks()? {
            let runs = self.seeds().into_iter().map(|seed| self.planned(&network, seed));
            planned.push((network.clone(), runs.collect::<Result<Vec<_>, _>>()?));
        }
        if !self.only_table && !self.train(planned.iter().flat_map(|(_, runs)| runs).collect())? {
            return Ok(ExitCode::from(Interrupt::EXIT_CODE));
        }
        let (mut networks, mut missing) = (Vec::new(), Vec::new());
        for (network, runs) in planned {
            let mut entries = Vec::new();
            for Planned { folder, .. } in runs {
                match Entry::open(&folder)? {
                    Some(entry) => entries.push(entry),
                    None => missing.push(folder.display().to_string()),
                }
            }
            networks.push((network, entries));
        }
        self.show(networks, &missing, report)?;
        Ok(ExitCode::SUCCESS)
    }

    fn networks(&self) -> Result<Vec<Network>, CliError> {
        let usual = ["full", "xnor", "dab"].map(str::to_owned);
        let names =
            if self.network.is_empty() && self.policy.is_empty() { &usual } else { &self.network[..] };
        let policies: Vec<String> = self.policy.iter().flat_map(|text| policies(text)).collect();
        Network::all(&self.arch, names, &policies, &self.scheme)
    }

    /// Each once, in order.
    fn seeds(&self) -> Vec<u64> {
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }

    fn report(&self) -> Result<Option<Report>, CliError> {
        let Some(document) = &self.markdown else { return Ok(None) };
        let folder = || self.out.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Report::new(document.clone(), self.name.clone().unwrap_or_else(folder)).map(Some)
    }

    /// A run, refused if it was begun as another one.
    fn planned(&self, network: &Network, seed: u64) -> Result<Planned, CliError> {
        let folder = self.out.join(format!("{}-s{seed}", network.key()));
        let begun = if is_begun(&folder)? { Settings::begun(&folder)? } else { None };
        if self.only_table && begun.is_none() {
            return Ok(Planned { folder, settings: None });
        }
        let mut options = network.choice(seed).over(self.options.table());
        if !network.is_automatic() {
            options.remove("auto");
        }
        let settings = if self.only_table {
            Settings::resolve(&folder, self.config.as_deref(), options)?
        } else {
            Settings::new(self.config.as_deref(), options)?
        };
        let settings = match &begun {
            Some(begun) => settings.chosen_as(begun),
            None => settings,
        };
        if let Some((name, then, now)) = begun.map(|begun| begun.difference(&settings)).transpose()?.flatten()
        {
            return Err(CliError::Input(format!(
                "{} was begun with other settings: {name} was {then} and is now {now}; take another --out",
                folder.display()
            )));
        }
        Ok(Planned { folder, settings: Some(settings) })
    }

    /// Trains the runs that are not finished, one after another. Whether it came to an end.
    fn train(&self, runs: Vec<&Planned>) -> Result<bool, CliError> {
        let Some(first) = runs.iter().find_map(|run| run.settings.as_ref()) else { return Ok(true) };
        self.machine.with(first.clone())?;
        let data = Data::open(&first.data)?;
        if tested(&data.set).is_none() {
            let data = first.data.display();
            let reason = format!("{data} has no test part to compare networks on: see dabnet data split");
            return Err(CliError::Input(reason));
        }
        let interrupt = Interrupt::listen()?;
        let count = runs.len();
        for (index, Planned { folder, settings }) in runs.into_iter().enumerate() {
            let (Some(settings), false) = (settings, is_finished(folder, &data)?) else { continue };
            if interrupt.is_set() {
                return Ok(false);
            }
            terminal::say(format_args!("run {} of {count}: {}", index + 1, folder.display()));
            let settings = self.machine.with(settings.clone())?;
            let job = Job::new(folder.clone(), settings, self.machine.saving());
            if job.run(&data, &interrupt)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn show(
        &self,
        networks: Vec<(Network, Vec<Entry>)>,
        missing: &[String],
        report: Option<Report>,
    ) -> Result<(), CliError> {
        for run in missing {
            terminal::say(format_args!("dabnet: missing: {run}"));
        }
        if networks.iter().all(|(_, entries)| entries.is_empty()) {
            let out = self.out.display();
            return Err(CliError::Input(format!("{out} has not one of these runs finished")));
        }
        let comparison = Comparison::new(networks)?;
        if let Some(report) = report {
            report.write(&comparison, missing)?;
        }
        if self.json {
            json::print_line(&comparison.to_json(missing))?
        } else {
            comparison.print()?
        }
        Ok(())
    }
}

/// Whether something was trained in `folder`.
fn is_begun(folder: &Path) -> Result<bool, CliError> {
    Ok(folder.is_dir() && (RunFolder::create(folder)?.has_checkpoint() || Entry::open(folder)?.is_some()))
}

/// Whether the run in `folder` has come to its end, on this data.
fn is_finished(folder: &Path, data: &Data) -> Result<bool, CliError> {
    let Some(Entry { results, .. }) = Entry::open(folder)? else { return Ok(false) };
    let manifest = data.set.manifest();
    let train = data.set.indices(Part::Train)?.len();
    if (results.fingerprint, results.train) == (manifest.fingerprint, train) {
        return Ok(true);
    }
    let reason = format!("{} was trained on other data than this; take another --out", folder.display());
    Err(CliError::Input(reason))
}
