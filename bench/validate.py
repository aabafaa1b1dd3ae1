"""The long validations, run by hand with `make validate`; results go to bench/validation/.

- simulation.csv: 200 histories of known truth with planted misprints and surprise revisions, and
  20 without either;
- withheld.csv: every published level taken out in turn and bracketed by the others;
- coverage.csv: how often each engine's interval holds the loss of a series of known truth, and
  power.csv: the smallest fall that shows;
- permutation.csv: fifty specifications at every date at which the treatment might have begun;
- sources.csv: the effects without each leading publisher's figures;
- choices.csv: the results under other readings of a printed figure and of a yuan;
- designs.csv: 320 product panels of known truth, and how often each interval holds it;
- easing.csv: size and power of the stability tests and of the monitor, coverage of the return;
- summary.csv: what withheld figures and histories say together.

Beside each table stands the key of the code and raw tables that it speaks of; what is of this
code already is not run again. `bench/validate.py PART ...` runs only the parts that are named.
"""

from __future__ import annotations

import sys

import pandas as pd
from parts.designs import score_designs
from parts.easing import easing
from parts.effects import change_choices, leave_out_sources, permute_dates
from parts.intervals import cover
from parts.reconciliation import simulate, withheld_figures
from parts.summary import summarise

from analysis.paths import project_paths
from analysis.validation import validation_key

#: What computes each part: it is given the paths and the file that its table goes to.
COMPUTED = {
    "withheld": withheld_figures,
    "simulation": simulate,
    "coverage": cover,
    "permutation": permute_dates,
    "sources": leave_out_sources,
    "choices": change_choices,
    "designs": score_designs,
    "easing": easing,
}


def main() -> None:
    asked = sys.argv[1:] or list(COMPUTED)
    if unknown := set(asked) - set(COMPUTED):
        sys.exit(f"expected parts of {', '.join(COMPUTED)}; found {', '.join(sorted(unknown))}")
    paths = project_paths()
    paths.validation.mkdir(parents=True, exist_ok=True)
    for part, compute in COMPUTED.items():
        if part not in asked:
            continue
        key = validation_key(paths, part)
        file, key_file = (paths.validation / f"{part}.{ending}" for ending in ("csv", "key"))
        if not (key_file.exists() and key_file.read_text().strip() == key):
            file.unlink(missing_ok=True)
            key_file.write_text(key + "\n")
        try:
            compute(paths, file)
        except KeyboardInterrupt:
            print(f"{part}: interrupted; the next `make validate` goes on from here")
        if validation_key(paths, part) != key:
            key_file.unlink()
            sys.exit("the code or the tables changed while this ran: run `make validate` again")
    parts = {
        part: pd.read_csv(file)
        for part in COMPUTED
        if (file := paths.validation / f"{part}.csv").exists()
    }
    summary = summarise(parts)
    summary.to_csv(paths.validation / "summary.csv", index=False)
    print(summary.to_string(index=False))


if __name__ == "__main__":
    main()
