//! Which instruction set the processor has, asked once, so that one binary runs everywhere at full speed.

use std::sync::OnceLock;

/// The instruction sets the loops are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isa {
    /// x86-64 with AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// x86-64 with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What every processor of the target has: SSE2 on x86-64, NEON with FMA on 64-bit Arm.
    Baseline,
}

static CHOSEN: OnceLock<Isa> = OnceLock::new();

/// Whether the baseline has a fused multiply-add; without one, `f32::mul_add` is a slow library call.
pub(crate) const BASELINE_FMA: bool = cfg!(target_arch = "aarch64");

impl Isa {
    /// The one that plans run on: the best the processor has, or what [`Isa::choose`] said.
    pub fn detect() -> Self {
        *CHOSEN.get_or_init(|| Self::available()[0])
    }

    /// Lets every plan of this process run on one that the processor has, to compare them. Whether it is used from now on:
    /// not where the processor lacks it or a plan was compiled for another before.
    pub fn choose(self) -> bool {
        Self::available().contains(&self) && *CHOSEN.get_or_init(|| self) == self
    }

    /// All the processor has, the best first.
    pub fn available() -> Vec<Self> {
        let mut sets = vec![Self::Baseline];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            sets.insert(0, Self::Avx2);
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
            {
                sets.insert(0, Self::Avx512);
            }
        }
        sets
    }
}

/// Compiles an `#[inline(always)]` body once for each instruction set and calls the one the processor has.
///
/// The body's first generic argument is whether a fused multiply-add is fast.
macro_rules! dispatch {
    ($(#[$doc:meta])* $vis:vis unsafe fn $name:ident = $body:ident $(::<$($generic:tt),*>)? ($($arg:ident : $type:ty),* $(,)?)) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// As the body.
        #[allow(clippy::too_many_arguments, reason = "a hot loop with its operands")]
        $vis unsafe fn $name(isa: crate::kernel::isa::Isa, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
            #[allow(clippy::too_many_arguments, reason = "a hot loop with its operands")]
            unsafe fn avx512($($arg: $type),*) {
                // SAFETY: the caller keeps the body's contract.
                unsafe { $body::<true $(, $($generic),*)?>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments, reason = "a hot loop with its operands")]
            unsafe fn avx2($($arg: $type),*) {
                // SAFETY: the caller keeps the body's contract.
                unsafe { $body::<true $(, $($generic),*)?>($($arg),*) }
            }
            match isa {
                // SAFETY: `Isa::detect` found these features; the caller keeps the body's contract.
                #[cfg(target_arch = "x86_64")]
                crate::kernel::isa::Isa::Avx512 => unsafe { avx512($($arg),*) },
                // SAFETY: likewise.
                #[cfg(target_arch = "x86_64")]
                crate::kernel::isa::Isa::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: the caller keeps the body's contract.
                crate::kernel::isa::Isa::Baseline => unsafe {
                    $body::<{ crate::kernel::isa::BASELINE_FMA } $(, $($generic),*)?>($($arg),*)
                },
            }
        }
    };
}
pub(crate) use dispatch;
