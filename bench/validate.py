"""The long validations, run by hand with `make validate`; results go to bench/validation/.

- simulation.csv: 200 histories of known truth with planted misprints and surprise revisions, and
  20 without either;
- withheld.csv: every published level taken out in turn and bracketed by the others;
- coverage.csv: how often each engine's interval holds the loss of a series of known truth, and
  power.csv: the smallest fall that shows;
- permutation.csv: fifty specifications at every date at which the treatment might have begun;
- sources.csv: the effects without each leading publisher's figures;
- designs.csv: 320 product panels of known truth, and how often each interval holds it;
- easing.csv: size and power of the stability tests and of the monitor, coverage of the return;
- summary.csv: what withheld figures and histories say together.

Beside each table stands the key of the code and raw tables that it speaks of; what is of this
code already is not run again. `bench/validate.py PART ...` runs only the parts that are named.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import joblib
import pandas as pd

from analysis.cleaning.conflicts import ROBUST_TOLERANCE
from analysis.cleaning.simulation import Score, score_history
from analysis.cleaning.trade_statements import FIRST_UNKNOWN, FLOWS, months_between, trade_system
from analysis.cleaning.withheld import Withheld, releases, withhold
from analysis.models import design_scores, stability_simulation
from analysis.models.coverage import coverage_table, engines, power_table, score, simulate_series
from analysis.models.specifications import (
    FIRST_PLACEBO_END,
    SHOWN_FLOWS,
    TRAIN_END,
    Specification,
    estimate,
    permutation_specifications,
    placebo_ends,
    placebo_specifications,
)
from analysis.paths import project_paths
from analysis.publish import TOTALS, cached_rejection, exchange_rates, read_evidence
from analysis.rebuilt import leading_publishers, rebuilt_inputs
from analysis.sources.sanctions_map import read_product_measures
from analysis.sweep import sweep
from analysis.trade_data import observations_of
from analysis.validation import validation_key

#: Seeds of histories with misprints and surprises, and of those without.
MISPRINTED_SEEDS = range(200)
CLEAN_SEEDS = range(1000, 1020)
#: Seeds of the series on which the intervals are scored. Nothing was chosen by looking at them: the
#: engines' constants were settled on series with seeds from 100,000 on.
COVERAGE_SEEDS = range(520)
#: Months over which the joint permutation of the treatment's date takes effects.
PERMUTED_MONTHS = 12
#: Panels of each scenario, and of each ratio planted for the synthetic control.
DESIGN_SEEDS = {
    "parallel": 120,
    "no effect": 60,
    "rush": 20,
    "drift": 20,
    "restless": 60,
    "donors": 40,
}
#: Processes: one a core of the machine this was sized for.
WORKERS = 2
#: Histories between two writes.
BATCH = 10


def main() -> None:
    paths = project_paths()
    totals = read_evidence(paths).used[TOTALS]
    rates = exchange_rates(totals).table
    paths.validation.mkdir(parents=True, exist_ok=True)
    computed = {
        "withheld": withheld_figures,
        "simulation": simulate,
        "coverage": cover,
        "permutation": permute_dates,
        "sources": leave_out_sources,
        "designs": score_designs,
        "easing": easing,
    }
    for part, compute in computed.items():
        if sys.argv[1:] and part not in sys.argv[1:]:
            continue
        key = validation_key(paths, part)
        file, key_file = (paths.validation / f"{part}.{ending}" for ending in ("csv", "key"))
        if not (key_file.exists() and key_file.read_text().strip() == key):
            file.unlink(missing_ok=True)
            key_file.write_text(key + "\n")
        try:
            compute(totals, rates, file)
        except KeyboardInterrupt:
            print(f"{part}: interrupted; the next `make validate` goes on from here")
        if validation_key(paths, part) != key:
            key_file.unlink()
            sys.exit("the code or the tables changed while this ran: run `make validate` again")
    parts = {
        part: pd.read_csv(file)
        for part in computed
        if (file := paths.validation / f"{part}.csv").exists()
    }
    summary = summarise(parts)
    summary.to_csv(paths.validation / "summary.csv", index=False)
    print(summary.to_string(index=False))


def withheld_figures(totals: pd.DataFrame, rates: pd.DataFrame, file: Path) -> None:
    """Every published level taken out in turn; columns as `Withheld`."""
    if file.exists():
        return
    rejection = cached_rejection(project_paths(), totals, rates)
    system = trade_system(totals, rates.set_index("month"))
    groups = releases(system)
    with joblib.Parallel(n_jobs=WORKERS, return_as="generator") as run:
        scored = run(
            joblib.delayed(withhold)(system, rejection, release, tolerance=ROBUST_TOLERANCE)
            for release in groups
        )
        results = [one for part in shown(scored, "withheld", len(groups)) for one in part]
    frame(Withheld, results).round(6).to_csv(file, index=False)


def simulate(totals: pd.DataFrame, rates: pd.DataFrame, file: Path) -> None:
    """Score the histories that `file` does not hold yet, adding each as it comes.

    Columns as `Score`, and whether the history has misprints. An interrupted run goes on where
    it stopped.
    """
    rates = rates.set_index("month")
    level = typical_level(totals, rates)
    done = set(pd.read_csv(file)["seed"]) if file.exists() else set()
    due = [seed for seed in (*MISPRINTED_SEEDS, *CLEAN_SEEDS) if seed not in done]
    batches = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
    with joblib.Parallel(n_jobs=WORKERS) as run:
        for batch in shown(batches, "batches of histories begun", len(batches)):
            scores = run(
                joblib.delayed(one_history)(totals, rates, level, seed, seed in MISPRINTED_SEEDS)
                for seed in batch
            )
            table = frame(Score, scores)
            table.insert(1, "misprinted", [seed in MISPRINTED_SEEDS for seed in batch])
            table.to_csv(file, mode="a", header=not file.exists(), index=False)


def cover(_totals: pd.DataFrame, _rates: pd.DataFrame, file: Path) -> None:
    """Coverage and power of every engine's intervals; columns as the tables of `models.coverage`.

    The scores of single series are kept in the cache, so that an interrupted run goes on.
    """
    if file.exists():
        return
    paths = project_paths()
    paths.cache.mkdir(parents=True, exist_ok=True)
    kept = paths.cache / f"coverage-{validation_key(paths, 'coverage')[:16]}.csv"
    done = set(pd.read_csv(kept)["seed"]) if kept.exists() else set()
    due = [seed for seed in COVERAGE_SEEDS if seed not in done]
    batches = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
    with (
        joblib.parallel_config(backend="loky", inner_max_num_threads=1),
        joblib.Parallel(n_jobs=WORKERS) as run,
    ):
        for batch in shown(batches, "batches of series begun", len(batches)):
            rows = [row for part in run(map(joblib.delayed(one_series), batch)) for row in part]
            pd.DataFrame(rows).to_csv(kept, mode="a", header=not kept.exists(), index=False)
    scores = pd.read_csv(kept, keep_default_na=True).sort_values(["seed"], kind="stable")
    power_table(scores).to_csv(file.with_name("power.csv"), index=False)
    coverage_table(scores).to_csv(file, index=False)


def one_series(seed: int) -> list[dict[str, object]]:
    """Every engine's score on the series of one seed."""
    series = simulate_series(seed)
    return [row for engine in engines() for row in score(series, engine)]


