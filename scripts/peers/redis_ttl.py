#!/usr/bin/env python3
"""A job that many people have, in Python: ask a Redis server for the TTL of every key, with N workers of which
each has a connection of its own, as threads and as processes.

    redis_ttl.py fill  [--port P] [--keys 235073]      # half of the keys with an expiry under a day
    redis_ttl.py run   [--port P] --how threads|processes --workers N

`run` prints one JSON object: seconds, keys, keys that expire within a day, and the proportional set size
(PSS) of parent and workers together at the end of the job. Start a server of your own first:

    redis-server --port 7379 --bind 127.0.0.1 --save '' --appendonly no --daemonize yes
"""
import argparse, json, os, time
import redis

ONE_DAY = 24 * 3600


def link(port):
    return redis.Redis(host="127.0.0.1", port=port, max_connections=1024)


def start(port):
    global db
    db = link(port)


def expires_soon(key):
    left = db.ttl(key)
    return 0 <= left <= ONE_DAY


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(l.split()[1]) for l in f if l.startswith("Pss:"))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("verb", choices=["fill", "run"])
    a.add_argument("--port", type=int, default=7379)
    a.add_argument("--keys", type=int, default=235_073)
    a.add_argument("--how", choices=["threads", "processes"], default="processes")
    a.add_argument("--workers", type=int, default=8)
    a.add_argument("--chunk", type=int, default=None, help="keys a task; the pool's own choice without it")
    o = a.parse_args()
    if o.verb == "fill":
        p = link(o.port).pipeline(transaction=False)
        for i in range(o.keys):
            p.set(f"user:{i:07d}", i, ex=(20 * 3600 + i % 3600) if i % 2 else 7 * ONE_DAY)
            if i % 5000 == 0:
                p.execute()
        p.execute()
        print(link(o.port).dbsize())
        return
    if o.how == "threads":
        from multiprocessing.dummy import Pool
    else:
        from multiprocessing import Pool
    t = time.perf_counter()
    pool = Pool(o.workers, start, (o.port,))
    seen = soon = 0
    cursor = "0"
    while cursor != 0:
        cursor, keys = link(o.port).scan(cursor=cursor, count=50_000)
        soon += sum(pool.map(expires_soon, keys, o.chunk))
        seen += len(keys)
    took = time.perf_counter() - t
    pids = [os.getpid()] + ([w.pid for w in pool._pool] if o.how == "processes" else [])
    memory = sum(map(pss, pids)) / 1024
    pool.close()
    pool.join()
    print(json.dumps({"how": o.how, "workers": o.workers, "seconds": round(took, 2), "keys": seen, "soon": soon,
                      "pss_mib": round(memory, 1)}))


if __name__ == "__main__":
    main()
