//! Which commands run their inputs, and which do not.

use super::*;
use crate::template::Piece;
use crate::template::Template;

fn called(name: &str) -> &'static Program {
    Program::called(&vec![Piece::Text(name.into())]).expect(name)
}

/// What runs the inputs of a command as code.
fn by(words: &[&str]) -> Option<By> {
    let template = Template::parse(&words.iter().map(Into::into).collect::<Vec<_>>()).expect("a command");
    template.inputs_as_code().map(|found| found.by)
}

#[test]
fn inputs_in_a_script_are_found() {
    let table: [(&[&str], By); 16] = [
        (&["sh", "-c", "echo {}"], By::Shell("sh")),
        (&["/bin/bash", "-c", "echo {/}"], By::Shell("bash")),
        (&["sh", "-c", "\"{}\""], By::Shell("sh")),
        (&["env", "-i", "zsh", "-ec", "echo {.}", "x"], By::Shell("zsh")),
        (&["bash", "-eo", "pipefail", "-c", "--", "cat {} | wc"], By::Shell("bash")),
        (&["bash", "--norc", "--rcfile", "x", "-c", "cat {}"], By::Shell("bash")),
        (&["sh -c 'echo {}'"], By::Shell("sh")),
        (&["cd x && sh -c \"echo {}\""], By::Shell("sh")),
        (&["echo \"$(dash -c \"echo {}\")\""], By::Shell("dash")),
        (&["echo `ksh -c 'echo {}'`"], By::Shell("ksh")),
        (&["sh -c '\"{}\"'"], By::Shell("sh")),
        (&["sh -c echo\\ {}"], By::Shell("sh")),
        (&["sh -c 'f() { echo {}; }; f'"], By::Shell("sh")),
        (&["eval echo {}"], By::Program(called("eval"))),
        (&["cd x; eval \"echo {}\""], By::Program(called("eval"))),
        (&["eval 'x={}'"], By::Program(called("eval"))),
    ];
    for (words, shell) in table {
        assert_eq!(by(words), Some(shell), "{words:?}");
    }
}

#[test]
fn inputs_elsewhere_are_left_alone() {
    let table: [&[&str]; 18] = [
        &["sh", "-c", "{}"],
        &["sh", "-c"],
        &["sh -c {}"],
        &["sh -c \"{}\""],
        &["cd x; eval {}"],
        &["eval \"{}\""],
        &["echo {}"],
        &["sh", "-c", "echo \"$1\"", "sh", "{}"],
        &["bash -c 'echo \"$1\"' bash {}"],
        &["sh", "-c", "echo {#} {%}; cat", "sh", "{}"],
        &["bash", "script", "-c", "echo {}"],
        &["bash", "-x", "run-{}.sh"],
        &["bash; echo -c 'echo {}'"],
        &["gzip -c {} > {}.gz # sh -c 'echo {}'"],
        &["wash", "-c", "echo {}"],
        &["find", "{}", "-exec", "sh", "-c", "echo \\{}", ";"],
        &["evaluate 'echo {}'"],
        &["bash", "-o", "c", "echo {}"],
    ];
    for words in table {
        assert_eq!(by(words), None, "{words:?}");
    }
}

#[test]
fn the_remedy_is_named() {
    let told = |by| InputsAsCode { by }.to_string();
    assert!(told(By::Shell("bash")).contains("bash -c '... \"$1\" ...' bash {}"));
    assert!(told(By::Program(called("eval"))).contains("leave out the eval"));
}

/// Who runs inputs as code, by the words of the warning.
fn told(command: &str) -> Option<String> {
    let template = Template::parse(&[command.into()]).expect("a command");
    template.inputs_as_code().map(|found| found.to_string())
}

#[test]
fn whatever_runs_an_argument_is_found() {
    let table = [
        ("trap \"echo {}\" EXIT", "trap"),
        ("trap {} EXIT", "trap"),
        ("flock x -c \"echo {}\"", "flock"),
        ("flock -w 5 x -c \"echo {}\"", "flock"),
        ("script -qc \"echo {}\" /dev/null", "script"),
        ("su root -c 'echo {}'", "su"),
        ("su - root --command='echo {}'", "su"),
        ("runuser -u x -c \"echo {}\"", "su"),
        ("watch \"ls {}\"", "watch"),
        ("watch -n 5 ls {}", "watch"),
        ("env -S \"sh -c 'echo {}'\"", "env"),
        ("$SHELL -c \"echo {}\"", "$SHELL"),
        ("\"${SHELL:-sh}\" -c 'echo {}'", "$SHELL"),
        ("python3 -c \"print('{}')\"", "python"),
        ("nice -n 5 python3.11 -uc \"print('{}')\"", "python"),
        ("x=1 perl -ne 'print \"{}\"' f", "perl"),
        ("perl -e'print \"{}\"'", "perl"),
        ("if ruby -e 'puts \"{}\"'; then ls; fi", "ruby"),
        ("node -e \"f('{}')\"", "node"),
        ("node --print=\"f('{}')\"", "node"),
        ("awk -F : '/{}/ { print }' f", "awk"),
        ("ls | gawk \"{ print \\\"{}\\\" }\"", "awk"),
        ("ssh -p 22 host rm {}", "ssh"),
    ];
    for (command, name) in table {
        let told = told(command).unwrap_or_else(|| panic!("{command} is not found"));
        assert!(told.contains(&format!(" {name} ")), "{command}: {told}");
    }
}