def permute_dates(_totals: pd.DataFrame, _rates: pd.DataFrame, file: Path) -> None:
    """The declared specifications at the true date and every placebo date.

    Columns: `horizon`, `specification` (its number), the choices, `train_end`, the effect in per
    cent with its interval, and `error`.
    """
    if file.exists():
        return
    ends = [*placebo_ends(FIRST_PLACEBO_END, TRAIN_END, PERMUTED_MONTHS), TRAIN_END]
    due = [
        (number, one)
        for number, base in enumerate(permutation_specifications())
        for one in placebo_specifications(base, ends, PERMUTED_MONTHS)
    ]
    table = sweep(rebuilt_inputs(project_paths()), [one for _, one in due])
    table.insert(0, "horizon", PERMUTED_MONTHS)
    table.insert(1, "specification", [number for number, _ in due])
    kept = ["horizon", "specification", "engine", "vintage", "holiday", "prices", "currency"]
    kept += ["train_end", "effect_percent", "effect_percent_lower", "effect_percent_upper"]
    table[[*kept, "error"]].round(3).to_csv(file, index=False)


def leave_out_sources(_totals: pd.DataFrame, _rates: pd.DataFrame, file: Path) -> None:
    """Structural effects with all figures and without each leading publisher, one row a flow.

    An interrupted run goes on where it stopped.
    """
    paths = project_paths()
    done = set(pd.read_csv(file, keep_default_na=False)["without"]) if file.exists() else set()
    due = [name for name in ["", *leading_publishers(paths)] if name not in done]
    for name in shown(due, "publishers left out", len(due)):
        inputs = rebuilt_inputs(paths, name)
        rows = pd.DataFrame(
            estimate(Specification(flow), observations_of(inputs, flow, "corrected"))
            for flow in SHOWN_FLOWS
        )
        rows = rows.assign(without=name).drop(columns=["effect", "effect_lower", "effect_upper"])
        rows.round(3).to_csv(file, mode="a", header=not file.exists(), index=False)


