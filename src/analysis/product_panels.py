"""The reader's own product panel: read, and turned into the part of the page that needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from analysis.claims import Prose, finding, prose, quote
from analysis.cleaning.product_totals import EMBEDDED_PARTNER
from analysis.figures.goods import effect_paths, effects_by_group, synthetic_paths
from analysis.models.event_study import (
    DRAWS,
    LEVEL,
    banned_groups,
    effects_table,
    honest_bounds,
    leave_one_out,
    path,
)
from analysis.models.imputation import Design
from analysis.models.panel import Panel, PanelError, product_panel
from analysis.models.product_designs import Variation, variations, varied_effects
from analysis.models.product_groups import NOT_BANNED, Choice
from analysis.models.synthetic_control import Synthetic, partner_series, synthetic_control
from analysis.models.two_way import difference_in_differences, extensive_margin
from analysis.own_series import CALLED, partner_name
from analysis.paths import Paths
from analysis.schemas import PRODUCT_PANEL, checked

#: What the readers of a customs export or of Comtrade leave for this page.
FILE = "product_panel.parquet"
#: Said before the designs are run on another country.
PLACEBO = (
    "**A placebo on your own data.** The bans were made for North Korea: where the designs find "
    "an effect of them on another country's goods, something else happened to these goods, or the "
    "design is wrong. Nothing of the published figures enters. "
)
#: Paths are drawn for so many groups, those with the most imputed trade.
DRAWN_GROUPS = 6
#: Leads and blocks of the bounds on drift: three blocks before the ban give two changes.
HONEST = Design(leads=12)
HONEST_BLOCK = 4


@dataclass(frozen=True)
class PanelQuestion:
    """What the page asks of a panel: a partner, a flow, and the reading of `base`."""

    partner: int = EMBEDDED_PARTNER
    flow: str = "import"
    base: Variation = field(default_factory=Variation)
    draws: int = DRAWS
    seed: int = 0
    #: How often the intervals held on simulated panels, `bench/validation/designs.csv`.
    scores: pd.DataFrame | None = None

    @property
    def is_placebo(self) -> bool:
        """Whether the panel is asked about another country than the measures were made for."""
        return self.partner != EMBEDDED_PARTNER


def read_panel(paths: Paths) -> pd.DataFrame | None:
    """The panel that the readers built, as `schemas.PRODUCT_PANEL`; None where there is none.

    Raises InputError when the file has another shape.
    """
    file = paths.processed / FILE
    if not file.exists():
        return None
    frame = pd.read_parquet(file)
    typed = frame.assign(
        month=pd.PeriodIndex(frame["month"], freq="M"),
        partner=frame["partner"].astype("int64"),
        **{name: frame[name].astype("string") for name in ("hs", "unit", "source")},
    )
    return checked(typed[list(PRODUCT_PANEL.columns)], PRODUCT_PANEL)


def panel_section(
    frame: pd.DataFrame | None, measures: pd.DataFrame, question: PanelQuestion | None = None
) -> Iterator[object]:
    """What the page shows of a panel, in order; without one, which estimates wait for it.

    `frame` as from `read_panel`, `measures` as from `sources.sanctions_map`. Where a design cannot
    be estimated on this panel, a paragraph says why in its place.
    """
    question = question or PanelQuestion()
    if frame is None:
        yield _what_a_panel_would_give(question)
        return
    try:
        own, source = one_source(frame, question)
        panel = _panel(own, measures, question)
        source = CALLED.get(source, source)
        yield _which_panel(own, panel, source, question)
        yield from _effects(panel, source, question)
        yield from _robustness(own, panel, measures, question)
    except PanelError as error:
        yield Prose(f"**This panel does not carry the designs.** {error}.")
        return
    yield from _donors(own, panel, measures, source, question)


def one_source(frame: pd.DataFrame, question: PanelQuestion) -> tuple[pd.DataFrame, str]:
    """The rows of one source: of several, the one with the most rows of the partner and flow.

    Sources are never added up: they tell of the same goods.
    """
    own = frame[(frame["partner"] == question.partner) & (frame["flow"] == question.flow)]
    if own.empty:
        raise PanelError(f"The panel holds no {question.flow}s of partner {question.partner}")
    counts = own["source"].value_counts()
    source = sorted(counts[counts == counts.max()].index)[0]
    return frame[frame["source"] == source], str(source)


def _panel(frame: pd.DataFrame, measures: pd.DataFrame, question: PanelQuestion) -> Panel:
    base = question.base
    return product_panel(
        frame,
        measures,
        flow=question.flow,
        partner=question.partner,
        level=base.level,
        choice=base.choice,
        first=base.first,
        last=base.last,
        partly_banned=base.partly_banned,
    )


def _what_a_panel_would_give(question: PanelQuestion) -> Prose:
    return prose(
        "**These estimates need a panel, and none is here.** The figures that come with this "
        "package tell of single goods in single months. To set banned goods against goods that "
        "were not, every good is needed in every month, banned or not. Two sources give that, "
        "and both are free: the customs office's own query (all commodities, partner {partner},"
        " monthly, {first} to {last}), saved into `data/raw/gacc_export/`; or UN Comtrade, "
        "through `make fetch`. With either in place `make all` draws here, on goods at four "
        "digits: the effect of each ban on recorded trade in its goods with an interval from "
        "groups of goods that were never banned; its path before and after; bounds for the case"
        " that banned goods were drifting already; whether anything was recorded at all, apart "
        "from how much; the same on both lists, at two and six digits, without each product in "
        "turn; and, where the panel holds other countries' goods too, a synthetic control with "
        "a placebo in every other country. The tests run all of it on simulated panels whose "
        "effects are known; how often the intervals hold them stands in "
        "`bench/validation/designs.csv`.",
        partner=str(question.partner),
        first=question.base.first,
        last=question.base.last,
    )


def _which_panel(frame: pd.DataFrame, panel: Panel, source: str, question: PanelQuestion) -> Prose:
    return prose(
        "{kind}This part rests on a panel of your own: {source}, {flow}s, partner {partner} "
        "({name}), {products} products at {level} digits from {first} to {last}, of which {free} "
        "are not banned; {partners} partners in all.",
        kind=PLACEBO if question.is_placebo else "",
        source=source,
        flow=question.flow,
        partner=str(question.partner),
        name=partner_name(question.partner),
        products=len(panel.products),
        level=question.base.level,
        first=str(panel.months[0]),
        last=str(panel.months[-1]),
        free=int((panel.group == NOT_BANNED).sum()),
        partners=frame["partner"].nunique(),
    )


def _effects(panel: Panel, source: str, question: PanelQuestion) -> Iterator[object]:
    design, draws, seed = question.base.design, question.draws, question.seed
    if not banned_groups(panel):
        raise PanelError(
            f"no ban falls inside {panel.months[0]} to {panel.months[-1]} with trade in its goods "
            "before it"
        )
    table = effects_table(panel, design, draws=draws, seed=seed)
    for row in table.itertuples():
        yield finding(
            f"panel-{row.group.lower().replace(',', '').replace(' ', '-')}",
            "{whose}{group}: under the ban recorded trade was {left:.0f} % of what would have been "
            "recorded without it ({products}, {months}).",
            value=row.percent,
            unit="%",
            lower=min(row.lower, row.percent),
            upper=max(row.upper, row.percent),
            level=LEVEL,
            left=100 + row.percent,
            whose=f"{partner_name(question.partner)}, a placebo. " if question.is_placebo else "",
            group=row.group,
            products=_counted(row.products, "product"),
            months=_counted(row.months, "clean month"),
        )
    largest = table.nlargest(DRAWN_GROUPS, "imputed")
    first = largest.iloc[0]
    lines = f"{source}; commodity codes of the measures as in the table of this package"
    yield effects_by_group(
        table,
        title=quote(
            "{group}: recorded trade changed by {percent:.0f} % against goods that were not banned",
            group=first["group"],
            percent=first["percent"],
        ),
        source=lines,
        note=(
            "Intervals from groups of as many products that were never banned. A ratio of zero "
            "is zero whatever the comparison, so a total loss has no width."
        ),
    )
    paths = {
        group: path(panel, group, design, draws=draws, seed=seed) for group in largest["group"]
    }
    held_out = pd.concat([one[one["first"] < 0] for one in paths.values()])
    yield effect_paths(
        paths,
        title=quote(
            "Before the bans {inside} of {all_blocks} intervals hold no difference",
            inside=int(((held_out["lower"] <= 1) & (held_out["upper"] >= 1)).sum()),
            all_blocks=len(held_out),
        ),
        source=lines,
        note=(
            "Left of the dashed line: months held out of the fit, which test the comparison; "
            "there the ratio should be one. Values over three are drawn at three."
        ),
    )
    yield Prose(
        "The same in figures: recorded and imputed trade in USD million a month over the clean "
        "months, the effect with its interval, and the p-value of the placebo groups. It is exact "
        "if any products could have been the banned ones."
    )
    yield _readable_effects(table)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _readable_effects(table: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "group": "goods",
        "recorded": "recorded",
        "imputed": "imputed",
        "percent": "effect %",
        "lower": "from",
        "upper": "to",
        "loss": "a month",
        "p_value": "p-value",
    }
    return table[list(columns)].rename(columns=columns).set_index("goods").round(2)


def _robustness(
    frame: pd.DataFrame, panel: Panel, measures: pd.DataFrame, question: PanelQuestion
) -> Iterator[object]:
    yield Prose(
        "**What would undo it?** Left: the effect without each product of the group in turn. "
        "Right: the first four clean months against the four before, and what is left if the "
        "goods went on drifting apart after the ban as fast as they ever did in the year before "
        "it; the last column is how many times faster the drift would have to be for there to be "
        "no effect at all."
    )
    yield _drift_table(panel, question)
    yield _how_often_bounds_held(question.scores)
    yield Prose(
        "**Was anything recorded at all?** The share of products and months with any recorded "
        "trade, apart from how much. Beside it the plain regression with one dummy. Its clustered "
        "error is not to be trusted for a group of a few products; the wild bootstrap then "
        "finds little, since there is little to find it with."
    )
    yield _margins_table(panel, question)
    yield Prose(
        "**Other readings.** Effects in per cent when one choice at a time is made differently: "
        "whose list, how many digits, which months. At two digits a chapter holds free goods "
        "beside banned ones, so effects shrink."
    )
    table = varied_effects(
        frame,
        measures,
        variations(question.base),
        flow=question.flow,
        partner=question.partner,
    )
    told = table if table["problem"].ne("").any() else table.drop(columns="problem")
    yield told.round(0).astype(object).where(told.notna(), "")


def _how_often_bounds_held(scores: pd.DataFrame | None) -> Prose:
    """How the ends of the bounds are made, and what simulations of known truth say of them."""
    made = (
        "The bounds are those of Rambachan and Roth under relative magnitudes. Their ends come "
        "from a bootstrap over products and not from the paper's hybrid test, so how often they "
        "hold is a matter of simulation. "
    )
    if scores is None:
        return Prose(made + "None has been run in this copy (`make validate`).")
    own = scores[scores["method"] == "drift bounded"]
    held = own["truth"].between(own["lower"], own["upper"])
    drifting = own["scenario"].isin(["drift", "restless"])
    return prose(
        made + "On {panels} panels with planted effects they held the truth {held} times, at a "
        "level of {level:.0f} %, and {drift_held} of {drift_panels} times where goods were "
        "drifting: they err to the wide side, since the largest of a few noisy changes is too "
        "large.",
        panels=len(own),
        held=int(held.sum()),
        level=100 * LEVEL,
        drift_held=int(held[drifting].sum()),
        drift_panels=int(drifting.sum()),
    )


def _drift_table(panel: Panel, question: PanelQuestion) -> pd.DataFrame:
    """Bounds on drift and leave-one-out, one row a group; missing where they cannot be had."""
    rows = []
    for group in banned_groups(panel):
        without = leave_one_out(panel, group, question.base.design)
        banned = without.loc[without["banned"], "ratio"]
        row = {
            "group": group,
            "one left out, from": 100 * (banned.min() - 1),
            "to": 100 * (banned.max() - 1),
        }
        try:
            bounds = honest_bounds(
                panel,
                group,
                HONEST,
                length=HONEST_BLOCK,
                draws=question.draws,
                seed=question.seed,
            )
            row |= {
                "first months": 100 * (bounds.ratio - 1),
                "with drift, from": 100 * (bounds.lower - 1),
                "to ": 100 * (bounds.upper - 1),
                "times to undo": bounds.breakdown,
            }
        except PanelError:
            pass
        rows.append(row)
    return pd.DataFrame(rows).set_index("group").round(1)


def _margins_table(panel: Panel, question: PanelQuestion) -> pd.DataFrame:
    """Whether anything was recorded, and the regression with a dummy; one row a group."""
    design, draws, seed = question.base.design, question.draws, question.seed
    rows = []
    for group in banned_groups(panel):
        row: dict[str, object] = {"group": group}
        try:
            margin = extensive_margin(panel, group, design, draws=draws, seed=seed)
            row |= {
                "with trade %": 100 * margin.share,
                "expected %": 100 * margin.expected,
                "difference, from": margin.lower_points,
                "to": margin.upper_points,
            }
            dummy = difference_in_differences(panel, group, design, seed=seed)
            row |= {
                "dummy (log)": dummy.coefficient,
                "its error": dummy.standard_error,
                "p, wild": dummy.p_wild,
            }
        except PanelError:
            pass
        rows.append(row)
    return pd.DataFrame(rows).set_index("group").round(3)


def _donors(
    frame: pd.DataFrame,
    panel: Panel,
    measures: pd.DataFrame,
    source: str,
    question: PanelQuestion,
) -> Iterator[object]:
    """Synthetic controls of the groups for which the panel has donors."""
    results: dict[str, Synthetic] = {}
    reason = ""
    for group in banned_groups(panel):
        own = panel.group == group
        try:
            results[group] = synthetic_control(
                partner_series(
                    frame,
                    measures,
                    group,
                    flow=question.flow,
                    level=question.base.level,
                    choice=question.base.choice,
                    first=str(panel.months[0]),
                    last=str(panel.months[-1]),
                ),
                group,
                pd.Period(ordinal=int(panel.begins[own].min()), freq="M"),
                pd.Period(ordinal=int(panel.clean[own].max()), freq="M"),
                treated=question.partner,
                design=question.base.design,
            )
        except PanelError as error:
            reason = str(error)
    if not results:
        yield Prose(
            "**No synthetic control.** It needs China's imports of the same goods from other "
            f"countries in the same download; {reason}."
        )
        return
    by_size = sorted(results.items(), key=lambda item: -item[1].synthetic.mean())
    drawn = dict(by_size[:DRAWN_GROUPS])
    yield synthetic_paths(
        drawn,
        title=quote(
            "{group}: {ratio:.0f} % of what a weighted mean of other countries would have sold",
            group=next(iter(drawn)),
            ratio=100 * next(iter(drawn.values())).ratio,
        ),
        source=f"{source}; other partners of China as donors",
        note=(
            "Weights learnt before the dashed line. North Korea's trade with third countries is "
            "no donor, since their own bans fell on it in the same months."
        ),
    )
    yield (
        pd.DataFrame(
            [
                {
                    "group": group,
                    "recorded, % of synthetic": 100 * result.ratio,
                    "fit error %": 100 * result.fit_error,
                    "donors with weight": len(result.weights),
                    "rank p-value": result.rank_p,
                }
                for group, result in results.items()
            ]
        )
        .set_index("group")
        .round(2)
    )


def page_choice(listed: str, level: int) -> Variation:
    """The reading that the page's parameters name."""
    return Variation(choice=Choice(listed), level=level)
