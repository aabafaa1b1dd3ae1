"""UN Comtrade's monthly record of China's trade with one partner, by commodity code.

Asked for are totals alone: one row a code, over all second partners, modes of transport and
customs procedures, which otherwise stand beside their sum and would be counted twice. Values are
USD, c.i.f. for imports and f.o.b. for exports, as China reports them.

The client, `comtradeapicall`, answers a refusal with None and prints the reason; this module
listens for it and decides whether waiting helps. Its plural calls are not used: they leave out a
month that was refused. Without a key an answer ends at `PREVIEW_LIMIT` rows and does not say so,
so that an answer of that length is asked again in parts that cannot reach it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import comtradeapicall
import numpy as np
import pandas as pd
import urllib3

from analysis.schemas import PRODUCT_PANEL, InputError, checked
from analysis.sources.customs_codes import comtrade_code, partners
from analysis.sources.tables import Place, raise_if_any

SOURCE = "comtrade"
CHINA = 156
LEVELS = (2, 4, 6)
FLOW_CODES = {"import": "M", "export": "X"}
#: The code of the total of each breakdown.
TOTALS = {"partner2Code": "0", "customsCode": "C00", "motCode": "0"}
#: Rows at which an answer without a key ends, and with one.
PREVIEW_LIMIT, KEYED_LIMIT = 500, 100_000
#: Months in one answer with a key: twelve of China's with a large partner stay below the limit.
KEYED_MONTHS = 12
#: In refMonth of a row that stands for a whole year.
YEAR = 52
MANIFEST = "manifest.json"
#: Status codes at which asking again at once is of no use, and what is.
FINAL = {
    400: "the query is not understood any more: this program needs mending",
    401: "check the key in the environment, or unset it to ask without one",
    403: "the quota of calls is used up: go on tomorrow, or with a key",
}
_OLD_WEIGHT = "netWeight"


class Refused(Exception):
    """Comtrade gave no usable answer; `final` where waiting will not help."""

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class Query:
    """One call: China's flow with a partner (the customs office's number) at one level of codes.

    `months` as YYYYMM. `codes` are asked for by name; none means all of the level.
    """

    partner: int
    flow: str
    level: int
    months: tuple[str, ...]
    codes: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        """What is sent, the key apart."""
        return {
            "typeCode": "C",
            "freqCode": "M",
            "clCode": "HS",
            "period": ",".join(self.months),
            "reporterCode": str(CHINA),
            "cmdCode": ",".join(self.codes) or f"AG{self.level}",
            "flowCode": FLOW_CODES[self.flow],
            "partnerCode": str(comtrade_code(self.partner)),
            **TOTALS,
        }


def ask(query: Query, key: str | None) -> list[dict[str, Any]]:
    """The rows of one answer. Raises Refused, whose text never holds the key."""
    heard = io.StringIO()
    call = comtradeapicall.previewFinalData
    arguments: tuple[str, ...] = ()
    if key:
        call, arguments = comtradeapicall.getFinalData, (key,)
    try:
        with contextlib.redirect_stdout(heard):
            table = call(*arguments, **query.parameters)
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise Refused(f"an answer that is no complete JSON ({type(error).__name__})") from None
    except urllib3.exceptions.HTTPError as error:
        raise Refused(_without(key, str(error))) from None
    if table is None:
        reason = _without(key, heard.getvalue().strip())[:200] or "no answer"
        status = re.search(r'"statusCode":\s*(\d+)', reason)
        code = int(status[1]) if status else 0
        advice = f"; {FINAL[code]}" if code in FINAL else ""
        raise Refused(reason + advice, final=code in FINAL)
    rows = json.loads(table.to_json(orient="records"))
    _refuse_others(rows, query)
    return rows


def _without(key: str | None, text: str) -> str:
    return text.replace(key, "***") if key else text


def _refuse_others(rows: list[dict[str, Any]], query: Query) -> None:
    """An answer to another question is worse than none."""
    asked = query.parameters
    for row in rows:
        given = {name: str(row.get(name)) for name in ("reporterCode", "partnerCode", "flowCode")}
        wrong = [name for name, value in given.items() if value != asked[name]]
        if wrong or str(row.get("period")) not in query.months:
            raise Refused(f"rows of another query: {given}, period {row.get('period')}")


def is_cut(rows: Sequence[Mapping[str, Any]], query: Query, key: str | None) -> bool:
    """Whether an answer may have been cut: it is as long as answers get, and more could exist."""
    limit = KEYED_LIMIT if key else PREVIEW_LIMIT
    return len(rows) >= limit and not (query.codes and len(query.codes) < limit)


def parts(query: Query, parents: Iterable[str]) -> Iterator[Query]:
    """The query in parts of fewer codes than an answer has rows; together they ask for all.

    `parents` are the codes one level up with trade in the month: chapters of headings, headings of
    subheadings. All codes that could stand below them are asked for by name, since an answer has
    at most one row for each.
    """
    numbers = [f"{number:02d}" for number in range(100)]
    below = [parent + number for parent in sorted(set(parents)) for number in numbers]
    size = PREVIEW_LIMIT - 1
    for start in range(0, len(below), size):
        codes = tuple(below[start : start + size])
        yield Query(query.partner, query.flow, query.level, query.months, codes)


# Answers on the disk


def file_name(query: Query) -> str:
    """`import_109_hs4_201701.json`, or with the last month where there are several."""
    span = query.months[0] if len(query.months) == 1 else f"{query.months[0]}-{query.months[-1]}"
    return f"{query.flow}_{query.partner}_hs{query.level}_{span}.json"


def answer_bytes(query: Query, rows: list[dict[str, Any]]) -> bytes:
    content = {"query": {**asdict(query), "sent": query.parameters}, "rows": rows}
    return (json.dumps(content, indent=0, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """What was fetched, by file name (see `manifest_entry`); empty where nothing was."""
    file = folder / MANIFEST
    if not file.exists():
        return {}
    try:
        return json.loads(file.read_text(encoding="utf-8"))["files"]
    except (json.JSONDecodeError, KeyError, UnicodeDecodeError) as error:
        action = "delete the folder's files and run `make fetch` again"
        expected = "a JSON document with `files`"
        raise Place(MANIFEST).error(expected, found=str(error), action=action) from None


def manifest_entry(query: Query, content: bytes, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The query, the hash of the file that holds its answer, and what months it has rows of."""
    return {
        "query": asdict(query) | {"months": list(query.months), "codes": list(query.codes)},
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows": len(rows),
        "months_with_rows": sorted({str(row["period"]) for row in rows}),
    }


