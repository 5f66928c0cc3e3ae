"""The rows that tell what happens. Each function does the same to each system and says what was seen."""
import json, os, re, signal, subprocess, time

from .rows import row
from .systems import GANGER, Pueue, batch, begun_in, kill, lacks, place, program, start, words

# The flags of a store, or of what comes nearest to one.
RECORDS = {"ganger": ["--store", "jobs.db", "--name", "j"], "parallel": ["--joblog", "log"]}


def lines(name):
    try:
        with open(name) as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def until(what, seconds=20):
    end = time.perf_counter() + seconds
    while not what() and time.perf_counter() < end:
        time.sleep(0.01)


def said(text, most=110):
    """What was told, as a cell; without the names of this machine."""
    text = re.sub(r"/\S*/compare-\w+/?", "", " ".join(text.split())).replace("|", "\\|")
    return f"`{text[:most]}{'…' if len(text) > most else ''}`" if text else "nothing"


def no_records(system):
    return {"xargs": "keeps no record", "hyperqueue": "not run: its Python API has no journal"}.get(system)


@row("SIGKILL of everything in the middle of 200 tasks, then on; five times, pueue once")
def killed(system):
    if told := no_records(system):
        return told
    times = 1 if system == "pueue" else 5
    seen = [killed_once(system) for _ in range(times)]
    return f"{sum(lost for lost, _ in seen)} lost, {sum(twice for _, twice in seen)} run twice of {200 * times:,}"


def killed_once(system):
    """How many tasks had no effect, and how many had it twice."""
    with place():
        task = program('sleep 0.02; echo "$1" >> done')
        if system == "pueue":
            killed_daemon(task)
        else:
            running = start(system, task, range(1, 201), RECORDS[system])
            until(lambda: len(lines("done")) >= 50)
            running.kill_all()
            running.ended()
            batch(system, task, range(1, 201), [*RECORDS[system], "--resume"])
        done = lines("done")
        return 200 - len(set(done)), len(done) - len(set(done))


def killed_daemon(task):
    with Pueue() as pueue:
        for number in range(1, 201):
            pueue.add(task, str(number))
        until(lambda: len(lines("done")) >= 50, 60)
    os.remove("d/s")
    with Pueue() as pueue:
        pueue.say("start")
        until(lambda: all('"Queued"' not in one and '"Running"' not in one for one in pueue.results()), 60)


def resumed(system, before, after):
    """Which inputs ran in the second of two batches."""
    task = program('echo "$1" >> done')
    batch(system, task, before, [*RECORDS[system], "-j1"])
    os.remove("done")
    batch(system, task, after, [*RECORDS[system], "-j1", "--resume"])
    return " ".join(lines("done")) or "nothing"


@row("done with a b c; resumed with a **X** c: runs")
def changed(system):
    if system in RECORDS:
        return resumed(system, "abc", "aXc")
    return no_records(system) or "no list to go on with"


@row("done with a b c; resumed with **d** a b c: runs")
def reordered(system):
    if system in RECORDS:
        return resumed(system, "abc", "dabc")
    return no_records(system) or "no list to go on with"


@row("a time limit, and a grandchild that went away with `setsid`")
def escaped(system):
    task = program("setsid sleep 97531 & sleep 30")
    here = os.getcwd()
    if system == "xargs":
        return lacks(system, r"--time(out|-limit)")
    if system == "hyperqueue":
        return "not run: its Python API has no time limit"
    if system == "pueue":
        with Pueue() as pueue:
            pueue.add(task)
            until(lambda: len(list(begun_in(here))) >= 4)
            pueue.say("kill", "0")
            pueue.wait(10)
            return f"no time limit; after `pueue kill` {left(here)}"
    batch(system, task, ["1"], ["--timeout", "1"])
    return left(here)


def left(here):
    def still():
        return [pid for pid in begun_in(here) if "97531" in open(f"/proc/{pid}/cmdline").read()]
    until(lambda: not still(), 1)
    return "it is left running" if still() else "it is gone"


