#!/usr/bin/env python3
"""A worker in ten lines: ganger run --worker examples/workers/squares.py ::: 3 4 x"""
import json
import sys

for line in sys.stdin:
    task = json.loads(line)
    try:
        answer = {"id": task["id"], "output": int(task["input"]) ** 2}
    except ValueError as error:
        answer = {"id": task["id"], "error": str(error)}
    print(json.dumps(answer), flush=True)
