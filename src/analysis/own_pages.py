"""What the pages say of the reader's own totals: of North Korea beside the published figures, of
another partner as a placebo, in which nothing published enters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from analysis.claims import Prose, finding, prose, quote
from analysis.cleaning.product_totals import EMBEDDED_PARTNER
from analysis.figures.decline import counterfactual_gap, effects_in_words, gap_by_month
from analysis.figures.figure import flow_names
from analysis.figures.trade import own_months
from analysis.models import coverage
from analysis.models.breaks import find_breaks, season_effects
from analysis.models.counterfactual import LEVEL, Engine, effects
from analysis.models.monitoring import monitor
from analysis.models.phases import (
    Season,
    change_between,
    learn_season,
    least_difference,
    phases,
    without_february,
)
from analysis.models.stability import verdict
from analysis.models.trade_observations import (
    CUSTOMS_START,
    FLOWS,
    FitError,
    TradeObservations,
    Window,
    WindowError,
    pinned_months,
)
from analysis.own_series import (
    OwnSeries,
    asked_of,
    carried_window,
    own_series,
    partner_name,
    read_own_totals,
)
from analysis.paths import Paths

#: Replications behind the tests for breaks, fewer than for the published figures.
REPLICATIONS = 199
SHOWN_FLOWS = ("import", "export")


def totals_section(totals: pd.DataFrame | None, partner: int) -> Iterator[object]:
    """Page 01 for another partner than North Korea: its totals, drawn and by year.

    `totals` as `schemas.OWN_TOTALS`, or None. Nothing for North Korea, which has the page's whole.
    """
    series = own_series(totals, partner)
    if series is None:
        yield from _without_totals(partner)
        return
    if not series.is_placebo:
        return
    yield _which_totals(series)
    names = flow_names(series.name)
    yield own_months(
        series.usd_mn,
        names,
        title=quote("{name}: the totals of your own downloads", name=series.name),
        source=series.called,
    )
    by_year = series.usd_mn.groupby(series.usd_mn.index.year)
    table = by_year[list(SHOWN_FLOWS)].sum(min_count=1).rename(columns=names).round(1)
    table["months"] = by_year["total"].count()
    yield Prose("By calendar year, USD million, with the months of which both flows are there:")
    yield table.set_axis(table.index.astype(str), axis=0).rename_axis(index=None, columns=None)


def decline_section(
    paths: Paths,
    partner: int,
    window: Window,
    published: Mapping[str, TradeObservations],
    treatments: pd.DataFrame,
) -> Iterator[object]:
    """Page 02 on own totals: the effect, its path by month, and breaks of the level.

    `published` are the observations of North Korea by flow, `treatments` the calendar. Nothing for
    North Korea without own totals. What the totals do not carry is said in place of it.
    """
    series = own_series(read_own_totals(paths), partner)
    if series is None:
        yield from _without_totals(partner)
        return
    yield _which_totals(series)
    try:
        observed, carried = asked_of(series, window, dict(published))
        engine = headline_engine(paths)
        fits = {flow: engine.fit(observed[flow], carried) for flow in FLOWS}
    except (WindowError, FitError) as error:
        yield Prose(f"**These totals do not carry the design.** {error}.")
        return
    yield _what_was_learnt(series, window, carried)
    tables = {flow: effects(fit).set_index("span") for flow, fit in fits.items()}
    names = flow_names(series.name)
    yield from (
        _effect(tables[flow], flow, names[flow], carried, _rows(series, flow))
        for flow in SHOWN_FLOWS
    )
    yield counterfactual_gap(
        pd.concat([gap_by_month(fits[flow], observed[flow].draws.mean()) for flow in SHOWN_FLOWS]),
        treatments,
        title=quote("{name}: recorded trade in your own totals", name=series.name),
        source=_source(series, carried, window),
        train_end=carried.train_end,
        engine=engine.name,
        partner=series.name,
        points="the mean of the joint draws",
        id="own_counterfactual_gap",
    )
    yield effects_in_words({names[flow]: tables[flow] for flow in FLOWS})
    yield from _breaks(observed, carried, names)


def easing_section(
    paths: Paths,
    partner: int,
    before: tuple[str, str],
    after: tuple[str, str],
    border: tuple[pd.Period, ...],
    *,
    draws: int,
    seed: int,
) -> Iterator[object]:
    """Page 05 on own totals: the change between two stretches, and the watch since the opening.

    `border` as `sources.calendar.BORDER_MONTHS`. Nothing for North Korea without own totals.
    """
    series = own_series(read_own_totals(paths), partner)
    if series is None:
        yield from _without_totals(partner)
        return
    yield _which_totals(series)
    for flow in SHOWN_FLOWS:
        name = flow_names(series.name)[flow]
        logs = np.log(series.usd_mn[flow].dropna().loc[lambda usd: usd > 0])
        try:
            season = learn_season(logs)
            level = without_february(logs, season)
            yield _change(level, season, flow, name, before, after, _rows(series, flow))
            yield _watch(level, flow, name, border, draws, seed)
        except ValueError as error:
            yield Prose(f"**{name}: these totals do not carry the comparison.** {error}.")


def headline_engine(paths: Paths) -> Engine:
    """The engine of page 02's headline: the first whose coverage held, else the structural one."""
    file = paths.validation / "coverage.csv"
    held = coverage.headline_engines(pd.read_csv(file)) if file.exists() else []
    engines = {engine.name: engine for engine in coverage.engines()}
    return engines[held[0] if held else "structural"]


