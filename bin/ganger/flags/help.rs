//! What `ganger run --help` says below the flags.

pub(super) const AFTER_HELP: &str = "\
Lists of inputs:
  ::: a b          these               :::: FILE...    the lines of files, each a list (- is standard input)
  ::: a b ::: 1 2  all combinations: a 1, a 2, b 1, b 2. The first list may be endless
  ::: a b :::+ 1 2 side by side: a 1, b 2 (::::+ for files)

Replacement strings:
  {}    the input                     a/b.tar.gz
  {.}   without its extension         a/b.tar
  {/}   without its directory         b.tar.gz
  {//}  its directory                 a
  {/.}  without both                  b.tar
  {#}   the number of the task        1, 2, ...
  {##}  how many tasks there are      (all inputs are read first)
  {%}   the number of the job slot    1 up to the number of jobs
  {2} {-1} {2.} {2/} {name/.}         the second or last argument, or one by its name, and parts of it
  {} of several arguments is all of them, each a word of its own. An argument that is not there is empty.
  ${...}, {a,b} and the like are left alone; what looks like a mistyped replacement string is an error. A backslash
  makes plain text of one: \\{}

  With --plus, of a/b.tar.gz:
  {..} a/b    {/..} b    {+/} a    {+.} gz    {+..} tar.gz, and the same with three dots
  {:-TEXT}  TEXT if it is empty             {:3} {:3:2}  from the 3rd byte on, and 2 of those
  {#RE} {##RE}  without this beginning      {%RE} {%%RE}  without this end (shortest, longest)
  {/RE/TEXT} {//RE/TEXT}  one or all replaced    {^T} {^^T} {,T} {,,T}  T in upper or lower case

The command:
  Several words are run as they are, without a shell. One word with blanks or shell characters is run by sh -c.
  A command without {} or another replacement string gets the input at its end: as its last argument, or in a script
  of one word behind its last command ('sort | uniq -c' runs sort | uniq -c INPUT; to feed it: 'sort {} | uniq -c').
  Without a command each input is one, for sh -c: ganger run < commands.txt

Quoting, in a script of one word:
  Inputs stand there as if quoted, whatever is in them, inside '...', \"...\" and here-documents as well: the shell that
  runs the script runs no part of one. After <<'END' an input with blanks or shell characters does not come at all. In
  $((...)) what could be more than numbers and operators ends the script with an error.
  What the script itself evaluates again is run: by another shell (sh -c 'echo {}', echo 'rm {}' | sh), eval, trap, a
  program with a language of its own (python3 -c, awk, ssh), or as the name of a variable where sh is bash. ganger
  warns where it sees that, and it does not see all, as in c={}; eval \"$c\". As an argument an input is not run:
  sh -c 'echo \"$1\"' sh {}. For inputs that are commands: sh -c {}
  Values come in variables of the environment whose names begin with __GANGER: leave those alone.

Environment of a command:
  GANGER_TASK     its number, as {#}; also PARALLEL_SEQ
  GANGER_SLOT     the number of its job slot, as {%}; also PARALLEL_JOBSLOT
  GANGER_JOB      what its job is called, in a job file
  GANGER_ATTEMPT  which attempt it is, from 1

Job files:
  ganger run --file jobs.toml runs several jobs; those that wait for others begin when all before them have succeeded.

    [[job]]
    name = \"small\"
    command = \"convert {} -resize 25% {.}.small.png\"    # as above; [\"program\", \"{}\"] is run without a shell
    inputs = [\"a.jpg\", \"b.jpg\"]       # or inputs_from = \"list.txt\", array = \"1-100:5\", product = [[...], [...]];
                                       # without any it runs once
    jobs = 2                           # at most so many of it at a time
    [[job]]
    name = \"page\"
    command = \"montage *.small.png page.png\"
    after = [\"small\"]                # on_failure = \"run\": also if that fails; else it is skipped
    directory = \"album\"
    environment = { LANG = \"C\" }
    timeout = \"10m\"                  # flags of Inputs, Arguments, Failures, Limits: as typed, for this job

  Flags beside --file hold for all jobs that do not say otherwise. With --store each job is one of the store (with --name
  N: N/job), and --resume takes up the whole file; what waits for a job that runs again, runs again as well.

Configuration:
  ~/.config/ganger/config.toml has defaults: flags by their long names, in [run] for every run, in [profile.NAME] for
  those with -J NAME. What is typed wins.

    [run]
    jobs = \"200%\"
    [profile.careful]
    retries = 3
    keep_order = true

Asking while it runs:
  kill -USR1 PID  tells on standard error what runs and since when, and how far it all is
  kill -USR2 PID  tells how far it all is
  --tui           shows both; its keys: p pause, + - jobs, k kill one, r kill it and run it once more, Enter its output,
                  f failures, q quit (as Ctrl-C), ? all keys. What goes to that terminal is printed when it is closed;
                  what goes to a file or a pipe goes there as always

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
  ganger run --file jobs.toml --store jobs.db --resume
  ganger run gzip -9 ::: *.log
  ganger run --bar 'convert {} -resize 25% small/{/.}.jpg' ::: *.png
  find . -name '*.c' -print0 | ganger run -0 -k --tag wc -l
  seq 100 | ganger run -j 200% --retries 3 --timeout 10s 'curl -fsS https://example.org/{}'
  ganger run -j 1 --halt now,fail=1 < commands.txt
  ganger run --memory-max 2G --retry-memory 2x ./align {} ::: *.fastq
  ganger run --slots CUDA_VISIBLE_DEVICES=0,1 python train.py --seed {} ::: 1 2 3 4
  ganger run --header : --colsep '\\t' echo {Name} {Mail} :::: addressbook.tsv
  find . -name '*.log' | ganger run -X rm
  ganger run --pipe-part -a access.log --block 100M 'grep -c ERROR'
  zcat table.csv.gz | ganger run --header : --colsep , --group-by customer ./report
  ganger run --results sums.csv md5sum ::: *.iso
  ganger run --tag 'diff {1} {2} | wc -l' ::: *.txt ::: *.txt
";
