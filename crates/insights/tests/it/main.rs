//! What becomes of speech: transcript, captions, search and summary together, over HTTP and the task queue, against a
//! real database and engines that answer from a script.

mod captions;
mod engines;
mod search;
mod speech;
mod stage;
