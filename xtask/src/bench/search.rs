//! `bench search`: searching by meaning in organizations of very different size.
//!
//! `memoreel-benches` fills a database and asks the product and the plain schema; LanceDB is asked the same here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use crate::shell::{self, say};
use crate::{python, scratch_folder, setup};

const BESIDE: &str = "one table of everybody's passages with the organization as a column and one HNSW index (m 16, \
                      ef_construction 64), filtered by organization, with iterative scan (relaxed order)";
/// What is embedded instead of a database.
const LANCEDB_PACKAGES: [&str; 3] = ["lancedb==0.40.0", "numpy==2.4.6", "pyarrow==26.0.1"];
const WAYS: [(&str, &str); 5] = [
    ("product", "Memoreel"),
    ("plain_iterative", "plain, iterative scan"),
    ("plain_equal", "plain, as much found"),
    ("plain", "plain, no iterative scan"),
    ("lancedb", "LanceDB"),
];

#[derive(Args)]
pub struct Options {
    /// Where texts are: files corpus*.jsonl and queries*.jsonl, anywhere below
    #[arg(long, value_name = "DIR", default_value = "../shared/data/retrieval")]
    texts: PathBuf,
    /// Passages in all; may be given several times
    #[arg(long, value_name = "N", default_values_t = [100_000, 1_000_000])]
    chunks: Vec<u64>,
    /// Keep what is made in this folder, or use what was kept there
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Result<()> {
    setup::fetch_parts()?;
    let program = super::build_benches()?;
    let python = python::interpreter("lancedb", &LANCEDB_PACKAGES)?;
    let scratch = scratch_folder::open_folder("memoreel-bench-")?;
    let mut sizes = Vec::new();
    for chunks in &options.chunks {
        let folder = options.keep.as_deref().unwrap_or(scratch.path()).join(chunks.to_string());
        fs::create_dir_all(&folder)?;
        let folder = folder.canonicalize()?;
        say(format!("searching {chunks} passages"));
        let mut command = shell::command(&program);
        command.args(["search", "--chunks", &chunks.to_string(), "--texts"]).arg(&options.texts);
        let mut size: Value = serde_json::from_slice(&shell::output(command.arg("--data").arg(&folder))?)?;
        say("the same in LanceDB");
        add_lancedb(&mut size, &python, &folder)?;
        sizes.push(size);
        if options.keep.is_none() {
            fs::remove_dir_all(&folder)?;
        }
    }
    let report = json!({ "score": score(&sizes), "beside": BESIDE, "sizes": sizes });
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print_tables(&report);
    }
    Ok(())
}

fn add_lancedb(size: &mut Value, python: &Path, folder: &Path) -> Result<()> {
    let script = shell::root().join("xtask/src/bench/search/lancedb_search.py");
    let output = shell::output(shell::command(python).arg(script).arg(folder))?;
    let shares = size["shares"].as_array_mut().context("the bench lists no shares")?;
    for (share, line) in shares.iter_mut().zip(String::from_utf8(output)?.lines()) {
        share["lancedb"] = serde_json::from_str(line)?;
    }
    Ok(())
}

/// The worst over all organizations, and how many times quicker the product is in each.
fn score(sizes: &[Value]) -> Value {
    let worst = |way: &str, figure: &str| {
        let shares = sizes.iter().flat_map(|size| size["shares"].as_array().into_iter().flatten());
        shares.filter_map(|share| share[way][figure].as_f64()).fold(f64::INFINITY, f64::min)
    };
    let ratios = |beside: &str| {
        let mut ratios = serde_json::Map::new();
        for size in sizes {
            for share in size["shares"].as_array().into_iter().flatten() {
                let name = format!("{}.{}", size["chunks"], share["share"]);
                ratios.insert(name, json!(ratio(share, beside)));
            }
        }
        ratios
    };
    json!({
        "recall_at_10": worst("product", "recall_at_10"),
        "rows_min": worst("product", "rows_min"),
        "ratio": ratios("plain_iterative"),
        "ratio_equal": ratios("plain_equal"),
        "ratio_lancedb": ratios("lancedb"),
    })
}

/// How many times longer the other's 95th percentile is.
fn ratio(share: &Value, beside: &str) -> Option<f64> {
    Some(share[beside]["p95_ms"].as_f64()? / share["product"]["p95_ms"].as_f64()?)
}

fn print_tables(report: &Value) {
    for size in report["sizes"].as_array().into_iter().flatten() {
        println!("\n{} passages in {} organizations", size["chunks"], size["organizations"]);
        println!(
            "share     way                       recall@10  rows      p50 ms    p95 ms    p99 ms  p95 ratio"
        );
        for share in size["shares"].as_array().into_iter().flatten() {
            for (way, name) in WAYS {
                let figure = |name: &str| share[way][name].as_f64().unwrap_or(f64::NAN);
                println!(
                    "{:<9} {name:<25} {:>9.4} {:>5} {:>11.2} {:>9.2} {:>9.2} {:>10.2}",
                    format!("{} %", share["share"].as_f64().unwrap_or_default() * 100.0),
                    figure("recall_at_10"),
                    figure("rows_min"),
                    figure("p50_ms"),
                    figure("p95_ms"),
                    figure("p99_ms"),
                    ratio(share, way).unwrap_or(f64::NAN),
                );
            }
        }
    }
    println!("\nRows: the fewest of any query, of 10. Beside: {BESIDE}.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_worst_and_ratios_are_by_organization() {
        let way = |recall: f64, rows: u64, p95: f64| json!({"recall_at_10": recall, "rows_min": rows, "p95_ms": p95});
        let share = |share: f64, product: Value, plain: Value| json!({"share": share, "product": product, "plain_iterative": plain});
        let sizes = [json!({"chunks": 100, "shares": [
            share(0.5, way(0.99, 10, 2.0), way(0.9, 10, 3.0)),
            share(0.01, way(1.0, 7, 1.0), way(0.9, 10, 9.0)),
        ]})];
        let score = score(&sizes);
        assert_eq!((score["recall_at_10"].as_f64(), score["rows_min"].as_f64()), (Some(0.99), Some(7.0)));
        assert_eq!(score["ratio"], json!({"100.0.5": 1.5, "100.0.01": 9.0}));
        assert!(score["ratio_lancedb"]["100.0.5"].is_null());
    }
}
