"""What holds for the repository as a whole."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from phoenix_core.datasets_page import datasets_page
from phoenix_dagster.settings_page import all_settings

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()


def pins():
    found = re.findall(r"^([A-Za-z0-9._-]+==[^\s\\]+(?: ; [^\\\n]+?)?)(?: \\)?$", LOCK, re.MULTILINE)
    return {str(Requirement(line)) for line in found}


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


def test_constraints_and_lock_say_the_same():
    """Each pin of requirements.lock is a constraint of pyproject.toml, and the other way round."""
    constraints = {str(Requirement(line)) for line in PROJECT["tool"]["uv"]["constraint-dependencies"]}
    assert constraints == pins()
    assert len(constraints) > 50


def test_the_lock_is_hashed_and_names_no_host():
    """One SHA-256 or more for every pin, and no address of a registry."""
    entries = re.split(r"\n(?=[A-Za-z])", LOCK.split("\n", 1)[1])
    assert len(entries) == len(pins())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK


def test_what_is_installed_is_what_is_pinned():
    """This environment was resolved within the constraints."""
    for line in pins():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            version = importlib.metadata.version(requirement.name)
            assert requirement.specifier.contains(version), requirement.name


def test_no_registry_host_is_tracked():
    """uv.lock names hosts; it is ignored."""
    names = {path.relative_to(ROOT).as_posix() for path in tracked()}
    assert "uv.lock" not in names
    assert "requirements.lock" in names


@pytest.mark.parametrize("package", ["phoenix_core", "phoenix_dagster"])
def test_every_module_begins_with_a_signpost(package):
    """A docstring that says what belongs there."""
    for path in (ROOT / package).rglob("*.py"):
        assert path.read_text().startswith('"""'), path


def test_tests_mirror_the_packages():
    """A test file under tests/phoenix_* stands where its subject stands."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        package = path.relative_to(ROOT / "tests").parts[0]
        if package.startswith("phoenix_"):
            assert (ROOT / path.parent.relative_to(ROOT / "tests")).is_dir(), path


def test_import_contracts_are_kept():
    """Data moves down the house; a module that no layer names would fail too."""
    subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, check=True, capture_output=True)


def test_the_page_of_datasets_is_current():
    """docs/datasets.md is what the registry makes."""
    assert (ROOT / "docs" / "datasets.md").read_text() == datasets_page()


def test_only_one_module_catches_everything():
    """`except Exception` has no place in the packages."""
    for path in [*(ROOT / "phoenix_core").rglob("*.py"), *(ROOT / "phoenix_dagster").rglob("*.py")]:
        assert not re.search(r"except( Exception| BaseException)?:", path.read_text()), path


def test_links_between_documents_lead_somewhere():
    """Every relative link of a tracked Markdown file names a file that is there."""
    for path in tracked():
        if path.suffix == ".md" and path.exists():
            for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", path.read_text()):
                assert "://" in target or (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_readme_names_every_setting():
    """Its table is shorter than the one of the documentation, and complete."""
    named = set(re.findall(r"`(PHOENIX_[A-Z_]+)`", (ROOT / "README.md").read_text().partition("## Settings")[2]))
    assert named == {one.variable for one in all_settings()}


def test_tests_lie_where_their_modules_do():
    """Below tests/phoenix_core and tests/phoenix_dagster each folder is one of the packages."""
    folders = {path.parent.relative_to(ROOT / "tests") for path in tracked() if path.name.startswith("test_")}
    of_packages = {folder for folder in folders if folder.parts and folder.parts[0].startswith("phoenix_")}
    assert len(of_packages) > 2
    assert {str(folder) for folder in of_packages if not (ROOT / folder).is_dir()} == set()