@row("a command that SIGSEGV kills: is told as")
def by_signal(system):
    task = program("kill -SEGV $$")
    if system == "hyperqueue":
        return said(json.loads(batch(system, task, ["1"]).out)["failed"]["0"])
    if system == "pueue":
        with Pueue() as pueue:
            pueue.add(task)
            pueue.wait()
            return "state " + said(re.search(r'"result": ("\w+"|\{.*?\})', pueue.results()[0]).group(1))
    ran = batch(system, task, ["1"])
    return f"status {ran.status}, {said(ran.err)}"


@row("p1, p2, p3 in order (`-k`), and there is no p2")
def hole(system):
    program("echo one", "p1"), program("echo three", "p3")
    if system == "hyperqueue":
        told = json.loads(batch(system, ["./p2"], ["x"]).out)["failed"]
        return "no order; " + said(told["0"])
    if system == "pueue":
        with Pueue() as pueue:
            pueue.add("./p2")
            pueue.wait()
            return "no order; state " + said(re.search(r'"result": ("\w+"|\{.*?\})', pueue.results()[0]).group(1))
    if system == "xargs":
        return f"no order; status {batch(system, ['sh', '-c', 'exec ./$0'], ['p1', 'p2', 'p3']).status}"
    ran = batch(system, "./p{}", "123", ["-k"])
    return f"{said(ran.out)}, status {ran.status}"


@row("two commands that print at the same time: their lines")
def mixed(system):
    if system in ("hyperqueue", "pueue"):
        return "a file for each"
    task = program('for n in 1 2 3 4 5; do printf "$1"; sleep 0.02; printf "$1\\n"; done')
    got = batch(system, task, "ab").out.split()
    return "are whole and together" if got in (["aa"] * 5 + ["bb"] * 5, ["bb"] * 5 + ["aa"] * 5) else f"mix: {said(' '.join(got), 40)}"


@row("5 commands, 3 fail: exit status")
def status(system):
    task = program('test "$1" -gt 3')
    if system == "pueue":
        with Pueue() as pueue:
            for number in range(1, 6):
                pueue.add(task, str(number))
            return f"`pueue wait`: {pueue.say('wait').returncode}"
    if system == "hyperqueue":
        failed = json.loads(batch(system, task, range(1, 6)).out)["failed"]
        return f"an exception that names {len(failed)} tasks"
    return str(batch(system, task, range(1, 6)).status)


@row("an input `$(touch owned)` in a script that has it as `echo {}`")
def code(system):
    text = "$(touch owned)"
    if system == "pueue":
        with Pueue() as pueue:
            pueue.add("echo", text)
            pueue.wait()
    elif system == "hyperqueue":
        batch(system, ["echo"], [text])
    elif system == "xargs":
        # -n1 of the others would be another thing: -I has the input in the script.
        os.system("printf '%s\\n' '$(touch owned)' | xargs -I{} sh -c 'echo {}' > out")
    else:
        batch(system, "echo {}", [text])
    return "**is run**" if os.path.exists("owned") else "is text"


@row("a command that takes 300 MB, held to 50 MB")
def hog(system):
    if system == "hyperqueue":
        return "not run: its local cluster counts processors alone"
    if system != "ganger":
        return lacks(system, r"--mem(ory)?-(max|limit)")
    task = program("head -c 300000000 /dev/zero | tail | wc -c")
    ran = batch(system, task, ["1"], ["--memory-max", "50M"])
    return said(ran.err.split("\n")[0])


@row("three attempts at a command that fails: the pauses between")
def retries(system):
    if system == "hyperqueue":
        task = program("date +%s.%N >> done; exit 1")
        batch(system, task, ["1"])
        return f"{len(lines('done'))} attempt; a failed task is not tried again"
    if system in ("xargs", "pueue"):
        return lacks(system, r"--retries")
    task = program("date +%s.%N >> done; exit 1")
    batch(system, task, ["1"], ["--retries", "3"])
    at = [float(one) for one in lines("done")]
    return ", ".join(f"{(b - a) * 1000:.0f} ms" for a, b in zip(at, at[1:]))


