//! Elementary functions of `f32` without branches or tables, so that loops over them vectorize.
//!
//! Polynomials are those of the Cephes library (Moshier) in single precision; the rational tanh is Eigen's. Errors
//! are stated in units in the last place and checked in the tests below against `f64`.

/// `a * b + c`, fused where that is one instruction.
#[inline(always)]
pub(crate) fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `e^x`; at most 2 ulp (20 above 88.37); 0 below -87.3, infinity above 88.7.
#[inline(always)]
pub(crate) fn exp<const FMA: bool>(x: f32) -> f32 {
    // Written as selects so that NaN passes through.
    let low = if x < -87.336_54 { -87.336_54 } else { x };
    let clamped = if low > 88.722_83 { 88.722_83 } else { low };
    // Adding 1.5 * 2^23 rounds to the nearest whole number and leaves it in the low bits; 2^128 would be infinite.
    let shifted = fma::<FMA>(clamped, std::f32::consts::LOG2_E, 12_582_912.0);
    let shifted = if shifted > 12_583_039.0 { 12_583_039.0 } else { shifted };
    let n = shifted - 12_582_912.0;
    let r = fma::<FMA>(n, 2.121_944_4e-4, fma::<FMA>(n, -0.693_359_4, clamped));
    let mut p = 1.987_569_1e-4;
    p = fma::<FMA>(p, r, 1.398_2e-3);
    p = fma::<FMA>(p, r, 8.333_452e-3);
    p = fma::<FMA>(p, r, 4.166_579_6e-2);
    p = fma::<FMA>(p, r, 1.666_666_5e-1);
    p = fma::<FMA>(p, r, 5.000_000_3e-1);
    let e = fma::<FMA>(p * r, r, r) + 1.0;
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    let y = e * scale;
    let y = if x < -87.336_54 { 0.0 } else { y };
    if x > 88.722_83 { f32::INFINITY } else { y }
}

/// `ln x`; at most 1.5 ulp; minus infinity at 0 (and at denormals), NaN below.
#[inline(always)]
pub(crate) fn ln<const FMA: bool>(x: f32) -> f32 {
    let bits = x.to_bits();
    // The exponent that leaves a mantissa in [sqrt(1/2), sqrt(2)).
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32) >> 23;
    let mantissa = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    let n = exponent as f32;
    let r = mantissa - 1.0;
    let z = r * r;
    let mut p = 7.037_683_6e-2;
    p = fma::<FMA>(p, r, -1.151_461e-1);
    p = fma::<FMA>(p, r, 1.167_699_84e-1);
    p = fma::<FMA>(p, r, -1.242_014_1e-1);
    p = fma::<FMA>(p, r, 1.424_932_3e-1);
    p = fma::<FMA>(p, r, -1.666_805_8e-1);
    p = fma::<FMA>(p, r, 2.000_071_4e-1);
    p = fma::<FMA>(p, r, -2.499_999_4e-1);
    p = fma::<FMA>(p, r, 3.333_333e-1);
    let mut y = r * z * p;
    y = fma::<FMA>(n, -2.121_944_4e-4, y);
    y = fma::<FMA>(z, -0.5, y);
    let y = fma::<FMA>(n, 0.693_359_4, r + y);
    let y = if x < f32::MIN_POSITIVE { f32::NEG_INFINITY } else { y };
    let y = if x < 0.0 { f32::NAN } else { y };
    // Infinity and NaN pass through.
    if x < f32::INFINITY { y } else { x }
}

/// `tanh x` by a rational function; at most 5 ulp.
#[inline(always)]
pub(crate) fn tanh<const FMA: bool>(x: f32) -> f32 {
    let low = if x < -7.998_811_7 { -7.998_811_7 } else { x };
    let c = if low > 7.998_811_7 { 7.998_811_7 } else { low };
    let z = c * c;
    let mut p = -2.760_768_5e-16;
    p = fma::<FMA>(p, z, 2.000_188e-13);
    p = fma::<FMA>(p, z, -8.604_672e-11);
    p = fma::<FMA>(p, z, 5.122_297_1e-8);
    p = fma::<FMA>(p, z, 1.485_722_4e-5);
    p = fma::<FMA>(p, z, 6.372_619_3e-4);
    p = fma::<FMA>(p, z, 4.893_524_6e-3);
    let mut q = 1.198_258_4e-6;
    q = fma::<FMA>(q, z, 1.185_347_1e-4);
    q = fma::<FMA>(q, z, 2.268_434_6e-3);
    q = fma::<FMA>(q, z, 4.893_525e-3);
    c * p / q
}

/// `1 / (1 + e^-x)`; at most 3 ulp.
#[inline(always)]
pub(crate) fn sigmoid<const FMA: bool>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<FMA>(-x))
}

/// `ln(1 + e^x)`; at most 5 ulp.
#[inline(always)]
pub(crate) fn softplus<const FMA: bool>(x: f32) -> f32 {
    softplus_from::<FMA>(x, exp::<FMA>(-x.abs()))
}

/// `ln(1 + e^x)` and `1 / (1 + e^-x)` from one exponential; at most 5 and 4 ulp.
#[inline(always)]
pub(crate) fn softplus_sigmoid<const FMA: bool>(x: f32) -> (f32, f32) {
    let e = exp::<FMA>(-x.abs());
    let numerator = if x < 0.0 { e } else { 1.0 };
    (softplus_from::<FMA>(x, e), numerator / (1.0 + e))
}

