//! Memory that is not needed any more.

/// Gives memory back to the system that was freed. The allocator keeps it for later: after a start what the description of the API
/// was put together in, after a model was used what its session was cut into. Whole pages are returned, whose next use costs a fault.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the C library's call has no safe counterpart")]
pub fn give_back() {
    // SAFETY: malloc_trim may be called at any time from any thread (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators give it back by themselves.
#[cfg(not(target_env = "gnu"))]
pub fn give_back() {}
