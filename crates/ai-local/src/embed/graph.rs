//! Writes the ONNX graph of all-MiniLM-L6-v2 from its weights: BERT (Devlin et al. 2018) with 6 layers of 12 heads,
//! then the mean over the tokens and unit length (Reimers and Gurevych 2019).
//!
//! The linear layers run in 8 bits: weights are rounded per column once, here, and activations at run time.
//! On x86 processors without VNNI instructions weights keep to 7 bits, because there sums of 8-bit products saturate.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use prost::Message;
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest as _, Sha256};

use super::onnx::{Attribute, FLOAT, Graph, INT32, INT64, Model, Node, OperatorSet, Tensor, ValueInfo};
use super::{DIMENSIONS, EmbedFault};

/// Counted up whenever the graph of the same weights changes, so that old files are not used.
const WRITER_VERSION: u32 = 2;
const LAYERS: usize = 6;
const HEADS: usize = 12;
const FEED_FORWARD: usize = 1_536;
const EPSILON: f32 = 1e-12;
/// The ONNX operators of ONNX Runtime's own that are used.
const MICROSOFT: &str = "com.microsoft";

/// How the linear layers are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats; the reference.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests measure 8 bits against it"))]
    Full,
    /// 8-bit integers; nearly twice as fast.
    Eight,
}

/// The graph file for these weights in `cache_dir`, written first where it is not there. The name holds the hash
/// of the weights and the version of the writer; the file appears whole or not at all.
pub fn graph_file(safetensors: &Path, cache_dir: &Path, precision: Precision) -> Result<PathBuf, EmbedFault> {
    let weights = std::fs::read(safetensors).map_err(|error| EmbedFault::file(safetensors, &error))?;
    let hash: String = Sha256::digest(&weights).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let kind = match precision {
        Precision::Full => "f32",
        Precision::Eight if sums_saturate() => "i7",
        Precision::Eight => "i8",
    };
    let path = cache_dir.join(format!("minilm-{hash}-{kind}-v{WRITER_VERSION}.onnx"));
    if path.is_file() {
        return Ok(path);
    }
    let bytes = write_graph(&weights, precision)?;
    let temporary = cache_dir.join(format!("minilm-{hash}-{kind}.{}.tmp", std::process::id()));
    let written = (|| {
        std::fs::create_dir_all(cache_dir)?;
        let mut file = File::create(&temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)
    })();
    written.map_err(|error| {
        // The first error is the one that matters.
        let _ = std::fs::remove_file(&temporary);
        EmbedFault::file(&path, &error)
    })?;
    Ok(path)
}

/// The bytes of the ONNX file.
pub fn write_graph(weights: &[u8], precision: Precision) -> Result<Vec<u8>, EmbedFault> {
    let weights = SafeTensors::deserialize(weights)
        .map_err(|error| EmbedFault::Weights { detail: error.to_string() })?;
    let mut writer = Writer { weights, precision, graph: Graph::default() };
    writer.write()?;
    let model = Model {
        ir_version: Some(9),
        producer_name: Some("memoreel".into()),
        graph: Some(writer.graph),
        opset_import: vec![
            OperatorSet { domain: Some(String::new()), version: Some(20) },
            OperatorSet { domain: Some(MICROSOFT.into()), version: Some(1) },
        ],
    };
    Ok(model.encode_to_vec())
}

struct Writer<'a> {
    weights: SafeTensors<'a>,
    precision: Precision,
    graph: Graph,
}

