"""What the page on banned goods is given: printed figures of goods, and the reader's own panel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.cleaning.trade_statements import basis_ratio
from analysis.models.product_groups import lists_compared
from analysis.models.product_values import (
    INFINITE,
    Interval,
    before_growth,
    close_bounds,
    printed_after,
    printed_figures,
    share_amount,
    share_base,
    together,
    window_amount,
)
from analysis.models.year_on_year import window_bounds
from analysis.paths import Paths
from analysis.sources.sanctions_map import read_printed_shares

#: Goods of the pages: the codes that hold them, and those that name the whole.
GOODS = {
    "Coal": (("2701", "2702"), ("2701",)),
    "Iron, lead and their ores": (("2601", "2607", "7201", "7203", "78"), ()),
    "Seafood": (("03", "1604", "1605"), ()),
    "Textiles and garments": (tuple(str(chapter) for chapter in range(50, 64)), ("50-63",)),
    "Food": (("07", "08", "12"), ()),
}
RESOLUTIONS = {
    "Coal": "2371",
    "Iron, lead and their ores": "2371",
    "Seafood": "2371",
    "Textiles and garments": "2375",
    "Food": "2397",
}
#: What each resolution bans of North Korea's sales, in words, and what none does. Of the goods in
#: brackets no figure for 2016 was printed.
COVERED = {
    "2270": "(gold, titanium, vanadium, rare earths)",
    "2321": "(copper, nickel, silver, zinc, statues); coal above a cap",
    "2371": "coal, iron, lead and their ores, seafood",
    "2375": "textiles and garments",
    "2397": "food (machinery, wood, stone, vessels)",
    "": "goods that none of these bans",
}
#: What the op-ed of 2019 calls "all key exports": its four goods.
KEY_EXPORTS = ("Coal", "Iron, lead and their ores", "Seafood", "Textiles and garments")
#: Goods that China's list does not ban, the EU's lists ferrosilicon: names and codes.
UNBANNED = {
    "Wigs and false eyelashes": "6704",
    "Watches and movements": "91",
    "Ferrosilicon": "720221",
    "Tungsten ore": "2611",
    "Molybdenum ore": "2613",
    "Electricity": "2716",
}
#: Products whose words name less than the code beside them.
PARTS = ("wrist watches", "watch movements", "men's jackets", "women's coats", "women's jackets")
#: Shares of 2016 that bound a good from below, by the product as printed: every item of the
#: class lies inside the good. Ores hold banned and free ones, so they bound from above alone.
SHARES_INSIDE = {"clothing": "Textiles and garments", "shellfish": "Seafood"}
BASE_YEAR = 2016


@dataclass(frozen=True, eq=False)
class GoodsData:
    """`observations` as `schemas.COMMODITY_OBSERVATIONS`, `shares` as `read_printed_shares`,
    `windows` with months as Period[M], `rates` yuan per dollar by month."""

    observations: pd.DataFrame
    shares: pd.DataFrame
    windows: pd.DataFrame
    rates: pd.DataFrame


def read_goods(paths: Paths) -> GoodsData:
    """Read what notebook 01 built. Raises FileNotFoundError when it has not been built."""
    goods = pd.read_parquet(paths.processed / "observations_gacc_commodities.parquet")
    windows = pd.read_csv(paths.processed / "trade_windows.csv")
    rates = pd.read_csv(paths.processed / "exchange_rates.csv")
    return GoodsData(
        _with_months(goods, "first", "last"),
        read_printed_shares(paths),
        _with_months(windows, "first", "last"),
        _with_months(rates, "month").set_index("month"),
    )


def year_total(data: GoodsData, year: int, flow: str = "import") -> Interval:
    """Bounds of a calendar year's recorded trade on the corrected base, USD million."""
    return window_bounds(data.windows, flow, f"{year}-01", f"{year}-12", "corrected")


