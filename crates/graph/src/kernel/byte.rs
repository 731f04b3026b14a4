//! Bytes as numbers.

use super::isa::dispatch;

dispatch! {
    /// `n` bytes, each times `scale`.
    pub(crate) unsafe fn scale_bytes = body(bytes: *const u8, scale: f32, out: *mut f32, n: usize)
}

/// # Safety
/// `bytes` is valid for reading `n` bytes, `out` for writing `n` values.
#[inline(always)]
unsafe fn body<const FMA: bool>(bytes: *const u8, scale: f32, out: *mut f32, n: usize) {
    // SAFETY: the caller's contract.
    let (bytes, out) =
        unsafe { (std::slice::from_raw_parts(bytes, n), std::slice::from_raw_parts_mut(out, n)) };
    for (out, &byte) in out.iter_mut().zip(bytes) {
        *out = f32::from(byte) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::isa::Isa;

    #[test]
    fn every_byte_is_scaled_on_every_instruction_set() {
        let bytes: Vec<u8> = (0..=255).chain(0..=70).collect();
        for n in [0, 1, 15, 33, bytes.len()] {
            for isa in Isa::available() {
                let mut out = vec![f32::NAN; n];
                // SAFETY: both hold `n` values.
                unsafe { scale_bytes(isa, bytes.as_ptr(), 1.0 / 255.0, out.as_mut_ptr(), n) };
                let want: Vec<f32> = bytes[..n].iter().map(|&byte| f32::from(byte) * (1.0 / 255.0)).collect();
                assert_eq!(out, want, "{isa:?}");
            }
        }
    }
}
