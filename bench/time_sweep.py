"""Time of the whole specification curve on this machine: `.venv/bin/python bench/time_sweep.py`.

Nothing is read from or written to the cache. The aim is three minutes on two free cores.
"""

from __future__ import annotations

import sys
import time

from analysis.models.specifications import SHOWN_FLOWS, specifications
from analysis.paths import project_paths
from analysis.sweep import WORKERS, sweep
from analysis.trade_data import model_inputs

#: Seconds, and the fewest specifications that count as the curve.
AIM, LEAST = 180, 1000


def main() -> None:
    chosen = specifications(SHOWN_FLOWS)
    inputs = model_inputs(project_paths())
    start = time.monotonic()
    sweep(inputs, chosen)
    took = time.monotonic() - start
    print(f"{len(chosen)} specifications in {took:.0f} s with {WORKERS} processes")
    if took > AIM or len(chosen) < LEAST:
        sys.exit(f"expected at least {LEAST} specifications in at most {AIM} s")


if __name__ == "__main__":
    main()
