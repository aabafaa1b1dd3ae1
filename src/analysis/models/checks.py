"""Checks of an estimate: each an object with a name, a verdict, a number and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.counterfactual import LEVEL
from analysis.models.trade_observations import FitError

Interval = tuple[float, float]

#: `pass` and `fail` where something was expected, `informs` where nothing is.
VERDICTS = ("pass", "fail", "informs")
#: Rolling folds worth fewer independent ones than this cannot pass: even of ten, two standard
#: errors reach from 90 % down to 71 %, and with fewer hardly any interval would be told apart.
LEAST_FOLDS = 10


@dataclass(frozen=True)
class Check:
    """What was looked at, how it came out, in a number or a pair of them, and in words."""

    name: str
    verdict: str
    number: float | Interval
    sentence: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(
                f"{self.name}: expected a verdict of {', '.join(VERDICTS)}, found {self.verdict!r}"
            )


def one_choice(name: str, base: pd.Series, others: pd.DataFrame, labels: str) -> Check:
    """Whether the estimate stands when one choice is made otherwise.

    `base` and the rows of `others` have `effect_percent` with `_lower` and `_upper`; `labels`
    names the column that tells the rows apart. `pass`: every other estimate lies inside the
    base's interval, and its own interval excludes zero where the base's does. `fail`: one
    contradicts it, in sign or because the two intervals do not meet, or has no fit. `informs`:
    between the two.
    """
    fitted = others[others["effect_percent"].notna()]
    unfitted = [str(value) for value in others.loc[others["effect_percent"].isna(), labels]]
    found = fitted["effect_percent"]
    inside = found.between(base["effect_percent_lower"], base["effect_percent_upper"])
    apart = (fitted["effect_percent_lower"] > base["effect_percent_upper"]) | (
        fitted["effect_percent_upper"] < base["effect_percent_lower"]
    )
    # A sign counts where the base has one.
    signed = base["effect_percent_lower"] > 0 or base["effect_percent_upper"] < 0
    turned = signed & (np.sign(found) != np.sign(base["effect_percent"]))
    clear = (fitted["effect_percent_lower"] > 0) | (fitted["effect_percent_upper"] < 0)
    same = inside.all() and (clear == signed).all() and not unfitted
    verdict = "pass" if same else "informs"
    if fitted.empty or apart.any() or turned.any():
        verdict = "fail"
    told = ", ".join(
        f"{_interval_of(row)} ({getattr(row, labels).replace('_', ' ')})"
        for row in fitted.itertuples()
    )
    sentence = f"{_interval_of(base)} % becomes {told}." if told else ""
    if unfitted:
        sentence += f" No fit for {', '.join(unfitted)}."
    number = (float(found.min()), float(found.max())) if len(found) else (np.nan, np.nan)
    return Check(name, verdict, number, sentence.strip())


def left_out(name: str, base: pd.Series, others: pd.DataFrame, labels: str) -> Check:
    """As `one_choice` for many rows: the range, and the row that moves the estimate most."""
    whole = one_choice(name, base, others, labels)
    fitted = others[others["effect_percent"].notna()]
    moved = (fitted["effect_percent"] - base["effect_percent"]).abs()
    most = fitted.loc[moved.idxmax()]
    sentence = (
        f"Left out one at a time ({len(others)}), the estimate lies between "
        f"{_signed(whole.number[0])} and {_signed(whole.number[1])} %; {most[labels]} moves it "
        "most."
    )
    missing = int(others["effect_percent"].isna().sum())
    return Check(
        name,
        whole.verdict,
        whole.number,
        sentence + (f" {missing} have no fit." if missing else ""),
    )


def placebo_rank(name: str, placebos: pd.DataFrame, true_end: object) -> Check:
    """The rank of the true date among placebo dates of one horizon, largest fall first.

    `placebos` has `train_end` and `effect_percent`; the row of `true_end` is the true one. No
    p-value: neighbouring dates share their months, and with n dates none could be under 1/(n+1).
    """
    fitted = placebos[placebos["effect_percent"].notna()]
    true = fitted.loc[fitted["train_end"] == true_end, "effect_percent"].item()
    fake = fitted.loc[fitted["train_end"] != true_end, "effect_percent"]
    rank = 1 + int((fake <= true).sum())
    sentence = (
        f"The true date gives {_signed(true)} %, rank {rank} of {len(fake) + 1} by size of the "
        f"fall; the placebo dates lie between {_signed(fake.min())} and {_signed(fake.max())} %."
    )
    return Check(name, "informs", float(rank), sentence)


def permutation_statistics(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """The median effect over specifications at each assumed date, one row a horizon and date.

    `table` has `horizon`, `train_end` and `effect_percent`, one row a specification and date.
    Columns: `horizon`, `train_end`, `effect_percent` (median), `fitted`; dates at which fewer than
    `least` specifications have a fit are left out.
    """
    groups = table.groupby(["horizon", "train_end"])["effect_percent"]
    found = groups.agg(["median", "count"]).reset_index()
    found = found.rename(columns={"median": "effect_percent", "count": "fitted"})
    return found[found["fitted"] >= least].reset_index(drop=True)


def rolling_coverage(name: str, folds: pd.DataFrame, horizon: int, level: float = LEVEL) -> Check:
    """How often the interval held what was recorded next, at rolling ends before the treatment.

    `folds` has `effect_percent_lower` and `_upper` over months without a measure, so an interval
    is right when zero lies inside. Folds one month apart share months: they count as len /
    `horizon` independent ones. `fail`: the share is more than two standard errors below `level`;
    `informs`: it is not, but the folds are worth fewer than `LEAST_FOLDS`, so that it says little.
    """
    fitted = folds[folds["effect_percent"].notna()]
    inside = (fitted["effect_percent_lower"] <= 0) & (fitted["effect_percent_upper"] >= 0)
    share, independent = float(inside.mean()), max(len(fitted) / horizon, 1.0)
    slack = 2 * np.sqrt(level * (1 - level) / independent)
    sentence = (
        f"Of {len(fitted)} rolling folds of {horizon} months, worth about {independent:.0f} "
        f"independent, {100 * share:.0f} % were inside the {100 * level:.0f} % interval."
    )
    verdict = "pass" if independent >= LEAST_FOLDS else "informs"
    return Check(name, verdict if share >= level - slack else "fail", 100 * share, sentence)


def leakage(
    name: str, effect: np.ndarray, counterfactual: np.ndarray, unrecorded: float, source: str
) -> Check:
    """The loss of recorded trade if `unrecorded` USD million passed beside the records.

    `effect` and `counterfactual` hold one value a path, USD million, over the same months.
    """
    percent = 100 * (effect + unrecorded) / counterfactual
    recorded = 100 * effect / counterfactual
    lower, middle, upper = np.quantile(percent, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    sentence = (
        f"{_signed(np.median(recorded))} % of recorded trade would be {_signed(middle)} % of all "
        f"trade (interval {_signed(lower)} to {_signed(upper)}) if USD {unrecorded:,.0f} million "
        f"more passed unrecorded: {source}."
    )
    verdict = "informs"
    return Check(name, verdict, (float(lower), float(upper)), sentence)


#: How a choice is called in the table of checks.
CHOICES = {
    "train_end": "end of training",
    "first": "first month of training",
    "engine": "engine",
    "holiday": "Lunar New Year left out, or January and February pooled",
    "prices": "with prices",
    "vintage": "first release",
    "currency": "in yuan",
}


def collected(table: pd.DataFrame) -> list[Check]:
    """The checks of one base specification from the fits that they ran.

    `table` has `check` and `label` as `specifications.check_specifications` gives them, and the
    estimates. Checks that have no rows are not there.
    """
    base = table[table["check"] == "base"].iloc[0]
    if pd.isna(base["effect_percent"]):
        raise FitError(f"the checks have nothing to stand on: {base['error']}")
    found = [
        one_choice(name, base, table[table["check"] == choice], "label")
        for choice, name in CHOICES.items()
        if (table["check"] == choice).any()
    ]
    months = table[table["check"] == "month"]
    if len(months):
        found.append(left_out("one month left out", base, months, "label"))
    for horizon in (6, 12):
        folds = table[table["check"] == f"placebo {horizon}"]
        true = table[table["check"] == f"true date {horizon}"]
        if folds["effect_percent"].notna().any() and true["effect_percent"].notna().all():
            dates = pd.concat([folds, true])
            end = true["train_end"].item()
            found.append(placebo_rank(f"placebo dates, {horizon} months: rank", dates, end))
            found.append(
                rolling_coverage(f"rolling folds, {horizon} months: % inside", folds, horizon)
            )
    return found


def check_table(checks: Sequence[Check]) -> pd.DataFrame:
    """One row a check: `verdict`, `number` (as text), `what it says`; the index is the name."""
    return pd.DataFrame(
        {
            "verdict": [check.verdict for check in checks],
            "number": [_number(check.number) for check in checks],
            "what it says": [check.sentence for check in checks],
        },
        index=pd.Index([check.name for check in checks]),
    )


def _number(number: float | Interval) -> str:
    if isinstance(number, tuple):
        return " to ".join(_signed(end) for end in number)
    return f"{number:.0f}"


def _interval_of(row: pd.Series) -> str:
    """The estimate of a row with its interval, as `−78 [−88 to −65]`."""
    ends = (row.effect_percent_lower, row.effect_percent_upper)
    return f"{_signed(row.effect_percent)} [{' to '.join(map(_signed, ends))}]"


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−")
