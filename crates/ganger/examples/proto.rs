#![allow(missing_docs, clippy::all)]
use ganger::*;
use std::time::*;
#[ganger::task]
fn noop(x: u64) -> u64 {
    x
}
#[ganger::task]
fn add(a: u64, b: u64) -> u64 {
    a + b
}
#[ganger::task]
fn echo(b: Bytes) -> Bytes {
    b
}
#[ganger::task]
fn boom(x: u64) -> u64 {
    if x == 3 {
        panic!("three")
    }
    x
}
#[ganger::task]
fn die(x: u64) -> u64 {
    if x == 3 {
        std::process::abort()
    }
    x
}
#[ganger::task]
fn fails(x: u64) -> Result<u64, String> {
    if x == 3 { Err("three".into()) } else { Ok(x) }
}
fn main() {
    ganger::init();
    env_logger::init();
    let method = match std::env::args().nth(1).as_deref() {
        Some("spawn") => StartMethod::Spawn,
        Some("thread") => StartMethod::Thread,
        Some("inline") => StartMethod::Inline,
        _ => StartMethod::Zygote,
    };
    let t = Instant::now();
    let pool = Pool::builder().workers(2).start_method(method).build().unwrap();
    println!("{} built {:?}", pool.apply(add, (2, 3)).unwrap(), t.elapsed());
    println!("{:?}", pool.map(noop, 0..10).unwrap());
    println!(
        "{:?}",
        pool.imap(boom, 0..5)
            .unwrap()
            .collect::<Vec<_>>()
            .iter()
            .map(|r| r.as_ref().map_err(|e| e.to_string()).cloned())
            .collect::<Vec<_>>()
    );
    if method != StartMethod::Thread && method != StartMethod::Inline {
        println!(
            "{:?}",
            pool.imap(die, 0..5)
                .unwrap()
                .chunk_size(5)
                .collect::<Vec<_>>()
                .iter()
                .map(|r| r.as_ref().map_err(|e| e.to_string()).cloned())
                .collect::<Vec<_>>()
        );
    }
    println!("{:?}", pool.apply(fails, 3));
    for _ in 0..3 {
        let n = 400_000u64;
        let t = Instant::now();
        let fs: Vec<_> = (0..n).map(|i| pool.submit(noop, i).unwrap()).collect();
        let a = t.elapsed();
        for (i, f) in fs.iter().enumerate() {
            assert_eq!(f.result().unwrap(), i as u64);
        }
        let e = t.elapsed();
        println!("noop {:.0} k/s (submit {:?} of {:?})", n as f64 / e.as_secs_f64() / 1e3, a, e);
    }
    let pool1 = Pool::builder().workers(1).start_method(method).build().unwrap();
    for spin in [50, 0] {
        let pool1 = if spin > 0 {
            pool1.clone()
        } else {
            Pool::builder().workers(1).start_method(method).spin(Duration::ZERO).build().unwrap()
        };
        pool1.apply(noop, 1).unwrap();
        let mut us = vec![];
        for i in 0..20_000 {
            let t = Instant::now();
            pool1.apply(noop, i).unwrap();
            us.push(t.elapsed());
        }
        us.sort();
        println!("latency spin {spin}: p50 {:?} p99 {:?}", us[10_000], us[19_800]);
    }
    for _ in 0..3 {
        let n = 20_000_000u64;
        let t = Instant::now();
        let r = pool.map(noop, 0..n).unwrap();
        assert_eq!(r.len(), n as usize);
        println!("map {:.1} M items/s", n as f64 / t.elapsed().as_secs_f64() / 1e6);
    }
    let payload = Bytes::from(vec![7u8; 1 << 20]);
    for _ in 0..3 {
        let t = Instant::now();
        let n = 300;
        let mut window = std::collections::VecDeque::new();
        for _ in 0..n {
            window.push_back(pool1.submit(echo, payload.clone()).unwrap());
            if window.len() > 4 {
                assert_eq!(window.pop_front().unwrap().result().unwrap().len(), 1 << 20);
            }
        }
        for f in window {
            f.result().unwrap();
        }
        println!("echo {:.0} MB/s", n as f64 * 1.048576 / t.elapsed().as_secs_f64());
    }
    pool.close();
    println!("{:?}", pool.join(Some(Duration::from_secs(5))));
}