/// `ln(1 + e^x)`, with `e` = `e^-|x|`.
#[inline(always)]
fn softplus_from<const FMA: bool>(x: f32, e: f32) -> f32 {
    // ln(1 + e) / e on [0, 1] by a polynomial (Chebyshev fit, relative error below 2e-7): small values keep their
    // digits, and no division is needed.
    let mut p = -3.163_999_4e-3;
    p = fma::<FMA>(p, e, 1.948_768_6e-2);
    p = fma::<FMA>(p, e, -5.626_952_6e-2);
    p = fma::<FMA>(p, e, 1.053_295_1e-1);
    p = fma::<FMA>(p, e, -1.526_327_4e-1);
    p = fma::<FMA>(p, e, 1.966_101_8e-1);
    p = fma::<FMA>(p, e, -2.495_116_7e-1);
    p = fma::<FMA>(p, e, 3.332_966_6e-1);
    p = fma::<FMA>(p, e, -4.999_989e-1);
    p = fma::<FMA>(p, e, 1.0);
    let positive = if x < 0.0 { 0.0 } else { x };
    fma::<FMA>(p, e, positive)
}

/// `cos(2 pi t)` for `t` in [0, 1); absolute error below 3e-7.
#[inline(always)]
pub(crate) fn cos_turn<const FMA: bool>(t: f32) -> f32 {
    // Fold to |d| <= 1/4 turn: cos(2 pi t) = -sign * sin-like around the nearest zero crossing at 1/4 or 3/4.
    let upper = t >= 0.5;
    let centre = if upper { 0.75 } else { 0.25 };
    let angle = (t - centre) * std::f32::consts::TAU;
    let z = angle * angle;
    let mut p = -2.386_838_7e-8;
    p = fma::<FMA>(p, z, 2.752_397_4e-6);
    p = fma::<FMA>(p, z, -1.984_086_5e-4);
    p = fma::<FMA>(p, z, 8.333_33e-3);
    p = fma::<FMA>(p, z, -1.666_666_7e-1);
    let sine = fma::<FMA>(p * z, angle, angle);
    if upper { sine } else { -sine }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst_ulp(range: (f32, f32), ours: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let n = 200_000;
        let mut worst = 0.0f64;
        for i in 0..=n {
            let x = range.0 + (range.1 - range.0) * (i as f32 / n as f32);
            let want = exact(f64::from(x));
            let ulp = f64::from((want as f32).abs().max(f32::MIN_POSITIVE)) * f64::from(f32::EPSILON);
            worst = worst.max((f64::from(ours(x)) - want).abs() / ulp);
        }
        worst
    }

    #[test]
    fn functions_are_as_accurate_as_they_say() {
        assert!(worst_ulp((-87.0, 88.0), exp::<true>, f64::exp) < 2.0);
        assert!(worst_ulp((-87.0, 88.0), exp::<false>, f64::exp) < 3.0);
        assert!(worst_ulp((88.0, 88.72), exp::<true>, f64::exp) < 20.0);
        assert!(worst_ulp((1e-30, 0.5), ln::<true>, f64::ln) < 1.5);
        assert!(worst_ulp((2.0, 1e6), ln::<true>, f64::ln) < 1.5);
        assert!(worst_ulp((-9.0, 9.0), tanh::<true>, f64::tanh) < 6.0);
        assert!(worst_ulp((-80.0, 20.0), sigmoid::<true>, |x| 1.0 / (1.0 + (-x).exp())) < 4.0);
        let both = |x: f32| softplus_sigmoid::<true>(x);
        assert!(worst_ulp((-80.0, 20.0), |x| both(x).1, |x| 1.0 / (1.0 + (-x).exp())) < 4.0);
        assert!(worst_ulp((-80.0, 80.0), |x| both(x).0, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()) < 5.0);
        assert!(worst_ulp((-80.0, 80.0), softplus::<true>, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()) < 5.0);
        for i in 0..1000 {
            let t = i as f32 / 1000.0;
            let want = (f64::from(t) * std::f64::consts::TAU).cos();
            assert!((f64::from(cos_turn::<true>(t)) - want).abs() < 4e-7, "{t}");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_what_they_should_be() {
        assert_eq!(exp::<true>(0.0), 1.0);
        assert_eq!(exp::<true>(-1000.0), 0.0);
        assert_eq!(exp::<true>(1000.0), f32::INFINITY);
        assert!(exp::<true>(f32::NAN).is_nan());
        assert_eq!(ln::<true>(0.0), f32::NEG_INFINITY);
        assert_eq!(ln::<true>(1.0), 0.0);
        assert_eq!(ln::<true>(f32::INFINITY), f32::INFINITY);
        assert!(ln::<true>(-1.0).is_nan());
        assert!(ln::<true>(f32::NAN).is_nan());
        assert_eq!(tanh::<true>(0.0), 0.0);
        assert!((tanh::<true>(100.0) - 1.0).abs() < 1e-6);
        assert!(tanh::<true>(f32::NAN).is_nan());
        assert_eq!(softplus::<true>(1000.0), 1000.0);
        assert_eq!(softplus::<true>(-1000.0), 0.0);
        assert!(softplus::<true>(f32::NAN).is_nan());
        assert_eq!(sigmoid::<true>(-1000.0), 0.0);
        assert_eq!(softplus_sigmoid::<true>(-1000.0), (0.0, 0.0));
        assert_eq!(softplus_sigmoid::<true>(1000.0), (1000.0, 1.0));
        let broken = softplus_sigmoid::<true>(f32::NAN);
        assert!(broken.0.is_nan() && broken.1.is_nan());
    }
}