impl Writer<'_> {
    fn write(&mut self) -> Result<(), EmbedFault> {
        self.graph.name = Some("all-MiniLM-L6-v2".into());
        let by_token = [Err("batch"), Err("tokens")];
        self.graph.input = vec![
            ValueInfo::tensor("input_ids", INT64, &by_token),
            ValueInfo::tensor("attention_mask", INT64, &by_token),
        ];
        let by_sentence = [Err("batch"), Ok(DIMENSIONS as i64)];
        self.graph.output = vec![ValueInfo::tensor("embedding", FLOAT, &by_sentence)];
        self.node("Cast", &["attention_mask"], "mask", &[Attribute::int("to", i64::from(INT32))]);
        let mut hidden = self.embeddings()?;
        for layer in 0..LAYERS {
            hidden = self.layer(layer, &hidden)?;
        }
        self.pool(&hidden);
        Ok(())
    }

    /// Word, position and token type embeddings. The token type is always 0, so it is added to the positions.
    fn embeddings(&mut self) -> Result<String, EmbedFault> {
        let words = self.weight("embeddings.word_embeddings.weight")?;
        let mut positions = self.weight("embeddings.position_embeddings.weight")?;
        let kinds = self.weight("embeddings.token_type_embeddings.weight")?;
        for row in positions.chunks_exact_mut(DIMENSIONS) {
            for (value, kind) in row.iter_mut().zip(&kinds) {
                *value += kind;
            }
        }
        self.constant(Tensor::floats("words", &[words.len() / DIMENSIONS, DIMENSIONS], &words));
        self.constant(Tensor::floats("positions", &[positions.len() / DIMENSIONS, DIMENSIONS], &positions));
        self.constant(Tensor::ints("zero", &[1], &[0]));
        self.constant(Tensor::ints("one", &[1], &[1]));
        self.node("Gather", &["words", "input_ids"], "word", &[]);
        self.node("Shape", &["input_ids"], "length", &[Attribute::int("start", 1), Attribute::int("end", 2)]);
        self.node("Slice", &["positions", "zero", "length", "zero"], "position", &[]);
        self.node("Add", &["word", "position"], "embedded", &[]);
        self.normalize("embedded", "embeddings.LayerNorm", "hidden")
    }

    fn layer(&mut self, layer: usize, hidden: &str) -> Result<String, EmbedFault> {
        let base = format!("encoder.layer.{layer}");
        let own = |name: &str| format!("{name}.{layer}");
        for part in ["query", "key", "value"] {
            self.linear(hidden, &format!("{base}.attention.self.{part}"), DIMENSIONS, &own(part))?;
        }
        let (query, key, value, attended) = (own("query"), own("key"), own("value"), own("attended"));
        self.graph.node.push(Node {
            input: [query.as_str(), &key, &value, "", "mask"].map(str::to_owned).into(),
            output: vec![attended.clone()],
            name: Some(attended.clone()),
            op_type: Some("MultiHeadAttention".into()),
            attribute: vec![Attribute::int("num_heads", HEADS as i64)],
            domain: Some(MICROSOFT.into()),
        });
        let joined = own("joined");
        self.linear(&attended, &format!("{base}.attention.output.dense"), DIMENSIONS, &joined)?;
        self.node("Add", &[&joined, hidden], &own("attention_sum"), &[]);
        let attention = format!("{base}.attention.output.LayerNorm");
        let middle = self.normalize(&own("attention_sum"), &attention, &own("middle"))?;
        self.linear(&middle, &format!("{base}.intermediate.dense"), DIMENSIONS, &own("wide"))?;
        self.node("Gelu", &[&own("wide")], &own("active"), &[]);
        self.linear(&own("active"), &format!("{base}.output.dense"), FEED_FORWARD, &own("narrow"))?;
        self.node("Add", &[&own("narrow"), &middle], &own("output_sum"), &[]);
        self.normalize(&own("output_sum"), &format!("{base}.output.LayerNorm"), &own("hidden"))
    }

    /// The mean over the tokens that are not padding, at unit length.
    fn pool(&mut self, hidden: &str) {
        self.constant(Tensor::ints("last", &[1], &[2]));
        self.constant(Tensor::floats("tiny", &[1], &[1e-9]));
        self.node("Cast", &["attention_mask"], "weight", &[Attribute::int("to", i64::from(FLOAT))]);
        self.node("Unsqueeze", &["weight", "last"], "weights", &[]);
        self.node("Mul", &[hidden, "weights"], "weighted", &[]);
        let squeezed = [Attribute::int("keepdims", 0)];
        self.node("ReduceSum", &["weighted", "one"], "total", &squeezed);
        self.node("ReduceSum", &["weight", "one"], "count", &[Attribute::int("keepdims", 1)]);
        self.node("Max", &["count", "tiny"], "divisor", &[]);
        self.node("Div", &["total", "divisor"], "mean", &[]);
        self.node("ReduceL2", &["mean", "one"], "norm", &[Attribute::int("keepdims", 1)]);
        self.node("Max", &["norm", "tiny"], "length_of_mean", &[]);
        self.node("Div", &["mean", "length_of_mean"], "embedding", &[]);
    }

    /// `output = input × weightᵀ + bias` with the layer called `name`.
    fn linear(&mut self, input: &str, name: &str, inputs: usize, output: &str) -> Result<(), EmbedFault> {
        let weight = self.weight(&format!("{name}.weight"))?;
        let bias = self.weight(&format!("{name}.bias"))?;
        let outputs = bias.len();
        if weight.len() != inputs * outputs {
            return Err(EmbedFault::Weights { detail: format!("{name} has an unexpected size") });
        }
        let (weight_name, bias_name) = (format!("{output}.weight"), format!("{output}.bias"));
        self.constant(Tensor::floats(&bias_name, &[outputs], &bias));
        match self.precision {
            Precision::Full => {
                let columns = transpose(&weight, inputs, |value, _| value);
                self.constant(Tensor::floats(&weight_name, &[inputs, outputs], &columns));
                let product = format!("{output}.product");
                self.node("MatMul", &[input, &weight_name], &product, &[]);
                self.node("Add", &[&product, &bias_name], output, &[]);
            }
            Precision::Eight => {
                let scale_name = format!("{output}.scale");
                let largest = if sums_saturate() { 63.0 } else { 127.0 };
                let scales: Vec<f32> =
                    weight.chunks_exact(inputs).map(|row| scale_of(row, largest)).collect();
                let columns =
                    transpose(&weight, inputs, |value, column| (value / scales[column]).round() as i8);
                self.constant(Tensor::bytes(&weight_name, &[inputs, outputs], &columns));
                self.constant(Tensor::floats(&scale_name, &[outputs], &scales));
                self.graph.node.push(Node {
                    input: [input, &weight_name, &scale_name, "", &bias_name].map(str::to_owned).into(),
                    output: vec![output.to_owned()],
                    name: Some(output.to_owned()),
                    op_type: Some("DynamicQuantizeMatMul".into()),
                    attribute: Vec::new(),
                    domain: Some(MICROSOFT.into()),
                });
            }
        }
        Ok(())
    }

    fn normalize(&mut self, input: &str, name: &str, output: &str) -> Result<String, EmbedFault> {
        let (scale, bias) = (format!("{output}.norm_scale"), format!("{output}.norm_bias"));
        let values = self.weight(&format!("{name}.weight"))?;
        self.constant(Tensor::floats(&scale, &[values.len()], &values));
        let values = self.weight(&format!("{name}.bias"))?;
        self.constant(Tensor::floats(&bias, &[values.len()], &values));
        let attributes = [Attribute::float("epsilon", EPSILON), Attribute::int("axis", -1)];
        self.node("LayerNormalization", &[input, &scale, &bias], output, &attributes);
        Ok(output.to_owned())
    }

    fn node(&mut self, kind: &str, inputs: &[&str], output: &str, attributes: &[Attribute]) {
        self.graph.node.push(Node {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![output.to_owned()],
            name: Some(output.to_owned()),
            op_type: Some(kind.to_owned()),
            attribute: attributes.to_vec(),
            domain: None,
        });
    }

    fn constant(&mut self, tensor: Tensor) {
        self.graph.initializer.push(tensor);
    }

    fn weight(&self, name: &str) -> Result<Vec<f32>, EmbedFault> {
        let fault = |detail: String| EmbedFault::Weights { detail };
        let tensor = self.weights.tensor(name).map_err(|error| fault(error.to_string()))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(fault(format!("{name} is not 32-bit float")));
        }
        let values = tensor.data().chunks_exact(4);
        Ok(values.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
    }
}

/// Whether this processor adds 8-bit products in 16 bits, which overflows with full-size weights.
fn sums_saturate() -> bool {
    #[cfg(target_arch = "x86_64")]
    return !std::arch::is_x86_feature_detected!("avx512vnni")
        && !std::arch::is_x86_feature_detected!("avxvnni");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// The step between the rounded values of one output's weights, of which the largest becomes `rounded_max`.
fn scale_of(weights: &[f32], rounded_max: f32) -> f32 {
    let largest = weights.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    (largest / rounded_max).max(f32::MIN_POSITIVE)
}

/// Turns rows of `inputs` values, one per output, into columns; `convert` gets a value and its output.
fn transpose<T>(weight: &[f32], inputs: usize, convert: impl Fn(f32, usize) -> T) -> Vec<T> {
    let outputs = weight.len() / inputs;
    let mut columns = Vec::with_capacity(weight.len());
    for input in 0..inputs {
        columns.extend((0..outputs).map(|output| convert(weight[output * inputs + input], output)));
    }
    columns
}
