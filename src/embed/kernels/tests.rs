//! Every instruction set of this machine against plain arithmetic.

use super::super::simd::Level;
use super::*;

/// The same numbers at every run, in -1..1.
pub(in crate::embed) fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

pub(in crate::embed) fn near(a: &[f32], b: &[f32], most: f32) {
    assert_eq!(a.len(), b.len());
    for (at, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= most, "{a} and {b} at {at}");
    }
}

fn quantised(level: Level, from: &[f32], width: usize) -> Rows {
    let mut to = Rows::default();
    level.run(Quantise { from, width, to: &mut to });
    to
}

/// A layer with weights `[output][input]` and what its file looks like.
fn layer(inputs: usize, outputs: usize) -> (Vec<i8>, Linear) {
    let weights: Vec<i8> =
        noise(7, inputs * outputs).iter().map(|value| (value * 127.0) as i8).collect();
    let mut packed = Vec::new();
    for panel in 0..outputs / 16 {
        for step in 0..inputs / 4 {
            for output in panel * 16..panel * 16 + 16 {
                let four = &weights[output * inputs + step * 4..][..4];
                packed.extend(four.iter().map(|w| w.cast_unsigned() ^ 0x80));
            }
        }
    }
    let scales = noise(8, outputs).into_iter().map(|value| value * 0.01).collect::<Vec<_>>();
    let linear = Linear::new(packed.leak(), scales.leak(), noise(9, outputs).leak());
    (weights, linear)
}

#[test]
fn the_machine_has_at_least_the_baseline() {
    assert_eq!(Level::all().last(), Some(&Level::PORTABLE));
}

#[test]
fn quantised_rows_are_the_same_everywhere_and_near_the_floats() {
    let mut from = noise(1, 5 * 48);
    from[48..96].fill(0.0);
    from[100] = -37.5;
    let base = quantised(Level::PORTABLE, &from, 48);
    for level in Level::all() {
        let rows = quantised(level, &from, 48);
        assert_eq!(rows.bytes, base.bytes, "{level:?}");
        assert_eq!(rows.scales, base.scales);
        assert_eq!(rows.offsets, base.offsets);
    }
    for (row, (from, bytes)) in from.chunks(48).zip(base.bytes.chunks(48)).enumerate() {
        let back: Vec<f32> = bytes.iter().map(|b| f32::from(*b) * base.scales[row]).collect();
        near(&back, from, base.scales[row] * 0.501);
        let sum: i32 = bytes.iter().map(|b| i32::from(*b)).sum();
        assert_eq!(base.offsets[row], sum * -128);
    }
}

#[test]
fn products_are_right_for_every_number_of_rows() {
    let (inputs, outputs) = (64, 96);
    let (weights, linear) = layer(inputs, outputs);
    for count in [1, 2, 3, 4, 5, 7, 11, 12, 13, 25] {
        let rows = quantised(Level::PORTABLE, &noise(count as u32, count * inputs), inputs);
        let mut want = Vec::new();
        for row in 0..count {
            for output in 0..outputs {
                let bytes = &rows.bytes[row * inputs..][..inputs];
                let weights = &weights[output * inputs..][..inputs];
                let pairs = bytes.iter().zip(weights);
                let sum: i32 = pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
                let scale = rows.scales[row] * linear.scales()[output];
                want.push(sum as f32 * scale + linear.bias()[output]);
            }
        }
        for level in Level::all() {
            let mut to = vec![f32::NAN; count * outputs];
            let finish = Finish::Plain;
            level.run(Product { rows: &rows, linear: &linear, finish, to: &mut to });
            near(&to, &want, 1e-5);
        }
    }
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let packed = vec![255_u8; 1536 * 32].leak();
    let linear = Linear::new(packed, vec![1.0; 32].leak(), vec![0.0; 32].leak());
    let rows = quantised(Level::PORTABLE, &[127.0; 1536], 1536);
    for level in Level::all() {
        let mut to = [0.0; 32];
        level.run(Product { rows: &rows, linear: &linear, finish: Finish::Plain, to: &mut to });
        near(&to, &[127.0 * 127.0 * 1536.0; 32], 16.0);
    }
}

#[test]
fn gelu_is_close_to_its_definition() {
    // x, x · Φ(x) from tables of the normal distribution.
    let table = [
        (-9.0, 0.0),
        (-4.0, -0.000_126_7),
        (-1.0, -0.158_655_3),
        (-0.25, -0.100_323_4),
        (0.0, 0.0),
        (0.5, 0.345_731_2),
        (2.0, 1.954_499_7),
        (30.0, 30.0),
    ];
    let packed = vec![128_u8; 16 * 32].leak();
    let rows = quantised(Level::PORTABLE, &[0.0; 16], 16);
    for (x, want) in table {
        let linear = Linear::new(packed, vec![1.0; 32].leak(), vec![x; 32].leak());
        for level in Level::all() {
            let mut to = [f32::NAN; 32];
            level.run(Product { rows: &rows, linear: &linear, finish: Finish::Gelu, to: &mut to });
            near(&to, &[want; 32], 1e-4);
        }
    }
}

#[test]
fn normalised_rows_have_the_wanted_mean_and_spread() {
    let norm = Norm::new(vec![2.0; HIDDEN].leak(), vec![0.5; HIDDEN].leak());
    let plus = noise(4, 3 * HIDDEN);
    for level in Level::all() {
        let mut rows: Vec<f32> = noise(3, 3 * HIDDEN).iter().map(|v| v * 5.0 + 3.0).collect();
        level.run(Normalise { rows: &mut rows, plus: Some(&plus), norm: &norm });
        for row in rows.chunks(HIDDEN) {
            let mean = row.iter().sum::<f32>() / HIDDEN as f32;
            let spread = row.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / HIDDEN as f32;
            near(&[mean, spread.sqrt()], &[0.5, 2.0], 1e-3);
        }
    }
}
