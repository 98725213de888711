//! The part of the ONNX file format that the graph needs: protocol buffer messages with the field numbers of
//! `onnx.proto` (ONNX 1.16, IR version 9).

use prost::Message;

/// Element types of `TensorProto`.
pub const FLOAT: i32 = 1;
pub const INT8: i32 = 3;
pub const INT32: i32 = 6;
pub const INT64: i32 = 7;

/// Kinds of `AttributeProto`.
const ATTRIBUTE_FLOAT: i32 = 1;
const ATTRIBUTE_INT: i32 = 2;

#[derive(Clone, PartialEq, Message)]
pub struct Model {
    #[prost(int64, optional, tag = "1")]
    pub ir_version: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub producer_name: Option<String>,
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
}

#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    #[prost(string, optional, tag = "1")]
    pub domain: Option<String>,
    #[prost(int64, optional, tag = "2")]
    pub version: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    #[prost(string, optional, tag = "3")]
    pub name: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub op_type: Option<String>,
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    #[prost(string, optional, tag = "7")]
    pub domain: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    #[prost(int32, optional, tag = "20")]
    pub kind: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    #[prost(int32, optional, tag = "2")]
    pub data_type: Option<i32>,
    #[prost(string, optional, tag = "8")]
    pub name: Option<String>,
    #[prost(bytes = "vec", optional, tag = "9")]
    pub raw_data: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Kind {
    #[prost(message, optional, tag = "1")]
    pub tensor: Option<TensorKind>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TensorKind {
    #[prost(int32, optional, tag = "1")]
    pub elem_type: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    #[prost(int64, optional, tag = "1")]
    pub value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub param: Option<String>,
}

impl Attribute {
    /// A float attribute.
    pub fn float(name: &str, value: f32) -> Self {
        Self { name: Some(name.into()), f: Some(value), i: None, kind: Some(ATTRIBUTE_FLOAT) }
    }

    /// An integer attribute.
    pub fn int(name: &str, value: i64) -> Self {
        Self { name: Some(name.into()), f: None, i: Some(value), kind: Some(ATTRIBUTE_INT) }
    }
}

impl Tensor {
    /// A tensor of 32-bit floats.
    pub fn floats(name: &str, dims: &[usize], values: &[f32]) -> Self {
        Self::raw(name, dims, FLOAT, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A tensor of 64-bit integers.
    pub fn ints(name: &str, dims: &[usize], values: &[i64]) -> Self {
        Self::raw(name, dims, INT64, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A tensor of 8-bit integers.
    pub fn bytes(name: &str, dims: &[usize], values: &[i8]) -> Self {
        Self::raw(name, dims, INT8, values.iter().map(|value| value.cast_unsigned()).collect())
    }

    fn raw(name: &str, dims: &[usize], data_type: i32, data: Vec<u8>) -> Self {
        Self {
            dims: dims.iter().map(|dim| *dim as i64).collect(),
            data_type: Some(data_type),
            name: Some(name.into()),
            raw_data: Some(data),
        }
    }
}

impl ValueInfo {
    /// An input or output whose dimensions are numbers or free names.
    pub fn tensor(name: &str, elem_type: i32, dims: &[Result<i64, &str>]) -> Self {
        let dim = dims
            .iter()
            .map(|dim| match dim {
                Ok(value) => Dimension { value: Some(*value), param: None },
                Err(param) => Dimension { value: None, param: Some((*param).into()) },
            })
            .collect();
        let kind = TensorKind { elem_type: Some(elem_type), shape: Some(Shape { dim }) };
        Self { name: Some(name.into()), kind: Some(Kind { tensor: Some(kind) }) }
    }
}
