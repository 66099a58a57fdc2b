//! Counts allocations: the system's allocator with a counter of this thread before it.
//!
//! A counter that all threads share would cost as much as some allocations, and whoever allocates most would pay for it.
#![expect(unsafe_code, reason = "an allocator is an unsafe trait; every call is handed to the system's as it came")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One more. A thread that ends frees what it had after its counter is gone, and may allocate on the way.
fn count_one() {
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: all four hand their arguments to the system's allocator unchanged, and counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: as this function's own contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as this function's own contract.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: as this function's own contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_one();
        // SAFETY: as this function's own contract.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Allocations of this thread so far, those that grow a block included. What C code allocates by itself is not counted.
pub fn count() -> u64 {
    COUNT.with(Cell::get)
}
