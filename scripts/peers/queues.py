"""What a user has today for a queue that is there when the program is gone: HyperQueue and pueue, on the work of
`ganger-bench serve`. peers.py runs it; `queues.py hyperqueue` is a process of its own, since its API prints on standard output.

A batch is one job of a thousand tasks where there are such; pueue takes tasks one by one, by a process each, and has
no other client. HyperQueue's program `hq`, with its journal, is not in its wheel: nothing that it accepts here would
survive its server.
"""
import json, os, statistics, subprocess, sys, time

from compared.systems import Pueue, is_there, place, proportional

BATCH, BATCHES, SINGLES, ROUND_TRIPS = 1000, 20, 300, 15


def seconds(run):
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def trip(submit):
    """From the submit of a task to what it does, seen where it does it: both clients look once in a while alone."""
    def there():
        submit("touch", done)
        while not os.path.exists(done):
            time.sleep(0.0002)
    done = os.path.abspath("done")
    took = seconds(there)
    os.remove(done)
    return took


def pueue():
    """Tasks a second that are accepted, the time from submit to result, and the daemon's memory with them queued."""
    with place(), Pueue(jobs=1) as queue:
        trips = [trip(queue.add) for _ in range(ROUND_TRIPS)]
        queue.say("pause")
        singles = SINGLES / seconds(lambda: [queue.add("true") for _ in range(SINGLES)])
        memory = proportional(queue.daemon.pid) / 2**20
    return {"singles": singles, "latency": statistics.median(trips), "memory": memory, "queued": SINGLES}


def hyperqueue():
    """The same, and batches, of a server and a worker in one process."""
    from hyperqueue import Job, LocalCluster
    from hyperqueue.cluster import WorkerConfig

    def job(tasks, *words):
        new = Job()
        for number in range(tasks):
            new.program([*words, str(number)] if tasks > 1 else words, stdout=None, stderr=None)
        return new

    with LocalCluster() as cluster:
        client = cluster.client()
        # Nobody works it off yet, so what is accepted waits.
        batches = BATCH * BATCHES / seconds(lambda: [client.submit(job(BATCH, "true")) for _ in range(BATCHES)])
        singles = SINGLES / seconds(lambda: [client.submit(job(1, "true")) for _ in range(SINGLES)])
        memory = proportional(os.getpid()) / 2**20
    with place(), LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=1))
        client = cluster.client()
        trips = [trip(lambda *words: client.submit(job(1, *words))) for _ in range(ROUND_TRIPS)]
    return {"batches": batches, "singles": singles, "latency": statistics.median(trips), "memory": memory,
            "queued": BATCH * BATCHES + SINGLES}


def measured():
    """The figures of those that are there, by name."""
    if is_there("hyperqueue"):
        own = subprocess.run([sys.executable, __file__, "hyperqueue"], stdout=subprocess.PIPE, check=True)
        yield "HyperQueue", json.loads(own.stdout)
    if is_there("pueue"):
        yield "pueue", pueue()
    else:
        print("SKIPPED serve pueue: pueue is missing: cargo install pueue", file=sys.stderr)


if __name__ == "__main__":
    stdout = os.dup(1)
    # Where what it prints may go.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    told = {"hyperqueue": hyperqueue, "pueue": pueue}[sys.argv[1]]()
    os.write(stdout, (json.dumps(told) + "\n").encode())
