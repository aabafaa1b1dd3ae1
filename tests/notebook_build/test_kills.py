"""Whatever breaks a build off, no good page is lost and the next build ends as an undisturbed one.

`BUILD_KILLS=50 python -m pytest tests/notebook_build/test_kills.py -s` kills fifty builds and
tells where each was hit; the plain tests kill a few.
"""

import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

KILLS = int(os.environ.get("BUILD_KILLS", "4"))
STATES = ("1", "2")
COMMAND = [sys.executable, "-m", "notebook_build", "--root"]
WRITER = """from pathlib import Path
price = Path("data/in.csv").read_text()
out = Path("data/out.csv").open("w")
out.write("day,price\\n"); out.flush()"""
FINISH = """import time; time.sleep(0.2)
out.write(f"1,{price}\\n"); out.close()
from IPython.display import display
display({"application/vnd.notebook-build.figure.v1+json": FIGURE | {"csv": f"a\\n{price}\\n"}},
        raw=True)"""
READER = "print('read', open('data/out.csv').read())"
#: Of the builder's own, and not for readers: who builds, and how long it took.
UNCOMPARED = ("lock", "workers", "timings")


#: The project as it was first built, to be copied for each test: content alone is recorded.
BUILT: dict[str, dict[str, str]] = {}


@pytest.fixture
def shop(workshop, code, figure, tmp_path_factory):
    """A writer and a reader, built in both states of their input; `trees` holds what then lies."""
    kept = tmp_path_factory.getbasetemp() / "built_shop"
    if BUILT:
        shutil.copytree(kept, workshop.root, dirs_exist_ok=True)
        workshop.trees = BUILT
        return workshop
    writer = [code(WRITER), code(f"FIGURE = {figure()!r}\n{FINISH}")]
    workshop.notebook("a_writer", *writer, inputs=["data/in.csv"], outputs=["data/out.csv"])
    workshop.notebook("b_reader", code(READER), inputs=["data/out.csv"])
    workshop.trees = {}
    for state in STATES:
        workshop.file("data/in.csv", state)
        assert workshop.build() == 0
        workshop.trees[state] = tree(workshop.root)
    assert workshop.trees["1"] != workshop.trees["2"]
    BUILT.update(workshop.trees)
    shutil.copytree(workshop.root, kept)
    return workshop


def tree(root: Path) -> dict[str, str]:
    """The hash of every file of reports and data, the builder's own records among them."""
    files = [path for folder in ("reports", "data") for path in (root / folder).rglob("*")]
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file() and path.name not in UNCOMPARED and "matplotlib" not in path.parts
    }


def assert_no_good_page_is_lost(shop) -> None:
    """Every page that a reader may have open is whole: that of one state or of the other."""
    for name in ("a_writer", "b_reader", "index"):
        path = f"reports/{name}.html"
        now = hashlib.sha256((shop.root / path).read_bytes()).hexdigest()
        assert now in {shop.trees[state][path] for state in STATES}, path


#: Where a build is hit: what to wait for, and for at most how many seconds more.
PHASES = {
    "before anything runs": (lambda root: True, 0.5),
    "while the writer runs": (lambda root: list(root.glob("reports/.state/kept-a*/list*")), 1.0),
    "while files are written": (lambda root: list(root.glob("reports/**/.*.new")), 0.0),
    "between page and record": (lambda root: is_new(root / "reports/a_writer.html"), 0.0),
    "after the first record": (lambda root: is_new(root / "reports/.state/a_writer.json"), 1.5),
    "before the index": (lambda root: is_new(root / "reports/.state/b_reader.json"), 0.02),
    "anywhere": (lambda root: True, 5.0),
}
STARTED = "started"


def is_new(path: Path) -> bool:
    mark = path.parents[
        len(path.parents) - 1 - [p.name for p in path.parents][::-1].index("reports")
    ]
    return path.stat().st_mtime_ns > (mark.parent / STARTED).stat().st_mtime_ns


def kill_a_build(root: Path, phase: str, seconds: float) -> bool:
    """Start a build and kill its process group in this phase; False where it ended before."""
    reached, _ = PHASES[phase]
    (root / STARTED).touch()
    build = subprocess.Popen(
        [*COMMAND, str(root)], stdout=subprocess.DEVNULL, start_new_session=True
    )
    while build.poll() is None and not reached(root):
        time.sleep(0.0005)
    time.sleep(seconds)
    was_running = build.poll() is None
    if was_running:
        os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    return was_running


