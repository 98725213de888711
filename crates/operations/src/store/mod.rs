//! All SQL of the slice.

mod tasks;

pub(crate) use tasks::{TaskFilter, Visible, find_details, find_task, list_tasks, task_stats};
