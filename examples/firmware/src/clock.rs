//! Count of instructions, in an emulator that counts them (`-icount shift=0`: one a nanosecond).

#[cfg(target_arch = "arm")]
mod arm {
    use cortex_m::peripheral::{Peripherals, SYST, syst::SystClkSource};

    /// Instructions a tick, at the 25 MHz of the emulated board.
    const TICK: u32 = 40;
    const MASK: u32 = 0xff_ffff;

    /// Timer of the core, which counts down.
    pub(crate) struct Clock;

    impl Clock {
        pub(crate) fn new() -> Self {
            if let Some(Peripherals { mut SYST, .. }) = Peripherals::take() {
                SYST.set_clock_source(SystClkSource::Core);
                SYST.set_reload(MASK);
                SYST.clear_current();
                SYST.enable_counter();
            }
            Self
        }

        pub(crate) fn now(&self) -> u32 {
            SYST::get_current()
        }

        /// Instructions since then, up to 670 million.
        pub(crate) fn since(&self, begin: u32) -> u32 {
            (begin.wrapping_sub(self.now()) & MASK) * TICK
        }
    }
}

#[cfg(target_arch = "riscv32")]
mod riscv32 {
    /// Counter of instructions that the core has.
    pub(crate) struct Clock;

    impl Clock {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) fn now(&self) -> u32 {
            riscv::register::minstret::read() as u32
        }

        pub(crate) fn since(&self, begin: u32) -> u32 {
            self.now().wrapping_sub(begin)
        }
    }
}

#[cfg(target_arch = "arm")]
pub(crate) use arm::Clock;
#[cfg(target_arch = "riscv32")]
pub(crate) use riscv32::Clock;
