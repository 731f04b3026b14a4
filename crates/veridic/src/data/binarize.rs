//! Grey values as zeros and ones.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How pixels become zeros and ones. Likelihoods of one kind compare with each other alone: static and dynamic differ by
/// about 2 nats on MNIST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binarization {
    /// Not at all: values stay grey.
    #[default]
    None,
    /// Each value is drawn once, 1 with the probability it says (Larochelle and Murray 2011). The draw of an image depends
    /// on its pixels alone, so it is the same in every run, alone and among others; it is not that of the published
    /// files `binarized_mnist_*`.
    Static,
    /// Training rows are drawn anew at each step; all others once, as by `static`.
    Dynamic,
    /// Bytes from 128 on are 1, the others 0.
    Threshold,
}

impl Binarization {
    /// The name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Static => "static",
            Self::Dynamic => "dynamic",
            Self::Threshold => "threshold",
        }
    }

    /// Makes images of `width` bytes each, one after the other, bytes 0 and 255; `dynamic` as `static` does.
    pub fn apply(self, pixels: &mut [u8], width: usize) {
        for image in pixels.chunks_mut(width.max(1)) {
            match self {
                Self::None => {}
                Self::Threshold => {
                    image.iter_mut().for_each(|byte| *byte = if *byte >= 128 { 255 } else { 0 });
                }
                Self::Static | Self::Dynamic => {
                    let mut hash = Sha256::new();
                    hash.update(b"static binarization");
                    hash.update(&*image);
                    let mut random = ChaCha8Rng::from_seed(hash.finalize().into());
                    for byte in image {
                        // A whole number below 255, so that 0 is never and 255 always 1.
                        let drawn = (u64::from(random.next_u32()) * 255) >> 32;
                        *byte = if drawn < u64::from(*byte) { 255 } else { 0 };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_has_the_shares_that_grey_values_say_and_depends_on_the_image_alone() {
        let mut pixels: Vec<u8> = (0..512u32 * 600).map(|i| [0, 51, 204, 255][i as usize % 4]).collect();
        // Images that differ.
        pixels.chunks_mut(512).enumerate().for_each(|(i, image)| image[0] = (i % 256) as u8);
        let before = pixels.clone();
        Binarization::Static.apply(&mut pixels, 512);
        let share = |at: usize| {
            let of = pixels.iter().skip(at).step_by(4);
            let ones = of.clone().filter(|&&byte| byte == 255).count();
            ones as f64 / of.count() as f64
        };
        assert!(pixels.iter().all(|&byte| byte == 0 || byte == 255));
        assert_eq!((share(3), pixels.iter().skip(4).step_by(512).any(|&b| b == 255)), (1.0, false));
        for (at, expected) in [(1, 0.2), (2, 0.8)] {
            // Four standard errors of 256 draws an image, 256 different images.
            assert!((share(at) - expected).abs() < 4.0 * (0.16f64 / 32_768.0).sqrt(), "{}", share(at));
        }
        let mut alone = before[512 * 3..512 * 4].to_vec();
        Binarization::Static.apply(&mut alone, 512);
        assert_eq!(alone, pixels[512 * 3..512 * 4]);
        assert_ne!(pixels[..512], pixels[512..1024]);
        let mut again = alone.clone();
        Binarization::Dynamic.apply(&mut again, 512);
        assert_eq!(again, alone, "zeros and ones stay as they are");
    }

    #[test]
    fn a_threshold_is_at_half() {
        let mut pixels = vec![0, 127, 128, 255];
        Binarization::Threshold.apply(&mut pixels, 4);
        assert_eq!(pixels, [0, 0, 255, 255]);
        Binarization::None.apply(&mut pixels, 4);
        assert_eq!(pixels, [0, 0, 255, 255]);
    }
}