def test_a_killed_build_costs_no_page_and_the_next_ends_as_if_undisturbed(shop):
    """Seeded SIGKILLs to the whole process group, in every phase of a build."""
    hit: Counter[str] = Counter()
    phases = list(PHASES)
    for seed in range(KILLS):
        chance = random.Random(seed)
        # A few kills take the phases in which most can go wrong.
        phase = phases[(seed + 1) % len(phases)]
        state = STATES[seed % 2]
        shop.file("data/in.csv", state)
        was_running = kill_a_build(shop.root, phase, chance.uniform(0, PHASES[phase][1]))
        hit[phase if was_running else f"{phase}: had ended"] += 1
        assert_no_good_page_is_lost(shop)
        assert shop.build() == 0, shop.printed
        assert tree(shop.root) == shop.trees[state], (seed, phase)
    with shop.capsys.disabled():
        if KILLS > 10:
            print("\n".join(f"{count:3} {phase}" for phase, count in sorted(hit.items())))
    assert sum(count for phase, count in hit.items() if "ended" not in phase) >= KILLS / 2


def limited_to(size: int):
    """No file may grow beyond `size` bytes: a write then fails as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(tried, capture_output=True).returncode == 0


def in_own_mounts(script: str, root: Path) -> list[str]:
    """A shell script under mounts that only it sees; `$0` is the root, `$@` builds what is here."""
    return ["unshare", "-m", "sh", "-c", script, str(root), *COMMAND, "."]


def obstacles(root: Path):
    """By name a command whose build cannot write, and what is said of it."""
    build = [*COMMAND, str(root)]
    yield "no byte", build, limited_to(0), "File too large"
    yield "no page", build, limited_to(3000), "Raise the limit on the size of files"
    if can_mount():
        locked = "mount --bind reports reports && mount -o remount,ro,bind reports"
        yield "read-only", in_own_mounts(f'cd "$0" && {locked} && exec "$@"', root), None, WRITABLE
    elif os.getuid():
        locked = 'chmod 555 "$0"/reports; "$@"; status=$?; chmod 755 "$0"/reports; exit $status'
        yield "read-only", ["sh", "-c", locked, str(root), *build], None, WRITABLE


WRITABLE = "Make it writable"


def test_a_limit_or_a_locked_folder_is_told_and_costs_nothing(shop):
    shop.file("data/in.csv", "1")
    before = tree(shop.root)
    tried = []
    for name, command, limit, said in obstacles(shop.root):
        stopped = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
        assert_stopped(stopped, said)
        assert for_readers(tree(shop.root)) == for_readers(before), name
        tried.append(name)
    assert tried[:2] == ["no byte", "no page"]
    assert shop.build() == 0
    assert tree(shop.root) == shop.trees["1"]


def assert_stopped(stopped: subprocess.CompletedProcess[str], said: str) -> None:
    told = stopped.stdout + stopped.stderr
    assert stopped.returncode == 1, told
    assert said in told
    assert "Traceback" not in told


def for_readers(files: dict[str, str]) -> dict[str, str]:
    return {path: content for path, content in files.items() if ".state" not in path}


#: Fills a small disk that holds the project but for some kilobytes, builds on it, and copies the
#: project back to where it can be looked at.
ON_A_FULL_DISK = """mount -t tmpfs -o size=8m none /mnt && cp -a "$0" /mnt/full && cd /mnt/full
dd if=/dev/zero of=/mnt/filler bs=1k 2>/dev/null; truncate -s -{free}k /mnt/filler
"$@"; status=$?; rm /mnt/filler; cp -a /mnt/full "$0/../full{free}"; exit $status"""


@pytest.mark.skipif(not can_mount(), reason="this machine does not let us mount a small disk")
@pytest.mark.parametrize("free", [0, 24])
def test_a_full_disk_is_told_and_costs_nothing(shop, free):
    shop.file("data/in.csv", "1")
    before = for_readers(tree(shop.root))
    script = ON_A_FULL_DISK.format(free=free)
    stopped = subprocess.run(in_own_mounts(script, shop.root), capture_output=True, text=True)
    assert_stopped(stopped, "No space left on device")
    shop.root = shop.root.parent / f"full{free}"
    assert for_readers(tree(shop.root)) == before
    assert shop.build() == 0
    assert tree(shop.root) == shop.trees["1"]


def test_of_two_builds_at_once_one_builds_and_the_other_says_so(shop):
    shop.file("data/in.csv", "1")
    builds = [
        subprocess.Popen([*COMMAND, str(shop.root)], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [build.communicate()[1] for build in builds]
    # One that starts after the other has ended finds nothing to do.
    refused = [said for build, said in zip(builds, told, strict=True) if build.returncode]
    assert len(refused) <= 1
    assert all("another build runs here (process" in said for said in refused)
    assert tree(shop.root) == shop.trees["1"]
