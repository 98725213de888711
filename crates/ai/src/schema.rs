//! A check of JSON values against the part of JSON Schema (2020-12) that prompts use: `type` (one or several),
//! `enum`, `const`, `required`, `properties`, `additionalProperties: false`, `items`, `minItems`, `maxItems`,
//! `minLength`, `maxLength`, `minimum`, `maximum` and `anyOf`. Other keywords are not checked.

use serde_json::Value;

/// Deeper values are refused, so that a hostile answer cannot exhaust the stack.
const DEPTH_MAX: usize = 64;

/// Checks `value` against `schema`.
///
/// # Errors
/// The first fault as a sentence with its place, fit to be shown to the model that made it.
pub fn check(schema: &Value, value: &Value) -> Result<(), String> {
    check_at(schema, value, "$", 0)
}

fn check_at(schema: &Value, value: &Value, place: &str, depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("{place} is nested too deeply."));
    }
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        let fits = options.iter().any(|option| check_at(option, value, place, depth + 1).is_ok());
        if !fits {
            return Err(format!("{place} fits none of the allowed forms."));
        }
    }
    if let Some(kinds) = schema.get("type") {
        let fits = match kinds {
            Value::String(kind) => is_kind(kind, value),
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(|kind| is_kind(kind, value)),
            _ => true,
        };
        if !fits {
            return Err(format!("{place} must be of type {kinds}."));
        }
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        return Err(format!("{place} must be one of {}.", Value::from(allowed.clone())));
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        return Err(format!("{place} must be {constant}."));
    }
    match value {
        Value::Object(fields) => check_object(schema, fields, place, depth),
        Value::Array(items) => check_array(schema, items, place, depth),
        Value::String(text) => {
            check_bounds(schema, text.chars().count() as f64, ["minLength", "maxLength"], "characters", place)
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            check_bounds(schema, number, ["minimum", "maximum"], "as its value", place)
        }
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn check_object(
    schema: &Value,
    fields: &serde_json::Map<String, Value>,
    place: &str,
    depth: usize,
) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            return Err(format!("{place} lacks the required property `{name}`."));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, field) in fields {
        match properties.and_then(|properties| properties.get(name)) {
            Some(schema) => check_at(schema, field, &format!("{place}.{name}"), depth + 1)?,
            None if closed => return Err(format!("{place} has the unknown property `{name}`.")),
            None => {}
        }
    }
    Ok(())
}

fn check_array(schema: &Value, items: &[Value], place: &str, depth: usize) -> Result<(), String> {
    check_bounds(schema, items.len() as f64, ["minItems", "maxItems"], "items", place)?;
    if let Some(schema) = schema.get("items") {
        for (index, item) in items.iter().enumerate() {
            check_at(schema, item, &format!("{place}[{index}]"), depth + 1)?;
        }
    }
    Ok(())
}

fn check_bounds(
    schema: &Value,
    size: f64,
    keywords: [&str; 2],
    unit: &str,
    place: &str,
) -> Result<(), String> {
    let [least, most] = keywords.map(|keyword| schema.get(keyword).and_then(Value::as_f64));
    match (least, most) {
        (Some(least), _) if size < least => Err(format!("{place} must have at least {least} {unit}.")),
        (_, Some(most)) if size > most => Err(format!("{place} must have at most {most} {unit}.")),
        _ => Ok(()),
    }
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["title", "kind"],
            "properties": {
                "title": {"type": "string", "minLength": 1, "maxLength": 5},
                "kind": {"enum": ["a", "b"]},
                "score": {"type": ["integer", "null"], "minimum": 0, "maximum": 100},
                "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                "when": {"anyOf": [{"type": "number"}, {"const": "never"}]}
            }
        })
    }

    #[test]
    fn values_that_follow_the_schema_pass() {
        let value = json!({"title": "héllo", "kind": "a", "score": null, "tags": ["x"], "when": "never"});
        assert_eq!(check(&schema(), &value), Ok(()));
        assert_eq!(
            check(&schema(), &json!({"title": "t", "kind": "b", "score": 100.0, "when": 1.5})),
            Ok(())
        );
    }

    #[test]
    fn each_fault_is_named_with_its_place() {
        let faults = [
            (json!([]), "$ must be of type"),
            (json!({"title": "t"}), "lacks the required property `kind`"),
            (json!({"title": "", "kind": "a"}), "$.title must have at least 1"),
            (json!({"title": "longer", "kind": "a"}), "$.title must have at most 5"),
            (json!({"title": "t", "kind": "c"}), "$.kind must be one of"),
            (json!({"title": "t", "kind": "a", "score": 101}), "$.score must have at most 100"),
            (json!({"title": "t", "kind": "a", "score": 1.5}), "$.score must be of type"),
            (json!({"title": "t", "kind": "a", "tags": ["x", 2]}), "$.tags[1] must be of type"),
            (json!({"title": "t", "kind": "a", "tags": ["x", "y", "z"]}), "$.tags must have at most 2"),
            (json!({"title": "t", "kind": "a", "when": "soon"}), "$.when fits none"),
            (json!({"title": "t", "kind": "a", "extra": 1}), "unknown property `extra`"),
        ];
        for (value, expected) in faults {
            let fault = check(&schema(), &value).expect_err("must be refused");
            assert!(fault.contains(expected), "{value}: {fault}");
        }
    }
}
