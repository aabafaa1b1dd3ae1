"""What a run is protected from, each with a real kernel: floods, budgets, the network, others."""

import os
import shutil
import subprocess
import sys

import pytest

#: A hundred megabytes in lines, in one piece, and in error messages.
FLOODS = ["for _ in range(1000): print('x' * 99_999)", "print('x' * 100_000_000)"]
BUSY = "while True: pass"
IN_C = "sum(range(10**12))"


def build_elsewhere(root, *before: str, **popen) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "notebook_build", "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **popen)


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_neither_hangs_nor_bloats_the_page(workshop, code, flood):
    workshop.notebook("a", code(flood), code("print('and on')"), notebook_seconds=120)
    assert workshop.build() == 0, workshop.printed
    page = workshop.page("a")
    assert len(page) < 300_000
    assert "characters left out" in page
    assert "and on" in page


def test_too_many_outputs_fail_and_name_the_cell(workshop, code, prose):
    many = "from IPython.display import display\nfor number in range(5000): display(number)"
    workshop.notebook("a", prose("## We show"), code(many))
    assert workshop.build() == 1
    assert 'cell 3 of 3, under "We show"' in workshop.printed
    assert "more than 1,000 outputs" in workshop.printed


@pytest.mark.parametrize(
    ("cells", "budgets", "said"),
    [
        ([BUSY], {"cell_seconds": 1}, "cell took longer than its budget of 1 s"),
        # Compiled code hears no interrupt; it is killed.
        ([IN_C], {"cell_seconds": 1}, "cell took longer than its budget of 1 s"),
        (
            ["import time; time.sleep(1.5)"] * 2,
            {"notebook_seconds": 2},
            "notebook took longer than its budget of 2 s",
        ),
    ],
)
def test_a_spent_budget_stops_the_run_and_says_which(workshop, code, cells, budgets, said):
    workshop.notebook("a", *map(code, ["print('so far')", *cells]), **budgets)
    assert workshop.build() == 1
    assert said in workshop.printed
    assert f"cell {len(cells) + 2} of {len(cells) + 2}" in workshop.printed


def test_a_budget_of_the_project_holds_unless_the_notebook_has_its_own(workshop, code):
    workshop.file("pyproject.toml", "[tool.notebook_build]\ncell_seconds = 0.5\n")
    slow = code("import time; time.sleep(1)")
    workshop.notebook("a", slow)
    workshop.notebook("b", slow, cell_seconds=60)
    assert workshop.build("all", "--keep-going") == 1
    assert workshop.became() == {"a": "failed", "b": "ran"}


@pytest.mark.parametrize("budget", ["0", "-1", '"long"', "true"])
def test_a_budget_that_is_no_number_of_seconds_is_refused(workshop, code, budget):
    workshop.file("pyproject.toml", f"[tool.notebook_build]\ncell_seconds = {budget}\n")
    workshop.notebook("a", code("1"))
    assert workshop.build() == 1
    assert "pyproject.toml: cell_seconds is" in workshop.printed


def can_cut_the_network() -> list[str] | None:
    """The command that runs another without network, where this machine permits one."""
    for command in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        if shutil.which("unshare"):
            tried = subprocess.run([*command, "true"], capture_output=True, check=False)
            if tried.returncode == 0:
                return command
    return None


def test_no_network_is_needed_not_even_the_loopback(workshop, code):
    command = can_cut_the_network()
    if command is None:
        pytest.skip("this machine does not let us cut the network")
    reach = "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), 1)\n"
    reach += "except OSError as error:\n    print(error.strerror)"
    workshop.notebook("a", code(reach))
    built = build_elsewhere(workshop.root, *command)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "Network is unreachable" in workshop.page("a")


def test_builds_of_several_projects_at_once_do_not_meet(tmp_path, workshop, code):
    """Four kernels start together: with TCP ports, they would race for the same ones."""
    builds = []
    for number in range(2):
        workshop.root = tmp_path / f"project {number}"
        for name in "ab":
            workshop.notebook(name, code(f"print('{name}', {number})"))
        command = [sys.executable, "-m", "notebook_build", "--root", str(workshop.root)]
        builds.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    for number, build in enumerate(builds):
        told, _ = build.communicate(timeout=120)
        assert build.returncode == 0, told
        for name in "ab":
            page = (tmp_path / f"project {number}/reports/{name}.html").read_text()
            assert f"{name} {number}" in page


def test_neither_options_of_python_nor_threads_change_a_run(workshop, code, monkeypatch, tmp_path):
    """PYTHONOPTIMIZE would drop the very assertions that check a page."""
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib/matplotlibrc").write_text("figure.dpi: 33\n")
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    workshop.notebook(
        "a",
        code("import os, threading\nassert os.environ['OMP_NUM_THREADS'] == '1'"),
        code("import matplotlib\nassert matplotlib.rcParams['figure.dpi'] == 100"),
        code("places = []\nthread = threading.Thread(target=lambda: places.append(os.getcwd()))"),
        code(f"thread.start(); thread.join()\nassert places == [{str(workshop.root)!r}]"),
        code("assert False, 'assertions hold'"),
    )
    assert workshop.build() == 1
    assert "assertions hold" in workshop.printed


def test_what_a_killed_run_left_in_the_temporary_folder_goes(workshop, code, monkeypatch, tmp_path):
    from notebook_build import kernel

    monkeypatch.setattr(kernel, "short_folder", lambda: str(tmp_path))
    with kernel.private_folder() as in_use:
        abandoned = tmp_path / "nb-abandoned"
        abandoned.mkdir()
        (abandoned / "lock").touch()
        os.utime(abandoned, (1, 1))
        kernel.remove_abandoned_folders()
        assert in_use.exists()
        assert not abandoned.exists()
    assert not in_use.exists()