def year_amount(data: GoodsData, good: str, year: int) -> Interval:
    """Bounds of what is printed of one of `GOODS` or `UNBANNED` for a year, imports."""
    prefixes, wholes = GOODS[good] if good in GOODS else ((UNBANNED[good],), (UNBANNED[good],))
    figures = printed_figures(data.observations, "import", prefixes, _yuan(data), PARTS)
    first, last = (pd.Period(f"{year}-{month}", "M") for month in ("01", "12"))
    return window_amount(figures, wholes, first, last)


def amount_lines(data: GoodsData, goods: Iterable[str], *years: int) -> list[int]:
    """Lines of `gacc_commodities` with a figure that `year_amount` weighs for these goods: all
    that speak of a month of one of the years."""
    lines = data.observations.set_index("row_id")["line"]
    found = set()
    for good in goods:
        prefixes = GOODS[good][0] if good in GOODS else (UNBANNED[good],)
        figures = printed_figures(data.observations, "import", prefixes, _yuan(data), PARTS)
        found |= {
            int(lines[figure.row_id])
            for figure in figures
            if any(figure.first.year <= year <= figure.last.year for year in years)
        }
    return sorted(found)


def base_year_lines(data: GoodsData) -> list[int]:
    """Lines of `gacc_commodities` behind `base_year_amounts`: amounts, shares and growth."""
    imports = data.shares[data.shares["flow"] == "import"]
    of_year = imports["year"] == BASE_YEAR
    fruit = imports["product"].eq("fruit and nuts") & imports["year"].eq(BASE_YEAR + 1)
    growth, total = _fruit_and_nuts_rows(data)
    shares = imports.loc[of_year | fruit, "line"]
    return sorted({*amount_lines(data, GOODS, BASE_YEAR), *shares, growth["line"], total["line"]})


def base_year_amounts(data: GoodsData) -> dict[str, Interval]:
    """Each of `GOODS` in 2016, USD million, from printed amounts, shares and growth rates.

    Shares were printed of a total that was not; coal, for which both are printed, gives it. The
    Korean share of fruit and nuts in 2017 and its growth give 2016.
    """
    amounts = {good: year_amount(data, good, BASE_YEAR) for good in GOODS}
    shares = _shares(data, BASE_YEAR)
    base = share_base(amounts["Coal"], shares["coal"])
    for product, good in SHARES_INSIDE.items():
        lower, _ = share_amount(shares[product], base)
        amounts[good] = (max(amounts[good][0], lower), amounts[good][1])
    fruit = _fruit_and_nuts(data)
    amounts["Food"] = (max(amounts["Food"][0], fruit[0]), amounts["Food"][1])
    return amounts


def printed_share_base(data: GoodsData) -> Interval:
    """The total of 2016 that the printed shares were taken of, USD million, by way of coal."""
    return share_base(year_amount(data, "Coal", BASE_YEAR), _shares(data, BASE_YEAR)["coal"])


def ores(data: GoodsData) -> Interval:
    """All ores of 2016, banned and free, USD million, from their printed share."""
    return share_amount(_shares(data, BASE_YEAR)["ores"], printed_share_base(data))


def base_year_bounds(data: GoodsData) -> pd.DataFrame:
    """`close_bounds` of `GOODS` in 2016, with the resolution that banned each."""
    bounds = close_bounds(base_year_amounts(data), year_total(data, BASE_YEAR))
    return bounds.assign(resolution=bounds["good"].map(RESOLUTIONS))


