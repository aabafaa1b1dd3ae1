"""The committed snapshot of the results, for those who read on the web: `make snapshot`.

docs/results/ holds the ledger, the monthly series and the README's pictures; docs/codebook/ a
page a processed table; README.md a table of everything that the pages show; the pages on choices
what each does to the results; and ro-crate-metadata.json what the
package is made of. All are made from a finished build of the embedded tables, in the digits in
which results are printed, so that a comparison with a later build tells of changed results and not
of a last bit.
"""

from __future__ import annotations

import argparse
import difflib
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analysis.codebook import TABLES, codebook_page, table_words
from analysis.ledger import Results, find, read_results
from analysis.paths import Paths, project_paths

#: Digits in which a result is printed: significant ones of a claim's numbers, decimals of the
#: series (USD 10,000, what the wires print).
CLAIM_DIGITS = 4
SERIES_DECIMALS = 2
#: Pictures for the README, by the name of their file in reports/data.
PICTURES = ("02_trade_decline-counterfactual_gap.svg", "04_petroleum_cap-likely_by_year.svg")
#: The findings that open the README, by id.
HEADLINES = ("effect-import", "effect-export", "likely-2018", "ledger")
#: The pages of docs/ with a table of `make validate`, and the choice that each is about.
CHOICES = {
    "docs/exchange_rate.md": "exchange rate",
    "docs/rounding_rule.md": "rounding rule",
    "docs/training_window.md": "training window",
    "docs/vintage.md": "vintage",
}
#: How much of a passage stands in the table of exhibits.
PASSAGE = 90
#: Lines of a difference that a message shows.
SHOWN = 12
ACCEPT = (
    "If the results are meant to change, run `make snapshot`, look at `git diff`, say in "
    "CHANGELOG.md what changed, and commit."
)


def snapshot(paths: Paths) -> dict[str, str]:
    """The text of every generated file, by its path under the root.

    Reads a finished build. Raises FileNotFoundError, naming the file, where there is none.
    """
    claims = json.loads(_read(paths.reports / "claims.json"))
    exhibits = json.loads(_read(paths.reports / "exhibits.json"))
    series = pd.read_csv(paths.processed / "trade_monthly.csv")
    readme = _read(paths.root / "README.md")
    scored = pd.read_csv(paths.validation / "choices.csv")
    return {
        "docs/results/claims.json": as_json(in_printed_digits(claims)),
        "docs/results/exhibits.json": as_json(exhibits),
        "docs/results/trade_monthly.csv": printed_series(series),
        **{f"docs/codebook/{name}.md": page for name, page in codebook(paths).items()},
        "docs/codebook/README.md": codebook_index(),
        "README.md": with_block(
            with_block(readme, "findings", headlines(read_results(paths.reports / "findings"))),
            "exhibits",
            exhibits_table(exhibits),
        ),
        **{
            page: with_block(_read(paths.root / page), "effect", choice_table(scored, choice))
            for page, choice in CHOICES.items()
        },
        "ro-crate-metadata.json": as_json(ro_crate(paths)),
    }


