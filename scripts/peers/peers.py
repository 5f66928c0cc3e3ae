#!/usr/bin/env python3
"""Measures what a user would pick instead of Ganger, on the same work: Python's process pools, xargs, GNU parallel.

    scripts/peers/run [WORKLOAD ...]        # all of them without a name; sets up its virtual environment by itself

Prints one JSON object a line: {"workload", "system", "value", "unit", ...}.
A machine is seldom quiet: compare only figures taken in turn, in one run (scripts/bench --peers).

WORKLOADS
  noop       no-op tasks (u64 in, u64 out) through 2 workers, one future a task, tasks/s
  map        the same function over many items with the default chunks, items as tasks/s
  latency    one worker, submit -> result, one task at a time, p50 and p99 in us
  echo       1 MiB there and back through one worker, MB/s of payload one way
  start      a pool of N workers up and each having answered once, seconds
  memory     proportional set size (PSS) of parent and N idle workers, MiB
  killed     a worker is SIGKILLed in the middle of a task: what the caller sees, and when
  cpu        200 tasks of 50 ms of processor time on 2 workers: the speed-up against doing them one after the other
  launch     the program `true` 2,000 times, two at a time, seconds
  durable    the same, beside ganger with a store
  serve      a queue as a service: tasks accepted a second, in batches and one by one, and submit -> result (queues.py)
  queue      items from one process to another through a queue, items/s, and there and back one at a time, us
  lock       acquire and release, alone in ns, and while another process does so too, pairs/s
  filter     files of protobuf records filtered by id, a process a processor (filter_records.py), MB/s of the files
  redis      TTL of 235,073 keys with 8 to 128 connections: redis-benchmark, processes and threads (redis_ttl.py), seconds
  manager    reading a managed dict of 1,000 keys through its proxy: p50 and p99 of one call in us, calls in a row
"""
import contextlib, json, os, shutil, signal, socket, statistics, subprocess, sys, tempfile, time
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor, wait

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def show(workload, system, value, unit, **more):
    print(json.dumps({"workload": workload, "system": system, "value": value, "unit": unit, **more}), flush=True)


def noop(x):
    return x


def echo(b):
    return b


def nap(s):
    time.sleep(s)
    return os.getpid()


def timed(run, n, times=3):
    got = []
    for _ in range(times):
        t = time.perf_counter()
        run()
        got.append(n / (time.perf_counter() - t))
    return round(statistics.median(got))


def bench_noop(n=20_000):
    xs = range(n)
    with mp.Pool(2) as p:
        show("noop", "multiprocessing.Pool.map(chunksize=1)", timed(lambda: p.map(noop, xs, 1), n), "tasks/s")
        show("noop", "multiprocessing.Pool.imap_unordered", timed(lambda: list(p.imap_unordered(noop, xs)), n), "tasks/s")
        show("noop", "multiprocessing.Pool.apply_async",
             timed(lambda: [r.get() for r in [p.apply_async(noop, (x,)) for x in xs]], n), "tasks/s")
    with ProcessPoolExecutor(2) as e:
        show("noop", "concurrent.futures submit", timed(lambda: wait([e.submit(noop, x) for x in xs]), n), "tasks/s")
    from loky import get_reusable_executor
    e = get_reusable_executor(2)
    show("noop", "loky submit", timed(lambda: wait([e.submit(noop, x) for x in xs]), n), "tasks/s")
    e.shutdown()
    from mpire import WorkerPool
    with WorkerPool(2, keep_alive=True) as p:
        show("noop", "mpire map(chunk_size=1)", timed(lambda: p.map(noop, xs, chunk_size=1), n), "tasks/s")


def bench_map(n=400_000):
    with mp.Pool(2) as p:
        show("map", "multiprocessing.Pool.map(default chunks)", timed(lambda: p.map(noop, range(n)), n), "tasks/s")
    from mpire import WorkerPool
    with WorkerPool(2, keep_alive=True) as p:
        show("map", "mpire map(default chunks)", timed(lambda: p.map(noop, range(n)), n), "tasks/s")