# What was used


def _which_totals(series: OwnSeries) -> Prose:
    known = series.usd_mn.dropna(how="all").index
    facts = {
        "called": series.called,
        "partner": str(series.partner),
        "name": series.name,
        "months": len(known),
        "first": str(known[0]),
        "last": str(known[-1]),
    }
    if series.is_placebo:
        return prose(
            "**A placebo on your own data.** This page was run for partner {partner}, {name}. All "
            "of it rests on {called} in your folder ({months} months, {first} to {last}), and "
            "nothing on the published figures, which are North Korea's. The measures were made "
            "for North Korea: where the design finds an effect of them on {name}, something else "
            "happened in these years, or the design is wrong.",
            **facts,
        )
    return prose(
        "**On your own totals.** Beside the published figures this build holds {called} of partner "
        "{partner}, {name} ({months} months, {first} to {last}); this part rests on it. How these "
        "totals agree with the published figures stands on the page of the monthly series; all "
        "that follows after this part, and every verdict on a claim, rests on the published "
        "figures alone.",
        **facts,
    )


def _without_totals(partner: int) -> Iterator[Prose]:
    if partner == EMBEDDED_PARTNER:
        return
    yield prose(
        "**No totals of partner {partner}, {name}, are here.** The figures that come with this "
        "package are North Korea's alone, and nothing of them is said of another country. Put "
        "your downloads into `data/raw/gacc_export/`, build, and run this page again; "
        "`docs/your_own_export.md` tells how.",
        partner=str(partner),
        name=partner_name(partner),
    )


def _what_was_learnt(series: OwnSeries, window: Window, carried: Window) -> Prose:
    facts = {
        "first": f"{carried.first:%B %Y}",
        "train_end": f"{carried.train_end:%B %Y}",
        "last": f"{carried.evaluation_end:%B %Y}",
    }
    if carried_window(series, window) is None:
        taken = series.usd_mn["total"].dropna().loc[CUSTOMS_START : window.evaluation_end]
        return prose(
            "Your months do not carry the window by themselves, so {months} of them stand in place "
            "of the published ones from {start} on, and published figures in all others. "
            "Learnt from {first} to {train_end}, evaluated to {last}.",
            months=len(taken),
            start=f"{CUSTOMS_START:%B %Y}",
            **facts,
        )
    later = ", where your files begin," if carried.first > window.first else ""
    return prose(
        "Learnt from {first}{later} to {train_end}, evaluated to {last}; no published figure "
        "enters.",
        later=later,
        **facts,
    )


def _source(series: OwnSeries, carried: Window, window: Window) -> str:
    alone = carried_window(series, window) is not None
    rest = "" if alone else "; other months from the published figures"
    return f"{series.called}, partner {series.partner}, {carried.first} on{rest}"


# What was found


def _rows(series: OwnSeries, flow: str) -> pd.DataFrame:
    """The months of the flow that a finding rests on."""
    known = series.usd_mn[flow].dropna()
    return pd.DataFrame(
        {
            "month": known.index.astype(str),
            "flow": flow,
            "partner": series.partner,
            "usd_mn": known.to_numpy(),
            "source": series.source,
        }
    )


