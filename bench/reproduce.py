"""Builds the project a second time, from nothing, and compares every file with the first build.

    make reproduce

The second build stands in another folder, with a space and a letter beyond ASCII in its path, and
runs in another time zone, locale and hash seed, without any cache of the first. The first is the
one that stands here, however it came about. What both give readers has to be the same bytes:
all of `reports/` and `data/processed/`, but for the builder's own records (`reports/.state`) and
the screenshots of the browser tests (`reports/.screens`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMPARED = ("reports", "data/processed")
LEFT_OUT = ("reports/.state", "reports/.screens")
#: Results that take minutes, by the content they depend on: the first build may hold older ones.
CACHE = "data/processed/.cache"
#: What a tree without git holds beside its sources.
MADE = (".venv", "reports", "processed", "__pycache__", "*.egg-info", ".hypothesis", ".ruff_cache")
DIFFERENCES_SHOWN = 20
CONTEXT = 60


def main() -> int:
    """Build, compare, tell; the exit status is 1 where a byte differs."""
    folder = Path(tempfile.mkdtemp(prefix="second build Ä "))
    second = folder / "pressure gauge"
    copy_sources(second)
    surroundings = other_surroundings(second)
    started = time.monotonic()
    command = [sys.executable, "-m", "notebook_build", "--root", str(second), "all"]
    if subprocess.run(command, cwd=second, env=surroundings, check=False).returncode:
        print(f"reproduce: the second build failed; it stands in {folder}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - started
    here, there = files(ROOT), files(second)
    differences = compare(here, there)
    tell(here, there, surroundings, seconds)
    if differences:
        print(*differences[:DIFFERENCES_SHOWN], sep="\n", file=sys.stderr)
        print(
            f"reproduce: {len(differences)} files differ; the second build stands in {folder}",
            file=sys.stderr,
        )
        return 1
    shutil.rmtree(folder)
    return 0


def copy_sources(second: Path) -> None:
    """The sources as they lie here, at the same commit where there is git, and nothing built."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is None:
        shutil.copytree(ROOT, second, ignore=shutil.ignore_patterns(*MADE))
        return
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(second)], check=True)
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, second / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        else:
            target.unlink(missing_ok=True)


def git(*arguments: str) -> str | None:
    """What git says, or None where this is no checkout of its own."""
    try:
        top = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "--show-toplevel"],
            capture_output=True,
            text=True,
            check=False,
        )
        if top.returncode or Path(top.stdout.strip()).resolve() != ROOT.resolve():
            return None
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except OSError:
        return None


def other_surroundings(second: Path) -> dict[str, str]:
    """The environment of the second build: nothing in it is as the first had it."""
    now = os.environ
    zone = "Pacific/Kiritimati" if now.get("TZ") != "Pacific/Kiritimati" else "America/St_Johns"
    seed = "4711" if now.get("PYTHONHASHSEED") != "4711" else "1147"
    kept = {name: value for name, value in now.items() if not name.startswith(("LC_", "LANG"))}
    return kept | {
        "PYTHONPATH": str(second / "src"),
        "TZ": zone,
        "LC_ALL": other_locale(now.get("LC_ALL") or now.get("LANG") or "C.UTF-8"),
        "PYTHONHASHSEED": seed,
    }


def other_locale(first: str) -> str:
    """A locale of this machine that is not the first build's, one of a language if there is any."""
    try:
        answer = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False)
        known = answer.stdout.split()
    except OSError:
        known = []
    others = [name for name in known if name.lower() != first.lower()]
    languages = [name for name in others if "_" in name and not name.startswith("en")]
    return (languages or [name for name in ("C", "POSIX") if name != first])[0]


def files(root: Path) -> dict[str, bytes]:
    """The content of every file that is compared, by its path under the root."""
    paths = [path for folder in COMPARED for path in sorted((root / folder).rglob("*"))]
    named = {path.relative_to(root).as_posix(): path for path in paths if path.is_file()}
    return {
        name: path.read_bytes() for name, path in named.items() if not name.startswith(LEFT_OUT)
    }


def compare(here: dict[str, bytes], there: dict[str, bytes]) -> list[str]:
    """What differs, one line a file."""
    lines = []
    for name in sorted(here.keys() | there.keys()):
        if name not in there:
            if not name.startswith(CACHE):
                lines.append(f"{name}: only here")
        elif name not in here:
            lines.append(f"{name}: only in the second build")
        elif here[name] != there[name]:
            lines.append(f"{name}: {first_difference(here[name], there[name])}")
    return lines


def first_difference(here: bytes, there: bytes) -> str:
    place = next(
        (at for at, (a, b) in enumerate(zip(here, there, strict=False)) if a != b),
        min(len(here), len(there)),
    )
    start = max(0, place - CONTEXT // 2)
    return f"byte {place}: {here[start:][:CONTEXT]!r} here, {there[start:][:CONTEXT]!r} there"


def tell(
    here: dict[str, bytes], there: dict[str, bytes], surroundings: dict[str, str], seconds: float
) -> None:
    changed = ", ".join(f"{name}={surroundings[name]}" for name in VARIED)
    print(f"reproduce: built from nothing in {seconds:.0f} s, in another folder, with {changed}")
    for folder in COMPARED:
        names = [name for name in there if name.startswith(f"{folder}/")]
        same = [name for name in names if here.get(name) == there[name]]
        size = sum(len(there[name]) for name in same) / 1e6
        print(f"reproduce: {folder}: {len(same)} of {len(names)} files identical, {size:.1f} MB")
    whole = hashlib.sha256()
    for name, content in sorted(there.items()):
        whole.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    print(f"reproduce: hash of all of them: {whole.hexdigest()}")


VARIED = ("TZ", "LC_ALL", "PYTHONHASHSEED")


if __name__ == "__main__":
    sys.exit(main())
