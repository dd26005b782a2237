"""The notebooks of examples/, executed by a kernel as Jupyter would."""

import subprocess
import sys

import nbformat
import pytest
from fakes.paths import ROOT
from fakes.processes import plain_environment

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
# In a process of its own: kernel and client warn about things of their own, which here would be errors.
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook of an experiment with its outputs, run in an empty folder."""
    folder = tmp_path_factory.mktemp("notebook")
    command = [sys.executable, "-W", "ignore", "-c", EXECUTE, ROOT / "examples" / "experiment.ipynb", "done.ipynb"]
    environment = plain_environment() | {"JUPYTER_PLATFORM_DIRS": "1", "IPYTHONDIR": str(folder / "ipython")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    return nbformat.read(folder / "done.ipynb", as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_kept_without_outputs(path):
    """What it shows depends on who runs it, and differences stay readable."""
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.cell_type == "markdown" or (cell.outputs, cell.execution_count) == ([], None)


def test_it_says_that_its_market_is_synthetic():
    """In its first words, and on each of its pictures."""
    cells = nbformat.read(NOTEBOOKS[0], as_version=4).cells
    assert "synthetic" in cells[0].source
    titles = [line for cell in cells for line in cell.source.splitlines() if "title" in line]
    assert len(titles) == 2
    assert all("synthetic" in line for line in titles)


def test_an_experiment_shows_a_trade_and_a_comparison(executed):
    """Two pictures with data, fills, and a table of two results."""
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [one.data["application/vnd.plotly.v1+json"] for one in outputs if "plotly" in str(one.get("data", ""))]
    assert len(pictures) == 2
    assert all(trace["x"] and trace["y"] for picture in pictures for trace in picture["data"])
    printed = "".join(one.text for one in outputs if one.output_type == "stream")
    assert " fills; price " in printed
    assert any("shape: (2," in str(one.get("data", "")) for one in outputs)
