#!/usr/bin/env python3
"""Makes the table of ratios (Markdown, on stdout) of the JSON lines that ganger-bench and peers.py print.

    ratios.py FILE...

A system that was measured several times stands with its median. What is demanded of each ratio stands in ROWS.
"""
import json, statistics, sys
from dataclasses import dataclass, field


@dataclass
class Row:
    """One line of the table: which of our figures is held against what."""
    workload: str
    ours: str                                   # what the name of our system begins with
    demand: str                                 # a key of DEMANDS
    bound: float
    rival: str = ""                             # the peer's name, or one of our limits
    where: dict = field(default_factory=dict)   # fields that both must have, such as workers
    limit: tuple = ()                           # what the machine gives: (workload, system, dimension), or a text


# The demand on a row: what the ratio is of (ours, the rival's), whether it must be at least the bound, and its wording.
# Without a rival the figure itself is held against the bound.
DEMANDS = {
    "times more": (lambda ours, rival: ours / rival, True, "≥ {bound:g} ×"),
    "times faster": (lambda ours, rival: rival / ours, True, "≥ {bound:g} × faster"),
    "of it": (lambda ours, rival: ours / rival, False, "≤ {bound:g} ×"),
    "at least": (lambda ours, _: ours, True, "≥ {shown}"),
    "at most": (lambda ours, _: ours, False, "≤ {shown}"),
}

RING, SPIN = ("limits", "ring", "messages"), ("limits", "spin ping-pong", "s")
FUTEX, COPY = ("limits", "futex ping-pong", "s"), ("limits", "ring", "B")

ROWS = [
    Row("noop", "ganger zygote submit", "times more", 60, "multiprocessing.Pool.apply_async", limit=RING),
    Row("map", "ganger zygote map(default chunks)", "times more", 8, "multiprocessing.Pool.map(default chunks)"),
    Row("latency", "ganger zygote submit spin", "of it", 0.5, "pipe ping-pong", limit=SPIN),
    Row("latency", "ganger zygote submit no-spin", "of it", 1.6, "pipe ping-pong", limit=FUTEX),
    Row("echo", "ganger zygote", "times more", 8, "concurrent.futures submit", limit=COPY),
    Row("start", "ganger zygote", "times faster", 3, "multiprocessing.Pool(fork)", {"workers": 16}),
    Row("start", "ganger zygote", "times faster", 30, "multiprocessing.Pool(spawn)", {"workers": 16}),
    Row("memory", "ganger zygote", "at most", 16 * 2**20, "multiprocessing.Pool(fork)", {"workers": 128}),
    Row("killed", "ganger zygote", "at most", 0.005, "multiprocessing.Pool"),
    Row("cpu", "ganger zygote", "at least", 1.95, "multiprocessing.Pool.map(chunksize=1)", limit=("2 ×",)),
    Row("launch", "ganger run", "of it", 1.0, "xargs -P2", limit=("launch", "vfork", "s")),
    Row("durable", "ganger run --durable process", "of it", 1.15, "xargs -P2"),
    Row("durable", "ganger worker --durable process", "at least", 100_000),
    Row("durable", "ganger millionth task", "at most", 1.2),
    Row("durable", "ganger run ten million inputs", "at most", 40 * 2**20),
    *(Row("serve", f"ganger serve batches{queued}", "at least", 20_000, "HyperQueue batches") for queued in ("", ", 1M queued")),
    *(Row("serve", f"ganger serve singles{queued}", "at least", 3_000, "HyperQueue singles") for queued in ("", ", 1M queued")),
    Row("serve", "ganger serve singles", "at least", 3_000, "pueue singles"),
    *(Row("serve", "ganger serve submit to result", "at most", 0.005, f"{peer} submit to result") for peer in ("HyperQueue", "pueue")),
    Row("serve", "ganger serve latency, 1M queued", "at most", 1.2),
    Row("serve", "ganger serve memory, 1M queued", "at most", 64 * 2**20),
    Row("queue", "ganger Queue pipelined", "times more", 20, "multiprocessing.Queue pipelined"),
    Row("queue", "ganger JoinableQueue pipelined", "times more", 20, "multiprocessing.JoinableQueue pipelined"),
    Row("queue", "ganger Queue round trip", "times faster", 3, "multiprocessing.Queue round trip", limit=SPIN),
    Row("lock", "ganger Lock uncontended", "at most", 40e-9, "multiprocessing.Lock uncontended"),
    Row("lock", "ganger Lock contended", "times more", 1, "multiprocessing.Lock contended"),
    Row("filter", "ganger zygote", "times more", 1, "multiprocessing.Pool.imap_unordered", limit=("filter", "plain loop", "B")),
    Row("filter", "ganger per worker", "at least", 0.9, limit=("1 ×",)),
    *(Row("redis", f"ganger {n} processes", "of it", 1.5, "redis-benchmark", {"workers": n}) for n in (8, 16, 64, 128)),
    *(Row("redis", f"ganger {n} threads", "times faster", 1, "multiprocessing.dummy.Pool", {"workers": n}) for n in (8, 128)),
    Row("redis", "ganger memory of 128 processes", "at most", 64 * 2**20, "multiprocessing.Pool memory", {"workers": 128}),
    Row("manager", "ganger dict get", "times faster", 2, "multiprocessing.Manager().dict().get", limit=FUTEX),
    Row("manager", "ganger dict get", "at most", 20e-6),
    Row("manager", "ganger dict get_later", "times more", 2, "multiprocessing.Manager().dict().get in a row"),
    Row("growth", "ganger queue", "at most", 1.5, limit=("1 ×",)),
    Row("growth", "ganger workers", "at most", 1.5, limit=("1 ×",)),
    Row("growth", "ganger bytes", "at most", 100),
]

