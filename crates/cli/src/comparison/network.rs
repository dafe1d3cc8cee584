use std::{collections::BTreeSet, str::FromStr};

use dabnet_binarize::Scheme;
use dabnet_graph::{Policy, architectures};

use crate::{
    error::CliError,
    training::{Auto, Choice},
};

/// A kind of network that is compared with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub arch: String,
    pub policy: Policy,
    pub scheme: Scheme,
}

/// What `--network` takes, and what each stands for.
static NAMED: [(&str, Policy, Scheme); 5] = [
    ("full", Policy::Full, Scheme::Dab),
    ("bwn", Policy::Wbin, Scheme::Sign),
    ("xnor", Policy::Fbin, Scheme::Sign),
    ("dab-wbin", Policy::Wbin, Scheme::Dab),
    ("dab", Policy::Fbin, Scheme::Dab),
];

impl Network {
    /// Every architecture with every one of the named networks and with every scheme of every policy, each
    /// once, in this order.
    pub(crate) fn all(
        archs: &[String],
        names: &[String],
        policies: &[String],
        schemes: &[String],
    ) -> Result<Vec<Self>, CliError> {
        let mut kinds = names.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
        let schemes = schemes.iter().map(|name| parsed(name)).collect::<Result<Vec<Scheme>, _>>()?;
        for policy in policies {
            let policy: Policy = policy.parse()?;
            kinds.extend(schemes.iter().map(|&scheme| (policy.clone(), scheme)));
        }
        let mut seen = BTreeSet::new();
        let mut networks = Vec::new();
        for arch in archs {
            architectures::find(arch)?;
            let of_arch = kinds.iter().map(|(policy, scheme)| Self::new(arch, policy.clone(), *scheme));
            networks.extend(of_arch.filter(|network| seen.insert(network.key())));
        }
        Ok(networks)
    }

    /// Nothing has two values in full precision: whatever the scheme, it is the same network.
    fn new(arch: &str, policy: Policy, scheme: Scheme) -> Self {
        let scheme = if policy == Policy::Full { Scheme::Dab } else { scheme };
        Self { arch: arch.to_owned(), policy, scheme }
    }

    /// What the folders of its runs are called, but for the seed.
    pub(crate) fn key(&self) -> String {
        let policy = self.policy.to_string().replace(':', "-").replace(',', "+");
        match self.policy {
            Policy::Full => format!("{}-{policy}", self.arch),
            _ => format!("{}-{policy}-{}", self.arch, self.scheme),
        }
    }

    /// What people call it.
    pub(crate) fn name(&self) -> String {
        match (&self.policy, self.scheme) {
            (Policy::Full, _) => "full precision".into(),
            (Policy::Wbin, Scheme::Sign) => "BWN".into(),
            (Policy::Fbin, Scheme::Sign) => "XNOR-Net".into(),
            (Policy::Wbin, Scheme::Dab) => "DAB-Net, real inputs".into(),
            (Policy::Fbin, Scheme::Dab) => "DAB-Net".into(),
            (policy, scheme) => format!("{policy} {scheme}"),
        }
    }

    /// Whether each of its runs decides which layers keep real inputs.
    pub(crate) fn is_automatic(&self) -> bool {
        self.policy.to_string() == Auto::POLICY
    }

    /// What a run of it is told.
    pub(crate) fn choice(&self, seed: u64) -> Choice {
        Choice {
            arch: Some(self.arch.clone()),
            policy: Some(self.policy.to_string()),
            scheme: Some(self.scheme.name().to_owned()),
            seed: Some(seed),
        }
    }
}

fn named(name: &str) -> Result<(Policy, Scheme), CliError> {
    let found = NAMED.iter().find(|(known, ..)| *known == name);
    found.map(|(_, policy, scheme)| (policy.clone(), *scheme)).ok_or_else(|| {
        let known: Vec<&str> = NAMED.iter().map(|(name, ..)| *name).collect();
        CliError::Input(format!("'{name}' is no network; there are {}", known.join(", ")))
    })
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, CliError> {
    text.parse().map_err(|error| CliError::Input(format!("'{text}': {error}")))
}

/// Policies with commas between them; what follows `hybrid:` up to the next policy are its layers.
pub(crate) fn policies(text: &str) -> Vec<String> {
    let mut policies: Vec<String> = Vec::new();
    for part in text.split(',') {
        match policies.last_mut() {
            Some(last) if last.starts_with("hybrid:") && part.parse::<Policy>().is_err() => {
                last.push(',');
                last.push_str(part);
            }
            _ => policies.push(part.to_owned()),
        }
    }
    policies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str], listed: &str, schemes: &[&str]) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        let listed = if listed.is_empty() { Vec::new() } else { policies(listed) };
        let networks = Network::all(&owned(&["resnet-18"]), &owned(names), &listed, &owned(schemes)).unwrap();
        networks.iter().map(Network::key).collect()
    }

    #[test]
    fn hybrids_keep_their_layers() {
        assert_eq!(policies("full,hybrid:conv6,conv7,fbin"), ["full", "hybrid:conv6,conv7", "fbin"]);
    }

    #[test]
    fn every_network_is_there_once() {
        assert_eq!(
            keys(&["full", "dab"], "fbin,full,hybrid:a,b", &["dab", "sign"]),
            [
                "resnet-18-full",
                "resnet-18-fbin-dab",
                "resnet-18-fbin-sign",
                "resnet-18-hybrid-a+b-dab",
                "resnet-18-hybrid-a+b-sign"
            ]
        );
        let wrong = Network::all(&["resnet-18".into()], &["xnr".into()], &[], &[]).unwrap_err();
        assert!(wrong.to_string().contains("full, bwn, xnor"), "{wrong}");
    }
}