#[test]
fn what_reads_its_script_is_found() {
    let table = [
        ("echo \"rm {}\" | sh", "sh reads"),
        ("printf 'rm %s\\n' \"x {}\" | tee log | bash -s", "bash reads"),
        ("(echo a; echo \"b {}\") | sh", "sh reads"),
        ("{ echo \"b {}\"; } 2>&1 | sudo sh -x", "sh reads"),
        ("echo \"print('{}')\" | python3 -", "python reads"),
        ("sh <<E\necho {}\nE", "sh reads"),
        ("cat <<E | sh\necho {}\nE\n", "sh reads"),
        (". /dev/stdin <<E\necho {}\nE\n", "shell reads"),
        ("sh -s x <<-E >log\n\techo '{}'\n\tE\n", "sh reads"),
        ("python3 - <<E\nprint('{}')\nE", "python reads"),
        ("bash <<< \"echo {}\"", "bash reads"),
        ("bash <<<\"echo {}\"", "bash reads"),
        ("echo {} | xargs -I% sh -c 'echo %'", "xargs"),
        ("echo {} | xargs -I % -n 1 sh -c 'echo %'", "xargs"),
    ];
    for (command, by) in table {
        let told = told(command).unwrap_or_else(|| panic!("{command} is not found"));
        assert!(told.contains(by), "{command}: {told}");
    }
}

#[test]
fn what_takes_inputs_for_names_is_found() {
    for command in [
        "((x={})); echo $x",
        "echo $[ {} + 1 ]",
        "for ((i=0; i<{}; i++)); do ls; done",
        "echo ${a[{}]}",
        "echo \"${a[{}]}\"",
        "a[{}]=1",
        "a[{}]+=1",
        "[[ {} -eq 1 ]]",
        "if [[ 1 -lt {} ]]; then ls; fi",
        "printf -v {} x",
        "declare {}=1",
        "local -i \"{}\"",
        "let {}",
        "let x={}",
        "test -v {}",
        "[ -v {} ]",
        "[[ -v {} ]]",
        "read {}",
        "read -r \"{}\"",
        "echo ${x:{}}",
        "echo ${x:1:{}}",
        "unset {}",
        "cd x && unset 'a[{}]'",
    ] {
        assert!(
            told(command).is_some_and(|told| told.contains("may be run as code")),
            "{command}: {:?}",
            told(command)
        );
    }
}

#[test]
fn there_are_no_false_alarms() {
    for command in [
        "trap 'rm -f x' EXIT; echo {}",
        "trap '' INT {}x",
        "flock {} -c 'echo x'",
        "flock lock gcc -c {}.c",
        "su root -c {}",
        "watch -x ls {}",
        "watch {}",
        "python3 train.py -c {}x",
        "python3 -c 'import sys' {}",
        "perl -pe 's/a/b/' {}.txt",
        "awk '{print $1}' {}.txt",
        "awk -v x={} -f prog {}.txt",
        "ssh {}.example uptime",
        "rsync -e ssh a/{} host:b",
        "man awk {}.x",
        "git commit -m watch x-{}",
        "echo {} | sh",
        "printf '%s\\n' {} | sh",
        "echo \"start {}\"; ls | sh",
        "echo \"a {}\" || sh",
        "echo \"a {}\" | grep sh",
        "echo \"a {}\" | sh script",
        "echo \"a {}\" | sh -c 'cat'",
        "cat {}.sql | psql",
        "cat <<E\n{} x\nE\nsh script",
        "sh -s {}x <<E\necho \\$1\nE",
        "sh <<'E'\necho {}\nE",
        "find . | xargs -I% cp % {}/%",
        "echo {} | xargs sh -c 'echo \"$1\"' sh",
        "[ {} -eq 1 ]",
        "[[ -f {} ]]",
        "test -f {} -a -r x{}",
        "export x={}",
        "declare x={}",
        "read -r x < {}",
        "printf '%s' {}x",
        "ls x[{}]",
        "echo ${x:-{}}",
        "echo $(({} * 2))",
        "(cd {}; (ls))",
        "echo $( (ls {}) )",
        "env A={} B=x{} ls",
        "ls 2>&1 {} | cat",
    ] {
        assert_eq!(told(command), None, "{command}");
    }
}
