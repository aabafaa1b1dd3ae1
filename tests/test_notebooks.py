"""A notebook is committed without outputs, holds one parameters cell, and defines no function."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from mutation import templates

from analysis.claims import quote
from notebook_build.graph import dependencies
from notebook_build.notebook import read_notebook, read_notebooks, source, tags

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def code_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def definitions(code: str) -> list[int]:
    """The lines of a cell that define a function or a class."""
    tree = ast.parse(TransformerManager().transform_cell(code))
    return [node.lineno for node in ast.walk(tree) if isinstance(node, DEFINITIONS)]


def test_there_are_notebooks_and_their_declarations_fit_together():
    assert dependencies(read_notebooks(FOLDER))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_committed(path):
    for cell in code_cells(path):
        assert not cell["outputs"], f"clear the outputs of {path.name} before committing"
        assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_one_cell_is_tagged_parameters(path):
    assert sum("parameters" in tags(cell) for cell in code_cells(path)) == 1
    # Reading them checks that each is a literal of its annotated type.
    assert read_notebook(path).parameters is not None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_function_is_defined(path):
    for number, cell in enumerate(code_cells(path), start=1):
        lines = definitions(source(cell))
        assert not lines, f"{path.name}: code cell {number} defines a function in line {lines[0]}"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("%time x = 1\ny = 2", []),
        ("x = 1\ndef f():\n    pass", [2]),
        ("f = lambda x: x", [1]),
        ("class A: pass", [1]),
    ],
)
def test_every_form_of_definition_is_seen(code, lines):
    assert definitions(code) == lines


#: Numbers that a reader takes for a name: years and days, resolutions and committees of the
#: Council, customs codes, and what stands inside quotation marks or code.
NAMES = re.compile(
    r'"[^"]*"|“[^”]*”|`[^`]*`|\]\([^)]*\)|\b(19|20)\d\d\b'
    r"|\b\d{1,2} (January|February|March|April|May|June|July|August|September|October|November"
    r"|December)\b"
    r"|\b[Rr]esolutions? \d{4}(( to|,| and) \d{4})*|\b1718 Committee"
    r"|\b(HS|headings?|chapter|code) \d+"
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_result_is_typed_into_the_prose(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in (cell for cell in cells if cell["cell_type"] == "markdown"):
        left = NAMES.sub("", source(cell))
        typed = re.search(r".{0,30}\d.{0,20}", left)
        assert not typed, f"{path.name}: let {typed.group()!r} enter through analysis.claims"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_result_is_typed_into_a_title(path):
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(TransformerManager().transform_cell(source(cell)))):
            if isinstance(node, ast.keyword) and node.arg in ("title", "subtitle", "note"):
                text = node.value.value if isinstance(node.value, ast.Constant) else ""
                typed = re.search(r"\d", NAMES.sub("", str(text)))
                assert not typed, f"{path.name}: {text!r} has a number typed into it: use quote"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_that_verifies_the_raw_files_declares_them_all(path):
    """The usual slip; `python bench/undeclared.py` runs each with everything else hidden."""
    if any("verify_raw(" in source(cell) for cell in code_cells(path)):
        raw = {"data/raw/*.csv", "data/raw/corrections.yml", "data/raw/datapackage.json"}
        assert raw <= set(read_notebook(path).inputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_number_typed_into_any_sentence_stops_the_build(path):
    for cell in code_cells(path):
        for template in templates(TransformerManager().transform_cell(source(cell))):
            with pytest.raises(ValueError, match="typed into it"):
                quote(f"{template} 54.7")
