use dabnet_binarize::Scheme;
use dabnet_graph::Policy;

/// Architecture, policy and scheme of a network.
///
/// ```
/// use dabnet_binarize::Scheme;
/// use dabnet_graph::Policy;
/// use dabnet_report::NetworkKind;
///
/// let kind = NetworkKind::new("resnet-18", Policy::Fbin, Scheme::Sign);
/// assert_eq!((kind.key().as_str(), kind.name().as_str()), ("resnet-18-fbin-sign", "XNOR-Net"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkKind {
    /// Name of the architecture.
    pub arch: String,
    /// Precision of its layers.
    pub policy: Policy,
    /// Scheme that filters of binary layers are split by.
    pub scheme: Scheme,
}

impl NetworkKind {
    /// The policy whose layers with real inputs each run chooses.
    pub const AUTOMATIC: &str = "hybrid:auto";

    /// A kind of network. In full precision all schemes are the same network.
    pub fn new(arch: &str, policy: Policy, scheme: Scheme) -> Self {
        let scheme = if policy == Policy::Full { Scheme::Dab } else { scheme };
        Self { arch: arch.to_owned(), policy, scheme }
    }

    /// Name of the folders of its runs, without the seed.
    pub fn key(&self) -> String {
        let policy = self.policy.to_string().replace(':', "-").replace(',', "+");
        match self.policy {
            Policy::Full => format!("{}-{policy}", self.arch),
            _ => format!("{}-{policy}-{}", self.arch, self.scheme),
        }
    }

    /// Name for people.
    pub fn name(&self) -> String {
        match (&self.policy, self.scheme) {
            (Policy::Full, _) => "full precision".into(),
            (Policy::Wbin, Scheme::Sign) => "BWN".into(),
            (Policy::Fbin, Scheme::Sign) => "XNOR-Net".into(),
            (Policy::Wbin, Scheme::Dab) => "DAB-Net, real inputs".into(),
            (Policy::Fbin, Scheme::Dab) => "DAB-Net".into(),
            (policy, scheme) => format!("{policy} {scheme}"),
        }
    }

    /// True if each of its runs chooses the layers that keep real inputs.
    pub fn is_automatic(&self) -> bool {
        self.policy.to_string() == Self::AUTOMATIC
    }
}
