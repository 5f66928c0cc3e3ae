#!/usr/bin/env python3
"""The job of the example filter_records, in Python: keeps the records whose id is in a list, a file a task, with N
processes. Files are in snappy's framing, lengths little-endian, without sort ids.

    filter_records.py --source DIR --output DIR --ids CSV [--workers N]
"""
import argparse, csv, multiprocessing as mp, os, struct, time
import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def message_class():
    """`message Line { LineId line_id = 1; }  message LineId { uint64 gid = 1; }`, without a compiler of protobuf."""
    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="line.proto", package="jobs", syntax="proto3")
    file.message_type.add(name="LineId").field.add(name="gid", number=1, type=kind.TYPE_UINT64, label=kind.LABEL_OPTIONAL)
    file.message_type.add(name="Line").field.add(name="line_id", number=1, type=kind.TYPE_MESSAGE, type_name=".jobs.LineId",
                                                 label=kind.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("jobs.Line"))


Line = message_class()
length_at = struct.Struct("<Q").unpack_from


def load(path):
    with open(path, newline="") as f:
        return {int(row["gid"]) for row in csv.DictReader(f)}


def keep(names):
    source, output = names
    with open(source, "rb") as f:
        packed = f.read()
    data = bytes(cramjam.snappy.decompress(packed))
    kept, at, read, end = [], 0, 0, len(data)
    while at < end:
        begin = at + 8
        after = begin + length_at(data, at)[0]
        if Line.FromString(data[begin:after]).line_id.gid in ids:
            kept.append(data[at:after])
        at, read = after, read + 1
    os.makedirs(os.path.dirname(output), exist_ok=True)
    with open(output, "wb") as f:
        f.write(cramjam.snappy.compress(b"".join(kept)))
    return read, len(kept)


def main():
    global ids
    a = argparse.ArgumentParser()
    a.add_argument("--source", required=True)
    a.add_argument("--output", required=True)
    a.add_argument("--ids", required=True)
    a.add_argument("--workers", type=int, default=os.cpu_count())
    o = a.parse_args()
    t = time.perf_counter()
    ids = load(o.ids)
    files = [os.path.join(d, f) for d, _, names in os.walk(o.source) for f in names]
    files.sort(key=os.path.getsize, reverse=True)
    work = [(f, os.path.join(o.output, os.path.relpath(f, o.source))) for f in files]
    with mp.get_context("fork").Pool(o.workers) as pool:
        counts = list(pool.imap_unordered(keep, work))
    read, kept = map(sum, zip(*counts))
    print(f"{kept} of {read} records kept, from {len(files)} files; {time.perf_counter() - t:.2f} s")


if __name__ == "__main__":
    main()
