use std::{collections::BTreeSet, fmt::Display, str::FromStr};

use dabnet_binarize::Scheme;
use dabnet_graph::{Policy, architectures};
use dabnet_report::NetworkKind;

use crate::error::CliError;

/// Names that `--network` takes, with the policy and the scheme of each.
static NAMED: [(&str, Policy, Scheme); 5] = [
    ("full", Policy::Full, Scheme::Dab),
    ("bwn", Policy::Wbin, Scheme::Sign),
    ("xnor", Policy::Fbin, Scheme::Sign),
    ("dab-wbin", Policy::Wbin, Scheme::Dab),
    ("dab", Policy::Fbin, Scheme::Dab),
];

/// Every architecture with each of the named networks, and with each scheme of each policy; each kind once, in this
/// order.
pub(crate) fn network_kinds(
    archs: &[String],
    names: &[String],
    policies: &[String],
    schemes: &[String],
) -> Result<Vec<NetworkKind>, CliError> {
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
        let of_arch = kinds.iter().map(|(policy, scheme)| NetworkKind::new(arch, policy.clone(), *scheme));
        networks.extend(of_arch.filter(|kind| seen.insert(kind.key())));
    }
    Ok(networks)
}

fn named(name: &str) -> Result<(Policy, Scheme), CliError> {
    let found = NAMED.iter().find(|(known, ..)| *known == name);
    found.map(|(_, policy, scheme)| (policy.clone(), *scheme)).ok_or_else(|| {
        let known: Vec<&str> = NAMED.iter().map(|(name, ..)| *name).collect();
        CliError::Input(format!("'{name}' is no network; there are {}", known.join(", ")))
    })
}

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, CliError> {
    text.parse().map_err(|error| CliError::Input(format!("'{text}': {error}")))
}

/// Splits a list of policies at its commas; what follows `hybrid:` up to the next policy are its layers.
pub(crate) fn split_policies(text: &str) -> Vec<String> {
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
        let listed = if listed.is_empty() { Vec::new() } else { split_policies(listed) };
        let networks =
            network_kinds(&owned(&["resnet-18"]), &owned(names), &listed, &owned(schemes)).unwrap();
        networks.iter().map(NetworkKind::key).collect()
    }

    #[test]
    fn hybrids_keep_their_layers() {
        assert_eq!(split_policies("full,hybrid:conv6,conv7,fbin"), ["full", "hybrid:conv6,conv7", "fbin"]);
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
        let wrong = network_kinds(&["resnet-18".into()], &["xnr".into()], &[], &[]).unwrap_err();
        assert!(wrong.to_string().contains("full, bwn, xnor"), "{wrong}");
    }
}
