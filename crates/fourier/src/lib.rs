//! Fourier transforms of `f32`.
//!
//! The library of transforms is generic: whoever names a type compiles all of its algorithms, for every instruction set. Here
//! that happens once, and not with every change of the crates that transform something.

use std::fmt;
use std::sync::Arc;

pub use realfft::num_complex::Complex;
pub use realfft::{ComplexToReal, RealToComplex};
pub use rustfft::Fft;

use realfft::RealFftPlanner;
use rustfft::FftPlanner;

/// Makes transforms of asked lengths; what two of them share is computed once.
pub struct Planner {
    real: RealFftPlanner<f32>,
    complex: FftPlanner<f32>,
}

impl Planner {
    /// One that has made nothing yet.
    #[inline(never)]
    pub fn new() -> Self {
        Self { real: RealFftPlanner::new(), complex: FftPlanner::new() }
    }

    /// From `length` real numbers to the `length / 2 + 1` coefficients that are not each other's conjugates; not scaled.
    #[inline(never)]
    pub fn real(&mut self, length: usize) -> Arc<dyn RealToComplex<f32>> {
        self.real.plan_fft_forward(length)
    }

    /// Back from [`real`](Self::real), `length` times as large.
    #[inline(never)]
    pub fn real_inverse(&mut self, length: usize) -> Arc<dyn ComplexToReal<f32>> {
        self.real.plan_fft_inverse(length)
    }

    /// From `length` complex numbers to as many coefficients; not scaled.
    #[inline(never)]
    pub fn complex(&mut self, length: usize) -> Arc<dyn Fft<f32>> {
        self.complex.plan_fft_forward(length)
    }

    /// Back from [`complex`](Self::complex), `length` times as large.
    #[inline(never)]
    pub fn complex_inverse(&mut self, length: usize) -> Arc<dyn Fft<f32>> {
        self.complex.plan_fft_inverse(length)
    }
}

impl Default for Planner {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planner").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_are_sums_of_waves_and_go_back() {
        for length in [1, 2, 12, 31, 64] {
            let mut planner = Planner::new();
            let values: Vec<f32> = (0..length).map(|i| ((i * 7 + 3) % 11) as f32 - 5.0).collect();
            let wave = |k: usize| {
                let turn = |i: usize| -std::f64::consts::TAU * (i * k % length) as f64 / length as f64;
                let sum = |part: fn(f64) -> f64| -> f64 {
                    values.iter().enumerate().map(|(i, v)| f64::from(*v) * part(turn(i))).sum()
                };
                (sum(f64::cos), sum(f64::sin))
            };
            let is_wave = |k: usize, found: &Complex<f32>| {
                let (real, imaginary) = wave(k);
                (f64::from(found.re) - real).abs() < 1e-3 && (f64::from(found.im) - imaginary).abs() < 1e-3
            };
            let near = |found: f32, v: f32| (found / length as f32 - v).abs() < 1e-4;

            let real = planner.real(length);
            let mut coefficients = real.make_output_vec();
            real.process(&mut values.clone(), &mut coefficients).expect("the lengths are those of the plan");
            assert_eq!(coefficients.len(), length / 2 + 1);
            assert!(coefficients.iter().enumerate().all(|(k, found)| is_wave(k, found)), "{length}");
            let mut back = vec![0.0; length];
            let inverse = planner.real_inverse(length);
            inverse.process(&mut coefficients, &mut back).expect("the lengths are those of the plan");
            assert!(back.iter().zip(&values).all(|(found, v)| near(*found, *v)), "{length}");

            let mut complex: Vec<Complex<f32>> = values.iter().map(|v| Complex::new(*v, 0.0)).collect();
            planner.complex(length).process(&mut complex);
            assert!(complex.iter().enumerate().all(|(k, found)| is_wave(k, found)), "{length}");
            planner.complex_inverse(length).process(&mut complex);
            assert!(complex.iter().zip(&values).all(|(found, v)| near(found.re, *v)), "{length}");
        }
    }
}
