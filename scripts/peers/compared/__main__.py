"""Makes the tables of docs/run/compared.md: scripts/peers/compare is how this is called."""
import argparse, os, platform, sys, time

from . import behaviour, figures, rows
from .systems import INSTALL, SYSTEMS, TITLES, is_there, version


def table(chosen, there, rounds):
    print("| | " + " | ".join(TITLES[system] for system in SYSTEMS) + " |")
    print("|---" * (len(SYSTEMS) + 1) + "|")
    for row in chosen:
        begun = time.perf_counter()
        cells = row.cells(there, rounds)
        told = [cells.get(system, f"not here: {INSTALL.get(system, '')}") for system in SYSTEMS]
        print(f"| {row.title} | " + " | ".join(told) + " |", flush=True)
        print(f"compare: {row.name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(prog="scripts/peers/compare")
    parser.add_argument("--rounds", type=int, default=5, help="how often each figure is taken, in turn")
    parser.add_argument("--rows", action="store_true", help="tell the rows' names")
    parser.add_argument("row", nargs="*")
    typed = parser.parse_args()
    known = [row.name for row in rows.ROWS]
    if typed.rows:
        return print("\n".join(known))
    if unknown := [name for name in typed.row if name not in known]:
        parser.error(f"no such row: {unknown[0]}; there are {', '.join(known)}")
    there = [system for system in SYSTEMS if is_there(system)]
    versions = ", ".join(f"{TITLES[system]} {version(system)}" for system in there)
    print(f"{os.cpu_count()} processors, Linux {platform.release().split('-')[0]}; {versions}; {time.strftime('%Y-%m-%d')}, "
          f"{typed.rounds} rounds in turn.")
    for heading, module in (("Figures", figures), ("Behaviour", behaviour)):
        chosen = [row for row in rows.ROWS if row.module == module.__name__ and (not typed.row or row.name in typed.row)]
        if chosen:
            print(f"\n## {heading}\n")
            table(chosen, there, typed.rounds)


main()
