//! Every instruction set of this machine against plain arithmetic.

use super::super::kernels::tests::{near, noise};
use super::super::simd::Level;
use super::*;

#[test]
fn attention_is_right_for_every_length_of_text() {
    for tokens in [1, 2, 3, 4, 5, 15, 16, 17, 33] {
        let qkv: Vec<f32> = noise(tokens as u32, tokens * QKV).iter().map(|v| v * 1.5).collect();
        let mut want = vec![0.0; tokens * HIDDEN];
        for head in (0..HIDDEN).step_by(HEAD) {
            for row in 0..tokens {
                let part = |token: usize, which: usize| {
                    &qkv[token * QKV + which * HIDDEN + head..][..HEAD]
                };
                let powers: Vec<f32> = (0..tokens)
                    .map(|key| {
                        let pairs = part(row, 0).iter().zip(part(key, 1));
                        pairs.map(|(a, b)| a * b).sum::<f32>().exp2()
                    })
                    .collect();
                let sum: f32 = powers.iter().sum();
                for (token, power) in powers.iter().enumerate() {
                    let to = &mut want[row * HIDDEN + head..][..HEAD];
                    for (to, value) in to.iter_mut().zip(part(token, 2)) {
                        *to += power / sum * value;
                    }
                }
            }
        }
        for level in Level::all() {
            let mut to = vec![f32::NAN; tokens * HIDDEN];
            // What an earlier text left behind must not matter.
            let mut scratch = vec![f32::NAN; 5_000];
            level.run(Attend { qkv: &qkv, to: &mut to, scratch: &mut scratch });
            near(&to, &want, 1e-4);
        }
    }
}
