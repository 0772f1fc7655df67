"""Make .venv and install the pinned requirements and the project itself into it.

Nothing happens when nothing changed. Only the standard library is used, in syntax that an old
Python still parses, so that a Python too old for the course is told so in one line.
"""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INPUTS = ["requirements.txt", "constraints.txt", "pyproject.toml"]
VENV = ".venv"
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed")
LOG = os.path.join(VENV, "install.log")
NETWORK_ERRORS = re.compile(
    "NewConnectionError|NameResolutionError|ConnectTimeout|ConnectionError|ReadTimeout|ProxyError"
    "|Network is unreachable|name resolution|Connection refused"
)


def fingerprint():
    """Hash what .venv is made of, and where: an editable install does not survive a move."""
    digest = hashlib.sha256(ROOT.encode())
    for name in INPUTS:
        with open(name, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def works(python):
    """Say whether this interpreter starts and is new enough."""
    test = "import sys, pip; sys.exit(sys.version_info < %r)" % (OLDEST,)
    try:
        return subprocess.call([python, "-c", test], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make_venv():
    """Create .venv, or say in one line why that cannot be done."""
    wanted = "%d.%d" % OLDEST
    if sys.version_info < OLDEST:
        sys.exit(
            "gdcourse needs Python %s or newer, and %s is Python %d.%d: install a newer one, "
            "or name it, as in: make PYTHON=python3.12"
            % ((wanted, sys.executable) + sys.version_info[:2])
        )
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit(
            "This Python comes without venv and pip: install them "
            "(on Debian and Ubuntu: sudo apt-get install python3-venv) and run make again."
        )
    print("Making .venv with Python %d.%d" % sys.version_info[:2], flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]) != 0:
        sys.exit("Python could not make %s: is the disk full, or the folder read-only?" % VENV)


def pip_install(log, *arguments):
    """Run pip with its output in the log; show progress, and one line if it fails."""
    command = [PYTHON, "-m", "pip", "install", "--progress-bar", "off", "--retries", "2"]
    command += ["--disable-pip-version-check", "--no-input"] + list(arguments)
    pip = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    )
    in_place = sys.stdout.isatty()
    seen = 0
    offline = False
    for line in pip.stdout:
        log.write(line)
        offline = offline or bool(NETWORK_ERRORS.search(line))
        match = re.match(r"(Collecting|Requirement already satisfied:) ([\w.-]+)", line)
        installing = line.startswith("Installing collected packages")
        if match:
            seen += 1
        if match and in_place:
            print("\r\033[K  %d packages: %s" % (seen, match.group(2)), end="", flush=True)
        elif match and seen % 25 == 0:
            print("  %d packages: %s" % (seen, match.group(2)), flush=True)
        elif installing:
            print("%s  writing them to disk" % ("\r\033[K" if in_place else ""), flush=True)
    if pip.wait() != 0:
        if in_place:
            print("\r\033[K", end="")
        if offline:
            sys.exit(
                "pip reached no package index: the first install needs the network. "
                "Its log is %s." % LOG
            )
        sys.exit("pip could not install the requirements: the end of %s says why." % LOG)


def main():
    """Bring .venv up to date."""
    os.chdir(ROOT)
    wanted = fingerprint()
    if works(PYTHON):
        if os.path.exists(STAMP):
            with open(STAMP) as file:
                if file.read() == wanted:
                    return
    else:
        make_venv()
    print("Installing the requirements (once; about 1 GB on disk)", flush=True)
    with open(LOG, "w") as log:
        pip_install(log, "-r", "requirements.txt", "-c", "constraints.txt")
        pip_install(log, "--no-deps", "--no-build-isolation", "--editable", ".")
    with open(STAMP, "w") as file:
        file.write(wanted)


if __name__ == "__main__":
    main()
