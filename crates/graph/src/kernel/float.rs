//! Denormal numbers are treated as zero while a plan runs: they decay into optimizer state and make products slow.

/// Treats denormals as zero on this thread until dropped.
pub(crate) struct FlushDenormals {
    before: u64,
}

impl FlushDenormals {
    /// Starts flushing.
    pub(crate) fn on() -> Self {
        let before = control::read();
        control::write(before | control::FLUSH);
        Self { before }
    }
}

impl Drop for FlushDenormals {
    fn drop(&mut self) {
        control::write(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
mod control {
    /// Flush-to-zero (bit 15) and denormals-are-zero (bit 6) of MXCSR.
    pub(super) const FLUSH: u64 = 0x8040;

    pub(super) fn read() -> u64 {
        let mut value: u32 = 0;
        // SAFETY: `stmxcsr` writes four bytes to the place it is given, which is a live `u32`.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack)) };
        u64::from(value)
    }

    pub(super) fn write(value: u64) {
        let value = value as u32;
        // SAFETY: `ldmxcsr` reads four bytes from a live `u32`; only the denormal bits differ from what `read`
        // gave, so rounding and exception masks stay as Rust expects them.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, readonly)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    /// Flush-to-zero (bit 24) of FPCR.
    pub(super) const FLUSH: u64 = 1 << 24;

    pub(super) fn read() -> u64 {
        let value: u64;
        // SAFETY: reading FPCR has no effect.
        unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack)) };
        value
    }

    pub(super) fn write(value: u64) {
        // SAFETY: only the flush bit differs from what `read` gave.
        unsafe { std::arch::asm!("msr fpcr, {}", in(reg) value, options(nomem, nostack)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod control {
    pub(super) const FLUSH: u64 = 0;
    pub(super) fn read() -> u64 {
        0
    }
    pub(super) fn write(_: u64) {}
}
