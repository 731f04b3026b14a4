//! Images of digits set upright by their own moments.

/// An image of `height` x `width` values sheared so that its axis stands upright, and centered by its mean, read with bilinear
/// weights; what lies outside is 0.
///
/// The value at `(y, x)` from the middle is read at `(y + cy, x + cx + a y)`, where `(cy, cx)` is the mean of the image's mass
/// and `a = μ₁₁ / μ₀₂` the slope of its axis, cut at ±1.
pub(crate) fn deskew(image: &[f32], height: usize, width: usize) -> Vec<f32> {
    let (mut mass, mut cy, mut cx) = (1e-6_f32, 0.0, 0.0);
    for (i, value) in image.iter().enumerate() {
        mass += value;
        cy += value * (i / width) as f32;
        cx += value * (i % width) as f32;
    }
    (cy, cx) = (cy / mass, cx / mass);
    let (mut across, mut down) = (0.0, 1e-6_f32);
    for (i, value) in image.iter().enumerate() {
        let (dy, dx) = ((i / width) as f32 - cy, (i % width) as f32 - cx);
        across += value * dy * dx / mass;
        down += value * dy * dy / mass;
    }
    let slope = (across / down).clamp(-1.0, 1.0);
    let (middle_y, middle_x) = ((height as f32 - 1.0) / 2.0, (width as f32 - 1.0) / 2.0);
    let at = |y: isize, x: isize| {
        let inside = y >= 0 && x >= 0 && (y as usize) < height && (x as usize) < width;
        if inside { image[y as usize * width + x as usize] } else { 0.0 }
    };
    let mut upright = Vec::with_capacity(image.len());
    for i in 0..image.len() {
        let (y, x) = ((i / width) as f32 - middle_y, (i % width) as f32 - middle_x);
        let (y, x) = (y + cy, x + cx + slope * y);
        let (top, left) = (y.floor(), x.floor());
        let (fy, fx) = (y - top, x - left);
        let (top, left) = (top as isize, left as isize);
        let above = at(top, left) * (1.0 - fx) + at(top, left + 1) * fx;
        let below = at(top + 1, left) * (1.0 - fx) + at(top + 1, left + 1) * fx;
        upright.push(above * (1.0 - fy) + below * fy);
    }
    upright
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slanted_stroke_becomes_upright_and_central() {
        let mut slanted = vec![0.0_f32; 144];
        (0..6).for_each(|i| slanted[(i + 1) * 12 + 2 + i] = 1.0);
        let upright = deskew(&slanted, 12, 12);
        let column = |j: usize| (0..12).map(|i| upright[i * 12 + j]).sum::<f32>();
        let middle = column(5) + column(6);
        assert!(middle > 0.9 * upright.iter().sum::<f32>(), "{upright:?}");
        assert!(deskew(&[0.0; 144], 12, 12).iter().all(|v| *v == 0.0));
    }
}