# Units as they are printed (their first word) in a base unit. Anything else stands for itself.
UNITS = {"s": (1, "s"), "ms": (1e-3, "s"), "us": (1e-6, "s"), "ns": (1e-9, "s"), "KiB": (2**10, "B"), "MiB": (2**20, "B"),
         "MB/s": (1e6, "B/s"), "GB/s": (1e9, "B/s"), "tasks/s": (1, "tasks/s"), "messages/s": (1, "messages/s")}


def base(value, unit):
    """
    >>> base(2, "us p50"), base(5, "x cost ratio")
    ((2e-06, 's'), (5, 'x'))
    """
    word = unit.split()[0]
    factor, name = UNITS.get(word, (1, word))
    return value * factor, name


def shown(value, unit):
    """
    >>> [shown(*of) for of in ((2_034_000, "tasks/s"), (3.1e-6, "s"), (0.0052, "s"))]
    ['2.03 M/s', '3.1 µs', '5.2 ms']
    >>> [shown(*of) for of in ((1.5 * 2**20, "B"), (6e8, "B/s"), (1.957, "x"))]
    ['1.5 MiB', '0.6 GB/s', '1.96 ×']
    """
    if unit == "s":
        scale, name = next((s, n) for s, n in ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (0, "ns")) if value >= s)
        return f"{value / (scale or 1e-9):.3g} {name}"
    if unit == "B":
        return f"{value / 2**20:,.3g} MiB" if value < 1000 * 2**20 else f"{value / 2**20:,.0f} MiB"
    if unit == "B/s":
        return f"{value / 1e9:.3g} GB/s"
    if unit.endswith("/s"):
        scale, name = next((s, n) for s, n in ((1e6, " M"), (1e3, " k"), (0, " ")) if value >= s)
        return f"{value / (scale or 1):.3g}{name}/s"
    return f"{value:.3g} {'×' if unit == 'x' else unit}"


@dataclass
class Figure:
    """What was measured of one system in one workload: the median of its turns."""
    workload: str
    system: str
    value: float
    unit: str
    fields: dict

    def __str__(self):
        saw = self.fields.get("saw")
        return f"{self.system}: {saw}" if saw else f"{self.system} {shown(self.value, self.unit)}"


def figures(lines):
    """The figures of JSON lines: one for each system, with those of its fields that tell measurements apart."""
    turns = {}
    for line in lines:
        r = json.loads(line)
        value, unit = base(r.pop("value"), r.pop("unit"))
        apart = tuple((k, r[k]) for k in ("workers", "tasks", "size", "of") if k in r)
        turns.setdefault((r["workload"], r["system"], unit, apart), []).append((value, r))
    return [Figure(workload, system, statistics.median(v for v, _ in seen), unit, seen[0][1])
            for (workload, system, unit, _), seen in turns.items()]


def fits(figure, where):
    return all(figure.fields.get(key) == wanted for key, wanted in where.items())


def is_ours(figure):
    return figure.system.startswith("ganger")


def is_floor(figure):
    """What no user would run for work, a bare system call or pipe, or what is no rival but the limit."""
    return any(word in figure.system for word in ("vfork", "ping-pong", "plain loop"))


def best(found, more):
    return (max if more else min)(found, key=lambda f: f.value, default=None)


def our_figure(row, found, more):
    """The exact name if it is there, else the best that begins so; where every figure counts (growth), the worst."""
    ours = [f for f in found if f.workload == row.workload and f.system.startswith(row.ours) and fits(f, row.where)]
    exact = [f for f in ours if f.system == row.ours]
    return best(exact or ours, more if row.rival else not more)


