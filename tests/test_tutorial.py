"""What the tutorial tells a newcomer to type is what the project takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pandas as pd
import yaml

from analysis.claims import quote
from analysis.paths import project_paths
from analysis.sources.gacc_export import export_panel, read_export
from analysis.sources.tables import read_table
from notebook_build.notebook import read_notebook, read_notebooks, source
from notebook_build.parameters import split_assignments

PATHS = project_paths()
TEXT = (PATHS.root / "docs/tutorial.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_the_window_is_a_parameter_of_its_notebook():
    name, given = re.search(r'make run NOTEBOOK=(\S+) P="([^"]+)"', TEXT).groups()
    known = read_notebooks(PATHS.root / "notebooks")[name].parameters
    assert set(split_assignments(given)) <= set(known)


def test_the_invented_export_is_read(tmp_path):
    name, content = re.search(r"cat > \S+/(\S+) <<'END'\n(.*?)END", TEXT, re.DOTALL).groups()
    (tmp_path / name).write_text(content, encoding="utf-8")
    panel, _ = export_panel(read_export(tmp_path))
    assert len(panel) == 2
    assert f"USD {panel['value_usd'].sum() / 1e6:.3f} million" in TEXT


def test_the_correction_matches_one_row_that_is_outside_of_what_is_expected():
    (entry,) = yaml.safe_load(blocks("yaml")[0])
    table = read_table(PATHS, entry["table"])
    match = pd.concat([table[name] == text for name, text in entry["match"].items()], axis=1)
    (value,) = table.loc[match.all(axis=1), entry["column"]]
    assert not entry["expected"]["lower"] <= float(value) <= entry["expected"]["upper"]


def test_the_notebook_is_one_that_the_builder_takes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").mkdir()
    (code,) = blocks("python")
    exec(compile(code, "tutorial", "exec"), {})
    (written,) = (tmp_path / "notebooks").glob("*.ipynb")
    notebook = read_notebook(Path(written))
    assert set(notebook.parameters) == {"first"}
    for cell in notebook.cells:
        if cell["cell_type"] == "code":
            ast.parse(source(cell))
    template = ast.parse(source(notebook.cells[-1])).body[0].value.args[1].value
    assert "72" in quote(template, first="2018-02", value=72.4, month="March 2026")
