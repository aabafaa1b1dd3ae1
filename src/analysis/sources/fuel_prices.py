"""`petroleum_prices.csv`: fuel prices and exchange rates in North Korean markets, by collector.

Collectors are kept apart: they disagree on timing and on places, and a spliced series would show
jumps that nobody observed. A price per litre is set aside, since the sources that print one turn
kilograms into litres the wrong way round.
"""

from __future__ import annotations

import calendar
import re
from functools import partial

import numpy as np
import pandas as pd

from analysis.paths import Paths
from analysis.schemas import InputError
from analysis.sources.tables import (
    Place,
    parse_column,
    parse_unit,
    raise_if_any,
    read_table,
    table_file,
)

TABLE = "petroleum_prices"
ITEMS = ("gasoline", "diesel", "exchange rate CNY", "exchange rate USD")
CURRENCIES = ("KPW", "USD", "EUR", "percent", "ratio", "")
#: Which network collected a price, by the label of the table. Reuters prints means of Daily NK's
#: three cities in dollars, and RFA repeats ASIAPRESS: both stand apart from the collector's own.
COLLECTORS = {
    "ASIAPRESS": "ASIAPRESS",
    "ASIAPRESS via RFA": "ASIAPRESS",
    "Daily NK": "Daily NK",
    "Daily NK via Reuters": "Daily NK via Reuters",
    "diplomat via VOA": "a diplomat in Pyongyang",
    "ROK Unification Ministry": "Unification Ministry",
    "ROK Unification Ministry via Asahi": "Unification Ministry",
    "NK News via RFA": "NK News",
    "RFA via Daily NK Japan": "RFA",
    "DPRK economist via Kyodo": "Kyodo",
    "Asahi": "Asahi",
    "Sisa Weekly": "Sisa Weekly",
    "SPN": "SPN",
    "NK Times": "NK Times",
    "press": "press",
}
#: Days of a month that the words of a date precision leave open, first and last.
PARTS_OF_MONTH = {
    "start of": (1, 5),
    "start of year": (1, 15),
    "early": (1, 10),
    "first week": (1, 7),
    "mid-": (11, 20),
    "4th week": (22, 28),
    "end of": (25, 31),
    "towards end": (21, 30),
    "before 30 April": (10, 22),
    "between 3 and 20": (3, 20),
}
#: A row whose own note says that its figure is garbled.
GARBLED = r"garbled|inconsistent$"


def fuel_prices(paths: Paths) -> pd.DataFrame:
    """Every row: `item`, `collector`, `place`, `first_day`, `last_day`, `price` with its ends.

    `lower` and `upper` are what the print allows (both equal to the price where a number stands
    alone; upper infinite behind `>`), in `currency` per `per`; `exact` says that a day was
    printed. `set_aside` holds why a row is no price of fuel per kilogram or no rate; `printed`,
    `note`, `source_publisher` as in the table.

    Raises InputError, or InputErrors with all of them: an unknown item, currency or collector, a
    price that cannot be read or is not above zero.
    """
    return type_prices(read_table(paths, TABLE))


