"""A home is made whole, kept up to date, and never at the expense of what its user wrote."""

import pytest
from dotenv import dotenv_values
from fakes.paths import ROOT

from phoenix_core.errors import ConfigInvalid, StorageFailed
from phoenix_dagster.deployment import home
from phoenix_dagster.deployment.home import command, is_home, make_home, refresh_dagster_yaml
from phoenix_dagster.settings import Settings, dagster_home, read_settings

SHIPPED = (ROOT / "dagster.yaml").read_text()
FILES = {".env", "workspace.yaml", ".gitignore", "dagster.yaml"}
EARLIER = SHIPPED.replace("phoenix_dagster.deployment.instance_storage", "phoenix_dagster.instance_storage")


def files_in(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_home_has_everything_and_making_it_again_changes_nothing(tmp_path):
    """Four files the first time, none the second."""
    assert set(make_home(tmp_path)) == FILES
    before = files_in(tmp_path)
    assert make_home(tmp_path) == []
    assert files_in(tmp_path) == before
    assert before.keys() == FILES | {"dagster.yaml.sha256"}


def test_what_was_edited_in_a_home_stays(tmp_path):
    """A missing file is written again beside it."""
    make_home(tmp_path)
    (tmp_path / ".env").write_text("PHOENIX_DATA=/elsewhere\n")
    (tmp_path / "workspace.yaml").unlink()
    assert make_home(tmp_path) == ["workspace.yaml"]
    assert (tmp_path / ".env").read_text() == "PHOENIX_DATA=/elsewhere\n"


def test_a_folder_of_somebody_else_is_refused_before_anything_is_written(tmp_path):
    """The message names the files that are in the way."""
    (tmp_path / ".env").write_text("SECRET=1\n")
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    with pytest.raises(ConfigInvalid, match=r"\.env, dagster\.yaml of its own, and nothing was written"):
        make_home(tmp_path)
    assert files_in(tmp_path) == {".env": "SECRET=1\n", "dagster.yaml": "telemetry: {enabled: true}\n"}


def test_a_path_that_is_a_file_is_one_clear_error(tmp_path):
    """No traceback, and what to do instead."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="Give a folder that can be written"):
        make_home(tmp_path / "file")


def test_the_settings_file_names_every_setting_at_its_default(tmp_path, monkeypatch):
    """With each line's # removed, the settings in force are the defaults."""
    make_home(tmp_path)
    lines = (tmp_path / ".env").read_text().splitlines()
    assigned = [line[2:] for line in lines if line.startswith("# PHOENIX_")]
    assert [line.partition("=")[0] for line in assigned] == [
        f"PHOENIX_{name.upper()}" for name in Settings.model_fields
    ]
    for line in assigned:
        monkeypatch.delenv(line.partition("=")[0], raising=False)
    (tmp_path / ".env").write_text("\n".join(line for line in assigned if not line.endswith("=")))
    monkeypatch.chdir(tmp_path)
    assert read_settings() == Settings(_env_file=None)


@pytest.mark.parametrize("name", ["plain", "with space", "it's", "back\\slash", "dollar $HOME #"])
def test_the_home_is_found_by_its_settings_file(tmp_path, monkeypatch, name):
    """Whatever the folder is called, DAGSTER_HOME in its `.env` is it."""
    folder = tmp_path / name
    make_home(folder)
    assert dotenv_values(folder / ".env")["DAGSTER_HOME"] == str(folder)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(folder)
    assert dagster_home() == folder


def test_an_older_file_is_replaced_and_that_is_said(tmp_path):
    """Its digest is the recorded one, so nobody edited it."""
    make_home(tmp_path)
    (tmp_path / "dagster.yaml").write_text(EARLIER)
    home._record(tmp_path)
    assert "was that of an earlier Phoenix" in refresh_dagster_yaml(tmp_path)
    assert (tmp_path / "dagster.yaml").read_text() == SHIPPED
    assert refresh_dagster_yaml(tmp_path) is None


def test_edits_that_still_work_stay(tmp_path):
    """A limit of the user's own outlives any number of refreshes."""
    make_home(tmp_path)
    edited = SHIPPED.replace("max_concurrent_runs: 3", "max_concurrent_runs: 9")
    (tmp_path / "dagster.yaml").write_text(edited)
    assert refresh_dagster_yaml(tmp_path) is None
    assert (tmp_path / "dagster.yaml").read_text() == edited


def test_edits_that_can_no_longer_start_are_put_aside(tmp_path):
    """A file that names a module of an earlier version is kept under another name, each time a new one."""
    for name in ("dagster.yaml.old", "dagster.yaml.old1"):
        (tmp_path / "dagster.yaml").write_text(EARLIER + f"# mine, {name}\n")
        told = refresh_dagster_yaml(tmp_path)
        assert "phoenix_dagster.instance_storage, which this Phoenix does not have" in told
        assert (tmp_path / name).read_text() == EARLIER + f"# mine, {name}\n"
        assert (tmp_path / "dagster.yaml").read_text() == SHIPPED
        assert is_home(tmp_path)


def test_a_command_is_named_as_it_works_here(tmp_path, monkeypatch):
    """In the tree through uv; elsewhere with the tree named; from a wheel plain."""
    monkeypatch.chdir(ROOT)
    assert command("phoenix ui demo") == "uv run phoenix ui demo"
    monkeypatch.chdir(tmp_path)
    assert command("phoenix ui demo").endswith(" phoenix ui demo")
    assert f"--project {ROOT}" in command("phoenix ui demo")
    monkeypatch.setattr(home, "source_tree", lambda: None)
    assert command("phoenix ui demo") == "phoenix ui demo"
