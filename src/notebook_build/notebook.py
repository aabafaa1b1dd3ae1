"""A notebook as it lies in the folder: what it declares, and what of it decides its results."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from notebook_build import BuildError
from notebook_build.config import seconds
from notebook_build.parameters import Parameter, read_parameters

DECLARATION = "notebook_build"
DECLARED = ("title", "question", "inputs", "outputs", "cell_seconds", "notebook_seconds")


@dataclass(frozen=True)
class Notebook:
    """One notebook and its declaration; `inputs` and `outputs` are patterns under the root."""

    name: str
    path: Path
    title: str
    question: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    cells: tuple[dict[str, Any], ...]
    #: Budgets of its own; None where the project's hold.
    cell_seconds: float | None = None
    notebook_seconds: float | None = None

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        tagged = [cell for cell in self.cells if "parameters" in tags(cell)]
        if len(tagged) != 1:
            raise BuildError(
                f"{self.path.name}: {len(tagged) or 'no'} cells are tagged 'parameters'. "
                "Tag exactly one code cell (an empty one will do)."
            )
        return read_parameters(source(tagged[0]), self.path.name)

    @property
    def findings_file(self) -> str:
        """Its page's findings as data, under the root: an output that every notebook has."""
        return f"reports/findings/{self.name}.json"

    @cached_property
    def content_hash(self) -> str:
        """Hash of what its cells say and are tagged: no outputs, counts or editor's metadata."""
        said = [[cell["cell_type"], source(cell), sorted(tags(cell))] for cell in self.cells]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def read_notebooks(folder: Path) -> dict[str, Notebook]:
    """Every notebook of the folder by name, in alphabetical order."""
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        raise BuildError(f"no notebook (*.ipynb) in {folder}. Name another root with --root.")
    return {path.stem: read_notebook(path) for path in paths}


def read_notebook(path: Path) -> Notebook:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = tuple(content["cells"])
    except (ValueError, KeyError) as error:
        raise BuildError(f"{path.name}: not a notebook of format 4 ({error}).") from None
    declared = content.get("metadata", {}).get(DECLARATION)
    if not isinstance(declared, dict) or not declared.get("title"):
        raise BuildError(
            f"{path.name}: its metadata declares no '{DECLARATION}' with a 'title'. "
            "Add title, question, inputs and outputs (see the help of this package)."
        )
    unknown = set(declared) - set(DECLARED)
    if unknown:
        raise BuildError(f"{path.name}: '{DECLARATION}' holds unknown keys: {sorted(unknown)}.")
    return Notebook(
        name=path.stem,
        path=path,
        title=declared["title"],
        question=declared.get("question", ""),
        inputs=tuple(declared.get("inputs", ())),
        outputs=tuple(declared.get("outputs", ())),
        cells=cells,
        **{
            name: seconds(declared, name, path.name, declared[name])
            for name in ("cell_seconds", "notebook_seconds")
            if name in declared
        },
    )


def source(cell: dict[str, Any]) -> str:
    """A cell's text, which a file may hold whole or as a list of lines."""
    return "".join(cell["source"])


def tags(cell: dict[str, Any]) -> list[str]:
    return cell.get("metadata", {}).get("tags", [])
