//! A worker in Rust for `ganger run --worker`: no line is written or read on its way, as the program's processes are workers
//! of the pool themselves.
//!
//! ```text
//! cargo build --release --example collatz
//! seq 1000000 | ganger run --worker target/release/examples/collatz
//! ```

/// How many steps a number takes to one, halved if it is even, else three times itself and one more.
#[ganger::worker]
fn collatz(n: u64) -> Result<u32, String> {
    let too_large = || format!("{n}: it grows beyond 64 bits");
    let (mut at, mut steps) = (n, 0);
    while at > 1 {
        at = if at % 2 == 0 {
            at / 2
        } else {
            at.checked_mul(3).and_then(|n| n.checked_add(1)).ok_or_else(too_large)?
        };
        steps += 1;
    }
    Ok(steps)
}

#[expect(clippy::print_stdout, reason = "a program may")]
fn main() {
    ganger::init();
    // Only `ganger run --worker` makes a worker of it; whoever starts it by hand is told so.
    println!("this is a worker program: ganger run --worker {}", std::env::args().next().unwrap_or_default());
}
