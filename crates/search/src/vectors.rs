//! The two forms in which vectors are stored: pgvector's text, and sentence vectors as one signed byte per dimension.
//!
//! A sentence vector is a little-endian `f32` scale followed by the bytes; component = byte × scale. It is only used to
//! rank sentences of one passage, for which an error of half a per cent is nothing.

use std::fmt::Write as _;

const SCALE_BYTES: usize = size_of::<f32>();

/// The vector as pgvector reads it: `[0.1,-0.2]`.
pub(crate) fn to_text(vector: &[f32]) -> String {
    let mut text = String::with_capacity(vector.len() * 12 + 2);
    text.push('[');
    for (index, value) in vector.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{value}");
    }
    text.push(']');
    text
}

/// Appends one sentence vector of `dimensions`; `None` stands for a sentence that says nothing.
pub(crate) fn push_packed(bytes: &mut Vec<u8>, vector: Option<&[f32]>, dimensions: usize) {
    let vector = vector.filter(|vector| vector.len() == dimensions).unwrap_or_default();
    let (scale, components) = quantized(vector);
    bytes.extend(scale.to_le_bytes());
    bytes.extend(components.map(i8::cast_unsigned));
    bytes.extend(std::iter::repeat_n(0, dimensions - vector.len()));
}

/// A scale and one signed byte per component: component = byte × scale. The scale of what is not finite is 0.
pub(crate) fn quantized(vector: &[f32]) -> (f32, impl Iterator<Item = i8>) {
    let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let scale = if largest.is_finite() { largest / 127.0 } else { 0.0 };
    let byte = move |value: &f32| if scale > 0.0 { (value / scale).round() as i8 } else { 0 };
    (scale, vector.iter().map(byte))
}

/// How much each sentence is like the query, in their order; empty if the bytes are of another model.
pub(crate) fn similarities(bytes: &[u8], query: &[f32]) -> Vec<f32> {
    let stride = SCALE_BYTES + query.len();
    if query.is_empty() || !bytes.len().is_multiple_of(stride) {
        return Vec::new();
    }
    bytes.chunks_exact(stride).map(|packed| similarity(packed, query)).collect()
}

fn similarity(packed: &[u8], query: &[f32]) -> f32 {
    let Some((scale, components)) = packed.split_first_chunk::<SCALE_BYTES>() else { return 0.0 };
    let sum: f32 =
        components.iter().zip(query).map(|(byte, value)| f32::from(byte.cast_signed()) * value).sum();
    sum * f32::from_le_bytes(*scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_vectors_keep_their_likeness() {
        let vectors = [[0.6, 0.8, 0.0], [0.0, -1.0, 0.0], [0.577, 0.577, -0.577]];
        let mut bytes = Vec::new();
        for vector in &vectors {
            push_packed(&mut bytes, Some(vector), 3);
        }
        push_packed(&mut bytes, None, 3);
        let query = [0.0, 0.6, 0.8];
        let found = similarities(&bytes, &query);
        assert_eq!(found.len(), 4);
        for (found, vector) in found.iter().zip(vectors) {
            let exact: f32 = vector.iter().zip(query).map(|(a, b)| a * b).sum();
            assert!((found - exact).abs() < 0.01, "{found} {exact}");
        }
        assert_eq!(found[3], 0.0);
    }

    #[test]
    fn vectors_of_another_model_are_not_compared() {
        assert!(similarities(&[0; 7], &[1.0, 0.0]).is_empty());
        assert!(similarities(&[], &[]).is_empty());
    }

    #[test]
    fn text_is_what_pgvector_reads() {
        assert_eq!(to_text(&[0.5, -1.0, 1e-7]), "[0.5,-1,0.0000001]");
        assert_eq!(to_text(&[]), "[]");
    }
}