def rival_figure(row, found):
    named = [f for f in found if f.system == row.rival and f.workload in (row.workload, "limits") and fits(f, row.where)]
    return named[0] if named else None


def limit_text(row, found):
    if len(row.limit) < 3:
        return " ".join(row.limit)
    workload, system, unit = row.limit
    seen = [f for f in found if f.workload == workload and system in f.system and f.unit.split("/")[0] == unit]
    return str(seen[0]) if seen else ""


def peer_text(row, rival, found, more, unit):
    """The named rival; beside it the users' best choice, where that beats the rival or the rival is none of them."""
    if not rival:
        return row.rival and f"{row.rival}: absent"
    choices = [f for f in found if f.workload == row.workload and not is_ours(f) and not is_floor(f)
               and f.unit == unit and fits(f, row.where) and "saw" not in f.fields]
    top = best(choices, more)
    if top and rival.workload == "limits":
        return f"{rival}; users: {top}"
    faster = top and "Pool(" not in rival.system and top.system != rival.system
    return f"{rival}; best: {top}" if faster else str(rival)


def line_of(row, found):
    ratio_of, at_least, wording = DEMANDS[row.demand]
    # Whether more of the figure itself is better: a ratio "times faster" is of figures of which less is better.
    more = at_least and row.demand != "times faster"
    ours, rival = our_figure(row, found, more), rival_figure(row, found)
    held_alone = row.demand in ("at least", "at most")
    unit = ours.unit if ours else ""
    demanded = wording.format(bound=row.bound, shown=shown(row.bound, unit) if ours else f"{row.bound:g}")
    met, ratio = "absent", ""
    if ours and rival and ours.unit == rival.unit and "saw" not in rival.fields:
        ratio = f"{DEMANDS['times more' if held_alone else row.demand][0](ours.value, rival.value):.3g} ×"
    if ours and (held_alone or rival):
        got = ratio_of(ours.value, rival.value if rival else 0)
        met = "yes" if (got >= row.bound if at_least else got <= row.bound) else "NO"
    name = (ours.system if ours else row.ours).removeprefix("ganger ")
    told = f"{name} {shown(ours.value, unit)}" if ours else f"{name}: absent"
    return [row.workload, told, peer_text(row, rival, found, more, unit), ratio, demanded, limit_text(row, found), met]


def table(lines):
    """
    >>> def line(workload, system, value, unit, **more):
    ...     return json.dumps(dict(workload=workload, system=system, value=value, unit=unit, **more))
    >>> fork, spawn = "multiprocessing.Pool(fork)", "multiprocessing.Pool(spawn)"
    >>> print(table([line("start", "ganger zygote", 5, "ms", workers=16), line("start", "ganger zygote", 1, "s", workers=2),
    ...              line("start", fork, 0.033, "s", workers=16), line("start", spawn, 0.1, "s", workers=16),
    ...              line("growth", "ganger queue", 1.2, "x", tasks=10), line("growth", "ganger queue", 1.6, "x", tasks=20)]))
    | workload | ganger | peer | ratio | demanded | limit | met |
    |---|---|---|---|---|---|---|
    | start | zygote 5 ms | multiprocessing.Pool(fork) 33 ms | 6.6 × | ≥ 3 × faster |  | yes |
    | start | zygote 5 ms | multiprocessing.Pool(spawn) 100 ms | 20 × | ≥ 30 × faster |  | NO |
    | growth | queue 1.6 × |  |  | ≤ 1.5 × | 1 × | NO |
    | growth | workers: absent |  |  | ≤ 1.5 | 1 × | absent |
    | growth | bytes: absent |  |  | ≤ 100 |  | absent |
    >>> print(table([line("limits", "pipe ping-pong", 10, "us p50"), line("latency", "multiprocessing.Pool.apply", 50, "us p50"),
    ...              line("latency", "ganger zygote submit spin", 3, "us p50")]).splitlines()[2])
    | latency | zygote submit spin 3 µs | pipe ping-pong 10 µs; users: multiprocessing.Pool.apply 50 µs | 0.3 × | ≤ 0.5 × |  | yes |
    """
    found = figures(lines)
    wanted = {f.workload for f in found if is_ours(f)}
    head = ["workload", "ganger", "peer", "ratio", "demanded", "limit", "met"]
    body = [line_of(row, found) for row in ROWS if row.workload in wanted]
    return "\n".join("| " + " | ".join(cells) + " |" if cells else "|---" * len(head) + "|" for cells in [head, []] + body)


if __name__ == "__main__":
    given = [line for name in sys.argv[1:] for line in open(name) if line.strip()]
    print(table(given))