def resolution_shares(data: GoodsData, bounds: pd.DataFrame) -> pd.DataFrame:
    """What each resolution covers of recorded imports of the base year, per cent, by its bounds.

    `bounds` as from `base_year_bounds`. Of goods without any figure for the year nothing is proved,
    and they can hold no more than what the proved parts of the others leave; the upper bounds
    cannot all be reached at once.
    """
    total = year_total(data, BASE_YEAR)
    rows = []
    for resolution, words in COVERED.items():
        goods = [good for good, banned_by in RESOLUTIONS.items() if banned_by == resolution]
        lower, upper = (
            together(bounds, goods, total)
            if goods
            else (0.0, 100 * (total[1] - bounds["lower_usd_mn"].sum()) / total[0])
        )
        rows.append((resolution or "none", words, lower, upper))
    columns = ["resolution", "goods", "at least, %", "at most, %"]
    whole = dict.fromkeys(columns[2:], int)
    return pd.DataFrame(rows, columns=columns).set_index("resolution").round(0).astype(whole)


def year_bounds(data: GoodsData, year: int) -> pd.DataFrame:
    """`close_bounds` of `GOODS` and of the unbanned goods of a year after the bans."""
    amounts = {good: year_amount(data, good, year) for good in (*GOODS, *UNBANNED)}
    return close_bounds(amounts, year_total(data, year))


def unbanned_by_year(data: GoodsData, years: range) -> pd.DataFrame:
    """What is printed of goods without a ban: `good`, `year`, `lower_usd_mn`, `upper_usd_mn`,
    `whole` (a figure for the whole year), in the order of `UNBANNED`.

    Where no figure covers the whole year the lower bound is the sum of the months that have one,
    and the upper one is missing; a year without any figure has no row.
    """
    rows = []
    for good in UNBANNED:
        for year in years:
            lower, upper = year_amount(data, good, year)
            if lower > 0 or upper < INFINITE:
                whole = upper < INFINITE
                rows.append((good, year, lower, upper if whole else float("nan"), whole))
    columns = ["good", "year", "lower_usd_mn", "upper_usd_mn", "whole"]
    return pd.DataFrame(rows, columns=columns)


def lists_table(measures: pd.DataFrame, flow: str = "import") -> pd.DataFrame:
    """`lists_compared` as a page shows it: months in words, codes shortened to headings.

    Runs of chapters or headings are joined; a star marks a part, as do six-digit codes.
    """
    table = lists_compared(measures, flow)
    months = {name: table[name].dt.strftime("%b\u00a0%Y") for name in ("begins", "clean")}
    codes = {name: table[name].map(shortened) for name in ("both", "assumed", "eu_only")}
    return (
        table.assign(**months, **codes)
        .rename(
            columns={
                "group": "goods",
                "begins": "in force",
                "clean": "first clean month",
                "both": "codes on both lists",
                "assumed": "assumed for China",
                "eu_only": "the EU's alone",
            }
        )
        .set_index("goods")
    )


def shortened(codes: str) -> str:
    """Codes as headings at most, runs joined.

    >>> shortened("7201 7202 7203 720410 7207*")
    '7201–7203, 7204*, 7207*'
    """
    headings = dict.fromkeys(code if len(code) < 6 else f"{code[:4]}*" for code in codes.split())
    runs: list[list[str]] = []
    for code in headings:
        if runs and _follows(runs[-1][-1], code):
            runs[-1].append(code)
        else:
            runs.append([code])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _follows(code: str, following: str) -> bool:
    """Whether the two are neighbours of one length and both with a star or both without."""
    plain, other = code.rstrip("*"), following.rstrip("*")
    alike = len(code) == len(following) and len(plain) == len(other)
    return alike and int(other) == int(plain) + 1


def exports_of_base_year(data: GoodsData, product: str) -> Interval:
    """USD million of a class of goods that China sold in 2016, from its printed share.

    Of which total the share was taken is not told, so the bounds take the least and the most: a
    sum of tariff lines on the corrected base, and the months as first released.
    """
    share = data.shares[
        (data.shares["flow"] == "export")
        & (data.shares["year"] == BASE_YEAR)
        & (data.shares["product"] == product)
    ].iloc[0]
    first, last = (pd.Period(f"{BASE_YEAR}-{month}", "M") for month in ("01", "12"))
    lines, _ = basis_ratio("kita", "export", first, last)
    released = window_bounds(data.windows, "export", first, last, "first_release")
    base = (lines * year_total(data, BASE_YEAR, "export")[0], released[1])
    return share_amount((share["lower"], share["upper"]), base)


