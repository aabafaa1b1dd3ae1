"""Which files of a folder are the customs office's query export, and what they do not say.

The export holds neither direction nor, in a query of one month, the month. Both come from the
file's name (`NAMING_RULE`) or from `sidecar.yml` in the same folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analysis.schemas import InputError
from analysis.sources.tables import Place, raise_if_any

SIDECAR = "sidecar.yml"
#: The bulletin's tables lie in this folder beside the exports; `sources.gacc_bulletin` reads them.
BULLETIN_FOLDER = "bulletin"
DIRECTIONS = {"import": "import", "export": "export", "进口": "import", "出口": "export"}
CURRENCIES = ("USD", "CNY")
#: China's customs statistics took up the Harmonized System in 1992; a few series reach back.
FIRST_MONTH = pd.Period("1990-01", "M")
#: The query interface cuts a download here, without a word.
ROW_LIMIT = 10_000

NAMING_RULE = (
    "name the file import_YYYYMM.csv or export_YYYYMM.csv (one month), "
    "import_YYYYMM-YYYYMM.csv (several, which the date column tells apart), 进口/出口 will do as "
    "well, with _2, _3 for further parts; or keep its name and give `flow: import` or "
    f"`flow: export`, and `month: YYYYMM` if it has no date column, in {SIDECAR} beside it"
)

_KEYS = ("flow", "month", "currency", "accept_10000")
_ALLOWED = f"the keys {', '.join(_KEYS)}"
#: Left alone: what systems and this project put into the folder.
_IGNORED = ("README.md", SIDECAR)


@dataclass(frozen=True)
class ExportFile:
    """One file of the export: where it lies, and what its name or the sidecar says of it.

    `name` is its place below the folder read, as messages give it. `first` and `last` are None
    where neither is said; a file without date column needs one month. `accept_10000`: the reader
    vouches that exactly that many rows are all.
    """

    path: Path
    name: str
    flow: str
    first: pd.Period | None
    last: pd.Period | None
    currency: str | None = None
    accept_10000: bool = False


def export_files(folder: Path) -> list[ExportFile]:
    """The exports below `folder`, or the one file that it is, in order of name.

    Raises InputError (InputErrors for several) for a file that is no .csv, for a direction or
    month that is missing, contradictory or impossible, and for a sidecar that cannot be used.
    """
    paths = [folder] if folder.is_file() else _files_below(folder)
    root = folder.parent if folder.is_file() else folder
    errors: list[InputError] = []
    sidecars: dict[Path, Mapping[str, Mapping[str, Any]]] = {}
    for parent in sorted({path.parent for path in paths} | {root}):
        try:
            sidecars[parent] = _read_sidecar(parent, root)
        except InputError as error:
            errors.append(error)
            sidecars[parent] = {}
    raise_if_any(errors)
    found = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            found.append(_described(path, name, sidecars[path.parent].get(path.name, {})))
        except InputError as error:
            errors.append(error)
    raise_if_any(errors)
    return found


def is_ignored(path: Path, root: Path) -> bool:
    """Whether a file below `root` is no download: hidden, of this project, or of the bulletin."""
    parts = path.relative_to(root).parts
    hidden = any(part.startswith(".") for part in parts)
    return hidden or path.name in _IGNORED or parts[0] == BULLETIN_FOLDER


def _files_below(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    kept = [path for path in files if not is_ignored(path, folder)]
    raise_if_any(
        [
            Place(path.relative_to(folder).as_posix()).error(
                "files of the query export, which end in .csv",
                found=path.suffix or path.name,
                action="save it again as the .csv that the query page gives, or move it out of "
                f"the folder (tables of the bulletin belong into {BULLETIN_FOLDER}/)",
            )
            for path in kept
            if path.suffix != ".csv"
        ]
    )
    return kept


def _read_sidecar(folder: Path, root: Path) -> dict[str, dict[str, Any]]:
    """What `sidecar.yml` says, by file name; empty where there is none."""
    file = folder / SIDECAR
    place = Place(file.relative_to(root).as_posix())
    action = "write, for each file, its name, a colon, and below it `flow: import` and so on"
    if not file.exists():
        return {}
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        found = str(error).splitlines()[0]
        raise place.error("valid YAML in UTF-8", found=found, action=action) from None
    if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
        expected = "a mapping from file name to flow, month and so on"
        raise place.error(expected, found=type(entries).__name__, action=action)
    raise_if_any(
        [
            error
            for name, entry in entries.items()
            for error in _entry_errors(place, folder, str(name), entry)
        ]
    )
    return {str(name): entry for name, entry in entries.items()}


def _entry_errors(
    place: Place, folder: Path, name: str, entry: Mapping[str, Any]
) -> list[InputError]:
    at = Place(f"{place.file}, entry {name!r}")
    errors = []
    if not (folder / name).is_file():
        action = "mend the name or remove the entry"
        errors.append(at.error(f"a file {name} beside it", found="no such file", action=action))
    for key, value in entry.items():
        text = str(value)
        if key not in _KEYS:
            errors.append(at.error(_ALLOWED, found=key, action="rename or remove it"))
        elif key == "flow" and text not in DIRECTIONS:
            action = "write `flow: import` (into China) or `flow: export`"
            errors.append(at.error("`flow` as import or export", found=value, action=action))
        elif key == "currency" and text not in CURRENCIES:
            errors.append(at.error("USD or CNY", found=value, action="mend the currency"))
        elif key == "accept_10000" and not isinstance(value, bool):
            errors.append(at.error("true or false", found=value, action="mend it"))
        elif key == "month":
            try:
                parse_month(text, at)
            except InputError as error:
                errors.append(error)
    return errors


def parse_month(text: str, at: Place) -> pd.Period:
    """A month written as YYYYMM; InputError for another form, before 1990, or in the future.

    >>> parse_month("201702", Place("a file"))
    Period('2017-02', 'M')
    """
    action = "write the month as YYYYMM, 201702 for February 2017"
    if not re.fullmatch(r"[0-9]{4}(?:0[1-9]|1[0-2])", text):
        raise at.error("a month as YYYYMM", found=text, action=action)
    month = pd.Period(f"{text[:4]}-{text[4:]}", "M")
    if month < FIRST_MONTH:
        raise at.error(f"a month not before {FIRST_MONTH}", found=text, action=action)
    if month > pd.Timestamp.now().to_period("M"):
        raise at.error("a month that is not later than today", found=text, action=action)
    return month


def _described(path: Path, name: str, entry: Mapping[str, Any]) -> ExportFile:
    place = Place(name)
    flow = _flow(path.stem, entry, place)
    first, last = _months(path.stem, entry, place)
    currency = entry.get("currency")
    return ExportFile(
        path, name, flow, first, last, currency, bool(entry.get("accept_10000", False))
    )


def _flow(stem: str, entry: Mapping[str, Any], place: Place) -> str:
    words = {DIRECTIONS[word] for word in re.findall(r"[a-z]+|[进出]口", stem.lower())
             if word in DIRECTIONS}  # fmt: skip
    said = DIRECTIONS.get(str(entry["flow"])) if "flow" in entry else None
    if len(words) > 1:
        raise place.error("one direction in the file name", found=stem, action=NAMING_RULE)
    named = next(iter(words), None)
    if named and said and named != said:
        action = f"mend the file name or {SIDECAR}"
        raise place.error(f"the same flow in the name and in {SIDECAR}", found=said, action=action)
    if not (named or said):
        where = f"in the file name or as `flow` in {SIDECAR}"
        raise place.error(f"the direction, {where}", found="none", action=NAMING_RULE)
    return named or said


def _months(
    stem: str, entry: Mapping[str, Any], place: Place
) -> tuple[pd.Period | None, pd.Period | None]:
    spans = re.findall(r"(?<!\d)(\d{6})(?:-(\d{6}))?(?!\d)", stem)
    if len(spans) > 1:
        raise place.error("one month or span in the file name", found=stem, action=NAMING_RULE)
    first, last = spans[0] if spans else ("", "")
    named = tuple(parse_month(text, place) for text in (first, last or first) if text)
    if len(named) == 2 and named[0] > named[1]:
        action = "write the span of months in the order of time: " + NAMING_RULE
        raise place.error("a span that does not run backwards", found=stem, action=action)
    if "month" in entry:
        said = parse_month(str(entry["month"]), place)
        if named and named != (said, said):
            action = f"mend the file name or {SIDECAR}"
            raise place.error(
                f"the same month in the name and in {SIDECAR}",
                found=str(entry["month"]),
                action=action,
            )
        return said, said
    return named if named else (None, None)