def bench_latency(n=5000):
    def one(system, call):
        call(0)
        us = []
        for i in range(n):
            t = time.perf_counter_ns()
            call(i)
            us.append((time.perf_counter_ns() - t) / 1000)
        us.sort()
        show("latency", system, round(us[n // 2], 1), "us p50", p99=round(us[n * 99 // 100], 1))
    with mp.Pool(1) as p:
        one("multiprocessing.Pool.apply", lambda i: p.apply(noop, (i,)))
    with ProcessPoolExecutor(1) as e:
        one("concurrent.futures submit", lambda i: e.submit(noop, i).result())
    from loky import get_reusable_executor
    e = get_reusable_executor(1)
    one("loky submit", lambda i: e.submit(noop, i).result())
    e.shutdown()
    a, b = mp.Pipe()
    if os.fork() == 0:
        while True:
            m = b.recv()
            if m is None:
                os._exit(0)
            b.send(m)
    one("multiprocessing.Pipe ping-pong", lambda i: (a.send(i), a.recv()))
    a.send(None)
    os.wait()


def bench_echo(n=300):
    payload = os.urandom(1 << 20)
    with mp.Pool(1) as p:
        show("echo", "multiprocessing.Pool.map(chunksize=1)", timed(lambda: p.map(echo, [payload] * n, 1), n), "MB/s")
    with ProcessPoolExecutor(1) as e:
        show("echo", "concurrent.futures submit", timed(lambda: wait([e.submit(echo, payload) for _ in range(n)]), n), "MB/s")


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(l.split()[1]) for l in f if l.startswith("Pss:"))


def bench_start():
    for how in ("fork", "spawn", "forkserver"):
        for n in (2, 16):
            c = mp.get_context(how)
            t = time.perf_counter()
            with c.Pool(n) as p:
                p.map(noop, range(n), 1)
                show("start", f"multiprocessing.Pool({how})", round(time.perf_counter() - t, 4), "s", workers=n)


def bench_memory():
    for how in ("fork", "spawn"):
        for n in (8, 64, 128):
            c = mp.get_context(how)
            with c.Pool(n) as p:
                p.map(nap, [0.01] * (2 * n), 1)
                pids = [w.pid for w in p._pool]
                kib = pss(os.getpid()) + sum(map(pss, pids))
                show("memory", f"multiprocessing.Pool({how})", round(kib / 1024, 1), "MiB PSS", workers=n)


def in_a_process_of_its_own(body, limit):
    """Runs body in a forked session, so that what hangs in it can be ended: SIGKILL to the group at the limit."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        body()
        sys.stdout.flush()
        os._exit(0)
    end = time.time() + limit
    while time.time() < end:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return True
        time.sleep(0.05)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def bench_killed(limit=10):
    def pool():
        p = mp.Pool(2)
        t = time.perf_counter()
        r = p.apply_async(nap, (2,))
        time.sleep(0.3)
        for w in p._pool:
            os.kill(w.pid, signal.SIGKILL)
        try:
            r.get(timeout=limit)
            saw = "result"
        except mp.TimeoutError:
            saw = f"nothing: still waiting after {limit} s"
        show("killed", "multiprocessing.Pool", round(time.perf_counter() - t, 2), "s", saw=saw)
        p.terminate()
        p.join()

    def executor():
        e = ProcessPoolExecutor(2)
        t = time.perf_counter()
        fs = [e.submit(nap, 2) for _ in range(6)]
        time.sleep(0.3)
        os.kill(next(iter(e._processes)), signal.SIGKILL)
        failed = sum(f.exception() is not None for f in fs)
        show("killed", "concurrent.futures", round(time.perf_counter() - t, 2), "s",
             saw=f"one worker killed: {failed} of {len(fs)} tasks failed, the executor is broken for good")

    for name, body in (("multiprocessing.Pool", pool), ("concurrent.futures", executor)):
        if not in_a_process_of_its_own(body, 2 * limit):
            show("killed", name, 2 * limit, "s", saw="terminate() and join() never returned")


def busy(ms):
    """Processor time, not time of the clock: neighbours on the machine make it slower, not shorter."""
    end = time.process_time() + ms / 1000
    while time.process_time() < end:
        pass


def seconds(run):
    t = time.perf_counter()
    run()
    return time.perf_counter() - t


def bench_cpu(n=200, ms=50):
    alone = seconds(lambda: [busy(ms) for _ in range(n)])
    with mp.Pool(2) as p:
        p.map(noop, range(2), 1)
        together = seconds(lambda: p.map(busy, [ms] * n, 1))
    show("cpu", "multiprocessing.Pool.map(chunksize=1)", round(alone / together, 3), "x speed-up", workers=2)


def bench_durable(n=2000):
    launch("durable", {"xargs -P2": ["xargs", "-P2", "-n1", "true"]}, n)


def bench_launch(n=2000):
    launch("launch", {"xargs -P2": ["xargs", "-P2", "-n1", "true"],
                      "GNU parallel -j2": ["parallel", "--will-cite", "-j2", "true"]}, n)


def launch(workload, commands, n):
    inputs = "".join(f"{i}\n" for i in range(n)).encode()
    for system, command in commands.items():
        if not shutil.which(command[0]):
            print(f"SKIPPED {workload} {system}: {command[0]} is missing: apt-get install {command[0]}", file=sys.stderr)
            continue
        once = lambda: seconds(lambda: subprocess.run(command, input=inputs, stdout=subprocess.DEVNULL, check=True))
        took = statistics.median(once() for _ in range(3))
        show(workload, system, round(took, 3), "s", tasks=n)


def bench_serve():
    import queues
    for system, found in queues.measured():
        for what in ("batches", "singles"):
            if what in found:
                show("serve", f"{system} {what}", round(found[what]), "tasks/s")
        show("serve", f"{system} submit to result", round(found["latency"], 4), "s")
        show("serve", f"{system} memory", round(found["memory"], 1), "MiB PSS", queued=found["queued"])


def take(q, done, n):
    for _ in range(n):
        q.get()
    done.put(None)


def finish(q, n):
    for _ in range(n):
        q.get()
        q.task_done()


def send_back(q, back):
    while (x := q.get()) is not None:
        back.put(x)


def bench_queue(n=100_000, trips=5_000):
    def one_way(kind, p, q, end):
        def run():
            p.start()
            for i in range(n):
                q.put(i)
            end()
        show("queue", f"multiprocessing.{kind} pipelined", round(n / seconds(run)), "items/s")
        p.join()
    for kind in ("Queue", "SimpleQueue"):
        q, done = getattr(mp, kind)(), mp.SimpleQueue()
        one_way(kind, mp.Process(target=take, args=(q, done, n)), q, done.get)
    q = mp.JoinableQueue()
    one_way("JoinableQueue", mp.Process(target=finish, args=(q, n)), q, q.join)
    for kind in ("Queue", "SimpleQueue"):
        q, back = getattr(mp, kind)(), getattr(mp, kind)()
        p = mp.Process(target=send_back, args=(q, back))
        p.start()
        us = []
        for i in range(trips):
            t = time.perf_counter_ns()
            q.put(i)
            back.get()
            us.append((time.perf_counter_ns() - t) / 1000)
        q.put(None)
        p.join()
        us.sort()
        show("queue", f"multiprocessing.{kind} round trip", round(us[trips // 2], 1), "us p50", p99=round(us[trips * 99 // 100], 1))


def use_lock(lock, n):
    for _ in range(n):
        lock.acquire()
        lock.release()


def bench_lock(n=1_000_000, each=200_000):
    lock = mp.Lock()
    show("lock", "multiprocessing.Lock uncontended", round(seconds(lambda: use_lock(lock, n)) / n * 1e9, 1), "ns a pair")

    def both():
        p = mp.Process(target=use_lock, args=(lock, each))
        p.start()
        use_lock(lock, each)
        p.join()
    show("lock", "multiprocessing.Lock contended", round(2 * each / seconds(both)), "pairs/s", processes=2)


def example(name):
    """A program of ours: where scripts/bench has built it."""
    target = os.path.join(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"))
    return os.path.join(target, "release", "examples", name)


def bench_filter(files=24, records=200_000, times=1):
    program = example("filter_records")
    if not os.path.exists(program):
        print("SKIPPED filter: no files to filter: cargo build --release -p ganger-jobs --examples", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as place:
        hours, ids = os.path.join(place, "hours"), os.path.join(place, "ids.csv")
        quiet = dict(check=True, stdout=subprocess.DEVNULL)
        subprocess.run([program, "generate", "--output", hours, "--ids", ids, "--files", str(files), "--records", str(records)], **quiet)
        size = sum(os.path.getsize(os.path.join(d, f)) for d, _, names in os.walk(hours) for f in names)
        command = [sys.executable, "filter_records.py", "--source", hours, "--output", os.path.join(place, "kept"), "--ids", ids]
        took = statistics.median(seconds(lambda: subprocess.run(command, **quiet)) for _ in range(times))
        show("filter", "multiprocessing.Pool.imap_unordered", round(size / 1e6 / took, 1), "MB/s", workers=os.cpu_count())


@contextlib.contextmanager
def redis_server():
    """One of our own, on a port that nobody has; gives the port."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, cwd=tempfile.gettempdir(), stdout=subprocess.DEVNULL)
    try:
        end = time.time() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                if time.time() > end:
                    raise
                time.sleep(0.01)
        yield port
    finally:
        server.kill()
        server.wait()


def bench_redis(keys=235_073):
    if not shutil.which("redis-server") or not shutil.which("redis-benchmark"):
        print("SKIPPED redis: redis-server is missing: apt-get install redis-server", file=sys.stderr)
        return
    with redis_server() as port:
        script = [sys.executable, "redis_ttl.py"]
        subprocess.run([*script, "fill", "--port", str(port), "--keys", str(keys)], check=True, stdout=subprocess.DEVNULL)
        for workers in (8, 16, 64, 128):
            command = ["redis-benchmark", "-p", str(port), "-c", str(workers), "-n", str(keys), "-q", "TTL", "user:0000001"]
            took = seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
            show("redis", "redis-benchmark", round(took, 2), "s", workers=workers)
            for how, name in (("processes", "multiprocessing.Pool"), ("threads", "multiprocessing.dummy.Pool")):
                run = [*script, "run", "--port", str(port), "--how", how, "--workers", str(workers)]
                found = json.loads(subprocess.run(run, check=True, stdout=subprocess.PIPE).stdout)
                show("redis", name, found["seconds"], "s", workers=workers)
                show("redis", f"{name} memory", found["pss_mib"], "MiB PSS", workers=workers)


def bench_manager(keys=1000, calls=5000):
    with mp.Manager() as manager:
        shared = manager.dict({n: n for n in range(keys)})
        us = []
        for i in range(calls):
            t = time.perf_counter_ns()
            value = shared.get(i % keys)
            us.append((time.perf_counter_ns() - t) / 1000)
            assert value == i % keys
        us.sort()
        show("manager", "multiprocessing.Manager().dict().get", round(us[calls // 2], 1), "us p50", p99=round(us[calls * 99 // 100], 1))
        took = seconds(lambda: [shared.get(i % keys) for i in range(calls)])
        show("manager", "multiprocessing.Manager().dict().get in a row", round(calls / took), "tasks/s")


WORKLOADS = {name.removeprefix("bench_"): body for name, body in list(globals().items()) if name.startswith("bench_")}


def main(names):
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        sys.exit(f"peers: no workload {', '.join(unknown)}; there are: {' '.join(WORKLOADS)}")
    for name in names or WORKLOADS:
        WORKLOADS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
