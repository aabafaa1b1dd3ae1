"""Content decides what runs, and a failure costs no good page. Each test starts real kernels."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from notebook_build.config import read_project
from notebook_build.state import only_build

WRITER = "from shop.prices import scaled\nfrom pathlib import Path\n"
WRITER += (
    "text = Path('data/in.csv').read_text()\nPath('data/out.csv').write_text(scaled(text, factor))"
)
READER = "from pathlib import Path\nprint('read', Path('data/out.csv').read_text())"


@pytest.fixture
def shop(workshop, code, prose):
    """A writer, a reader of what it writes, and one that stands apart."""
    workshop.file("data/in.csv", "3")
    workshop.file("src/shop/__init__.py", "")
    workshop.file("src/shop/prices.py", "def scaled(text, factor):\n    return text * factor\n")
    workshop.file("src/shop/unused.py", "")
    workshop.file("requirements.lock", "pandas==3\n")
    workshop.notebook(
        "b_writer",
        code("factor: int = 2", "parameters"),
        prose("# Writer"),
        code(WRITER),
        parameters=False,
        inputs=["data/in.csv"],
        outputs=["data/out.csv"],
    )
    workshop.notebook("a_reader", code(READER), inputs=["data/*ut.csv"])
    workshop.notebook("c_apart", code("print('apart')"))
    return workshop


def test_each_module_makes_exactly_the_pages_stale_whose_kernel_loaded_it(workshop, code):
    """Loaded in a function, through another module, or not at all: the kernel tells."""
    modules = {
        "shop/__init__.py": "",
        "shop/late.py": "",
        "shop/prices.py": "def price():\n    from shop import late\n    return late\n",
        "shop/through.py": "import shop.prices\n",
        "shop/unused.py": "",
        "other.py": "",
    }
    for path, text in modules.items():
        workshop.file(f"src/{path}", text)
    cells = {"a": "import shop.prices", "b": "import shop.through as t; t.shop.prices.price()"}
    for name, cell in (cells | {"c": "import other", "d": "1"}).items():
        workshop.notebook(name, code(cell))
    assert workshop.build() == 0
    loaded = {
        "shop/__init__.py": {"a", "b"},
        "shop/late.py": {"b"},
        "shop/prices.py": {"a", "b"},
        "shop/through.py": {"b"},
        "shop/unused.py": set(),
        "other.py": {"c"},
    }
    for path, text in modules.items():
        workshop.file(f"src/{path}", text + "x = 1\n")
        assert workshop.build("explain") == 0
        stale = [line for line in workshop.printed.splitlines() if line.endswith("would run")]
        assert {line[0] for line in stale} == loaded[path], path
        workshop.file(f"src/{path}", text)


SHOW = """
import warnings
from IPython.display import display
display({"application/vnd.notebook-build.figure.v1+json": PAYLOAD, "text/plain": ""}, raw=True)
finding = {"id": "f", "sentence": "Fell."}
display({"application/vnd.notebook-build.finding.v1+json": finding}, raw=True)
print({"one", "two", "three"})
warnings.warn("careful")
print(object())
open("data.csv", "w").write("a,b")
"""


def tree(folder: Path) -> dict[str, bytes]:
    """Every file for readers, by path."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".state" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_is_stale_runs_and_nothing_else(shop):
    """One story, so that the kernels start seldom: build, touch, then change one thing a time."""
    assert shop.build() == 0
    assert shop.became() == {"a_reader": "ran", "b_writer": "ran", "c_apart": "ran"}
    assert shop.printed.index("b_writer") < shop.printed.index("a_reader")
    assert "read 33" in shop.page("a_reader")

    for path in shop.root.rglob("*"):
        if path.is_file():
            os.utime(path)
    assert shop.build() == 0
    assert set(shop.became().values()) == {"fresh"}

    # A module that no kernel loaded makes nothing stale.
    shop.file("src/shop/unused.py", "x = 1")
    # A result that comes out as before makes no reader stale.
    shop.file("src/shop/prices.py", "def scaled(text, factor):\n    return factor * text\n")
    assert shop.build() == 0
    assert shop.became() == {"a_reader": "fresh", "b_writer": "ran", "c_apart": "fresh"}
    assert "module src/shop/prices.py changed" in shop.printed

    shop.file("data/in.csv", "4")
    assert shop.build("explain") == 0
    assert "b_writer: would run\n    input data/in.csv changed" in shop.printed
    assert "a_reader: would run\n    waits for b_writer" in shop.printed
    assert "c_apart: fresh" in shop.printed
    assert shop.build() == 0
    assert shop.became() == {"a_reader": "ran", "b_writer": "ran", "c_apart": "fresh"}
    assert "read 44" in shop.page("a_reader")

    shop.file("data/out.csv", "edited by hand")
    assert shop.build() == 0
    assert shop.became() == {"a_reader": "fresh", "b_writer": "ran", "c_apart": "fresh"}
    assert (shop.root / "data/out.csv").read_text() == "44"

    page = shop.root / "reports/c_apart.html"
    page.write_text(page.read_text() + "edited", encoding="utf-8")
    assert shop.build() == 0
    assert shop.became()["c_apart"] == "rendered"
    assert "edited" not in page.read_text()

    shop.file("requirements.lock", "pandas==4\n")
    (shop.root / "notebooks/c_apart.ipynb").unlink()
    assert shop.build() == 0
    assert shop.became() == {"a_reader": "ran", "b_writer": "ran"}
    assert not page.exists()