def easing(totals: pd.DataFrame, rates: pd.DataFrame, file: Path) -> None:
    """Score the cases of stability, monitoring and return that `file` does not hold yet.

    They are simulated, so the totals and rates are not used. One row a case and measure.
    """
    names = [field.name for field in dataclasses.fields(stability_simulation.Case)]
    done = set(pd.read_csv(file)[names].itertuples(index=False, name=None)) if file.exists() else ()
    due = [case for case in stability_simulation.CASES if dataclasses.astuple(case) not in done]
    with joblib.Parallel(n_jobs=WORKERS, return_as="generator") as run:
        for rows in shown(
            run(joblib.delayed(stability_simulation.score)(case) for case in due), "cases", len(due)
        ):
            pd.DataFrame(rows).to_csv(file, mode="a", header=not file.exists(), index=False)


def one_history(totals, rates, level, seed: int, misprinted: bool) -> Score:
    """One scored history; without misprints also without surprise revisions."""
    options = {} if misprinted else {"planted_rate": 0.0, "surprises": False}
    return score_history(totals, rates, level, seed, **options)


def score_designs(totals: pd.DataFrame, rates: pd.DataFrame, file: Path) -> None:
    """Score the product panels that `file` does not hold yet; columns as `design_scores.Score`."""
    measures = read_product_measures(project_paths())
    done = set()
    if file.exists():
        done = set(pd.read_csv(file)[["scenario", "seed"]].itertuples(index=False, name=None))
    due = [
        (scenario, seed)
        for scenario, number in DESIGN_SEEDS.items()
        for seed in range(number)
        if (scenario, seed) not in done
    ]
    batches = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
    with joblib.Parallel(n_jobs=WORKERS) as run:
        for batch in shown(batches, "batches of panels begun", len(batches)):
            scores = run(joblib.delayed(design_scores.score)(measures, *one) for one in batch)
            table = frame(design_scores.Score, [score for some in scores for score in some])
            table.round(6).to_csv(file, mode="a", header=not file.exists(), index=False)


