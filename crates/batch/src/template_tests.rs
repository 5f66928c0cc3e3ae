use std::os::unix::ffi::OsStringExt;
use std::process::Stdio;

use proptest::prelude::*;

use super::*;

fn parse(words: &[&str]) -> Result<Template, TemplateError> {
    Template::parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
}

fn task(value: &[u8]) -> Task {
    Task { number: 7, value: value.to_vec(), job: 0, turn: 7 }
}

fn env(command: &Command) -> Vec<(&str, &str)> {
    let text = |bytes| str::from_utf8(bytes).expect("text");
    command.env.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// The arguments, with the slot's mark made visible.
fn argv(command: &Command) -> Vec<String> {
    let shown = command.argv.iter().map(|argument| String::from_utf8_lossy(argument).replace("\0slot\0", "<slot>"));
    shown.collect()
}

#[test]
fn several_words_are_arguments() {
    let table: [(&[&str], &str, &[&str]); 8] = [
        (&["echo", "{}"], "a b", &["echo", "a b"]),
        (&["echo", "<{}>{.}"], "d/a.c", &["echo", "<d/a.c>d/a"]),
        (&["echo", "-n"], "a", &["echo", "-n", "a"]),
        (&["true"], "$x", &["true", "$x"]),
        (&["echo", "{#}", "{%}"], "a", &["echo", "7", "<slot>"]),
        (&["awk", "{print $1}", "{}"], "f", &["awk", "{print $1}", "f"]),
        (&["echo", "\\{}", "x\\{3}", "{}"], "f", &["echo", "{}", "x{3}", "f"]),
        (&["echo", "", "\\n{}"], "", &["echo", "", "\\n"]),
    ];
    for (words, value, wanted) in table {
        let command = parse(words).expect("a command").command(&task(value.as_bytes()));
        assert_eq!(argv(&command), wanted, "{words:?}");
        assert_eq!(env(&command), [("GANGER_TASK", "7")]);
    }
}

#[test]
fn one_word_with_shell_characters_is_for_the_shell() {
    let table = [
        ("echo {}", "ab", "echo ab"),
        ("echo {}", "a b", "echo \"${GANGER_INPUT}\""),
        ("echo \"{}\"", "a b", "echo \"${GANGER_INPUT}\""),
        ("echo '{}'", "a b", "echo ''\"${GANGER_INPUT}\"''"),
        ("echo $(({}*2))", "21", "echo $((21*2))"),
        ("echo {#}-{%};", "x", "echo 7-<slot>;"),
        ("ls -l", "x", "ls -l x"),
        ("echo ${HOME} {/}", "/a/b", "echo ${HOME} b"),
        ("awk '{print}' {}", "f", "awk '{print}' f"),
        ("find . -exec ls \\{} +", "f", "find . -exec ls {} + f"),
    ];
    for (text, value, wanted) in table {
        let command = parse(&[text]).expect("a command").command(&task(value.as_bytes()));
        assert_eq!(argv(&command), ["/bin/sh", "-c", wanted], "{text}");
    }
}

#[test]
fn a_value_is_handed_over_once() {
    let command = parse(&["echo {} {} {/}"]).expect("a command").command(&task(b"a b/c d"));
    let wanted = [("GANGER_TASK", "7"), ("GANGER_INPUT", "a b/c d"), ("GANGER_INPUT_BASENAME", "c d")];
    assert_eq!(env(&command), wanted);
}

#[test]
fn commands_are_shown_as_one_would_type_them() {
    let table: [(&[&str], &[u8], &str); 6] = [
        (&["echo {}"], b"a b", "echo 'a b'"),
        (&["echo \"{}\""], b"a \"b\"", "echo \"a \\\"b\\\"\""),
        (&["echo '{}'"], b"it's", "echo 'it'\\''s'"),
        (&["echo", "{}", "x y"], b"a", "echo a 'x y'"),
        (&["echo", "{}", "{%}"], b"", "echo '' 1"),
        (&["echo {}"], b"it's", "echo 'it'\\''s'"),
    ];
    for (words, value, wanted) in table {
        let shown = parse(words).expect("a command").show(value, 1);
        assert_eq!(String::from_utf8_lossy(&shown), wanted, "{words:?}");
    }
}

#[test]
fn no_command_and_typos_are_refused() {
    assert_eq!(parse(&[]), Err(TemplateError::NoCommand));
    assert_eq!(parse(&[" "]), Err(TemplateError::NoCommand));
    for words in [&["echo {foo}"][..], &["echo", "{..}"], &["echo \"{1}\""], &["{##}"], &["echo", "a", "{/,}"]] {
        let error = parse(words).expect_err("a typo");
        assert!(error.to_string().starts_with("unknown replacement string {"), "{error}");
    }
    assert!(parse(&["curl -w %{http_code} {}"]).is_ok());
    assert!(parse(&["f() { ls {}; }; f"]).is_ok());
}

#[test]
fn the_program_is_known_when_it_is_the_same_for_all() {
    assert_eq!(parse(&["gzip", "{}"]).expect("a command").program(), Some(OsStr::new("gzip")));
    assert_eq!(parse(&["true"]).expect("a command").program(), Some(OsStr::new("true")));
    assert_eq!(parse(&["{}", "-x"]).expect("a command").program(), None);
    assert_eq!(parse(&["gzip -9 {}"]).expect("a command").program(), None);
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let template = Template::parse(&["echo".into(), OsString::from_vec(b"\xff{}".to_vec())]).expect("a command");
    assert_eq!(template.command(&task(b"\xfe")).argv[1].as_slice(), b"\xff\xfe");
}

/// What the shell makes of a template and a value: the arguments that `printf` gets.
fn through_the_shell(template: &str, value: &[u8]) -> Vec<u8> {
    let command = parse(&[template]).expect("a command").command(&task(value));
    run(&command.argv[2], &command.env)
}

fn run(program: &[u8], env: &[(Bytes, Bytes)]) -> Vec<u8> {
    let env = env.iter().map(|(name, value)| (OsStr::from_bytes(name), OsStr::from_bytes(value)));
    let mut shell = std::process::Command::new("/bin/sh");
    let shell = shell.arg("-c").arg(OsStr::from_bytes(program)).envs(env).stdin(Stdio::null());
    shell.output().expect("a shell").stdout
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_value_survives_the_shell(value in proptest::collection::vec(1u8..=255, 0..24)) {
        let wanted = |before: &[u8], after: &[u8]| [before, &value, after, b"|"].concat();
        prop_assert_eq!(through_the_shell("printf '%s|' {}", &value), wanted(b"", b""));
        prop_assert_eq!(through_the_shell("printf '%s|' x{}y", &value), wanted(b"x", b"y"));
        prop_assert_eq!(through_the_shell("printf '%s|' \"x {} y\"", &value), wanted(b"x ", b" y"));
        prop_assert_eq!(through_the_shell("printf '%s|' 'x {} y'", &value), wanted(b"x ", b" y"));
    }

    #[test]
    fn a_shown_command_can_be_pasted(value in "[ -~]{0,12}") {
        for template in ["printf '%s|' {}", "printf '%s|' \"{}\"", "printf '%s|' '{}'"] {
            let shown = parse(&[template]).expect("a command").show(value.as_bytes(), 1);
            prop_assert_eq!(run(&shown, &[]), format!("{value}|").into_bytes());
        }
    }

    #[test]
    fn no_value_is_run_wherever_it_stands(place in 0usize..6) {
        let templates = [
            "echo \"$(echo {})\"", "cat <<X\n{} don't\nX\n", "echo `echo {}`", "echo don\\'t # '\necho {}",
            "x={}; echo $x", "case {} in *) echo {};; esac",
        ];
        let printed = through_the_shell(templates[place], b"$(echo run)`echo run`'; echo run; '\"; echo run; \"");
        prop_assert!(!printed.split(|&b| b == b'\n').any(|line| line.starts_with(b"run")), "{:?}", printed);
    }
}
