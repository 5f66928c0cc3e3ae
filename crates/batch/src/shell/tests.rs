//! Where the quotes of a command end, and its here-documents.

use super::*;

#[test]
fn the_context_of_the_mark_is_found() {
    let table = [
        ("echo @", Context::Bare),
        ("echo \"@\"", Context::Double),
        ("echo '@'", Context::Single),
        ("echo \"it's @\"", Context::Double),
        ("echo it\\'s @", Context::Bare),
        ("echo '\\' @", Context::Bare),
        ("echo \"\\\" @\"", Context::Double),
        ("echo \"$(cat @)\"", Context::Bare),
        ("echo \"$(cat \"@\")\"", Context::Double),
        ("echo \"$(cat x) @\"", Context::Double),
        ("echo \"`cat @`\"", Context::Bare),
        ("echo \"`cat x` @\"", Context::Double),
        ("(cd /; ls '@')", Context::Single),
        ("echo x # don't\necho @", Context::Bare),
        ("echo x#'@'", Context::Single),
        ("awk '{print $1}' @", Context::Bare),
    ];
    for (command, context) in table {
        let mut quoting = Quoting::default();
        command.bytes().take_while(|&byte| byte != b'@').for_each(|byte| _ = quoting.follow(byte));
        assert_eq!(quoting.context(), context, "{command}");
    }
}

/// What stands around the last `@` of a command.
fn context(command: &str) -> Context {
    let mut quoting = Quoting::default();
    let at = command.rfind('@').expect("a mark");
    command[..at].bytes().for_each(|byte| match byte {
        b'@' => quoting.skip(),
        _ => _ = quoting.follow(byte),
    });
    quoting.context()
}

#[test]
fn here_documents_begin_and_end_where_a_shell_sees_it() {
    let is_document = |command| matches!(context(command), Context::Document(_));
    for command in [
        "cat <<E\n@",
        "cat <<E\nit's @",
        "cat << E\n\"@",
        "cat <<-E\n\tE @",
        "cat <<E; ls\n@",
        "cat <<E\n@\nE @",
        "cat <<A <<B\nA\n@",
        "x=$(cat <<E\n@",
        "x=\"$(cat <<E\n@",
        "cat <<E\n$(ls)@",
        "cat <<E\n\\$(@",
        "cat <<E # x\n@",
        "cat <<E\nx\\\nE\n@",
    ] {
        assert!(is_document(command), "{command:?}");
    }
    for (command, wanted) in [
        ("cat <<E @", Context::Bare),
        ("cat <<E\nit's\nE\necho @", Context::Bare),
        ("cat <<-E\nit's\n\t\tE\necho \"@", Context::Double),
        ("cat <<A <<B\nA\n'\nB\n@", Context::Bare),
        ("x=\"$(cat <<E\n'\nE\n) @", Context::Double),
        ("cat <<E\n$(ls @", Context::Bare),
        ("cat <<<E\n@", Context::Bare),
        ("ls # <<E\n@", Context::Bare),
        ("echo '<<E'\n@", Context::Bare),
        ("echo $((1<<2))\n@", Context::Bare),
        ("echo $(( @", Context::Arithmetic),
        ("echo \"$((1 + (@", Context::Arithmetic),
        ("echo $((1)) @", Context::Bare),
        ("((cd /; ls @", Context::Bare),
        ("((x=1<<2))\necho \"@", Context::Double),
        ("echo $( (ls @", Context::Bare),
        ("echo \"$(echo $((1)) @", Context::Bare),
        ("echo \"$((1)) @", Context::Double),
    ] {
        assert_eq!(context(command), wanted, "{command:?}");
    }
    for command in ["cat <<'E'\n@", "cat <<\\E\n$(@", "cat <<\"E\"\n`@"] {
        assert!(matches!(context(command), Context::Verbatim(_)), "{command:?}");
    }
}

#[test]
fn what_could_end_a_document_or_be_evaluated_never_stands_there() {
    let table = [
        ("cat <<END\n@", "a.txt", Way::AsItIs),
        ("cat <<END\n@", "END", Way::InVariable),
        ("cat <<'END'\n@", "E", Way::InVariable),
        ("cat <<'END'\n@", "5", Way::AsItIs),
        ("cat <<END\n@", "a b", Way::InVariable),
        ("echo $((@", "21", Way::AsItIs),
        ("echo $((@", "1 + (2)", Way::InVariable),
        ("echo $((@", "a[$(x)]", Way::Refused),
        ("echo $((@", "__GANGER_INPUT_1", Way::Refused),
        ("echo @", "a[$(x)]", Way::InVariable),
    ];
    for (command, value, way) in table {
        assert_eq!(context(command).way(value.as_bytes()), way, "{command:?} {value}");
    }
}