def in_printed_digits(value: Any) -> Any:
    """JSON with every number to `CLAIM_DIGITS` significant digits.

    >>> in_printed_digits({"value": -54.7123, "level": 0.9, "id": "A6"})
    {'value': -54.71, 'level': 0.9, 'id': 'A6'}
    """
    if isinstance(value, dict):
        return {name: in_printed_digits(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [in_printed_digits(entry) for entry in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{CLAIM_DIGITS}g}")
    return value


def printed_series(series: pd.DataFrame) -> str:
    """The monthly series as CSV, money to `SERIES_DECIMALS`."""
    money = [name for name in series if name.endswith("usd_mn")]
    rounded = series.assign(**{name: series[name].round(SERIES_DECIMALS) + 0.0 for name in money})
    return rounded.to_csv(index=False, lineterminator="\n")


def codebook(paths: Paths) -> dict[str, str]:
    """The page of every processed table that is built, by the table's name."""
    return {name: codebook_page(name, processed_table(paths, name)) for name in TABLES}


def processed_table(paths: Paths, name: str) -> pd.DataFrame:
    """A processed table with its months as Period[M]; of the two forms Parquet, where it is."""
    parquet = paths.processed / f"{name}.parquet"
    if parquet.exists():
        table = pd.read_parquet(parquet)
    else:
        table = pd.read_csv(paths.processed / f"{name}.csv")
    months = [column for column in ("month", "first", "last") if column in table]
    return table.assign(**{name: pd.PeriodIndex(table[name], freq="M") for name in months})


def codebook_index() -> str:
    lines = [
        "# Code book of the processed tables",
        "",
        "What `make all` writes to data/processed; the raw tables are described in "
        "[data/raw/datapackage.json](../../data/raw/datapackage.json). Each page counts its table "
        "as built from the embedded figures.",
        "",
        "| table | one row is | from |",
        "|---|---|---|",
    ]
    for name in TABLES:
        said = table_words(name)
        lines.append(f"| [{name}]({name}.md) | {said.row} | {said.source} |")
    return "\n".join(lines) + "\n"


def exhibits_table(exhibits: Mapping[str, list[dict[str, str]]]) -> str:
    """Everything that the pages show, one line each, as Markdown."""
    lines = ["| notebook | cell | what | made by | stands in |", "|---|--:|---|---|---|"]
    for notebook, shown in exhibits.items():
        for exhibit in shown:
            words = " ".join(exhibit["text"].split()).replace("|", "\\|")
            words = words if len(words) <= PASSAGE else words[: PASSAGE - 1].rstrip() + "…"
            function = f"`{exhibit['function']}`" if exhibit["function"] else ""
            cells = [notebook, exhibit["cell"], f"{exhibit['kind']}: {words}", function]
            lines.append("| " + " | ".join([*cells, f"`reports/{exhibit['place']}`"]) + " |")
    return "\n".join(lines)


def choice_table(scored: pd.DataFrame, choice: str) -> str:
    """The results under each value of one choice as Markdown, those of the pages first.

    `scored` is `bench/validation/choices.csv`, with the columns of `choices.score`; a choice of
    the estimate alone has effects and nothing else.
    """
    own = scored[scored["choice"] == choice]
    losses = {"effect_import": "effect on imports, %", "effect_export": "effect on exports, %"}
    falls = {
        "imports_2017": "imports 2017, %",
        "imports_2018": "imports 2018, %",
        "exports_2018": "exports 2018, %",
        "trade_2018": "both 2018, %",
    }
    of_reading = own["rejected"].notna().all()
    heads = ["value", *losses.values()]
    if of_reading:
        own = pd.concat([scored[scored["choice"] == "none"], own])
        heads[1:1] = ["rejected", *falls.values(), "months under 5 %"]
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    for row in own.to_dict("records"):
        cells = [row["label"], *(_with_ends(row, name, 0) for name in losses)]
        if of_reading:
            known = f"{row['closed_robust']:.0f} of {row['months']:.0f}"
            sums = [_with_ends(row, name, 2) for name in falls]
            cells[1:1] = [f"{row['rejected']:.0f}", *sums, known]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _with_ends(row: Mapping[str, Any], name: str, decimals: int) -> str:
    """A number and its interval, in as many decimals; `no fit` where there is none."""
    if pd.isna(row[name]):
        return "no fit"
    ends = [row[name], row[f"{name}_lower"], row[f"{name}_upper"]]
    value, lower, upper = (f"{end:.{decimals}f}".replace("-", "−") for end in ends)
    return f"{value} ({lower} to {upper})"


def headlines(results: Results) -> str:
    """The findings of `HEADLINES` as a list in Markdown."""
    return "\n".join(f"- {find(results, name).sentence}" for name in HEADLINES)


def with_block(page: str, name: str, text: str) -> str:
    """The page with `text` between the marks of the block `name`.

    Raises ValueError where the marks are not there, once each and in order.
    """
    begin, end = f"<!-- {name}: made by `make snapshot` -->", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed or begin in after or end in after:
        raise ValueError(f"{page[:30]!r}...: expected {begin!r} and then {end!r}, once each")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def ro_crate(paths: Paths) -> dict[str, Any]:
    """The package as an RO-Crate 1.1: what it is made of, by whom, under which licences.

    From CITATION.cff, the raw data package and the notebooks, so that it cannot say otherwise.
    """
    citation = yaml.safe_load(_read(paths.root / "CITATION.cff"))
    package = json.loads(_read(paths.datapackage))
    data = [
        {
            "@id": f"data/raw/{resource['path']}",
            "@type": "File",
            "name": resource["title"],
            "description": resource["description"],
            "encodingFormat": resource["mediatype"],
            "contentSize": str(resource["bytes"]),
            "sha256": resource["hash"].removeprefix("sha256:"),
            "license": {"@id": DATA_LICENCE},
        }
        for resource in package["resources"]
    ]
    notebooks = [
        {
            "@id": f"notebooks/{file.name}",
            "@type": ["File", "SoftwareSourceCode"],
            "name": json.loads(_read(file))["metadata"]["notebook_build"]["title"],
            "encodingFormat": "application/x-ipynb+json",
            "license": {"@id": CODE_LICENCE},
        }
        for file in sorted((paths.root / "notebooks").glob("*.ipynb"))
    ]
    code = {
        "@id": "src/",
        "@type": ["Dataset", "SoftwareSourceCode"],
        "name": "What the notebooks call, and what builds their pages",
        "programmingLanguage": "Python",
        "license": {"@id": CODE_LICENCE},
    }
    authors = [
        {
            "@id": f"#author-{number}",
            "@type": "Person" if "family-names" in author else "Organization",
            "name": author.get("name")
            or f"{author.get('given-names', '')} {author.get('family-names', '')}".strip(),
        }
        for number, author in enumerate(citation["authors"], 1)
    ]
    parts = [*data, *notebooks, code]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": citation["title"],
        "description": citation.get("abstract", package["description"]),
        "version": str(citation["version"]),
        "datePublished": str(citation["date-released"]),
        "author": _one_or_all([{"@id": author["@id"]} for author in authors]),
        "publisher": {"@id": authors[0]["@id"]},
        "license": {"@id": CODE_LICENCE},
        "hasPart": [{"@id": part["@id"]} for part in parts],
    }
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    licences = [
        {"@id": address, "@type": "CreativeWork", "name": name}
        for address, name in {CODE_LICENCE: "MIT licence", DATA_LICENCE: "CC BY 4.0"}.items()
    ]
    graph = [descriptor, root, *authors, *licences, *parts]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def _one_or_all(values: list[Any]) -> Any:
    """JSON-LD in an RO-Crate writes a single value without a list around it."""
    return values[0] if len(values) == 1 else values


CODE_LICENCE = "https://spdx.org/licenses/MIT"
DATA_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def changed(paths: Paths, files: Mapping[str, str]) -> list[str]:
    """What the committed files say that `files` do not, a message each; none where they agree."""
    messages = []
    for path, text in files.items():
        committed = paths.root / path
        old = committed.read_text(encoding="utf-8") if committed.exists() else ""
        if old != text:
            lines = difflib.unified_diff(
                old.splitlines(), text.splitlines(), "committed", "built", lineterm="", n=0
            )
            shown = "\n".join(list(lines)[:SHOWN])
            messages.append(f"{path} is not what the build gives:\n{shown}\n{ACCEPT}")
    return messages


def write(paths: Paths, files: Mapping[str, str]) -> list[str]:
    """Write the files that differ, and copy the README's pictures; returns what was written."""
    pictures = {f"docs/results/{name}": _read(paths.reports / "data" / name) for name in PICTURES}
    written = []
    for path, text in (dict(files) | pictures).items():
        target = paths.root / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
    return written


def as_json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _read(file: Path) -> str:
    if not file.exists():
        raise FileNotFoundError(f"{file} is not there: run `make all` first")
    return file.read_text(encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write the snapshot, or with `--check` say how it differs; 1 where it does."""
    parser = argparse.ArgumentParser(prog="make snapshot", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    paths = project_paths()
    files = snapshot(paths)
    if options.check:
        messages = changed(paths, files)
        print("\n\n".join(messages) or "the snapshot is what the build gives")
        return int(bool(messages))
    print("\n".join(write(paths, files)) or "nothing has changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
