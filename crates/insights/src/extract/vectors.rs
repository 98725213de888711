//! Small vector arithmetic over sentence embeddings.

/// The inner product; vectors of different lengths (a missing embedding, another model) have nothing in common.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return 0.0;
    }
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The vector scaled to length one; a zero or damaged vector stays without direction.
pub fn unit(vector: &[f32]) -> Vec<f32> {
    let norm = dot(vector, vector).sqrt();
    if norm.is_normal() { vector.iter().map(|x| x / norm).collect() } else { vec![0.0; vector.len()] }
}

/// Adds a scaled vector to a sum of the same length; another length adds nothing.
pub fn add_scaled(sum: &mut [f32], vector: &[f32], factor: f32) {
    if sum.len() == vector.len() {
        for (total, x) in sum.iter_mut().zip(vector) {
            *total += x * factor;
        }
    }
}
