use std::os::unix::ffi::OsStringExt;
use std::process::Stdio;

use proptest::prelude::*;

use super::*;
use crate::input::Measure;

fn parse(words: &[&str]) -> Result<Template, TemplateError> {
    Template::parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
}

fn task(value: &[u8]) -> Task {
    Task::first(7, Args::one(value.to_vec()))
}

fn env(command: &Command) -> Vec<(&str, &str)> {
    let text = |bytes| str::from_utf8(bytes).expect("text");
    command.env.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// What every command is told.
const TOLD: [(&str, &str); 3] = [("GANGER_TASK", "7"), ("PARALLEL_SEQ", "7"), ("PARALLEL_JOBSLOT", "\0slot\0")];

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
        let command = parse(words).expect("a command").command(&task(value.as_bytes()), None);
        assert_eq!(argv(&command), wanted, "{words:?}");
        assert_eq!(env(&command), TOLD);
    }
}

#[test]
fn one_word_with_shell_characters_is_for_the_shell() {
    let table = [
        ("echo {}", "ab", "echo ab"),
        ("echo {}", "a b", "echo \"${__GANGER_INPUT}\""),
        ("echo \"{}\"", "a b", "echo \"${__GANGER_INPUT}\""),
        ("echo '{}'", "a b", "echo ''\"${__GANGER_INPUT}\"''"),
        ("echo $(({}*2))", "21", "echo $((21*2))"),
        ("echo {#}-{%};", "x", "echo 7-<slot>;"),
        ("ls -l", "x", "ls -l x"),
        ("echo ${HOME} {/}", "/a/b", "echo ${HOME} b"),
        ("awk '{print}' {}", "f", "awk '{print}' f"),
        ("find . -exec ls \\{} +", "f", "find . -exec ls {} + f"),
    ];
    for (text, value, wanted) in table {
        let command = parse(&[text]).expect("a command").command(&task(value.as_bytes()), None);
        assert_eq!(argv(&command), ["/bin/sh", "-c", wanted], "{text}");
    }
}

#[test]
fn a_value_is_handed_over_once() {
    let command = parse(&["echo {} {} {/}"]).expect("a command").command(&task(b"a b/c d"), None);
    let wanted = [("__GANGER_INPUT", "a b/c d"), ("__GANGER_INPUT_BASENAME", "c d")];
    assert_eq!(env(&command), [&TOLD[..], &wanted].concat());
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
        let shown = parse(words).expect("a command").show(&Args::one(value.to_vec()), 1);
        assert_eq!(String::from_utf8_lossy(&shown), wanted, "{words:?}");
    }
}

