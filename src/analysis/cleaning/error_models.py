"""How printed figures go wrong: slips of typing, and other misprints.

Where figures contradict each other and more than one could be the wrong one, this tells which is
the likelier. A misprint is often one slip of typing away from what the other figures allow, while
a sound figure lands there only by chance (Scholtus 2009, Statistics Netherlands discussion paper
09046, on typing errors under balance edits).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

#: Share of misprints that are one slip of typing. Of the 27 rows of the totals table that the
#: reviewed corrections touch, about a third (lost, changed or swapped digits, a unit misread); the
#: others are figures of another period, flow or compiler.
SLIP_SHARE = 1 / 3


@dataclass(frozen=True)
class Misprint:
    """The error of a printed figure.

    `unit` is one unit of the last printed place, in the stated quantity; `range` the number of
    values that as many digits can print. `meant` lists (chance, lower, upper): the chance that a
    slip makes the printed figure of another one, and the interval that this one would state.
    """

    above: tuple[tuple[Hashable, float], ...]
    below: tuple[tuple[Hashable, float], ...]
    unit: float
    range: float
    meant: tuple[tuple[float, float, float], ...]

    def log_likelihood(self, allowed: tuple[float, float]) -> float:
        """Log-probability that a misprint of what the others allow reads as it was printed.

        All values in the interval are equally likely to have been meant.
        """
        lower, upper = allowed
        values = max((upper - lower) / self.unit, 1.0)
        slips = sum(chance for chance, low, high in self.meant if low <= upper and high >= lower)
        return float(np.log(SLIP_SHARE * slips / values + (1 - SLIP_SHARE) / self.range))


def typing_slips(value: float, unit: float) -> list[tuple[float, float]]:
    """What may have been meant by a figure printed as `value`, with the chance of each slip.

    Three kinds of slip, none preferred to the others: one wrong digit (every digit and every
    place alike), two neighbouring digits swapped, a power of ten. `unit` is one unit of the last
    printed place. Returns (value meant, chance that it is printed as `value`).
    """
    number = abs(round(value / unit))
    digits = str(number)
    sign = -1.0 if value < 0 else 1.0
    meant: Counter[float] = Counter()
    for place, digit in enumerate(digits):
        for other in "0123456789":
            if other != digit:
                text = digits[:place] + other + digits[place + 1 :]
                meant[sign * int(text) * unit] += 1 / 3 / (9 * len(digits))
    swaps = [place for place in range(len(digits) - 1) if digits[place] != digits[place + 1]]
    for place in swaps:
        text = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        meant[sign * int(text) * unit] += 1 / 3 / len(swaps)
    for power in (0.1, 10.0):
        meant[sign * number * unit * power] += 1 / 3 / 2
    return list(meant.items())