def is_whole(folder: Path, name: str, entry: Mapping[str, Any]) -> bool:
    """Whether the file is there as it was stored."""
    file = folder / name
    return file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]


# From answers to the panel


def read_comtrade(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The panel of all answers, the rows set aside, and one row a file.

    The panel has the shape of `schemas.PRODUCT_PANEL`, at two, four and six digits; quantities are
    net weights in kilograms, missing where none is given. Set aside (`file`, `line`, `reason`;
    `line` counts the rows of an answer from 1) are years among months, parts of a total, the total
    of all goods, and rows that another file repeats.

    Raises InputError (InputErrors for several) for a file that the manifest lacks, one that is not
    as it was stored, and rows of two files that differ.
    """
    manifest = read_manifest(folder)
    present = sorted(file.name for file in folder.glob("*.json") if file.name != MANIFEST)
    raise_if_any([_unknown_file(name) for name in present if name not in manifest])
    names = [name for name in sorted(manifest) if name in present]
    raise_if_any(
        [_changed_file(name) for name in names if not is_whole(folder, name, manifest[name])]
    )
    rows = [_rows_of(folder / name, name) for name in names]
    frame = pd.concat([_no_rows(), *(table for table in rows if len(table))], ignore_index=True)
    frame["reason"] = _reasons(frame)
    frame["reason"] = frame["reason"].fillna(_repeats(frame[frame["reason"].isna()]))
    used = frame[frame["reason"].isna()]
    aside = frame.loc[frame["reason"].notna(), ["file", "line", "reason"]]
    return _panel(used), aside.reset_index(drop=True), _account(folder, names, frame)


def _unknown_file(name: str) -> InputError:
    return Place(name).error(
        "files that `make fetch` stored",
        found="a file that manifest.json does not list",
        action="take it out of the folder; answers are fetched, not copied in",
    )


def _changed_file(name: str) -> InputError:
    return Place(name).error(
        "the answer as it was stored",
        found="other bytes than manifest.json records",
        action="delete the file and run `make fetch` again",
    )


_COLUMNS = {
    "freqCode": "string",
    "refMonth": "int64",
    "period": "string",
    "flowCode": "string",
    "partnerCode": "int64",
    "partner2Code": "string",
    "customsCode": "string",
    "motCode": "string",
    "cmdCode": "string",
    "primaryValue": "float64",
    "netWgt": "float64",
    "file": "string",
    "line": "int64",
}


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(columns=list(_COLUMNS)).astype(_COLUMNS)


def _rows_of(file: Path, name: str) -> pd.DataFrame:
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    table = pd.DataFrame(rows)
    if _OLD_WEIGHT in table and "netWgt" not in table:
        table = table.rename(columns={_OLD_WEIGHT: "netWgt"})
    table = table.assign(file=name, line=range(1, len(table) + 1))
    missing = [column for column in _COLUMNS if column not in table]
    if missing and len(table):
        action = "Comtrade changed its answers: this reader needs mending"
        found = ", ".join(missing)
        raise Place(name).error("the columns of Comtrade", found=f"no {found}", action=action)
    return table.reindex(columns=list(_COLUMNS)).astype(_COLUMNS) if len(table) else _no_rows()


def _reasons(frame: pd.DataFrame) -> pd.Series:
    """Why a row is not used; missing where it is."""
    is_part = pd.Series(False, index=frame.index)
    for name, total in TOTALS.items():
        is_part |= frame[name].ne(total).fillna(True).astype(bool)
    reason = pd.Series(pd.NA, index=frame.index, dtype="string")
    reason = reason.mask(~frame["cmdCode"].str.fullmatch(r"(?:\d\d){1,3}").astype(bool),
                         "no commodity code of two, four or six digits")  # fmt: skip
    reason = reason.mask(is_part, "a part of a total, by partner, transport or procedure")
    yearly = frame["freqCode"].ne("M") | frame["refMonth"].eq(YEAR)
    return reason.mask(yearly.astype(bool), "a year among months")


def _repeats(frame: pd.DataFrame) -> pd.Series:
    """The reason of each row that an earlier file has already; InputErrors where values differ."""
    key = ["flowCode", "partnerCode", "period", "cmdCode"]
    first = frame.groupby(key, sort=False)[["file", "primaryValue"]].transform("first")
    again = frame.duplicated(key)
    other = frame[again & (frame["primaryValue"] != first["primaryValue"])]
    raise_if_any(
        [
            Place(row.file, int(row.line)).error(
                "one value for a code and month",
                found=f"{row.primaryValue:,.0f} for {row.cmdCode} in {row.period}, another in "
                f"{first['file'][row.Index]}",
                action="Comtrade revised its figures: delete the older file and fetch again",
            )
            for row in other.itertuples()
        ]
    )
    return ("repeats " + first["file"]).where(again)


def _panel(used: pd.DataFrame) -> pd.DataFrame:
    number = {p.comtrade: p.code for p in partners().values() if p.comtrade is not None}
    flow = {code: name for name, code in FLOW_CODES.items()}
    weight = used["netWgt"].where(used["netWgt"] > 0)
    panel = pd.DataFrame(
        {
            "month": pd.PeriodIndex(pd.to_datetime(used["period"], format="%Y%m"), freq="M"),
            "flow": used["flowCode"].map(flow).astype(object).to_numpy(),
            "partner": used["partnerCode"].map(number).to_numpy("int64"),
            "hs": used["cmdCode"].array,
            "value_usd": used["primaryValue"].to_numpy(),
            "quantity": weight.to_numpy(),
            "unit": pd.array(np.where(weight.notna(), "kilogram", None), dtype="string"),
            "source": pd.array([SOURCE] * len(used), dtype="string"),
        }
    )
    return checked(
        panel.sort_values(["month", "flow", "partner", "hs"], ignore_index=True), PRODUCT_PANEL
    )


def _account(folder: Path, names: list[str], frame: pd.DataFrame) -> pd.DataFrame:
    """One row a file: `file`, `flow`, `bytes`, `sha256`, months, rows read, used and set aside."""
    manifest = read_manifest(folder)
    read = frame["file"].value_counts()
    outside = frame.loc[frame["reason"].notna(), "file"].value_counts()
    rows = [
        {
            "file": name,
            "flow": manifest[name]["query"]["flow"],
            "bytes": (folder / name).stat().st_size,
            "sha256": manifest[name]["sha256"],
            "first": pd.Period(_dashed(manifest[name]["query"]["months"][0]), "M"),
            "last": pd.Period(_dashed(manifest[name]["query"]["months"][-1]), "M"),
            "rows_read": int(read.get(name, 0)),
            "rows_repaired": 0,
            "rows_set_aside": int(outside.get(name, 0)),
        }
        for name in names
    ]
    columns = ["file", "flow", "bytes", "sha256", "first", "last", "rows_read", "rows_repaired",
               "rows_set_aside"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(rows_used=table["rows_read"] - table["rows_set_aside"])


def _dashed(month: str) -> str:
    return f"{month[:4]}-{month[4:]}"
