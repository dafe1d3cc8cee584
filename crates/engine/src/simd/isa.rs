use std::{env, fmt, str::FromStr};

use crate::error::EngineError;

/// Environment variable that overrides the choice of the instruction set.
const VARIABLE: &str = "DABNET_ISA";

/// Instruction set of the kernels.
///
/// ```
/// use dabnet_engine::Isa;
///
/// assert!(Isa::Scalar.is_supported());
/// assert_eq!("avx2".parse::<Isa>()?, Isa::Avx2);
/// # Ok::<(), dabnet_engine::EngineError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Portable Rust, on every machine.
    Scalar,
    /// x86-64 with SSE4.2 and POPCNT (x86-64-v2).
    Sse4,
    /// x86-64 with AVX2 and POPCNT.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL (x86-64-v4).
    Avx512Bw,
    /// x86-64 with AVX-512 F, BW, DQ, VL and VPOPCNTDQ.
    Avx512,
    /// AArch64 with NEON, which is always present.
    Neon,
    /// WebAssembly with 128-bit vectors, if compiled for them.
    Simd128,
}

impl Isa {
    /// All instruction sets, the fastest of each architecture last.
    pub const ALL: [Self; 7] =
        [Self::Scalar, Self::Sse4, Self::Avx2, Self::Avx512Bw, Self::Avx512, Self::Neon, Self::Simd128];

    /// Name in `DABNET_ISA` and [`FromStr`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Sse4 => "sse4",
            Self::Avx2 => "avx2",
            Self::Avx512Bw => "avx512bw",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
            Self::Simd128 => "simd128",
        }
    }

    /// True if this machine has the instructions.
    pub fn is_supported(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Sse4 => is_x86_feature_detected!("sse4.2") && is_x86_feature_detected!("popcnt"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bw => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx512Bw.is_supported() && is_x86_feature_detected!("avx512vpopcntdq"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_feature = "simd128")]
            Self::Simd128 => true,
            // Instruction sets of other architectures.
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// Returns the instruction sets of this machine, the fastest last.
    pub fn supported() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_supported())
    }

    /// Returns the instruction set named by the environment variable `DABNET_ISA`, or else the fastest that
    /// this machine has.
    ///
    /// # Errors
    /// [`EngineError::Isa`] if the variable names one that is unknown or not supported here.
    pub fn select() -> Result<Self, EngineError> {
        match env::var_os(VARIABLE).filter(|name| !name.is_empty()) {
            Some(name) => name.to_string_lossy().parse::<Self>()?.check(),
            None => Ok(Self::supported().last().unwrap_or(Self::Scalar)),
        }
    }

    /// Returns the instruction set if this machine has it.
    pub(crate) fn check(self) -> Result<Self, EngineError> {
        if self.is_supported() { Ok(self) } else { Err(unsupported(self.name())) }
    }
}

pub(super) fn unsupported(name: &str) -> EngineError {
    let supported = Isa::supported().map(Isa::name).collect::<Vec<_>>().join(", ");
    EngineError::Isa { name: name.to_owned(), supported }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Isa {
    type Err = EngineError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|isa| isa.name() == name).ok_or_else(|| unsupported(name))
    }
}
