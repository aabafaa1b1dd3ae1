"""A run with other parameters gets a page of its own and leaves the default's results alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CELL = """from typing import Annotated
factor: Annotated[int, "1 <= factor <= 9"] = 2
label: str = "all"
pair: tuple[int, str] = (1, "x")"""
WRITE = """from pathlib import Path
Path("out").mkdir(exist_ok=True)
Path("out/scaled.csv").write_text(f"day,price\\n1,{3 * factor}\\n")
print("given", label, pair)"""


@pytest.fixture
def built(workshop, code):
    """A writer whose parameters matter, and a reader of what it writes."""
    workshop.notebook(
        "writer", code(CELL, "parameters"), code(WRITE), parameters=False, outputs=["out/*.csv"]
    )
    workshop.notebook("reader", code("print(open('out/scaled.csv').read())"), inputs=["out/*.csv"])
    assert workshop.build() == 0
    return workshop


def test_a_run_stands_beside_the_default_page(built):
    """One story, so that the kernels start seldom."""
    default = built.page("writer")
    assert built.build("run", "writer", "factor=5 label=a=b c pair=(2, 'y')") == 0
    (name,) = built.became()
    assert name.startswith("writer--factor-5--label-a-b-c--pair-2-y-")
    page = built.page(name)
    assert "Title of writer (factor = 5, label = a=b c, pair = (2, &#39;y&#39;))" in page
    # Values reach the kernel as what they are: papermill would write the tuple as text.
    assert "given a=b c (2, &#39;y&#39;)" in page
    # What the run wrote is its own; the default's output and page are as they were.
    kept = built.root / "reports/runs" / name / "out/scaled.csv"
    assert kept.read_text() == "day,price\n1,15\n"
    assert (built.root / "out/scaled.csv").read_text() == "day,price\n1,6\n"
    assert built.page("writer") == default
    index = built.page("index")
    assert f'href="{name}.html"' in index
    assert "out of date" not in index
    assert built.build() == 0
    assert built.became() == {"reader": "fresh", "writer": "fresh"}
    assert built.build("run", "writer", "pair=(2, 'y') factor=5 label='a=b c'") == 0
    assert built.became() == {name: "fresh"}

    # Other code makes the run old. `all` says so and leaves it to `run` to make it anew.
    built.file("matplotlibrc", "figure.dpi: 50\n")
    assert built.build("page", "writer") == 0
    assert "input matplotlibrc is new" in built.printed
    assert "out of date" in built.page("index")
    assert built.build("explain") == 0
    assert f"{name}: out of date; only `run` makes it anew" in built.printed

    # Who deletes its page wants it no more.
    (built.root / f"reports/{name}.html").unlink()
    assert built.build("page", "writer") == 0
    assert name not in built.page("index")
    assert not list(built.root.rglob(f"*{name}*"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("facto=3", "unknown parameter 'facto'. Did you mean 'factor'?"),
        ("factor=10", "factor = 10 is outside its range: 1 <= factor <= 9"),
        ("factor=two", "which is not int with 1 <= factor <= 9"),
        ("factor=2", "no parameter differs from its default: that page is writer.html"),
        ("factor", "not of the form NAME=VALUE"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(workshop, code, given, said):
    workshop.notebook("writer", code(CELL, "parameters"), parameters=False)
    assert workshop.build("run", "writer", given) == 1
    assert said in workshop.printed
    assert not (workshop.root / "reports").exists()


def test_a_run_ends_where_only_the_default_is_spoken_of(workshop, code, prose):
    tagged = prose("All of this is about two.")
    tagged["metadata"] = {"tags": ["default-only:factor"]}
    cells = (code(CELL, "parameters"), code("print('first', factor)"), tagged, code("1 / 0"))
    workshop.notebook("page", *cells, parameters=False)
    assert workshop.build("run", "page", "factor=5") == 0
    page = workshop.page("page--factor-5")
    assert "first 5" in page and "about two" not in page
    # With another parameter the default of this one stands, and so does all of the page.
    assert workshop.build("run", "page", "label=b") == 1
    assert "ZeroDivisionError" in workshop.printed
    tagged["metadata"] = {"tags": ["default-only:facto"]}
    workshop.notebook("page", *cells[:2], tagged, parameters=False)
    assert workshop.build() == 1
    assert "cell 3 is tagged 'default-only:facto', which is no parameter" in workshop.printed


def test_a_failed_or_killed_run_leaves_the_defaults_results(built, code):
    failing = code(WRITE + "\nassert factor < 3, 'too much'")
    waiting = code(
        WRITE + "\nimport os, time\nopen('pid', 'w').write('x')\ntime.sleep(60 * (factor > 3))"
    )
    head = code(CELL, "parameters")
    built.notebook("writer", head, failing, parameters=False, outputs=["out/*.csv"])
    assert built.build("run", "writer", "factor=3") == 1
    assert "too much" in built.printed
    assert (built.root / "out/scaled.csv").read_text() == "day,price\n1,6\n"

    built.notebook("writer", head, waiting, parameters=False, outputs=["out/*.csv"])
    command = [sys.executable, "-m", "notebook_build", "--root", str(built.root)]
    process = subprocess.Popen([*command, "run", "writer", "factor=4"])
    while not (built.root / "pid").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "12" in (built.root / "out/scaled.csv").read_text()
    assert built.build("page", "reader") == 0
    assert (built.root / "out/scaled.csv").read_text() == "day,price\n1,6\n"
    assert built.became()["reader"] == "fresh"


def test_make_hands_the_parameters_over_as_typed(tmp_path):
    """The Makefile's own line, with a Python that only shows what it is given."""
    makefile = Path(__file__).parents[2] / "Makefile"
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nfor each; do echo "<$each>"; done\n')
    python.chmod(0o755)
    asked = ["run", "NOTEBOOK=a b", "P=codes=['27', '72'] label=\"x\" n=1", "PYTHON=true"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    told = subprocess.run(
        ["make", "--no-print-directory", "-f", str(makefile), *asked],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-2:] == ["<a b>", "<codes=['27', '72'] label=\"x\" n=1>"]