def _effect(
    table: pd.DataFrame, flow: str, name: str, window: Window, rows: pd.DataFrame
) -> object:
    row = table[table["kind"] == "horizon"].iloc[-1]
    return finding(
        f"own-effect-{flow}",
        "On your own totals {name} from {first} to {last} were {value:+.0f} % against what the "
        "months before would have led to ({percent:.0f} % interval {lower:+.0f} to {upper:+.0f} "
        "%).",
        value=row["effect_percent"],
        unit="% of the counterfactual",
        lower=row["effect_percent_lower"],
        upper=row["effect_percent_upper"],
        level=LEVEL,
        rows=rows,
        name=name,
        first=f"{window.evaluation[0]:%B %Y}",
        last=f"{row['last']:%B %Y}",
        percent=100 * LEVEL,
    )


def _breaks(
    observed: Mapping[str, TradeObservations], window: Window, names: Mapping[str, str]
) -> Iterator[object]:
    rows = []
    for flow in SHOWN_FLOWS:
        months = pinned_months(observed[flow].figures)[window.first : window.evaluation_end]
        logs = np.log(months[months > 0])
        found = find_breaks(
            logs, seed=20170219, common=season_effects(logs.index), replications=REPLICATIONS
        )
        rows.append(found.dates.assign(flow=names[flow]))
    dates = pd.concat(rows, ignore_index=True)
    if dates.empty:
        yield Prose("**Breaks.** No test finds a break in the level of either flow.")
        return
    yield Prose("**Breaks.** Shifts of the level that the tests find, the change in per cent:")
    dates["change"] = (100 * np.expm1(dates["change"].astype(float))).round(0)
    shown = dates.set_index("flow")[["date", "lower", "upper", "change"]]
    yield shown.astype(str).rename_axis(None)


def _change(
    level: pd.Series,
    season: Season,
    flow: str,
    name: str,
    before: tuple[str, str],
    after: tuple[str, str],
    rows: pd.DataFrame,
) -> object:
    moved = change_between(level, before, after, season.noise)
    return finding(
        f"own-change-{flow}",
        "On your own totals {name} from {after} ran {value:+.0f} % against {before} ({lower:+.0f} "
        "to {upper:+.0f} %): {answer}; a rise is found reliably only from {smallest:.0f} % on.",
        value=moved.percent,
        unit="%",
        lower=moved.lower,
        upper=moved.upper,
        level=moved.level,
        rows=rows,
        name=name,
        before=_in_words(before),
        after=_in_words(after),
        answer=verdict(moved.months_before, moved.p_value),
        smallest=least_difference(moved.months_before, moved.months_after, season.noise),
    )


def _in_words(span: tuple[str, str]) -> str:
    return " to ".join(f"{pd.Period(month, 'M'):%B %Y}" for month in span)


def _watch(
    level: pd.Series,
    flow: str,
    name: str,
    border: tuple[pd.Period, ...],
    draws: int,
    seed: int,
) -> object:
    under_bans, _, _, opened = phases(border)
    if not opened.holds(level.index).any():
        return prose(
            "{name}: your totals end in {last}, before the border opened to people, so there is "
            "nothing to watch since.",
            name=name,
            last=f"{level.index[-1]:%B %Y}",
        )
    watched = monitor(
        level[under_bans.holds(level.index) | opened.holds(level.index)],
        pd.DataFrame({"level": 1.0}, index=level.index),
        pd.period_range(under_bans.first, under_bans.last, freq="M"),
        draws=draws,
        seed=seed,
    )
    alarms = [alarm for alarm in map(watched.alarm, watched.critical) if alarm is not None]
    return finding(
        f"own-watch-{flow}",
        "On your own totals {name} were watched from {first} to {last} with what {from_} to {to} "
        "taught: {told}.",
        name=name,
        first=f"{watched.path['month'].iloc[0]:%B %Y}",
        last=f"{watched.path['month'].iloc[-1]:%B %Y}",
        from_=f"{under_bans.first:%B %Y}",
        to=f"{under_bans.last:%B %Y}",
        told=f"first alarm in {min(alarms):%B %Y}" if alarms else "no alarm",
    )
