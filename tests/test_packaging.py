"""The package as others install it, and the versions that the course is pinned to."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = {".py", ".mplstyle", ".js", ".css", ".svg"}


def pip(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / "gdcourse", source / "gdcourse", ignore=shutil.ignore_patterns("__pycache__")
    )
    built = pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(source), str(source))
    assert built.returncode == 0, built.stderr
    return next(source.glob("*.whl"))


def test_wheel_holds_every_file_of_the_package(wheel):
    files = {path for path in (ROOT / "gdcourse").rglob("*") if path.suffix in SHIPPED}
    expected = {path.relative_to(ROOT).as_posix() for path in files}
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert expected <= packed
    assert not {name for name in packed if not name.startswith("gdcourse")}


def test_wheel_works_where_only_numpy_is_beside_it(wheel, tmp_path):
    assert pip("install", "--no-deps", "--target", str(tmp_path), str(wheel)).returncode == 0
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
for name in ("matplotlib", "sklearn", "torch"):
    sys.modules[name] = None
import gdcourse
print(gdcourse.__file__)
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stdout.startswith(str(tmp_path)), result.stderr


def names(text: str) -> dict[str, str]:
    """Return the packages of a requirements file and what is asked of each."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    found = [re.match(r"([\w.-]+)(.*)", line) for line in lines if line]
    return {match[1].lower().replace("_", "-"): match[2].strip() for match in found if match}


REQUIRED = names((ROOT / "requirements.txt").read_text())
PINNED = names((ROOT / "constraints.txt").read_text())


def test_every_requirement_is_pinned():
    assert set(REQUIRED) <= set(PINNED)


def test_pins_are_plain_versions_that_any_machine_can_install():
    assert not {name: pin for name, pin in PINNED.items() if not re.fullmatch(r"==[\w.]+", pin)}
    assert not {name for name in PINNED if name.startswith(("nvidia", "cuda", "triton"))}


def test_package_and_course_ask_for_the_same_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        asked += extra
    for name, bounds in names("\n".join(asked)).items():
        assert name == "gdcourse" or REQUIRED[name] == bounds


def test_installed_packages_agree_with_each_other():
    result = pip("check")
    assert result.returncode == 0, result.stdout