#[test]
fn no_command_and_typos_are_refused() {
    assert_eq!(parse(&[" "]), Err(TemplateError::NoCommand));
    for words in [&["echo {foo}"][..], &["echo", "{..}"], &["echo \"{2}\""], &["echo", "a", "{/,}"]] {
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
    assert_eq!(template.command(&task(b"\xfe"), None).argv[1].as_slice(), b"\xff\xfe");
}

/// What the shell makes of a template and a value: the arguments that `printf` gets.
fn through_the_shell(template: &str, value: &[u8]) -> Vec<u8> {
    let command = parse(&[template]).expect("a command").command(&task(value), None);
    run(&command.argv[2], &without_slot(&command))
}

/// What only a worker knows is left out.
fn without_slot(command: &Command) -> Vec<(Bytes, Bytes)> {
    command.env.iter().filter(|(_, value)| value.as_slice() != SLOT).cloned().collect()
}

fn run(program: &[u8], env: &[(Bytes, Bytes)]) -> Vec<u8> {
    output("/bin/sh", program, env).stdout
}

fn output(shell: &str, program: &[u8], env: &[(Bytes, Bytes)]) -> std::process::Output {
    let env = env.iter().map(|(name, value)| (OsStr::from_bytes(name), OsStr::from_bytes(value)));
    let mut shell = std::process::Command::new(shell);
    let shell = shell.arg("-c").arg(OsStr::from_bytes(program)).envs(env).stdin(Stdio::null());
    shell.output().expect("a shell")
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
        for template in [
            "printf '%s|' {}", "printf '%s|' \"{}\"", "printf '%s|' '{}'", "x=$(cat <<X\n{}\nX\n); printf '%s|' \"$x\"",
        ] {
            let shown = parse(&[template]).expect("a command").show(&Args::one(value.as_bytes().to_vec()), 1);
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

#[test]
fn no_value_ends_a_here_document() {
    for value in ["E", "x\nE\necho run", "E\n", "it's $(echo run) `echo run` \\$x %s \\n\n", "\nE"] {
        let template = "cat <<E\n{}\nshown\nE\necho done";
        let wanted = format!("{value}\nshown\ndone\n");
        assert_eq!(String::from_utf8_lossy(&through_the_shell(template, value.as_bytes())), wanted);
        let shown = parse(&[template]).expect("a command").show(&Args::one(value.as_bytes().to_vec()), 1);
        assert_eq!(String::from_utf8_lossy(&run(&shown, &[])), wanted, "{}", String::from_utf8_lossy(&shown));
    }
    assert_eq!(through_the_shell("cat <<'E'\n{}\necho run\nE\n", b"E"), b"${__GANGER_INPUT}\necho run\n");
}

#[test]
fn no_value_is_evaluated_in_arithmetic() {
    let sh: &[&str] = &["/bin/sh", "/bin/bash"];
    for shell in sh.iter().filter(|shell| std::path::Path::new(shell).exists()) {
        for (template, value, wanted) in [
            ("echo $(( {} * 2 ))", "a[$(echo run >&2)]", ""),
            ("echo \"$((x={}))\"", "a[`echo run >&2`]", ""),
            ("echo $(( {} * 2 ))", "3 + 4", "11\n"),
            ("echo $(( {} * 2 ))", "1)) && echo run; echo $((1", ""),
            ("echo $(({}*2))", "-21", "-42\n"),
        ] {
            let command = parse(&[template]).expect("a command").command(&task(value.as_bytes()), None);
            let shown = parse(&[template]).expect("a command").show(&Args::one(value.as_bytes().to_vec()), 1);
            for (program, env) in [(&command.argv[2][..], without_slot(&command)), (&shown, Vec::new())] {
                let done = output(shell, program, &env);
                let told = String::from_utf8_lossy(&done.stderr).into_owned();
                assert_eq!(String::from_utf8_lossy(&done.stdout), wanted, "{shell} {template} {value}: {told}");
                assert!(!told.lines().any(|line| line == "run"), "{shell} {template} {value}: {told}");
            }
        }
    }
}

fn several(values: &[&str]) -> Task {
    Task::first(7, values.iter().map(|value| value.as_bytes()).collect())
}

fn with(grammar: &Grammar, words: &[&str]) -> Template {
    Template::with(grammar, &words.iter().map(OsString::from).collect::<Vec<_>>()).expect("a command")
}

#[test]
fn several_arguments_are_words_of_their_own() {
    let (plain, repeat) = (
        Grammar { width: None, ..Grammar::default() },
        Grammar { width: None, repeat_words: true, ..Grammar::default() },
    );
    type Words = &'static [&'static str];
    let table: [(&Grammar, Words, Words, Words); 12] = [
        (&plain, &["echo", "{}"], &["a b", "c"], &["echo", "a b", "c"]),
        (&plain, &["echo"], &["a", "b"], &["echo", "a", "b"]),
        (&plain, &["echo", "x{}y{.}"], &["a.c", "b"], &["echo", "xa.c", "bya", "b"]),
        (&plain, &["echo", "x {}"], &["a", "b"], &["echo", "x a b"]),
        (&plain, &["echo", "{2}", "{-1/}", "{3}"], &["a", "d/b"], &["echo", "d/b", "b"]),
        (&repeat, &["echo", "x{}y", "z"], &["a", "b"], &["echo", "xay", "xby", "z"]),
        (&repeat, &["echo", "{2}-{}"], &["a", "b"], &["echo", "b-a", "b-b"]),
        (&plain, &["echo", "{}", "x{}"], &[], &["echo", "x"]),
        (&plain, &["echo x{} '{}';"], &["a", "b"], &["/bin/sh", "-c", "echo xa b 'a b';"]),
        (&plain, &["echo {2} {}&"], &["a b", "c"], &["/bin/sh", "-c", "echo c \"${__GANGER_INPUT_1}\" c&"]),
        (&repeat, &["cat x{}y>{#};"], &["a", "b"], &["/bin/sh", "-c", "cat xay>7 xby>7;"]),
        (&repeat, &["(echo \"x {}\")"], &["a", "b"], &["/bin/sh", "-c", "(echo \"x a\" \"x b\")"]),
    ];
    for (grammar, words, values, wanted) in table {
        let command = with(grammar, words).command(&several(values), None);
        assert_eq!(argv(&command), wanted, "{words:?}");
    }
}

#[test]
fn options_change_what_is_a_command() {
    let inputs = with(&Grammar::default(), &[]);
    assert_eq!(argv(&inputs.command(&several(&["echo x;", "ls"]), None)), ["/bin/sh", "-c", "echo x; ls"]);
    let quoted = Grammar { no_shell: true, ..Grammar::default() };
    assert_eq!(argv(&with(&quoted, &["a program"]).command(&task(b"x"), None)), ["a program", "x"]);
    let bare = Grammar { append: false, ..Grammar::default() };
    assert_eq!(argv(&with(&bare, &["date"]).command(&task(b"x"), None)), ["date"]);
    let total = with(&Grammar::default(), &["echo", "{#}/{##}"]);
    assert!(total.needs_total());
    assert_eq!(argv(&total.command(&task(b"x"), Some(9))), ["echo", "7/9"]);
}

#[test]
fn lengths_are_never_too_low() {
    let wide = |repeat_words| Grammar { width: None, plus: true, repeat_words, ..Grammar::default() };
    let values = ["a", "b c", "it's", "d/e.f"];
    for words in
        [&["echo", "x{}y", "{2}"][..], &["echo x{/}y {};"], &["cat <\"x {}\" {-1}.{1}"], &["ls"], &["echo", "x {}"]]
    {
        for repeat in [true, false] {
            let (template, args) = (with(&wide(repeat), words), several(&values).args);
            let length = Length::of(template.clone());
            let (counted, shown) = (length.empty() + length.added(&args, 0), template.show(&args, 1).len());
            let script = template.command(&several(&values), None).argv.last().map_or(0, |last| last.len());
            assert!(counted + 4 >= shown && counted >= script, "{words:?}: {counted}, {shown}, {script}");
        }
    }
}

#[test]
fn tags_are_templates() {
    let tag = |text: &str| Tag::with(&Grammar { width: Some(2), ..Grammar::default() }, OsStr::new(text));
    assert_eq!(tag("{1}-{#}").expect("a tag").of(&several(&["a", "b"])), b"a-7\t");
    assert_eq!(Tag::INPUTS.of(&several(&["a b", "c"])), b"a b c\t");
    assert_eq!(tag("{%}"), Err(TemplateError::SlotInTag));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn several_values_survive_the_shell(values in proptest::collection::vec(proptest::collection::vec(1u8..=255, 0..12), 2..4)) {
        let task = Task::first(7, values.iter().map(Vec::as_slice).collect());
        let wanted: Vec<u8> = values.iter().flat_map(|value| [value, &b"|"[..]].concat()).collect();
        let grammar = Grammar { width: None, ..Grammar::default() };
        let command = with(&grammar, &["printf '%s|' {}"]).command(&task, None);
        prop_assert_eq!(run(&command.argv[2], &without_slot(&command)), wanted);
    }

    #[test]
    fn whatever_is_typed_is_read_or_told(text in "[a-z0-9 {}./#%:=,^+'\"\\\\$(-]{0,24}", width in 0usize..4, plus: bool) {
        let names = vec![b"a".to_vec(), b"x1".to_vec()];
        let width = (width > 0).then_some(width);
        let grammar = Grammar { names, width, plus, repeat_words: plus, ..Grammar::default() };
        match Template::with(&grammar, &[text.as_str().into()]) {
            Ok(template) => {
                let task = several(&["p/q.r", "", "it's"]);
                template.command(&task, Some(3));
                prop_assert!(Length::of(template.clone()).added(&task.args, 0) < 10_000);
                let _ = template.show(&task.args, 1);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