def test_a_failure_keeps_the_last_good_page_and_data(shop, code, prose):
    assert shop.build() == 0
    good = tree(shop.root / "reports") | tree(shop.root / "data")
    failing = [
        prose("## We scale the prices"),
        code("from pathlib import Path\nPath('data/out.csv').write_text('half')\nprint('so far')"),
        code("from shop.prices import scaled\nscaled('3', None)"),
    ]
    shop.notebook(
        "b_writer",
        *failing,
        inputs=["data/in.csv"],
        outputs=["data/out.csv"],
        title="Title of b_writer",
    )
    assert shop.build() == 1
    assert shop.became() == {"b_writer": "failed", "c_apart": "fresh"}
    for said in (
        'cell 4 of 4, under "We scale the prices"',
        "TypeError",
        "line 2: scaled('3', None)",
        "raised in src/shop/prices.py:2",
        "1 not run",
    ):
        assert said in shop.printed
    assert len([line for line in shop.printed.splitlines() if line.startswith("    ")]) <= 10
    assert tree(shop.root / "reports") | tree(shop.root / "data") == good | {
        "provenance.json": (shop.root / "reports/provenance.json").read_bytes()
    }

    # What does not need the failed one is made all the same, if asked for.
    shop.notebook("c_apart", code("print('again')"))
    assert shop.build("all", "--keep-going") == 1
    assert shop.became() == {"b_writer": "failed", "c_apart": "ran"}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("import sys; sys.exit(0)", "SystemExit"),
        ("raise SystemExit", "SystemExit"),
        ("!false", "CalledProcessError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was killed (SIGKILL)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "died of SIGSEGV"),
        ("import os; os._exit(0)", "ended with status 0"),
        ("exit", "asked for the end of the run"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_no_way_of_ending_early_passes_for_success(workshop, code, cell, said):
    workshop.notebook("a", code("print('before')"), code(cell), code("print('after')"))
    assert workshop.build() == 1
    assert "cell 3 of 4" in workshop.printed
    assert said in workshop.printed
    assert not (workshop.root / "reports/a.html").exists()


@pytest.mark.parametrize("tag", ["raises-exception", "skip-execution"])
def test_no_tag_excuses_a_cell_that_fails_or_does_not_run(workshop, code, tag):
    workshop.notebook("a", code("1 / 0", tag))
    assert workshop.build() == 1
    assert "cell 2 of 2" in workshop.printed


def test_an_output_that_is_declared_and_not_written_fails(workshop, code):
    workshop.notebook("a", code("print('wrote nothing')"), outputs=["data/out.csv"])
    assert workshop.build() == 1
    assert "wrote no data/out.csv" in workshop.printed


def test_a_bare_picture_fails_and_names_the_cell(workshop, code):
    cell = "from IPython.display import SVG, display\ndisplay(SVG('<svg xmlns=\"x\"/>'))"
    workshop.notebook("a", code(cell))
    assert workshop.build() == 1
    assert "a: cell 2 shows a picture" in workshop.printed


def test_nothing_of_the_users_settings_reaches_the_kernel(workshop, code, monkeypatch, tmp_path):
    startup = tmp_path / "startup.py"
    startup.write_text("leaked = True")
    profile = tmp_path / "ipython/profile_default/startup"
    profile.mkdir(parents=True)
    (profile / "00.py").write_text("leaked = True")
    monkeypatch.setenv("PYTHONSTARTUP", str(startup))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path))
    monkeypatch.setenv("OWN_SETTING", "passed on")
    workshop.notebook(
        "a",
        code("import os, sys\nassert 'leaked' not in globals()"),
        code("assert 'MATPLOTLIBRC' not in os.environ"),
        code("assert os.environ['OWN_SETTING'] == 'passed on'"),
        code(f"assert sys.prefix == {sys.prefix!r}"),
        code(f"assert os.getcwd() == {str(workshop.root)!r}"),
        code("import pathlib; leftovers = list(pathlib.Path('.').glob('kernel*'))"),
        code("assert not leftovers"),
    )
    assert workshop.build() == 0, workshop.printed