@row("one Ctrl-C (SIGINT to all) while two run, eight wait")
def interrupted(system):
    return stopped(system, signal.SIGINT, True)


@row("SIGHUP to the tool while two run, eight wait")
def hung_up(system):
    return stopped(system, signal.SIGHUP, False)


def ending(status):
    return f"status {status}" if status >= 0 else f"ended by {signal.Signals(-status).name}"


def stopped(system, number, all_of_them):
    if system in ("hyperqueue", "pueue"):
        return "a server: does not apply"
    running = start(system, program('echo "$1" >> begun; sleep 1; echo "$1" >> done'), range(10))
    until(lambda: len(lines("begun")) == 2)
    group = running.process.pid
    if all_of_them:
        os.killpg(group, number)
    else:
        kill(group, number)
    ran = running.ended(30)
    time.sleep(1.2)  # what was left to itself
    return f"{len(lines('begun')) - 2} more begun, {len(lines('done'))} of {len(lines('begun'))} finish; {ending(ran.status)}"


@row("SIGKILL to the tool alone: its commands")
def orphans(system):
    if system in ("hyperqueue", "pueue"):
        with Pueue() if system == "pueue" else start(system, program("echo x >> begun; exec sleep 97531"), "12").process as it:
            if system == "pueue":
                it.add(program("echo x >> begun; exec sleep 97531"))
                it.add("./task")
            return after_death((it.daemon if system == "pueue" else it).pid)
    return after_death(start(system, program("echo x >> begun; exec sleep 97531"), "12").process.pid)


def after_death(pid):
    here = os.getcwd()
    until(lambda: len(lines("begun")) == 2)
    commands = [one for one in begun_in(here) if one != pid and "97531" in open(f"/proc/{one}/cmdline").read()]
    kill(pid)
    until(lambda: not any(os.path.exists(f"/proc/{one}") and one in begun_in(here) for one in commands), 2)
    still = [one for one in commands if one in begun_in(here)]
    for one in still:
        kill(one)
    return "go on without anybody" if still else "end with it"


@row("`… \\| head -n1` over 100 tasks of 50 ms: ends after")
def unread(system):
    if system in ("hyperqueue", "pueue"):
        return "does not apply"
    task = program('echo "$1"; sleep 0.05; echo "$1" >> done')
    reader, writer = os.pipe()
    running = start_into(system, task, writer)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    running.wait()
    return f"{len(lines('done'))} tasks, {ending(running.returncode)}"


def start_into(system, task, out):
    typed, given = words(system, task, range(100))
    running = subprocess.Popen(typed, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL, text=True)
    running.stdin.write(given)
    running.stdin.close()
    return running


# What one would like to know of a task, and what the fields of its record are called.
WANTED = {"command": "command", "directory": "directory|path", "begin": "began|start", "exit": "exit|result", "signal": "^signal",
          "processor time": "user_|cpu", "memory": "rss", "earlier attempts": "attempt"}


@row("recorded of a task, of these: " + ", ".join(WANTED))
def record(system):
    if system in ("xargs", "hyperqueue"):
        return {"xargs": "nothing", "hyperqueue": "not run: read by `hq`, which its wheel does not have"}[system]
    names = " ".join(fields(system, program("true"))).lower().split()
    lacking = [one for one, called in WANTED.items() if not any(re.search(called, name) for name in names)]
    return "all but " + ", ".join(lacking) if lacking else "all"


def fields(system, task):
    if system == "pueue":
        with Pueue() as pueue:
            pueue.add(task)
            pueue.wait()
            return [*pueue.tasks()["0"], *json.loads(pueue.results()[0]).get("Done", {})]
    batch(system, task, ["1"], RECORDS[system])
    if system == "parallel":
        with open("log") as log:
            return log.readline().split()
    show = [GANGER, "show", "--store", "jobs.db", "--json", "j", "1"]
    shown = json.loads(subprocess.run(show, capture_output=True, text=True).stdout)
    return [*shown, *shown["attempts"][0]]