def stranded_tonnes(events: pd.DataFrame) -> float:
    """The coal that lay in China's ports when the suspension began, tonnes, as reported.

    `events` as from `read_events`. Raises KeyError where no single event tells of it.
    """
    told = events["event"].str.extract(r"about (\d+(?:\.\d+)?) Mt stranded")[0].dropna()
    if len(told) != 1:
        raise KeyError(f"expected one event that tells of stranded coal, found {len(told)}")
    return 1e6 * float(told.iloc[0])


def coal_cap(treatments: pd.DataFrame) -> float:
    """The cap of resolution 2321 on a year's coal, USD million, as the table gives it."""
    text = treatments.set_index("treatment_id").loc["T2321_coalcap", "cap_value"]
    match = re.match(r"USD (\d+(?:\.\d+)?) m ", text)
    if match is None:
        raise KeyError(f"the cap on coal is not given as 'USD ... m': {text!r}")
    return float(match[1])


def evidence_after(data: GoodsData, measures: pd.DataFrame, last: str) -> pd.DataFrame:
    """What was printed of each of `GOODS` for single months after its first clean month.

    `good`, `clean` (the latest of its measures), `months` with a figure until `last`, and how
    many of them are `zero`.
    """
    rows = []
    for good, (prefixes, _) in GOODS.items():
        bans = measures[
            (measures["flow"] == "import")
            & measures["resolution"].eq(RESOLUTIONS[good])
            & measures["hs"].str.startswith(prefixes)
        ]
        clean = bans["clean"].max()
        printed = printed_after(data.observations, "import", prefixes, clean, last)
        rows.append((good, clean, len(printed), int(printed["nothing"].sum())))
    return pd.DataFrame(rows, columns=["good", "clean", "months", "zero"])


def _shares(data: GoodsData, year: int) -> dict[str, Interval]:
    rows = data.shares[(data.shares["flow"] == "import") & (data.shares["year"] == year)]
    return {row.product: (row.lower, row.upper) for row in rows.itertuples()}


def _fruit_and_nuts(data: GoodsData) -> Interval:
    row, total = _fruit_and_nuts_rows(data)
    of_2017 = share_amount(_shares(data, 2017)["fruit and nuts"], (total["lower"], total["upper"]))
    return before_growth(of_2017, (row["yoy_lower"], row["yoy_upper"]))


def _fruit_and_nuts_rows(data: GoodsData) -> tuple[pd.Series, pd.Series]:
    """The row of the share's growth, and that of the total of 2017 that it is a share of."""
    rows = data.observations[
        data.observations["product"].eq("fruit and nuts (share)")
        & data.observations["yoy_lower"].notna()
    ]
    total = data.observations[
        data.observations["hs"].eq("TOTAL")
        & (data.observations["flow"] == "import")
        & (data.observations["first"] == pd.Period("2017-01", "M"))
        & (data.observations["last"] == pd.Period("2017-12", "M"))
        & data.observations["value"].notna()
    ].iloc[0]
    return rows.iloc[0], total


def _yuan(data: GoodsData) -> Mapping[tuple[pd.Period, pd.Period], Interval]:
    """Rates for figures in yuan: the least and the most of the months of the period."""
    rows = data.observations[data.observations["currency"].eq("CNY").fillna(False)]
    rates = {}
    for first, last in {(row.first, row.last) for row in rows.itertuples() if pd.notna(row.first)}:
        inside = data.rates.loc[first:last]
        if len(inside):
            rates[first, last] = (float(inside["lower"].min()), float(inside["upper"].max()))
    return rates


def _with_months(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.assign(**{name: pd.PeriodIndex(frame[name], freq="M") for name in columns})
