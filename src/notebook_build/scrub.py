"""Takes out of an executed notebook what another machine, folder or minute would change."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Where a kernel says that a cell's code lies. The bound keeps the search linear in the text.
CELL_FILE = re.compile(r"\S{0,300}/ipykernel_\d+/\d+\.py")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
SITE_PACKAGES = re.compile(re.escape(f"{sys.prefix}/lib/") + r"python[\d.]+/(site-packages/)?")
TEXTS = ("text/plain", "text/html", "text/markdown")


def scrub(notebook: Any, root: Path) -> None:
    """Clean an executed notebook in place; what its cells computed stays as it is."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(notebook.cells, start=1):
        # Cells of an older format, and one of injected parameters, get their id by chance.
        cell["id"] = f"cell-{number}"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [scrub_output(output, root) for output in merge_streams(cell.outputs)]


def scrub_output(output: Any, root: Path) -> Any:
    clean = text_cleaner(root)
    if output.output_type == "stream":
        output.text = clean(written_over(output.text))
    elif output.output_type == "error":
        output.traceback = [clean(line) for line in output.traceback]
    else:
        for kind in TEXTS:
            if kind in output.data:
                output.data[kind] = clean(output.data[kind])
    return output


def text_cleaner(root: Path) -> Callable[[str], str]:
    def clean(text: str) -> str:
        text = text.replace(f"{root}/", "").replace(str(root), ".")
        # Looked for first, because the pattern is slow on text without it.
        if "/ipykernel_" in text:
            text = CELL_FILE.sub("cell", text)
        text = SITE_PACKAGES.sub("", text)
        return ADDRESS.sub("", text)

    return clean


def written_over(text: str) -> str:
    """What a terminal shows of lines, such as those of a progress bar, that return to their start.

    >>> written_over("10 %\\r100 %\\ndone\\r\\n")
    '100 %\\ndone\\n'
    """
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def merge_streams(outputs: list[Any]) -> list[Any]:
    """Join the neighbouring streams of a cell, standard output first.

    The kernel sends both in pieces by the clock, so their order between each other is chance.
    """
    merged: list[Any] = []
    run: dict[str, Any] = {}
    for output in outputs:
        if output.output_type == "stream":
            if output.name in run:
                run[output.name].text += output.text
            else:
                run[output.name] = output
            continue
        merged.extend(run[name] for name in sorted(run, reverse=True))
        run = {}
        merged.append(output)
    merged.extend(run[name] for name in sorted(run, reverse=True))
    return merged
