//! Lines as programs write them, and as they read them.

use super::*;

fn order(args: &[&[u8]]) -> String {
    let mut line = Vec::new();
    Order { id: 3, args, attempt: 2, slot: 1 }.write(&mut line);
    String::from_utf8(line).expect("JSON is text")
}

#[test]
fn inputs_of_every_kind_are_written() {
    let table: [(&[&[u8]], &str); 5] = [
        (&[b"a \"b\"\n"], r#""input":"a \"b\"\n""#),
        (&[b"\xff"], r#""input_base64":"/w==""#),
        (&[b"a", b"b"], r#""args":["a","b"]"#),
        (&[b"a", b"\xff"], r#""args_base64":["YQ==","/w=="]"#),
        (&[], r#""args":[]"#),
    ];
    for (args, input) in table {
        assert_eq!(order(args), format!("{{\"id\":3,{input},\"attempt\":2,\"slot\":1}}\n"));
    }
}

#[test]
fn everything_that_a_program_may_say_is_read() {
    let answer = |output: &str| Said::Answer { id: 1, output: output.into() };
    let failed = |message: &str| Said::Failed { id: 1, message: message.into() };
    let log = |level: &str| Said::Log { level: level.into(), text: "x".into() };
    let progress = |share, message: Option<&str>| Said::Progress {
        id: 1,
        progress: Progress { share, message: message.map(str::to_owned) },
    };
    let table = [
        (r#"{"id":1,"output":"ä"}"#, answer("ä\n")),
        (r#"{"id":1,"output":"two\nlines\n"}"#, answer("two\nlines\n")),
        (r#"{"id":1,"output":""}"#, answer("\n")),
        (r#" {"output" : {"b": 1, "a": 2} , "id" : 1, "seconds": 3} "#, answer("{\"b\": 1, \"a\": 2}\n")),
        (r#"{"id":1,"output":null}"#, answer("null\n")),
        (r#"{"id":1,"output_base64":"AAo="}"#, answer("\0\n")),
        (r#"{"id":1,"error":"no"}"#, failed("no")),
        (r#"{"id":1,"error":{"message":"no","code":3}}"#, failed("no")),
        (r#"{"id":1,"error":[1]}"#, failed("[1]")),
        (r#"{"id":1,"error":""}"#, failed("an error without a text")),
        (r#"{"id":1,"error":{"message":"\n"}}"#, failed("an error without a text")),
        (r#"{"id":1,"output":1,"error":null}"#, answer("1\n")),
        (r#"{"id":1,"progress":0.5}"#, progress(Some(0.5), None)),
        (r#"{"id":1,"message":"half"}"#, progress(None, Some("half"))),
        (r#"{"log":"x"}"#, log("info")),
        (r#"{"log":"x","level":"warn"}"#, log("warn")),
        (r#"{"ready":true}"#, Said::Ready { protocol: 1 }),
        (r#"{"ready":true,"protocol":2}"#, Said::Ready { protocol: 2 }),
    ];
    for (line, said) in table {
        assert_eq!(Said::parse(line.as_bytes()), Ok(said), "{line}");
    }
}

#[test]
fn what_no_program_may_say_is_told() {
    let table: [(&[u8], &str); 13] = [
        (b"", "no JSON object"),
        (b"done", "no JSON object"),
        (b"{\"id\":1,", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b"{\"id\":1,\"output\":\"\xff\"}", "no JSON object"),
        (b"{\"output\":1}", "no \"id\""),
        (b"{\"id\":\"1\",\"output\":1}", "invalid type: string"),
        (b"{\"id\":1}", "neither"),
        (b"{\"id\":1,\"output_base64\":\"%\"}", "nvalid"),
        (br#"{"id":1,"output":null,"error":"boom"}"#, "both \"output\" and \"error\""),
        (br#"{"id":1,"output":1,"error":"x"}"#, "both \"output\" and \"error\""),
        (br#"{"id":1,"output_base64":"AA==","error":""}"#, "both \"output_base64\" and \"error\""),
        (br#"{"id":1,"output":1,"output_base64":"AA=="}"#, "both \"output\" and \"output_base64\""),
    ];
    for (line, why) in table {
        let told = Said::parse(line).expect_err("no line of a worker's").to_string();
        assert!(told.contains(why), "{told} for {:?}", String::from_utf8_lossy(line));
    }
}
