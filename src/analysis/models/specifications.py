"""Every defensible way to the same number: which choices there are, and one estimate of each.

All specifications estimate one thing: the effect on one flow over the same months, in per cent of
the counterfactual, so that they differ by their choices and by nothing else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from analysis.models.benchmarks import Flat2016, Sarimax, SeasonalNaive
from analysis.models.counterfactual import Engine, interval
from analysis.models.segmented import Segmented
from analysis.models.structural import Structural
from analysis.models.trade_observations import (
    FitError,
    TradeObservations,
    Window,
    WindowError,
    span_matrix,
)
from analysis.models.variants import pooled_january_february, without_month

SHOWN_FLOWS = ("import", "export", "total")
VINTAGES = ("corrected", "first_release")
#: Before the coal cap, suspension and metals ban of December 2016; the others are the checks: the
#: month before resolution 2270, two autumn months, and China's own suspension of February 2017.
TRAIN_END = "2016-11"
TRAIN_ENDS = ("2016-02", "2016-10", "2016-11", "2016-12", "2017-01")
#: All that is published, or one or two years less of the thinly printed years.
FIRSTS = ("2012-01", "2013-01", "2014-01")
#: The months that every specification evaluates: behind the latest end of training, with January
#: and February wholly in or out (they are pooled in some), up to the closing of the border.
EVALUATED = ("2017-03", "2019-12")
ENGINES = ("structural", "segmented", "segmented, prais-winsten", "flat", "last year", "sarimax")
HOLIDAYS = ("regressor", "none", "pooled")
PRICES = ("none", "brent", "coal", "brent and coal")
CURRENCIES = ("USD", "CNY")
#: Simulated paths a specification: the ends of a 90 % interval to about a tenth of its width.
PATHS = 400
#: Months over which placebo effects are taken, and the earliest placebo end of training: later
#: than that and 24 effective months have been published.
PLACEBO_HORIZONS = (6, 12)
FIRST_PLACEBO_END = "2014-06"


@dataclass(frozen=True)
class Specification:
    """One way to estimate the effect over `evaluated_first` to `evaluated_last`, both inside.

    `first` and `train_end` are the training months (YYYY-MM). `holiday`: `regressor` (Lunar New
    Year), `none`, or `pooled` (January and February as one sum). `prices` are the controls.
    `without` is a training month (YYYY-MM) whose own figures are left out, or empty.
    """

    flow: str
    vintage: str = "corrected"
    engine: str = "structural"
    first: str = FIRSTS[0]
    train_end: str = TRAIN_END
    holiday: str = "regressor"
    prices: str = "none"
    currency: str = "USD"
    without: str = ""
    evaluated_first: str = EVALUATED[0]
    evaluated_last: str = EVALUATED[1]


def specifications(flows: Iterable[str] = SHOWN_FLOWS) -> list[Specification]:
    """All combinations that an engine has: prices for the structural one alone, which is also the
    slow one and therefore has fewer of the other choices; the order is fixed."""
    flows = tuple(flows)
    fast = ("segmented", "segmented, prais-winsten")
    return [
        *_grid(flows, fast, FIRSTS, HOLIDAYS, currencies=CURRENCIES),
        *_grid(flows, ("flat", "last year"), FIRSTS[:1], ("none",), currencies=CURRENCIES),
        *_grid(flows, ("structural",), FIRSTS[:2], HOLIDAYS[::2], prices=PRICES[:2]),
        # From 2014: with the thinly printed years before it a fit takes ten times as long.
        *_grid(flows, ("sarimax",), FIRSTS[2:], ("regressor",), vintages=VINTAGES[:1]),
    ]


def _grid(
    flows: Sequence[str],
    engines: Sequence[str],
    firsts: Sequence[str],
    holidays: Sequence[str],
    *,
    prices: Sequence[str] = ("none",),
    currencies: Sequence[str] = ("USD",),
    vintages: Sequence[str] = VINTAGES,
    train_ends: Sequence[str] = TRAIN_ENDS,
) -> list[Specification]:
    choices = (flows, vintages, engines, firsts, train_ends, holidays, prices, currencies)
    return [Specification(*choice) for choice in itertools.product(*choices)]


def one_choice_changed(base: Specification) -> dict[str, list[Specification]]:
    """`base` with one choice changed at a time, by the name of the choice."""
    changes = {
        "train_end": TRAIN_ENDS,
        "first": FIRSTS,
        "engine": ENGINES,
        "holiday": HOLIDAYS,
        "prices": PRICES,
        "vintage": VINTAGES,
        "currency": CURRENCIES,
    }
    return {
        name: [replace(base, **{name: value}) for value in values if value != getattr(base, name)]
        for name, values in changes.items()
    }


def placebo_specifications(
    base: Specification, train_ends: Iterable[str], horizon: int
) -> list[Specification]:
    """`base` with training ended at each of `train_ends` and evaluated over `horizon` months."""
    ends = [pd.Period(end, "M") for end in train_ends]
    return [
        replace(
            base,
            train_end=str(end),
            evaluated_first=str(end + 1),
            evaluated_last=str(end + horizon),
        )
        for end in ends
    ]


def permutation_specifications() -> list[Specification]:
    """The fifty specifications of imports on which the joint permutation test is run.

    Declared once, without a look at their estimates: every kind of engine that is quick enough,
    with all that was published, in both vintages.
    """
    flow, first = ("import",), FIRSTS[:1]
    fast, naive = ("segmented", "segmented, prais-winsten"), ("flat", "last year")
    end = {"train_ends": (TRAIN_END,)}
    return [
        *_grid(flow, fast, first, HOLIDAYS, currencies=CURRENCIES, **end),
        *_grid(flow, naive, first, ("none",), currencies=CURRENCIES, **end),
        *_grid(flow, ("structural",), first, HOLIDAYS[::2], prices=PRICES, **end),
        *_grid(flow, ("structural",), first, HOLIDAYS[1:2], **end),
    ]


def placebo_ends(first_end: str, train_end: str, horizon: int) -> list[str]:
    """Ends of training from `first_end` on whose `horizon` months end by `train_end`."""
    last = pd.Period(train_end, "M") - horizon
    return [str(end) for end in pd.period_range(pd.Period(first_end, "M"), last, freq="M")]


def left_out_specifications(
    base: Specification, observations: TradeObservations
) -> list[Specification]:
    """`base` without each training month that has a figure of its own, one at a time."""
    figures = observations.figures
    first, last = pd.Period(base.first, "M"), pd.Period(base.train_end, "M")
    own = figures[
        (figures["kind"] == "sum")
        & (figures["first"] == figures["last"])
        & figures["first"].between(first, last)
    ]
    return [replace(base, without=str(month)) for month in sorted(set(own["first"]))]


def check_specifications(
    base: Specification, observations: TradeObservations | None = None, thin: int = 1
) -> pd.DataFrame:
    """What the checks of `base` run: `check`, `label` and `specification`, one row a fit.

    `check` is `base`, the name of the choice that is changed, `placebo` and `true date` with the
    horizon, or `month` (left out; only with `observations`). Of the values of each choice, of
    placebo dates and of months every `thin`-th is taken. The seasonal ARIMA, whose fits are slow,
    stands in the curve alone.
    """
    rows = [("base", "base", base)]
    for name, others in one_choice_changed(base).items():
        quick = [one for one in others if one.engine != "sarimax"]
        rows += [(name, str(getattr(one, name)), one) for one in quick[::thin]]
    for horizon in PLACEBO_HORIZONS:
        ends = placebo_ends(FIRST_PLACEBO_END, base.train_end, horizon)[::thin]
        for one in placebo_specifications(base, ends, horizon):
            rows.append((f"placebo {horizon}", one.train_end, one))
        (true,) = placebo_specifications(base, [base.train_end], horizon)
        rows.append((f"true date {horizon}", true.train_end, true))
    if observations is not None:
        left_out = left_out_specifications(base, observations)[::thin]
        rows += [("month", one.without, one) for one in left_out]
    return pd.DataFrame(rows, columns=["check", "label", "specification"])


def engine_of(specification: Specification, paths: int = PATHS) -> Engine:
    """The engine that a specification names. Raises ValueError for one that is not there, and for
    prices with an engine that takes none."""
    holiday = specification.holiday == "regressor"
    prices = {
        "none": (),
        "brent": ("brent",),
        "coal": ("coal",),
        "brent and coal": ("brent", "coal"),
    }[specification.prices]
    engines = {
        "structural": Structural(paths=paths, controls=prices, lunar_new_year=holiday),
        "segmented": Segmented(paths=paths, lunar_new_year=holiday),
        "segmented, prais-winsten": Segmented(
            paths=paths, errors="prais-winsten", lunar_new_year=holiday
        ),
        "flat": Flat2016(paths=paths),
        "last year": SeasonalNaive(paths=paths),
        "sarimax": Sarimax(paths=paths, lunar_new_year=holiday),
    }
    if specification.engine not in engines:
        raise ValueError(
            f"expected an engine of {', '.join(engines)}, found {specification.engine!r}"
        )
    if prices and specification.engine != "structural":
        raise ValueError(f"{specification.engine} takes no prices: use the structural engine")
    return engines[specification.engine]


def name_of(engine: Engine) -> str:
    """What specifications call an engine as the pages use it. Raises ValueError for another."""
    for name in ENGINES:
        if engine_of(Specification(SHOWN_FLOWS[0], engine=name)).name == engine.name:
            return name
    raise ValueError(f"no specification has the engine {engine.name!r}: add it to `ENGINES`")


def adapted(observations: TradeObservations, specification: Specification) -> TradeObservations:
    """The observations as the specification uses them; they are in its currency already."""
    if specification.without:
        observations = without_month(observations, pd.Period(specification.without, "M"))
    if specification.holiday == "pooled":
        observations = pooled_january_february(observations)
    return observations


def estimate(specification: Specification, observations: TradeObservations) -> dict[str, object]:
    """The fields of the specification, the effect over its evaluated months, and what went wrong.

    `effect` (recorded less counterfactual, million of its currency) and `effect_percent` (of the
    counterfactual), medians with `_lower` and `_upper` from whole paths at the level of the pages;
    `error` is missing, or says why there is no fit, and then the numbers are missing.
    """
    row: dict[str, object] = {**asdict(specification), "error": None}
    names = [
        name + end for name in ("effect", "effect_percent") for end in ("", "_lower", "_upper")
    ]
    try:
        effect, percent = effect_draws(specification, observations)
    except (FitError, WindowError, np.linalg.LinAlgError) as problem:
        return {**row, **dict.fromkeys(names, np.nan), "error": str(problem)}
    return {**row, **dict(zip(names, [*interval(effect), *interval(percent)], strict=True))}


def effect_draws(
    specification: Specification, observations: TradeObservations, paths: int = PATHS
) -> tuple[np.ndarray, np.ndarray]:
    """One effect a path over the evaluated months: in money, and in per cent.

    Raises FitError and WindowError as the engines do.
    """
    window = Window.of(specification.first, specification.train_end, specification.evaluated_last)
    fitted = engine_of(specification, paths).fit(adapted(observations, specification), window)
    ends = [
        pd.Period(month, "M")
        for month in (specification.evaluated_first, specification.evaluated_last)
    ]
    span = pd.DataFrame({"first": ends[:1], "last": ends[1:]})
    inside = span_matrix(span, window.evaluation)[0]
    recorded, without = fitted.observed @ inside, fitted.simulated @ inside
    return recorded - without, 100 * (recorded / without - 1)
