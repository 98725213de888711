//! How much processor time processes have used.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// The kernel reports to programs in hundredths of a second, whatever its own clock (`USER_HZ`, see time(7)).
const MS_PER_TICK: u64 = 10;

/// The time in user and system mode of a process and of those of its children that have ended and been waited for.
pub fn of(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    let ticks = ticks(&stat).context("the kernel's account of the process cannot be read")?;
    Ok(Duration::from_millis(ticks * MS_PER_TICK))
}

/// The sum of utime, stime, cutime and cstime (fields 14 to 17, see proc(5)).
fn ticks(stat: &str) -> Option<u64> {
    // The second field is the program's name and may hold anything, parentheses too.
    let (_, fields) = stat.rsplit_once(')')?;
    let numbers = fields.split_whitespace().skip(11).take(4);
    numbers.map(|number| number.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_times_are_added_up_whatever_the_program_is_called() {
        let stat = "7 (a) b 1 (c)) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4 20 0 1 0";
        assert_eq!(ticks(stat), Some(127));
    }

    #[test]
    fn our_own_time_only_grows() {
        let before = of(std::process::id()).unwrap();
        assert!(of(std::process::id()).unwrap() >= before);
    }
}
