//! `eval`: how well the product does what it does, on recordings of which somebody wrote down what is right.
//!
//! An evaluation knows the server by its HTTP interface alone, so it measures the whole path from an upload to what
//! a user is shown, with whatever engines the environment gives the server.

mod asr;
mod captions;
mod diarization;
mod files;
mod manifest;
mod qmsum;
mod report;
mod retrieval;
mod robustness;
mod seeing;
mod summaries;

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The word error rate of transcripts
    Asr(asr::Options),
    /// The diarization error rate, and the words under the wrong speaker
    Diarization(diarization::Options),
    /// nDCG and recall of the search by words, by meaning and by both, beside BM25
    Retrieval(retrieval::Options),
    /// Whether caption files lose anything on their way in, out and in again
    Captions(captions::Options),
    /// ROUGE of summaries beside lead, TextRank and the extractive oracle, and chapters beside even spacing
    Summaries(summaries::Options),
    /// Whether slide changes are found, what is on screen is read, and a search leads to its second
    Seeing(seeing::Options),
    /// Whether any file crashes or hangs the server, or fails for no reason
    Robustness(robustness::Options),
}

pub fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Asr(options) => asr::run(options),
        What::Diarization(options) => diarization::run(options),
        What::Retrieval(options) => retrieval::run(options),
        What::Captions(options) => captions::run(options),
        What::Summaries(options) => summaries::run(options),
        What::Seeing(options) => seeing::run(options),
        What::Robustness(options) => robustness::run(options),
    }
}