def test_what_cannot_run_is_said_before_anything_runs(workshop, code):
    workshop.notebook("a", code("1"), parameters=False)
    assert workshop.build() == 1
    assert "no cells are tagged 'parameters'" in workshop.printed
    workshop.notebook("a", code("", "parameters"), code("1"))
    assert workshop.build() == 1
    assert "2 cells are tagged 'parameters'" in workshop.printed
    workshop.notebook("a", code("n: int = 1", "parameters"), parameters=False, inputs=["no.csv"])
    assert workshop.build() == 1
    assert "input no.csv does not exist" in workshop.printed
    assert workshop.build("run", "a", "m=2") == 1
    assert "unknown parameter 'm'" in workshop.printed
    assert workshop.build("page", "aa") == 1
    assert "Did you mean 'a'?" in workshop.printed
    assert (
        not list(workshop.root.rglob("*.html")) or not (workshop.root / "reports/a.html").exists()
    )


@pytest.mark.parametrize(
    "metadata", [{}, {"notebook_build": {}}, {"notebook_build": {"titel": "x"}}]
)
def test_a_notebook_that_declares_nothing_is_refused(workshop, metadata):
    content = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    workshop.file("notebooks/a.ipynb", json.dumps(content))
    assert workshop.build() == 1
    assert "a.ipynb: its metadata declares no 'notebook_build' with a 'title'" in workshop.printed


def test_a_second_build_is_refused_while_one_runs(workshop, code):
    workshop.notebook("a", code("1"))
    with only_build(read_project(workshop.root)):
        assert workshop.build() == 1
    assert f"another build runs here (process {os.getpid()})" in workshop.printed
    assert not (workshop.root / "reports/a.html").exists()
    assert workshop.build() == 0


def test_two_builds_in_different_places_give_the_same_bytes(
    tmp_path, workshop, code, prose, figure
):
    """Other folder, time zone, locale and hash seed; sets and warnings in the outputs."""
    show = SHOW.replace("PAYLOAD", repr(figure()))
    trees = []
    for number, (zone, seed, locale) in enumerate(
        [("Asia/Seoul", "1", "C"), ("UTC", "2", "C.UTF-8")]
    ):
        workshop.root = tmp_path / f"place {number}"
        workshop.notebook("a", prose("# A\n\n## Part"), code(show), outputs=["data.csv"])
        surroundings = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": locale}
        command = [sys.executable, "-m", "notebook_build", "--root", str(workshop.root)]
        made = subprocess.run(command, env=surroundings, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        trees.append(tree(workshop.root / "reports"))
    assert trees[0].keys() == {
        *("a.html", "index.html", "provenance.json"),
        *("data/a-fall.csv", "tables/data.csv"),
    }
    assert trees[0] == trees[1]
    index = trees[0]["index.html"].decode()
    assert "Fell." in index
    assert 'href="a.html#finding-f"' in index
    assert 'href="tables/data.csv"' in index
    assert 'href="data/a-fall.csv"' in index
    assert "not recorded" in index
    assert "<svg" in index


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps")
@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_no_process_and_no_broken_page(workshop, code, signal_sent):
    workshop.file("data/out.csv", "good")
    workshop.notebook("a", code("print('good')"), outputs=["data/out.csv"])
    assert workshop.build() == 0
    good = workshop.page("a")
    endless = (
        "import os, time\nopen('data/out.csv', 'w').write('half')\n"
        "open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    )
    workshop.notebook("a", code(endless), outputs=["data/out.csv"])
    command = [sys.executable, "-m", "notebook_build", "--root", str(workshop.root)]
    build = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts background jobs with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    pid_file = workshop.root / "pid"
    wait_until(lambda: pid_file.exists() and pid_file.read_text())
    build.send_signal(signal_sent)
    _, told = build.communicate(timeout=120)
    wait_until(lambda: not is_alive(int(pid_file.read_text())))
    assert workshop.page("a") == good
    if signal_sent == signal.SIGINT:
        assert build.returncode == 130
        assert "interrupted" in told
        assert (workshop.root / "data/out.csv").read_text() == "good"
    # The next build does not take the half-written output for a result.
    workshop.notebook("a", code("print('good')"), outputs=["data/out.csv"])
    assert workshop.build() == 0
    assert not list((workshop.root / "reports/.state").glob("kept-*"))


def is_alive(process: int) -> bool:
    """One that has ended and that its new parent has not asked for yet is not alive."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True)
    return told.stdout.strip()[:1] not in ("", "Z")


def wait_until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)
