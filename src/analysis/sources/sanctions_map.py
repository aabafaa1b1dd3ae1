"""Which commodity codes each measure covers, and on whose reading of the resolution.

The lists of the resolutions are words. Two readings in codes exist: the European Union's annexes,
seen in full, and China's announcements, seen in part. What the table says of the difference
stands in its column `ambiguity`; here each of its sentences is turned into a reading, once.
"""

from __future__ import annotations

import re

import pandas as pd

from analysis.paths import Paths
from analysis.schemas import PRODUCT_MEASURES as SCHEMA
from analysis.schemas import InputError, checked
from analysis.sources.calendar import read_treatments
from analysis.sources.tables import (
    UNPLACED,
    Place,
    parse_column,
    printed_interval,
    raise_if_any,
    read_table,
    table_file,
)

TABLE = "sanctions_hs_map"

#: How China's customs reads a code, by the remark of the table (empty: no difference was seen).
#: `treated`: listed or nowhere contradicted; `assumed`: China's list was not seen so far down;
#: `untreated`: outside China's list, or traded openly after the ban.
CHINA_READING = {
    "": "treated",
    "China excludes roasted pyrites": "treated",
    "same HS6 as crude": "treated",
    "GACC records zero crude since 2014-01": "treated",
    "China's reading of 'iron' not seen beyond 2601; test both codings": "assumed",
    "EU treated; China evidently NOT (ferrosilicon exports grow after 2017): MUST be coded both "
    "ways": "untreated",
    "ores 2603/2604/2608 are EU reading of 'copper/nickel/zinc'": "untreated",
    "EU lists peat; not in visible China list": "untreated",
    "EU lists coke; not in visible China list": "untreated",
    "in EU scope, not in China's 2710/2712/2713": "untreated",
}
#: China's own measures, on no list of the European Union's.
CHINAS_OWN = ("C2321_coal_feb17",)

#: The table speaks of North Korea's exports; the frames of China's imports, which are the same.
FLOWS = {"DPRK_export": "import", "DPRK_import": "export"}

NO_REMARK = "none"
_SHARE = r"% of China (?:imports from|exports to) DPRK"


def read_product_measures(paths: Paths) -> pd.DataFrame:
    """`sanctions_hs_map.csv`, one row a code and measure, as `schemas.PRODUCT_MEASURES`.

    `flow` is seen from China; `partial`: only a part of the code is meant (`ex`); `begins` and
    `clean` (Period[M]) are the month in which China's measure takes effect and the first month in
    which nothing is cleared under old contracts, missing where there is none; `china` is how
    China reads the code (`CHINA_READING`), `eu` whether it stands on the European Union's list.
    Sorted by flow, code and month. Raises InputError as `read_table` does, for a date or a code
    that cannot be read, and for a remark that has no reading yet.
    """
    table, file = read_table(paths, TABLE), table_file(TABLE)
    readers = {
        "hs_prefix": _code,
        "direction": _flow,
        "first_clean_month_derived": _month,
        "china_effective": _month,
    }
    parsed, errors = {}, []
    for column, parse in readers.items():
        parsed[column], found = parse_column(table, column, parse, file=file)
        errors += found
    reading, found = parse_column(
        table.assign(ambiguity=table["ambiguity"].fillna(NO_REMARK)),
        "ambiguity",
        _reading,
        file=file,
    )
    raise_if_any([*errors, *found])
    months = {
        name: pd.PeriodIndex([pd.NaT if m is None else m for m in parsed[column]], freq="M")
        for name, column in (("begins", "china_effective"), ("clean", "first_clean_month_derived"))
    }
    frame = pd.DataFrame(
        {
            "hs": parsed["hs_prefix"].astype("string"),
            "flow": parsed["direction"].astype(object),
            "partial": table["partial_ex"].eq("1").astype(bool),
            "treatment_id": table["treatment_id"],
            "resolution": table["resolution"],
            "measure": table["measure"],
            **months,
            "china": reading.astype(object),
            "eu": ~table["treatment_id"].isin(CHINAS_OWN).astype(bool),
            "note": table["ambiguity"],
        }
    )
    order = ["flow", "hs", "clean", "treatment_id"]
    return checked(frame.sort_values(order).reset_index(drop=True), SCHEMA)


def clean_months_agree(paths: Paths) -> pd.DataFrame:
    """Measures whose first clean month differs between the map of codes and the calendar.

    `treatment_id`, `clean` (of the map), `calendar` (of `sanctions_treatments.csv`); a measure
    of which either has no month is left out. Empty when the two tables tell the same.
    """
    mapped = read_product_measures(paths).drop_duplicates(["treatment_id", "clean"])
    calendar = read_treatments(paths).set_index("treatment_id")["first_clean_month_derived_month"]
    both = mapped[["treatment_id", "clean"]].assign(
        calendar=mapped["treatment_id"].map(calendar).astype("period[M]")
    )
    both = both.dropna()
    return both[both["clean"] != both["calendar"]].reset_index(drop=True)


def read_printed_shares(paths: Paths) -> pd.DataFrame:
    """Shares of goods in a year's trade that were printed as per cent, with their intervals.

    From `gacc_commodities.csv`: `flow`, `product`, `year`, `publisher`, `percent`, `lower` and
    `upper` (per cent, half a unit of the last digit nearer to zero and one unit farther), and
    `line`. Only whole years. Such a row holds no amount, so it is set aside from the
    observations and read here alone.
    """
    table, file = read_table(paths, "gacc_commodities"), table_file("gacc_commodities")
    shares = table[
        table["value_unit"].str.fullmatch(_SHARE).fillna(False)
        & table["period"].str.fullmatch(r"\d{4}")
    ]
    intervals, errors = parse_column(shares, "value", _interval, file=file)
    raise_if_any(errors)
    return pd.DataFrame(
        {
            "flow": shares["flow"].astype(object),
            "product": shares["commodity"].str.removesuffix(" (share)"),
            "year": shares["period"].astype("int64"),
            "publisher": shares["source_publisher"],
            "percent": [float(interval.value) for interval in intervals],
            "lower": [float(interval.lower) for interval in intervals],
            "upper": [float(interval.upper) for interval in intervals],
            "line": shares.index,
        }
    ).reset_index(drop=True)


def _interval(text: str, at: Place = UNPLACED):
    return printed_interval(text, at=at)


def _code(text: str, at: Place = UNPLACED) -> str:
    if not re.fullmatch(r"(?:\d{2}){1,4}", text):
        raise at.error(
            "a commodity code of two, four, six or eight digits",
            found=text,
            action="write the digits alone, with the zero in front",
        )
    return text


def _flow(text: str, at: Place = UNPLACED) -> str:
    if text not in FLOWS:
        raise at.error(" or ".join(FLOWS), found=text, action="name the direction as the others do")
    return FLOWS[text]


def _month(text: str, at: Place = UNPLACED) -> pd.Period:
    match = re.fullmatch(r"(\d{4}-\d\d)(?:-\d\d)?", text)
    try:
        if match is None:
            raise ValueError
        return pd.Period(match[1], "M")
    except ValueError:
        raise at.error(
            "a month or a day as YYYY-MM or YYYY-MM-DD", found=text, action="write the date alone"
        ) from None


def _reading(text: str, at: Place = UNPLACED) -> str:
    remark = "" if text == NO_REMARK else text
    if remark not in CHINA_READING:
        raise InputError(
            "a remark whose reading is known",
            file=at.file,
            row=at.line,
            column=at.column,
            found=text,
            action="add the remark and how China reads the code to CHINA_READING",
        )
    return CHINA_READING[remark]
