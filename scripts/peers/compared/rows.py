"""What a row is: a title, and a function that runs one system and says what was seen."""
import statistics
from dataclasses import dataclass
from typing import Callable

from .systems import place

ROWS = []


@dataclass
class Row:
    name: str
    title: str
    module: str
    see: Callable      # (system) -> a cell; for figures: -> the value of one round, or a cell
    show: Callable     # of a figure: the values of all rounds and the system's name -> a cell

    def cells(self, there, rounds):
        """Each system's cell. Figures are taken in turn: every system once, then every system again."""
        seen = {system: [] for system in there}
        for _ in range(rounds if self.show else 1):
            for system in there:
                if not (seen[system] and isinstance(seen[system][-1], str)):
                    with place():
                        seen[system].append(self.see(system))
        return {system: values[-1] if isinstance(values[-1], str) else self.show(values) for system, values in seen.items()}


def row(title, show=None):
    """Makes a row of a function; its name is the row's."""
    def made(see):
        ROWS.append(Row(see.__name__, title, see.__module__, see, show))
        return see
    return made


def median(unit, digits=2):
    """A figure as a cell, with the least and the most that was seen."""
    def show(values):
        middle = statistics.median(values)
        spread = f" ({min(values):.{digits}f}–{max(values):.{digits}f})" if len(values) > 1 else ""
        return f"{middle:.{digits}f} {unit}{spread}"
    return show
