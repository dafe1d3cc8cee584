//! Energy as the processor counts it (RAPL), which Linux shows where the machine lets it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use thiserror::Error;

/// Folder of the counters on Linux.
pub(crate) const FOLDER: &str = "/sys/class/powercap";

/// Interval between readings: short enough that no counter wraps twice, and long enough that reading costs
/// nothing.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reason why energy was not measured.
#[derive(Debug, Error)]
pub(crate) enum MeterError {
    #[error("not exposed here: no package is counted under {}", .0.display())]
    Absent(PathBuf),
    #[error("not readable here: {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("not exposed here: the counters under {} do not move", .0.display())]
    Still(PathBuf),
}

/// A meter of the energy that all processor packages take.
#[derive(Debug)]
pub(crate) struct EnergyMeter {
    folder: PathBuf,
    packages: Vec<CpuPackage>,
    read_at: Instant,
}

/// Counter of one processor package, its cores included and memory not.
#[derive(Debug)]
struct CpuPackage {
    name: String,
    counter: PathBuf,
    /// Highest value of the counter in microjoules, after which it wraps to 0.
    highest: u64,
    shown: u64,
    /// Microjoules since the start.
    sum: u64,
}

impl EnergyMeter {
    /// Starts to count with the counters under `folder`, which is [`FOLDER`] but in tests.
    pub(crate) fn new(folder: &Path) -> Result<Self, MeterError> {
        let mut packages: Vec<CpuPackage> = Vec::new();
        for zone in fs::read_dir(folder).into_iter().flatten().flatten() {
            let zone = zone.path();
            let name = fs::read_to_string(zone.join("name")).unwrap_or_default().trim().to_owned();
            // The same package can be shown by two drivers.
            if name.starts_with("package-") && packages.iter().all(|package| package.name != name) {
                packages.push(CpuPackage::new(name, &zone)?);
            }
        }
        if packages.is_empty() {
            return Err(MeterError::Absent(folder.to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), packages, read_at: Instant::now() })
    }

    /// Reads the counters if [`INTERVAL`] has passed.
    pub(crate) fn tick(mut self) -> Result<Self, MeterError> {
        if self.read_at.elapsed() >= INTERVAL {
            self.read_at = Instant::now();
            self.read()?;
        }
        Ok(self)
    }

    /// Joules since the start.
    pub(crate) fn finish(mut self) -> Result<f64, MeterError> {
        self.read()?;
        let microjoules: u64 = self.packages.iter().map(|package| package.sum).sum();
        if microjoules == 0 {
            return Err(MeterError::Still(self.folder));
        }
        Ok(microjoules as f64 / 1e6)
    }

    fn read(&mut self) -> Result<(), MeterError> {
        self.packages.iter_mut().try_for_each(CpuPackage::read)
    }
}

impl CpuPackage {
    fn new(name: String, zone: &Path) -> Result<Self, MeterError> {
        let highest = number(&zone.join("max_energy_range_uj"))?;
        let counter = zone.join("energy_uj");
        let shown = number(&counter)?;
        Ok(Self { name, counter, highest, shown, sum: 0 })
    }

    fn read(&mut self) -> Result<(), MeterError> {
        let now = number(&self.counter)?;
        self.sum += match now.checked_sub(self.shown) {
            Some(more) => more,
            None => self.highest.saturating_sub(self.shown) + now,
        };
        self.shown = now;
        Ok(())
    }
}

fn number(path: &Path) -> Result<u64, MeterError> {
    let parse = |text: String| text.trim().parse().map_err(io::Error::other);
    fs::read_to_string(path)
        .and_then(parse)
        .map_err(|source| MeterError::Unreadable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder as Linux shows it: two packages, the first of them twice, its cores and its memory.
    fn powercap() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (zone, name) in [
            ("intel-rapl:0", "package-0"),
            ("intel-rapl:0:0", "core"),
            ("intel-rapl:0:1", "dram"),
            ("intel-rapl:1", "package-1"),
            ("intel-rapl-mmio:0", "package-0"),
            ("intel-rapl:2", "psys"),
        ] {
            let zone = folder.path().join(zone);
            fs::create_dir(&zone).unwrap();
            fs::write(zone.join("name"), format!("{name}\n")).unwrap();
            fs::write(zone.join("max_energy_range_uj"), "262143328850\n").unwrap();
            fs::write(zone.join("energy_uj"), "1000000\n").unwrap();
        }
        fs::create_dir(folder.path().join("intel-rapl")).unwrap();
        folder
    }

    fn show(folder: &Path, zones: &[&str], microjoules: &str) {
        zones.iter().for_each(|zone| fs::write(folder.join(zone).join("energy_uj"), microjoules).unwrap());
    }

    const PACKAGE_0: [&str; 2] = ["intel-rapl:0", "intel-rapl-mmio:0"];
    const PARTS: [&str; 3] = ["intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:2"];

    #[test]
    fn every_package_counts_once_and_nothing_else() {
        let folder = powercap();
        let meter = EnergyMeter::new(folder.path()).unwrap();
        show(folder.path(), &PACKAGE_0, "3500000\n");
        show(folder.path(), &PARTS, "9000000\n");
        show(folder.path(), &["intel-rapl:1"], "1500000\n");
        assert_eq!(meter.finish().unwrap(), 3.0);
    }

    #[test]
    fn a_counter_that_passes_its_end_goes_on() {
        let folder = powercap();
        show(folder.path(), &PACKAGE_0, "262142328850\n");
        let mut meter = EnergyMeter::new(folder.path()).unwrap();
        show(folder.path(), &PACKAGE_0, "500000\n");
        meter.read().unwrap();
        show(folder.path(), &PACKAGE_0, "750000\n");
        assert_eq!(meter.finish().unwrap(), 1.75);
    }

    #[test]
    fn what_cannot_be_measured_is_said() {
        let folder = powercap();
        let said = |result: Result<EnergyMeter, MeterError>| {
            result.and_then(EnergyMeter::finish).expect_err("nothing can be measured").to_string()
        };
        assert!(said(EnergyMeter::new(folder.path())).contains("do not move"));
        show(folder.path(), &PACKAGE_0, "many\n");
        assert!(said(EnergyMeter::new(folder.path())).contains("energy_uj: invalid digit"));
        // As it is without the right to read: it is there and does not open.
        for zone in PACKAGE_0 {
            fs::remove_file(folder.path().join(zone).join("energy_uj")).unwrap();
        }
        let text = said(EnergyMeter::new(folder.path()));
        assert!(text.starts_with("not readable here") && text.contains("energy_uj"), "{text}");
        for absent in [folder.path().join("none"), folder.path().join("intel-rapl")] {
            let text = said(EnergyMeter::new(&absent));
            assert!(text.starts_with("not exposed here") && !text.contains('\n'), "{text}");
        }
    }
}