def type_prices(table: pd.DataFrame) -> pd.DataFrame:
    """`fuel_prices` of a table that `read_table` gave."""
    file = table_file(TABLE)
    errors: list[InputError] = []
    for column, allowed in (("item", ITEMS), ("collector", tuple(COLLECTORS))):
        errors += parse_column(table, column, partial(_one_of, allowed), file=file)[1]
    errors += parse_column(
        table.fillna({"currency": ""}), "currency", partial(_one_of, CURRENCIES), file=file
    )[1]
    money = table["currency"].isin(["KPW", "USD", "EUR"])
    price, wrong = parse_column(table[money], "price", _price, file=file)
    raise_if_any(sorted([*errors, *wrong], key=lambda error: error.row or 0))
    ends = pd.DataFrame(
        price.tolist(), index=price.index, columns=["price", "lower", "upper"], dtype=float
    ).reindex(table.index)
    # A sack of 15 kg is quoted as such.
    kilograms = table["per"].map({"15 kg": 15.0}).fillna(1.0)
    days = [_days(d, p) for d, p in zip(table["date"], table["date_precision"], strict=True)]
    typed = pd.DataFrame(
        {
            "line": table.index,
            "item": table["item"],
            "collector": table["collector"].map(COLLECTORS).astype("string"),
            "place": table["location"],
            "first_day": [first for first, _ in days],
            "last_day": [last for _, last in days],
            "exact": table["date_precision"].str.startswith("day").fillna(False),
            **{name: ends[name] / kilograms for name in ("price", "lower", "upper")},
            "currency": table["currency"],
            "per": table["per"].replace("15 kg", "kg"),
            "printed": table["price"],
            "note": table["note"],
            "source_publisher": table["source_publisher"],
        }
    )
    return typed.assign(set_aside=_set_aside(typed)).reset_index(drop=True)


def _one_of(allowed: tuple[str, ...], text: str, at: Place) -> str:
    return parse_unit(text, allowed, at)


def _price(text: str, at: Place) -> tuple[float, float, float]:
    """Price and its ends: `17000`, `>27000`, `<4700`, `8200-8300`, `mid-6000s`, `16000 (about)`.

    >>> _price(">27000", Place("a price"))
    (27000.0, 27000.0, inf)
    """
    number = re.match(r"([<>]?)(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?( \(.*\))?$", text)
    if text == "mid-6000s":
        return 6500.0, 6300.0, 6700.0
    if number is None or float(number[2]) <= 0:
        raise at.error(
            "a price above zero, alone or as >N, <N, N-M or N (about)",
            found=text,
            action="write the number first and the words in the note",
        )
    low = float(number[2])
    if number[1] == ">":
        return low, low, np.inf
    if number[1] == "<":
        return low, 0.0, low
    high = float(number[3]) if number[3] else low
    return (low + high) / 2, low, high


def _days(date: str, precision: object) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day that a printed date leaves open.

    >>> [str(day.date()) for day in _days("2018-01", "end of January")]
    ['2018-01-25', '2018-01-31']
    """
    words = "" if pd.isna(precision) else str(precision)
    found = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:/(\d\d))?", date)
    year, month, day, last = found.groups()
    if month is None:
        return pd.Timestamp(int(year), 1, 1), pd.Timestamp(int(year), 12, 31)
    length = calendar.monthrange(int(year), int(month))[1]
    if day is not None:
        first = pd.Timestamp(int(year), int(month), int(day))
        return first, first + pd.Timedelta(days=int(last) - int(day) if last else 0)
    if last is not None:  # 2022-04/05
        return pd.Timestamp(int(year), int(month), 1), pd.Timestamp(int(year), int(last), 28)
    begin, end = next(
        (days for text, days in sorted(PARTS_OF_MONTH.items(), reverse=True) if text in words),
        (1, length),
    )
    return (
        pd.Timestamp(int(year), int(month), begin),
        pd.Timestamp(int(year), int(month), min(end, length)),
    )


def _set_aside(prices: pd.DataFrame) -> pd.Series:
    """Why a row is neither a price per kilogram nor a rate of exchange; NA where it is one."""
    year_wide = (prices["last_day"] - prices["first_day"]).dt.days > 60
    found = {
        "a change, no price": prices["price"].isna(),
        "per litre: sources turn kilograms into litres the wrong way round": prices["per"].isin(
            ["litre", "l"]
        ),
        "the figure contradicts its own text": prices["note"].str.contains(GARBLED).fillna(False),
        "dated to a year only": year_wide & ~prices["item"].str.startswith("exchange"),
    }
    reason = pd.Series(pd.NA, index=prices.index, dtype="string")
    for text, holds in found.items():
        reason = reason.mask(reason.isna() & holds, text)
    return reason
