"""Make the environment that the locks describe, or do nothing where it stands already.

Run by the Makefile before anything is installed, so the standard library is all it uses:

    python -I src/notebook_build/environment.py --venv .venv --lock requirements.lock

A stamp inside the environment holds the hashes of what was installed. Content decides: a fresh
checkout of the same locks, with newer file times, installs nothing.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
PROJECT = Path(__file__).resolve().parents[2]
STAMP = "notebook-build.stamp.json"


class EnvironmentFailure(Exception):
    """The environment cannot be made; the message says what to do."""


def main(arguments=None):
    """Bring the environment up to the locks; exit status 1 with a message when it cannot be."""
    options = parse(arguments)
    venv = Path(options.venv).absolute()
    try:
        python = environment_python(venv)
        version = check_version(python)
        if options.add:
            install(python, [*options.add])
        for lock in options.lock:
            bring_up_to(PROJECT / lock, python, venv, version)
        if options.lock:
            install_project(python, venv, version)
    except EnvironmentFailure as failure:
        print(f"environment: {failure}", file=sys.stderr)
        return 1
    return 0


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", required=True, help="the environment's folder, made when missing")
    parser.add_argument("--lock", action="append", default=[], help="a lock, in order of install")
    parser.add_argument("--add", action="append", default=[], help="a package beside the locks")
    return parser.parse_args(arguments)


def environment_python(venv):
    """The environment's Python. One that somebody else made (conda's, say) is taken as it is."""
    python = venv / "bin" / "python"
    if python.exists():
        return python
    check_version(Path(sys.executable))
    print(f"environment: making {venv.name} (about two minutes, once)", flush=True)
    whole = [sys.executable, "-m", "venv", str(venv)]
    if subprocess.run(whole, capture_output=True).returncode:
        # Debian ships Python without ensurepip; the pip of the Python outside then installs.
        run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv)])
    return python


def check_version(python):
    """The version of this Python, such as 3.12; one that the locks were not made for is refused."""
    code = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    found = tuple(int(part) for part in answer.stdout.split())
    version = ".".join(map(str, found))
    if answer.returncode or not OLDEST <= found <= NEWEST:
        raise EnvironmentFailure(
            "needs Python {}.{} to {}.{}, found {} at {}. Name another with "
            "'make all PYTHON=python3.13' (and remove the environment's folder if it holds "
            "the old one).".format(*OLDEST, *NEWEST, version or "none that runs", python)
        )
    return version


def bring_up_to(lock, python, venv, version):
    """Install one lock unless its content is what the stamp says was installed."""
    fingerprint = f"{sha256(lock)} for Python {version}"
    if installed(venv).get(lock.name) == fingerprint:
        return
    print(f"environment: installing {lock.name}", flush=True)
    install(python, ["--require-hashes", "--requirement", str(lock)])
    compile_bytecode(python, site_packages(python))
    record(venv, lock.name, fingerprint)


def install_project(python, venv, version):
    """Install the project itself, editable, when its metadata or its place has changed."""
    fingerprint = f"{sha256(PROJECT / 'pyproject.toml')} for Python {version} at {PROJECT}"
    if installed(venv).get("project") == fingerprint:
        return
    install(python, ["--no-deps", "--no-build-isolation", "--editable", str(PROJECT)])
    compile_bytecode(python, PROJECT / "src")
    record(venv, "project", fingerprint)


def install(python, arguments):
    """Run pip for the environment. Bytecode is left to one parallel pass afterwards."""
    run([*pip(python), "install", "--quiet", "--no-compile", "--no-input", *arguments])


def pip(python):
    """The environment's own pip, or, where it has none, the pip of the Python that runs this."""
    own = [str(python), "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True).returncode == 0:
        return own
    return [sys.executable, "-m", "pip", "--python", str(python)]


def compile_bytecode(python, folder):
    """Compile once, on all cores: the first import of statsmodels costs seconds otherwise."""
    # Some packages ship test files in the syntax of other Pythons; that these fail is no matter.
    command = [str(python), "-m", "compileall", "-qq", "-j", "0", str(folder)]
    subprocess.run(command, capture_output=True)


def site_packages(python):
    """Where the environment's packages lie."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    return Path(answer.stdout.strip())


def installed(venv):
    """What the stamp says was installed; nothing where there is no stamp, or a spoilt one."""
    try:
        return json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def record(venv, name, fingerprint):
    """Add one line to the stamp, whole or not at all."""
    text = json.dumps({**installed(venv), name: fingerprint}, indent=1, sort_keys=True)
    unfinished = venv / f"{STAMP}.new"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(venv / STAMP)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(command):
    """Run a command whose failure ends the work; its own output says what went wrong."""
    status = subprocess.run(command).returncode
    if status:
        raise EnvironmentFailure(f"this command failed with status {status}: {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main())
