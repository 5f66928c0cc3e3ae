"""A batch by HyperQueue's Python API: a server and one worker in this process, a task for each line on standard input.

    cluster.py JOBS PROGRAM...

Prints, as JSON, how many seconds the tasks took, how long it took to submit a first task and one after all of them, and
what is said of those that failed. Its own words are on standard error.
"""
import json, os, sys, time

stdout = os.dup(1)
os.dup2(2, 1)  # the API prints a table

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def job(words, inputs):
    new = Job(max_fails=None)
    for one in inputs:
        new.program([*words, one], stdout=None, stderr=None)
    return new


def main(jobs, *words):
    inputs = sys.stdin.read().splitlines()
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=int(jobs)))
        client = cluster.client()
        told = {}
        begun = time.perf_counter()
        first = client.submit(job(["true"], ["x"]))
        told["first"] = time.perf_counter() - begun
        client.wait_for_jobs([first])
        begun = time.perf_counter()
        submitted = client.submit(job(words, inputs))
        client.wait_for_jobs([submitted], raise_on_error=False)
        told["seconds"] = time.perf_counter() - begun
        begun = time.perf_counter()
        after = client.submit(job(["true"], ["x"]))
        told["another"] = time.perf_counter() - begun
        client.wait_for_jobs([after])
        told["failed"] = {str(task): failed.error for task, failed in client.get_failed_tasks(submitted).items()}
    os.write(stdout, (json.dumps(told) + "\n").encode())
    return 1 if told["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
