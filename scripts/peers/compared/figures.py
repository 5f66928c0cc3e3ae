"""The rows that are figures. A cell is the median of some rounds; what is a text stands for itself."""
import json, resource, statistics, sys, time

from .rows import median, row
from .systems import Pueue, batch, place, program, proportional, start

TASKS = 2000
PUEUE_TASKS = 60


def per_task(values):
    least, most = min(values), max(values)
    return f"{statistics.median(values):.2f} ms ({least:.2f}–{most:.2f})" if len(values) > 1 else f"{values[0]:.2f} ms"


def each(system, flags=()):
    """Milliseconds a task."""
    if system == "pueue":
        return queued()
    ran = batch(system, "true", range(TASKS), flags)
    assert ran.status == 0, ran
    return (json.loads(ran.out)["seconds"] if system == "hyperqueue" else ran.seconds) * 1000 / TASKS


def queued():
    """The same by a daemon: from its start to the end of the last."""
    with Pueue() as pueue:
        pueue.say("pause")
        for number in range(PUEUE_TASKS):
            pueue.add("true", str(number))
        begun = time.perf_counter()
        pueue.say("start")
        pueue.wait()
        return (time.perf_counter() - begun) * 1000 / PUEUE_TASKS


@row("2,000 × `true`, two at a time: a task costs", per_task)
def launch(system):
    return each(system)


@row("the same: processor time of tool and commands, a task", per_task)
def processor(system):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    each(system)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds * 1000 / (PUEUE_TASKS if system == "pueue" else TASKS)


@row("the same, and each task is recorded", per_task)
def durable(system):
    if system == "xargs":
        return "keeps no record"
    if system == "hyperqueue":
        return "not run: its Python API has no journal"
    return each(system, {"ganger": ["--store", "jobs.db"], "parallel": ["--joblog", "log"], "pueue": ()}[system])


@row("the same: most memory of the tool (PSS of its processes)", median("MiB", 1))
def memory(system):
    if system != "pueue":
        return start(system, "true", range(TASKS)).watched().peak / 2**20
    with Pueue() as pueue:
        for number in range(PUEUE_TASKS):
            pueue.add("true", str(number))
        pueue.wait()
        return proportional(pueue.daemon.pid) / 2**20


def first_and_later(first, later, count, times=9):
    """Both in turn, since the machine is never quiet."""
    seconds = [(first(), later()) for _ in range(times)]
    first, later = (statistics.median(column) for column in zip(*seconds))
    return f"{first * 1000:.1f} ms; after {count:,}: {later * 1000:.1f} ms ({later / first:.1f} ×)"


@row("one more task: the first, and the one after 10,000 that are known")
def growth(system):
    if system == "ganger":
        flags = ["--name", "j", "--store"]
        batch(system, "true", range(10_000), [*flags, "old.db"])
        one = lambda store: lambda: batch(system, "true", ["one more"], [*flags, store]).seconds
        return first_and_later(one("new.db"), one("old.db"), 10_000)
    if system == "parallel":
        return first_and_later(lambda: logged(0), lambda: logged(10_000), 10_000, 3)
    if system == "hyperqueue":
        told = json.loads(batch(system, "true", range(10_000)).out)
        return f"{told['first'] * 1000:.1f} ms; after 10,000: {told['another'] * 1000:.1f} ms (to submit it, each once)"
    if system == "xargs":
        return "keeps no record"
    return queue_growth()


def logged(known):
    """GNU parallel's time for one more task than stand in its log."""
    with open("log", "w") as log:
        log.write("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n")
        log.writelines(f"{n}\t:\t1.0\t0.1\t0\t0\t0\t0\ttrue {n}\n" for n in range(1, known + 1))
    return batch("parallel", "true", range(known + 1), ["--joblog", "log", "--resume"]).seconds


def queue_growth():
    def add(pueue):
        begun = time.perf_counter()
        pueue.add("true")
        return time.perf_counter() - begun
    with place(), Pueue() as young, place(), Pueue() as old:
        for pueue in (young, old):
            pueue.say("pause")
        for _ in range(1000):
            old.add("true")
        return first_and_later(lambda: add(young), lambda: add(old), 1000)


@row("20 × 30 MB of output in order, the first task the slowest: most memory", median("MiB", 1))
def ordered_output(system):
    if system == "xargs":
        return "keeps no order"
    if system in ("hyperqueue", "pueue"):
        return "no order: a file for each task"
    task = program('test "$1" != 1 || sleep 3; head -c 30000000 /dev/zero')
    ran = start(system, task, range(1, 21), ["-k"]).watched()
    assert ran.status == 0 and len(ran.out) == 600_000_000, (ran.status, ran.err)
    return ran.peak / 2**20


@row("a task in Python that loads nothing, where the program may be kept running: a task costs", per_task)
def kept(system):
    if system == "ganger":
        with open("worker.py", "w") as file:
            file.write("import json, sys\nfor line in sys.stdin:\n    task = json.loads(line)\n"
                       "    print(json.dumps({'id': task['id'], 'output': 1}), flush=True)\n")
        ran, count = batch(system, [sys.executable, "worker.py"], range(100_000), ["--worker"]), 100_000
        assert ran.status == 0, ran.err
        return ran.seconds * 1000 / count
    if system == "pueue":
        return "a start of Python for each, see above"
    ran = batch(system, [sys.executable, "-c", "pass"], range(200))
    return (json.loads(ran.out)["seconds"] if system == "hyperqueue" else ran.seconds) * 1000 / 200