def typical_level(totals: pd.DataFrame, rates: pd.DataFrame) -> dict[tuple[str, int], float]:
    """USD million by flow and month: the yearly mean of what is printed for single months."""
    single = totals[
        (totals["first"] == totals["last"]) & totals["flow"].isin(FLOWS) & totals["value"].notna()
    ]
    middle = rates.loc[single["first"], ["lower", "upper"]].mean(axis=1).to_numpy()
    usd = single["value"].where(single["currency"] == "USD", single["value"] / middle)
    yearly = usd.groupby([single["flow"], single["first"].dt.year]).mean()
    months = months_between(FIRST_UNKNOWN, totals["last"].max())
    return {
        (flow, month): max(float(_nearest(yearly[flow], 1970 + month // 12)), 0.1)
        for flow in FLOWS
        for month in months
    }


def _nearest(by_year: pd.Series, year: int) -> float:
    return by_year.iloc[abs(by_year.index - year).argmin()]


def shown(results, what: str, total: int):
    """The results as they come, with a line every twentieth."""
    start = time.monotonic()
    for number, result in enumerate(results, 1):
        if number % 20 == 0 or number == total or total < 50:
            print(f"{what}: {number} of {total}, {time.monotonic() - start:.0f} s", flush=True)
        yield result


def frame(kind: type, items) -> pd.DataFrame:
    columns = [field.name for field in dataclasses.fields(kind)]
    return pd.DataFrame([dataclasses.asdict(item) for item in items], columns=columns)


def summarise(parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """measure, count, of, share: one line each, for the parts that are there."""
    lines = simulation_lines(parts["simulation"]) if "simulation" in parts else []
    if "withheld" in parts:
        lines += withheld_lines(parts["withheld"])
    if "designs" in parts:
        lines += design_lines(parts["designs"])
    return pd.DataFrame(lines, columns=["measure", "count", "of", "share"])


def simulation_lines(simulation: pd.DataFrame) -> list[tuple]:
    misprinted = simulation["misprinted"]
    errors = simulation[misprinted].sum(numeric_only=True)
    clean = simulation[~misprinted].sum(numeric_only=True)
    counts = [
        ("misprints found", errors["found"], errors["planted"]),
        ("misprints rejected", errors["rejected"], errors["planted"]),
        ("checkable misprints found", errors["checkable_found"], errors["checkable"]),
        ("sound figures blamed", errors["blamed"], errors["sound"]),
        ("sound figures rejected", errors["sound_rejected"], errors["sound"]),
        (
            "months no misprint touches, truth inside",
            errors["months_untouched_inside"],
            errors["months_untouched"],
        ),
        ("all months, truth inside", errors["months_inside"], errors["months"]),
        ("months of clean histories, truth inside", clean["months_inside"], clean["months"]),
    ]
    return [(measure, count, of, round(count / of, 4)) for measure, count, of in counts if of]


def design_lines(designs: pd.DataFrame) -> list[tuple]:
    """Planted ratios inside the 90 % intervals, and p-values of at most 0.1, by scenario.

    Total bans are left out: nothing recorded is nothing under any comparison, so they would be
    counted as held and found without any merit of the interval.
    """
    lines = []
    partial = designs[designs["truth"] > 0]
    for (scenario, method), own in partial.groupby(["scenario", "method"], sort=False):
        bounded = own[own["lower"].notna()]
        if len(bounded):
            inside = (bounded["lower"] - 1e-6 <= bounded["truth"]) & (
                bounded["truth"] <= bounded["upper"] + 1e-6
            )
            lines.append((f"{scenario}: {method}, truth inside", inside.sum(), len(bounded)))
        for no_effect, tested in own[own["p_value"].notna()].groupby(own["truth"] == 1):
            name = "no effect refused" if no_effect else "effect found"
            refused = (tested["p_value"] <= 0.1).sum()
            lines.append((f"{scenario}: {method}, {name} at 10 %", refused, len(tested)))
    return [(measure, count, of, round(count / of, 4)) for measure, count, of in lines]


def withheld_lines(withheld: pd.DataFrame) -> list[tuple]:
    scored = withheld[withheld["scored"]]
    inside, width = scored["overlaps"].sum(), scored["width_share"].median()
    return [
        (
            "withheld figures scored",
            len(scored),
            len(withheld),
            round(len(scored) / len(withheld), 4),
        ),
        ("withheld figures bracketed", inside, len(scored), round(inside / len(scored), 4)),
        ("median width, as a share of the value", len(scored), len(scored), round(width, 4)),
    ]


if __name__ == "__main__":
    main()
