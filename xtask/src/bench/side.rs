//! A program that is measured beside another: it says when it is warm, and answers each line with one of JSON.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A running program, which ends when this is dropped.
pub(super) struct Side {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Side {
    /// Starts it and returns what it says once it is warm.
    pub(super) fn start(command: &mut Command) -> Result<(Self, Value)> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run a side")?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("a side has no output")?);
        let mut side = Self { child, input, output };
        let ready = side.answer()?;
        Ok((side, ready))
    }

    /// Asks for a round and waits for its answer.
    pub(super) fn round(&mut self, line: &str) -> Result<Value> {
        let input = self.input.as_mut().context("a side has no input")?;
        writeln!(input, "{line}")?;
        input.flush()?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("a side ended: {}", self.child.wait()?);
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
