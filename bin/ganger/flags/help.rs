//! What `ganger run --help` says below the flags.

pub(super) const AFTER_HELP: &str = "\
Replacement strings:
  {}    the input                     a/b.tar.gz
  {.}   without its extension         a/b.tar
  {/}   without its directory         b.tar.gz
  {//}  its directory                 a
  {/.}  without both                  b.tar
  {#}   the number of the input       1, 2, ...
  {%}   the number of the job slot    1 up to the number of jobs
  ${...}, {a,b} and the like are left alone; what looks like a mistyped replacement string is an error. A backslash
  makes plain text of one: \\{}

The command:
  Several words are run as they are, without a shell. One word with blanks or shell characters is run by sh -c.
  A command without {} or another replacement string gets the input at its end: as its last argument, or in a script
  of one word behind its last command ('sort | uniq -c' runs sort | uniq -c INPUT; to feed it: 'sort {} | uniq -c').

Quoting, in a script of one word:
  Inputs stand there as if quoted, whatever is in them, inside '...' and \"...\" as well: no part of one is run.
  In a here-document quotes are text, so an input with blanks or shell characters comes with quotes around it, and
  after <<'END' it does not come at all. Take a variable there: x={}; cat <<END ... $x ... END
  Where you hand inputs to another shell inside a script (sh -c 'echo {}', eval), they are run as code, and ganger
  warns; as an argument they are not: sh -c 'echo \"$1\"' sh {}. For inputs that are commands: sh -c {}

Environment of a command:
  GANGER_TASK     the number of its input, as {#}
  GANGER_SLOT     the number of its job slot, as {%}
  GANGER_ATTEMPT  which attempt it is, from 1

Exit status:
  0        all commands succeeded
  1..100   so many commands failed
  101      more than 100 failed
  130      interrupted (1st Ctrl-C: what runs may finish; 2nd: SIGTERM to it; 3rd: SIGKILL);
           SIGHUP counts as Ctrl-C, SIGTERM as the 2nd at once
  131      quit (Ctrl-\\: all is killed at once)
  141      nobody read the output to its end
  255      an error of ganger itself

Examples:
  ganger run gzip -9 ::: *.log
  ganger run --bar 'convert {} -resize 25% small/{/.}.jpg' ::: *.png
  find . -name '*.c' -print0 | ganger run -0 -k --tag wc -l
  seq 100 | ganger run -j 200% --retries 3 --timeout 10s 'curl -fsS https://example.org/{}'
  ganger run --memory-max 2G --retry-memory 2x ./align {} ::: *.fastq
  ganger run --slots CUDA_VISIBLE_DEVICES=0,1 python train.py --seed {} ::: 1 2 3 4
  ganger run -j 1 --halt now,fail=1 sh -c {} < commands.txt
";
