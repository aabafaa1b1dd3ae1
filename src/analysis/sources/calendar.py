"""The sanctions calendar: what was banned or capped when, and what else happened.

A date cell begins with its date; words behind it qualify it (`2016-04-05/06 (immediate)`). The
printed column stays as it is, and two typed columns are added: `<name>_day` (Timestamp, missing
where only a month was printed) and `<name>_month` (Period[M]). A cell that holds words alone
(`n/a`, `none - ...`) gives two missing values.
"""

from __future__ import annotations

import re

import pandas as pd

from analysis.paths import Paths
from analysis.schemas import InputError
from analysis.sources.tables import (
    UNPLACED,
    Place,
    parse_column,
    raise_if_any,
    read_table,
    table_file,
)

TREATMENT_DATES = [
    "adoption_date",
    "un_effective",
    "china_announced",
    "china_effective",
    "china_winddown_end",
    "first_clean_month_derived",
]
EVENT_DATES = ["date", "date_end"]

#: Measures that stop or cap goods at China's border. Left out are designations, estimates,
#: orders to firms, workers, promises, readings of other jurisdictions and easings.
TRADE_MEASURES = ("total_ban", "conditional_ban", "suspension", "cap")

#: The years of China's measures under resolutions 2270 to 2397.
TREATMENT_YEARS = (2016, 2018)

#: The border's closing and reopening, from `events.csv` (category `border`): tourists barred
#: 22 January and all traffic ended 31 January 2020; rail freight back 17 January 2022, stopped
#: 29 April, back 26 September; passenger traffic and return of citizens August 2023.
BORDER_MONTHS = tuple(
    pd.Period(month, "M") for month in ("2020-01", "2022-01", "2022-04", "2022-09", "2023-08")
)


def read_treatments(paths: Paths) -> pd.DataFrame:
    """`sanctions_treatments.csv`, one row a measure (or a conflicting reading of one).

    All columns as printed, and for each of `TREATMENT_DATES` its day and month (see above). The
    index is the line of the file. Raises InputError as `read_table` does, and for a date that
    cannot be read.
    """
    return _with_dates(paths, "sanctions_treatments", TREATMENT_DATES)


def read_events(paths: Paths) -> pd.DataFrame:
    """`events.csv`, one row an event, in the order of the file.

    All columns as printed, and the day and month of `date` and `date_end` (see above); an event
    without `date_end` lasted one day or marks a beginning. Raises InputError as `read_table`
    does, and for a date that cannot be read.
    """
    return _with_dates(paths, "events", EVENT_DATES)


def treatment_months(treatments: pd.DataFrame) -> pd.PeriodIndex:
    """Months (Period[M]) whose trade differs by treatment from the month before: sorted, unique.

    A smoother must not cross from the month before into one of these. Each measure of China's on
    goods (`TRADE_MEASURES`, with a Chinese instrument, 2016 to 2018) gives two of them: the
    month in which it takes effect (partly treated, or a rush, as August 2017's release of
    stranded coal) and the first clean month, in which nothing is cleared under old contracts.
    Where the effective day was not seen, the month of the announcement stands for it. To these
    come `BORDER_MONTHS`.

    `treatments` as from `read_treatments`.
    """
    first_year, last_year = TREATMENT_YEARS
    on_goods = (
        treatments["direction"].isin(["DPRK_export", "DPRK_import"])
        & treatments["measure"].str.startswith(TRADE_MEASURES)
        & treatments["china_instrument"].notna()
    )
    measures = treatments[on_goods]
    begins = measures["china_effective_month"].fillna(measures["china_announced_month"])
    clean = measures["first_clean_month_derived_month"]
    months = {m for m in [*begins.dropna(), *clean.dropna()] if first_year <= m.year <= last_year}
    return pd.PeriodIndex(sorted(months | set(BORDER_MONTHS)), freq="M", name="month")


def parse_leading_date(
    text: str, at: Place = UNPLACED
) -> tuple[pd.Timestamp | None, pd.Period | None]:
    """The day and the month with which `text` begins; (None, None) if it begins with a word.

    Raises InputError for text that begins with a digit but not with YYYY-MM-DD or YYYY-MM.

    >>> parse_leading_date("2016-04-05/06 (immediate)")
    (Timestamp('2016-04-05 00:00:00'), Period('2016-04', 'M'))
    >>> parse_leading_date("2017-09")
    (None, Period('2017-09', 'M'))
    >>> parse_leading_date("n/a")
    (None, None)
    """
    if not text[:1].isdigit():
        return None, None
    match = re.match(r"(\d{4}-\d\d)(-\d\d)?(?![\d-])", text)
    try:
        if match is None:
            raise ValueError
        month = pd.Period(match[1], "M")
        return (pd.Timestamp(match[0]) if match[2] else None), month
    except ValueError:
        raise _date_error(text, at) from None


def _date_error(text: str, at: Place) -> InputError:
    return at.error(
        "a date as YYYY-MM-DD or YYYY-MM, and any qualification behind it",
        found=text,
        action="write the date first; leave the cell empty if none is known",
    )


def _with_dates(paths: Paths, name: str, columns: list[str]) -> pd.DataFrame:
    table = read_table(paths, name)
    parsed = {
        column: parse_column(table, column, parse_leading_date, file=table_file(name))
        for column in columns
    }
    raise_if_any([error for _, errors in parsed.values() for error in errors])
    typed = {}
    for column, (values, _) in parsed.items():
        pairs = [value or (None, None) for value in values]
        days, months = [day for day, _ in pairs], [month for _, month in pairs]
        typed[f"{column}_day"] = pd.Series(pd.to_datetime(days), index=table.index)
        typed[f"{column}_month"] = pd.Series(
            pd.PeriodIndex([pd.NaT if m is None else m for m in months], freq="M"),
            index=table.index,
        )
    return table.assign(**typed)
