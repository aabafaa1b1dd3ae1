"""Raw rows as typed observations: what was printed, as numbers with bounds and provenance.

One observation for each raw row, none dropped: a row that holds no usable number keeps the reason
in `set_aside`. Flows are seen from China: `export` = China to North Korea.

Columns of all four frames: `row_id`, `table`, `line` (of the file, header 1), `first` and `last`
month (both inside, NaT where no period was printed), `kind`, the labels (`basis`, `release`,
`rate_base`, `copy_of`, see `sources.labels`), `publisher` (the agency family, so that copies of
one wire note count once) and `source_publisher` (as printed), `source_title`, `source_date`,
`source`, `note`, `set_aside` (NA where the row is usable).

An interval (`lower`, `upper`, and so on) holds all truths that the printed digits allow, both
ends inside. Missing is NaN or NA, never 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd

from analysis.paths import Paths
from analysis.schemas import (
    COMMODITY_OBSERVATIONS,
    DELIVERY_OBSERVATIONS,
    PETROLEUM_OBSERVATIONS,
    TOTALS_OBSERVATIONS,
    InputError,
    checked,
)
from analysis.sources.labels import LABELS, labelled_table
from analysis.sources.tables import (
    LAST_DIGIT_SLIP,
    SLIP_MIN_SIGNIFICANT_DIGITS,
    Place,
    PrintedInterval,
    PrintedPeriod,
    parse_column,
    parse_flow,
    parse_period,
    parse_scale,
    parse_unit,
    printed_interval,
    raise_if_any,
    table_file,
)

MILLION = Decimal(10) ** 6
PER_CENT = Decimal(100)
CURRENCIES = ("USD", "CNY")
#: Forms in which the two oil tables print no number; each was read, and the row set aside. Any
#: other text in a column of numbers is an error.
NO_NUMBER = (
    r">\d+",
    r"\d+-\d+",
    "none",
    "imputed",
    "not published",
    "non-fuel only",
    r"lubricants \+ bitumen \+ base oil \+ other lubricants",
    r"\d+\.\d+ \(printed .*\)",
    r"\".*\" as printed",
)

#: Printed units of quantity: the unit that the frames use and the factor to it. `t` tonnes, `bbl`
#: barrels, `m3` cubic metres; a mean keeps its own unit (`t_per_month`), as it is no sum over the
#: period. Words such as "about" say nothing that the digits do not.
QUANTITY_UNITS = {
    "t": ("t", 1),
    "tonnes": ("t", 1),
    "tons": ("t", 1),  # metric: agencies translate the customs office's tonnes
    "metric tons": ("t", 1),
    "t (about)": ("t", 1),
    "t (about), imputed": ("t", 1),
    "t (about), said to be 400,000 barrels": ("t", 1),
    "t (around)": ("t", 1),
    "t (combined)": ("t", 1),
    "t (level)": ("t", 1),
    "t (some)": ("t", 1),
    "t (690-odd)": ("t", 1),
    "t (over three hundred)": ("t", 1),
    "t (sic, factor 10 too high)": ("t", 1),  # as printed; corrections.yml mends it
    "tonnes (3천8백 t)": ("t", 1),
    "kg": ("t", "0.001"),
    "kt": ("t", 1_000),
    "10,000 t (만t)": ("t", 10_000),
    "10,000 t (万トン)": ("t", 10_000),
    "10,000 tonnes (万吨)": ("t", 10_000),
    "million tonnes": ("t", 1_000_000),
    "million tons": ("t", 1_000_000),
    "million metric tons": ("t", 1_000_000),
    "million tonnes (2천250만t)": ("t", 1_000_000),
    "million tonnes (240만 톤, Reuters)": ("t", 1_000_000),
    "million tonnes (190만t)": ("t", 1_000_000),
    "million tonnes (200만t)": ("t", 1_000_000),
    "million tons per month": ("t_per_month", 1_000_000),
    "t per month": ("t_per_month", 1),
    "t per month (February to May)": ("t_per_month", 1),
    "t per year": ("t_per_year", 1),
    "t per year (about)": ("t_per_year", 1),
    "t per year (3.8 million barrels)": ("t_per_year", 1),
    "barrels": ("bbl", 1),
    "barrels (about)": ("bbl", 1),
    "barrels (level)": ("bbl", 1),
    "barrels (sic)": ("bbl", 1),
    "barrels (sic; probably tonnes)": ("bbl", 1),  # as printed; corrections.yml mends it
    "thousand barrels": ("bbl", 1_000),
    "barrels/month": ("bbl_per_month", 1),
    "barrels/month (about)": ("bbl_per_month", 1),
    "m3": ("m3", 1),
    "cubic metres": ("m3", 1),
    "pieces": ("pieces", 1),
    "million pieces": ("pieces", 1_000_000),
    "million pieces (1억3,688만 개)": ("pieces", 1_000_000),
    "million pairs": ("pairs", 1_000_000),
    "units": ("units", 1),
    "HS items": ("hs_items", 1),  # a count of tariff lines
    "kWh": ("kwh", 1),
    "million kWh": ("kwh", 1_000_000),
    "any unit": ("any", 1),  # "no records": zero whatever the unit
}
#: Printed in the unit column although the number beside it is no quantity of goods.
NOT_A_QUANTITY = {
    "percent y/y": "a growth rate, no quantity",
    "percent increase y/y": "a growth rate, no quantity",
    "USD": "money, no quantity; it stands in its own column",
    "composition": "a list of products, no quantity",
    "only Russia supplied in April 2020": "a remark, no quantity",
    "only China supplied in July 2020": "a remark, no quantity",
    "tonnage equals GACC total": "a remark, no quantity",
}
#: Printed units of value in the commodity table that are no amount of money.
SHARES = (
    "% of China exports to DPRK",
    "% of China imports from DPRK",
    "% of China exports to DPRK ($12.98m)",
)
#: A growth rate may be rounded or cut off in either direction. Unit: units in its last place.
RATE_TOLERANCE = 1

#: The agency that read the release, by the first of these names that a publisher's label holds:
#: whoever is quoted stands before those that quote. Read off the labels of the four tables;
#: statistical offices (KITA, KOTRA, GACC, KDI) are the subject of a note, not its agency.
AGENCIES = (
    ("VOA", r"\bVOA\b"),
    ("RFA", r"\bRFA\b"),
    ("Reuters", r"\bReuters\b"),
    ("Kyodo", r"\bKyodo\b"),
    ("SCMP", r"\bSCMP\b|South China Morning Post"),
    ("Yonhap", r"\bYonhap\b"),
    ("News1", r"\bNews1\b"),
    ("Jiji", r"\bJiji\b"),
    ("TASS", r"\bTASS\b"),
    ("RFI", r"\bRFI\b"),
    ("AFP", r"\bAFP\b"),
    ("WSJ", r"\bWSJ\b"),
    ("Bloomberg", r"\bBloomberg\b"),
    ("Nikkei", r"\bNikkei\b"),
    ("NK News", r"\bNK (News|Pro)\b"),
    ("Global Times", r"\bGlobal Times\b"),
    ("Daily NK", r"\bDaily ?NK\b"),
    ("Mediapen", r"\bMedia[Pp]en\b"),
    ("JoongAng", r"\bJoongAng\b"),
    ("Chosun", r"\bChosun\b"),
    ("Sankei", r"\bSankei"),
    ("Sisa Weekly", r"\b[Ss]isa ?[Ww]eekly\b"),
    ("Donga", r"\bDonga\b"),
    ("KITA", r"^KITA\b"),
)
#: Editions of one agency are one agency.
EDITIONS = r" (World|Korean|Japanese|English|Russian|Arabic|Japan)\b"


def totals_observations(paths: Paths) -> pd.DataFrame:
    """The rows of `gacc_totals` as observations; columns as `schemas.TOTALS_OBSERVATIONS`.

    `value`, `lower`, `upper` in million of `currency`; `yoy_lower`, `yoy_upper` are fractions
    (-0.2 is a fall by a fifth); `printed` and `yoy_printed` as printed.

    Raises InputError, or InputErrors with all of them: as `labelled_table`, and for an unknown
    period form, flow, unit or scale, and a value that is no number.
    """
    return type_totals(labelled_table(paths, "gacc_totals"))


def type_totals(table: pd.DataFrame) -> pd.DataFrame:
    """`totals_observations` of a table that `labelled_table` gave (or some of its rows)."""
    read = _Reader(table, "gacc_totals")
    period = read("period", parse_period)
    flow = read("flow", parse_flow)
    currency = read("unit", partial(_swap_arguments, parse_unit, CURRENCIES))
    value = _millions(read)
    rate = read("yoy_pct", _rate)
    read.raise_errors()
    typed = {
        **_identity(table, "gacc_totals"),
        **_months(period),
        "flow": flow.astype("string"),
        **_columns(value, ("value", "lower", "upper")),
        "currency": currency.astype("string"),
        "printed": table["value"],
        **_columns(rate, ("yoy_lower", "yoy_upper")),
        "yoy_printed": table["yoy_pct"],
        **_provenance(table),
        "set_aside": pd.Series(pd.NA, index=table.index, dtype="string"),
    }
    return checked(pd.DataFrame(typed).reset_index(drop=True), TOTALS_OBSERVATIONS)


def agency(publisher: str) -> str:
    """The agency family of a publisher's label.

    >>> agency("SBS (Reuters)"), agency("Reuters via Yahoo"), agency("KBS World Korean")
    ('Reuters', 'Reuters', 'KBS')
    """
    for name, pattern in AGENCIES:
        if re.search(pattern, publisher):
            return name
    first = re.split(r" \(| via |/| / ", publisher)[0]
    return re.sub(EDITIONS, "", first).strip()


def commodity_observations(paths: Paths) -> pd.DataFrame:
    """The rows of `gacc_commodities`; columns as `schemas.COMMODITY_OBSERVATIONS`.

    Money and rates as in `totals_observations`; `quantity` and its bounds in `quantity_unit`
    (see `QUANTITY_UNITS`). Which of the two a rate belongs to, the note says where it is known. A
    share of trade is no amount: its value is missing.

    Raises InputError, or InputErrors with all of them, as `totals_observations` does.
    """
    return type_commodities(labelled_table(paths, "gacc_commodities"))


def type_commodities(table: pd.DataFrame) -> pd.DataFrame:
    """`commodity_observations` of a table that `labelled_table` gave (or some of its rows)."""
    read = _Reader(table, "gacc_commodities")
    period = read("period", parse_period)
    flow = read("flow", parse_flow)
    unit = read("value_unit", partial(_swap_arguments, parse_unit, (*CURRENCIES, *SHARES)))
    value = _millions(read).where(unit.isin(CURRENCIES), None)
    quantity = _quantities(read, "quantity_unit")
    rate = read("yoy_pct", _rate)
    read.raise_errors()
    shares = table["value"] + " " + table["value_unit"]
    reason = ("a share of trade, no amount: " + shares).where(unit.isin(SHARES), pd.NA)
    typed = {
        **_identity(table, "gacc_commodities"),
        **_months(period),
        "flow": flow.astype("string"),
        "product": table["commodity"],
        "hs": table["hs_code"],
        **_columns(value, ("value", "lower", "upper")),
        "currency": unit.where(unit.isin(CURRENCIES), pd.NA).astype("string"),
        "printed": table["value"],
        **_columns(quantity, ("quantity", "quantity_lower", "quantity_upper")),
        "quantity_unit": _canonical_units(table["quantity_unit"]),
        "quantity_printed": table["quantity"],
        **_columns(rate, ("yoy_lower", "yoy_upper")),
        "yoy_printed": table["yoy_pct"],
        **_provenance(table),
        "set_aside": _unless(reason, quantity, rate),
    }
    return checked(pd.DataFrame(typed).reset_index(drop=True), COMMODITY_OBSERVATIONS)


def petroleum_observations(paths: Paths) -> pd.DataFrame:
    """The rows of `gacc_petroleum`; columns as `schemas.PETROLEUM_OBSERVATIONS`.

    `value` in USD million, `quantity` in `quantity_unit`. Goods go from `reporter` to the DPRK.

    Raises InputError, or InputErrors with all of them: as `labelled_table`, and for a date that
    neither begins nor ends a month, an unknown unit, and a text that is neither a number nor one
    of the forms in `NO_NUMBER`.
    """
    return type_petroleum(labelled_table(paths, "gacc_petroleum"))


def type_petroleum(table: pd.DataFrame) -> pd.DataFrame:
    """`petroleum_observations` of a table that `labelled_table` gave (or some of its rows)."""
    read = _Reader(table, "gacc_petroleum")
    period = _dated_period(read)
    value = read("value_usd", partial(_interval_ends, scale=1 / MILLION))
    quantity = _quantities(read, "unit")
    read.raise_errors()
    typed = {
        **_identity(table, "gacc_petroleum"),
        **_months(period),
        **{column: table[column] for column in ("granularity", "reporter", "product", "hs")},
        **_columns(value, ("value", "lower", "upper")),
        "currency": value.map(lambda found: "USD", na_action="ignore").astype("string"),
        "printed": table["value_usd"],
        **_columns(quantity, ("quantity", "quantity_lower", "quantity_upper")),
        "quantity_unit": _canonical_units(table["unit"]),
        "quantity_printed": table["quantity"],
        **_provenance(table),
        "set_aside": _no_period(table, period).fillna(_unless(_no_quantity(table), value)),
    }
    return checked(pd.DataFrame(typed).reset_index(drop=True), PETROLEUM_OBSERVATIONS)


def delivery_observations(paths: Paths) -> pd.DataFrame:
    """The rows of `petroleum_reported_deliveries`; columns as `schemas.DELIVERY_OBSERVATIONS`.

    `quantity` in `quantity_unit`, tonnes or barrels as the row is printed; `barrels` and its
    bounds are what the source prints beside it. Neither is converted into the other.

    Raises InputError, or InputErrors with all of them, as `petroleum_observations` does.
    """
    return type_deliveries(labelled_table(paths, "petroleum_reported_deliveries"))


def type_deliveries(table: pd.DataFrame) -> pd.DataFrame:
    """`delivery_observations` of a table that `labelled_table` gave (or some of its rows)."""
    read = _Reader(table, "petroleum_reported_deliveries")
    period = _dated_period(read)
    quantity = _quantities(read, "unit")
    barrels = read("barrels_as_reported", _ends_or_words)
    read.raise_errors()
    typed = {
        **_identity(table, "petroleum_reported_deliveries"),
        **_months(period),
        **{column: table[column] for column in ("granularity", "supplier", "product")},
        **_columns(quantity, ("quantity", "quantity_lower", "quantity_upper")),
        "quantity_unit": _canonical_units(table["unit"]),
        "quantity_printed": table["quantity"],
        **_columns(barrels, ("barrels", "barrels_lower", "barrels_upper")),
        "barrels_printed": table["barrels_as_reported"],
        "as_of": table["as_of"],
        **_provenance(table),
        "set_aside": _no_period(table, period).fillna(_unless(_no_quantity(table), barrels)),
    }
    return checked(pd.DataFrame(typed).reset_index(drop=True), DELIVERY_OBSERVATIONS)


#: How each labelled table becomes observations.
TYPED: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "gacc_totals": type_totals,
    "gacc_commodities": type_commodities,
    "gacc_petroleum": type_petroleum,
    "petroleum_reported_deliveries": type_deliveries,
}

#: A number of a frame, lower and upper end, all in the frame's unit.
Ends = tuple[float, float, float]


class _Reader:
    """Parses the columns of one raw table and keeps what is wrong, to report it all at once."""

    def __init__(self, table: pd.DataFrame, name: str) -> None:
        self.table, self.file = table, table_file(name)
        self.errors: list[InputError] = []

    def __call__(self, column: str, parse: Callable[[str, Place], Any]) -> pd.Series:
        """The parsed cells of `column`, None where the cell is empty."""
        values, errors = parse_column(self.table, column, parse, file=self.file)
        self.errors += errors
        return values

    def attempt(self, line: int, column: str, parse: Callable[[str, Place], Any]) -> Any:
        """One parsed cell; None where it is empty or wrong."""
        text = self.table.loc[line, column]
        if pd.isna(text):
            return None
        try:
            return parse(text, Place(self.file, int(line), column))
        except InputError as error:
            self.errors.append(error)
            return None

    def raise_errors(self) -> None:
        raise_if_any(sorted(self.errors, key=lambda error: error.row or 0))


def _swap_arguments(parse: Callable[..., Any], allowed: Iterable[str], text: str, at: Place) -> Any:
    return parse(text, allowed, at)


def _interval_ends(text: str, at: Place, *, scale: Decimal | int = 1) -> Ends:
    """Value, lower and upper end of a printed number times `scale`, last-digit slip included."""
    found = printed_interval(text, scale, at)
    lower, upper = _with_slip(found)
    return float(found.value), float(lower), float(upper)


def _with_slip(found: PrintedInterval) -> tuple[Decimal, Decimal]:
    """The interval, and one unit to each side where the digits suffice to show a slip."""
    if found.significant_digits < SLIP_MIN_SIGNIFICANT_DIGITS:
        return found.lower, found.upper
    slip = LAST_DIGIT_SLIP * found.unit_in_last_place
    return min(found.lower, found.value - slip), max(found.upper, found.value + slip)


def _ends_or_words(text: str, at: Place, *, scale: Decimal | int = 1) -> Ends | None:
    """As `_interval_ends`; None for one of the forms in `NO_NUMBER`."""
    if any(re.fullmatch(form, text) for form in NO_NUMBER):
        return None
    return _interval_ends(text, at, scale=scale)


def _rate(text: str, at: Place) -> tuple[float, float]:
    """Lower and upper end of a printed percentage, as fractions."""
    found = printed_interval(text, at=at)
    reach = RATE_TOLERANCE * found.unit_in_last_place
    ends = (found.value - reach) / PER_CENT, (found.value + reach) / PER_CENT
    return float(ends[0]), float(ends[1])


def _millions(read: _Reader) -> pd.Series:
    """The ends of column `value` times `scale`, in million."""
    scale = read("scale", parse_scale)
    ends = [
        read.attempt(line, "value", partial(_interval_ends, scale=(factor or 1) / MILLION))
        for line, factor in scale.items()
    ]
    unscaled = scale.isna() & read.table["value"].notna()
    read.errors += [
        Place(read.file, int(line), "scale").error(
            "a power of ten, such as 1, 10000 or 1e6, beside a value",
            found="an empty cell",
            action="write the factor of the value",
        )
        for line in read.table.index[unscaled]
    ]
    return pd.Series(ends, index=read.table.index, dtype=object)


def _quantities(read: _Reader, unit_column: str) -> pd.Series:
    """The ends of column `quantity` in the canonical unit; None where there is no quantity."""
    allowed = (*QUANTITY_UNITS, *NOT_A_QUANTITY)
    units = read(unit_column, partial(_swap_arguments, parse_unit, allowed))
    ends = []
    for line, unit in units.items():
        factor = Decimal(QUANTITY_UNITS[unit][1]) if unit in QUANTITY_UNITS else Decimal(1)
        found = read.attempt(line, "quantity", partial(_ends_or_words, scale=factor))
        if found is not None and pd.isna(read.table.loc[line, unit_column]):
            place = Place(read.file, int(line), unit_column)
            action = "write the printed unit of the quantity"
            read.errors.append(
                place.error("a unit beside a quantity", found="an empty cell", action=action)
            )
        ends.append(found if unit in QUANTITY_UNITS else None)
    return pd.Series(ends, index=read.table.index, dtype=object)


def _canonical_units(units: pd.Series) -> pd.Series:
    names = {text: name for text, (name, _) in QUANTITY_UNITS.items()}
    return units.map(lambda text: names.get(text, pd.NA), na_action="ignore").astype("string")


def _dated_period(read: _Reader) -> pd.Series:
    """First and last month from two dates; None where one of them is missing."""
    first = read("period_start", _month_of_first_day)
    last = read("period_end", _month_of_last_day)
    periods = []
    for line, start, end in zip(first.index, first, last, strict=True):
        missing = start is None or end is None
        if not missing and start > end:
            place = Place(read.file, int(line), "period_end")
            action = "swap the dates, or mend the wrong one"
            read.errors.append(
                place.error("a date after period_start", found=str(end), action=action)
            )
        periods.append(None if missing else PrintedPeriod(start, end, "span"))
    return pd.Series(periods, index=first.index, dtype=object)


def _month_of_first_day(text: str, at: Place) -> pd.Period:
    return _month_of_day(text, at, "first")


def _month_of_last_day(text: str, at: Place) -> pd.Period:
    return _month_of_day(text, at, "last")


def _month_of_day(text: str, at: Place, which: str) -> pd.Period:
    date = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    whole = not pd.isna(date) and (date.is_month_start if which == "first" else date.is_month_end)
    if not whole:
        raise at.error(
            f"the {which} day of a month, as YYYY-MM-DD",
            found=text,
            action="write the day with which the printed months begin or end",
        )
    return pd.Period(date, "M")


def _identity(table: pd.DataFrame, name: str) -> dict[str, Any]:
    return {
        "row_id": table["row_id"],
        "table": pd.Series(name, index=table.index, dtype="string"),
        "line": table.index.to_series().astype("int64"),
    }


def _months(periods: pd.Series) -> dict[str, pd.Series]:
    """Columns `first` and `last`, NaT where there is no period."""
    return {
        end: pd.Series(
            pd.PeriodIndex([getattr(p, end, pd.NaT) for p in periods], freq="M"),
            index=periods.index,
        )
        for end in ("first", "last")
    }


def _columns(ends: pd.Series, names: tuple[str, ...]) -> dict[str, pd.Series]:
    """A column of floats for each place of the tuples in `ends`, NaN where there is none."""
    return {
        name: ends.map(lambda found, place=place: found[place], na_action="ignore").astype(float)
        for place, name in enumerate(names)
    }


def _provenance(table: pd.DataFrame) -> dict[str, pd.Series]:
    source = "source" if "source" in table else "source_url"
    names = ("source_publisher", "source_title", "source_date")
    return {
        "kind": table["kind"],
        **{label: table[label] for label in LABELS if label != "comment"},
        "publisher": table["source_publisher"].map(agency).astype("string"),
        **{name: table[name] for name in names},
        "source": table[source],
        "note": table["note"],
        "comment": table["comment"],
    }


def _unless(reason: pd.Series, *figures: pd.Series) -> pd.Series:
    """`reason` where none of the `figures` is there, else NA."""
    for figure in figures:
        reason = reason.where(figure.isna(), pd.NA)
    return reason.astype("string")


def _no_period(table: pd.DataFrame, period: pd.Series) -> pd.Series:
    return ("no period: " + table["granularity"]).where(period.isna(), pd.NA).astype("string")


def _no_quantity(table: pd.DataFrame) -> pd.Series:
    """Why the row has no quantity: what is printed instead; NA where there is a number."""
    words = table["quantity"].map(
        lambda text: any(re.fullmatch(form, text) for form in NO_NUMBER), na_action="ignore"
    )
    reason = pd.Series(pd.NA, index=table.index, dtype="string")
    reason = reason.mask(table["quantity"].isna(), "no figure")
    reason = reason.mask(words.fillna(False).astype(bool), "not a number: " + table["quantity"])
    other = table["unit"].map(NOT_A_QUANTITY)
    text = other + ": " + table["quantity"] + " " + table["unit"]
    return reason.mask(reason.isna() & other.notna(), text).astype("string")
