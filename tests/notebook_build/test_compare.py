"""Which results changed since another build: findings and tables, by how much and where."""

import subprocess
import sys

import pytest

from notebook_build import FINDING

SHOW = f"""
from IPython.display import display
from pathlib import Path
finding = {{"id": "fall", "sentence": f"It fell by {{factor}}.", "value": factor, "unit": "%",
           "lower": factor - 1, "upper": 9.0}}
display({{"{FINDING}": finding}}, raw=True)
steady = {{"id": "steady", "sentence": "It stands."}}
display({{"{FINDING}": steady}}, raw=True)
rows = [("a", 1, 3.5), ("a", 2, 4.0 * factor), ("b", 1, 5.0)] + [("c", 1, 1.0)] * (factor > 2)
lines = ["shop,day,price"] + [",".join(map(str, row)) for row in rows]
Path("out.csv").write_text("\\n".join(lines) + "\\n")
Path("same.csv").write_text("a\\n1\\n")
"""


def shop(workshop, code, factor):
    workshop.notebook(
        "a", code(f"factor = {factor}", "parameters"), code(SHOW), parameters=False,
        outputs=["*.csv"],
    )  # fmt: skip


CHANGES = """
finding fall of a
    value: 2 -> 3 (+1) %
    lower: 1 -> 2 (+1) %
    - It fell by 2.
    + It fell by 3.
out.csv (4 rows)
    1 rows new
    price: 1 of 3 values changed, most at a 2: 8 -> 12 (+4)
Besides, 1 findings and 1 tables are the same.
"""


def git(root, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    return subprocess.run(
        ["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_changes_since_a_commit_and_since_a_folder_are_told_with_their_size(workshop, code):
    shop(workshop, code, 2)
    workshop.file(".gitignore", "reports/\n*.csv\n")
    git(workshop.root, "init", "--quiet")
    git(workshop.root, "add", ".")
    git(workshop.root, "commit", "--quiet", "-m", "first")
    shop(workshop, code, 3)
    assert workshop.build() == 0
    commit = git(workshop.root, "rev-parse", "HEAD")
    assert workshop.build("compare", commit) == 0
    assert f"Changed since {commit}:{CHANGES}" in workshop.printed

    # The commit's build is kept: a folder to compare with as good as any.
    folder = workshop.root / "reports/.state/compare" / commit
    assert workshop.build("compare", str(folder)) == 0
    assert CHANGES in workshop.printed
    assert workshop.build("compare", str(workshop.root)) == 0
    assert "Nothing changed" in workshop.printed
    assert "2 findings and 2 tables are the same" in workshop.printed


@pytest.mark.parametrize("base", ["nowhere", "0123abc"])
def test_a_base_that_is_neither_commit_nor_folder_is_refused(workshop, code, base):
    workshop.notebook("a", code("1"))
    assert workshop.build() == 0
    assert workshop.build("compare", base) == 1
    assert "neither a folder nor a commit" in workshop.printed


def test_a_base_that_is_not_given_is_asked_for(workshop, code):
    workshop.notebook("a", code("1"))
    assert workshop.build() == 0
    # An empty path is the folder itself, and nothing changed since it.
    assert workshop.build("compare", "") == 1
    assert "make compare BASE=" in workshop.printed
    assert workshop.build("run", "", "x=1") == 1
    assert "name a notebook (`make run NOTEBOOK=...`): a." in workshop.printed


def test_a_reader_of_the_output_may_stop_reading(workshop, code):
    workshop.notebook("a", code("1"))
    command = [sys.executable, "-u", "-m", "notebook_build", "--root", str(workshop.root)]
    asked = subprocess.Popen(
        [*command, "explain"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    asked.stdout.close()
    assert asked.stderr.read() == ""
    assert asked.wait() == 1


def test_what_is_not_built_cannot_be_compared(workshop, code, tmp_path):
    workshop.notebook("a", code("1"))
    assert workshop.build("compare", str(tmp_path)) == 1
    assert "nothing is built" in workshop.printed
