//! The same with source and output in S3: a server that knows as much of it as the program needs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::flags::Flags;
use crate::{generate, run};

/// Where the test runs once more, as a process with these names in its environment.
const ENDPOINT: &str = "AWS_ENDPOINT";

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

#[test]
fn files_in_s3_are_filtered_into_s3() {
    if let (Ok(_), Ok(ids)) = (std::env::var(ENDPOINT), std::env::var("IDS")) {
        return filter_by_address(&ids);
    }
    let place = tempfile::tempdir().expect("a directory");
    let ids = place.path().join("ids.csv");
    let objects = Objects::default();
    let port = serve(objects.clone());
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "s3_tests::files_in_s3_are_filtered_into_s3", "--nocapture"])
        .envs([(ENDPOINT, &*format!("http://127.0.0.1:{port}")), ("AWS_ALLOW_HTTP", "true"), ("AWS_REGION", "here")])
        .envs([("AWS_ACCESS_KEY_ID", "name"), ("AWS_SECRET_ACCESS_KEY", "key")])
        .env("IDS", &ids)
        .status();
    assert!(child.expect("it starts").success());
    let objects = objects.lock().expect("no panic").keys().cloned().collect::<Vec<_>>();
    let hours = ["/hours/day-000/hour-00.pb.sz", "/hours/day-000/hour-01.pb.sz"].map(|name| format!("/files{name}"));
    assert_eq!(objects, [hours.clone(), hours.map(|name| name.replace("hours", "kept"))].concat());
}

fn filter_by_address(ids: &str) {
    let words =
        |words: &[&str]| Flags::parse(words.iter().map(|word| word.into())).unwrap_or_else(|error| panic!("{error}"));
    let make = ["", "generate", "--output", "s3://files/hours", "--ids", ids, "--files", "2", "--records", "500"];
    let Flags::Generate(wanted) = words(&make) else { panic!("not generate") };
    generate::generate(&wanted).expect("files are made");
    assert!(Path::new(ids).exists() && fs::read_to_string(ids).is_ok_and(|csv| csv.lines().count() > 100));
    let keep = ["", "--source", "s3://files/hours", "--output", "s3://files/kept", "--ids", ids, "--workers", "2"];
    let Flags::Job(wanted) = words(&keep) else { panic!("not a job") };
    let summary = run::run(&wanted).expect("it runs");
    assert_eq!((summary.files, summary.counts.read, summary.broken.len()), (2, 1000, 0));
}

fn serve(objects: Objects) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let objects = objects.clone();
            thread::spawn(move || requests(connection.expect("a client"), &objects));
        }
    });
    port
}

/// What one client asks for, until it goes.
fn requests(mut client: TcpStream, objects: &Objects) {
    let mut lines = BufReader::new(client.try_clone().expect("a second handle"));
    let mut asked = String::new();
    while lines.read_line(&mut asked).is_ok_and(|read| read > 0) {
        let body = vec![0; length_of_body(&mut lines)];
        let answer = answer(asked.trim(), body, &mut lines, objects);
        let (status, body) = answer.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
        let head = "ETag: \"one\"\r\nLast-Modified: Sat, 21 Nov 2026 00:00:00 GMT";
        let head = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n", body.len());
        client.write_all(&[head.as_bytes(), &body].concat()).expect("the client is there");
        asked.clear();
    }
}

fn length_of_body(lines: &mut impl BufRead) -> usize {
    let heads = lines.by_ref().lines().map(|line| line.expect("a line").to_lowercase());
    let heads: Vec<String> = heads.take_while(|line| !line.is_empty()).collect();
    heads.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0)
}

fn answer(asked: &str, mut body: Vec<u8>, lines: &mut impl Read, objects: &Objects) -> Option<Vec<u8>> {
    lines.read_exact(&mut body).expect("the whole body");
    let mut words = asked.split(' ');
    let (verb, target) = (words.next()?, words.next()?);
    let mut objects = objects.lock().expect("no panic");
    match (verb, target.split_once('?')) {
        ("PUT", None) => {
            objects.insert(target.to_owned(), body);
            Some(Vec::new())
        }
        ("GET", None) => objects.get(target).cloned(),
        ("GET", Some((bucket, query))) => Some(listed(&objects, bucket, query)),
        _ => None,
    }
}

fn listed(objects: &BTreeMap<String, Vec<u8>>, bucket: &str, query: &str) -> Vec<u8> {
    let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default().replace("%2F", "/");
    let below = format!("{bucket}/{prefix}");
    let row = |(name, bytes): (&String, &Vec<u8>)| {
        let key = name.strip_prefix(&format!("{bucket}/"))?;
        let (when, size) = ("2026-11-21T00:00:00.000Z", bytes.len());
        let row = format!("<Key>{key}</Key><LastModified>{when}</LastModified><ETag>one</ETag><Size>{size}</Size>");
        Some(format!("<Contents>{row}</Contents>"))
    };
    let rows: String = objects.iter().filter(|(name, _)| name.starts_with(&below)).filter_map(row).collect();
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>").into_bytes()
}
