//! Vectors on disk as little-endian `f32`, one after the other, so that other stores can be given the same ones.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::PathBuf;

const BUFFER_BYTES: usize = 1 << 20;

/// A file of vectors of equal length.
#[derive(Debug)]
pub struct VectorFile {
    path: PathBuf,
    dimensions: usize,
}

impl VectorFile {
    /// The file at this path, there or not.
    pub fn at(path: PathBuf, dimensions: usize) -> Self {
        Self { path, dimensions }
    }

    /// An empty file to be filled.
    pub fn create(&self) -> Result<VectorWriter> {
        let file =
            File::create(&self.path).with_context(|| format!("cannot create {}", self.path.display()))?;
        Ok(VectorWriter { writer: BufWriter::with_capacity(BUFFER_BYTES, file) })
    }

    /// Calls `each` with every vector and its place.
    pub fn for_each(&self, mut each: impl FnMut(usize, &[f32])) -> Result<()> {
        let file = File::open(&self.path).with_context(|| format!("cannot open {}", self.path.display()))?;
        let vector_bytes = self.dimensions * size_of::<f32>();
        let count = usize::try_from(file.metadata()?.len())? / vector_bytes;
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
        let mut bytes = vec![0; vector_bytes];
        let mut vector = vec![0.0; self.dimensions];
        for place in 0..count {
            reader.read_exact(&mut bytes)?;
            for (value, bytes) in vector.iter_mut().zip(bytes.as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            each(place, &vector);
        }
        Ok(())
    }
}

/// Appends vectors to a file.
pub struct VectorWriter {
    writer: BufWriter<File>,
}

impl VectorWriter {
    /// Appends one.
    pub fn push(&mut self, vector: &[f32]) -> Result<()> {
        for value in vector {
            self.writer.write_all(&value.to_le_bytes())?;
        }
        Ok(())
    }

    /// Writes out what is still held.
    pub fn finish(mut self) -> Result<()> {
        Ok(self.writer.flush()?)
    }
}
