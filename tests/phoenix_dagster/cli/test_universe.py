"""`phoenix universe` on the command line."""

import json

import pytest

ROOT = "data/futures/um/daily/aggTrades"


@pytest.fixture
def archive(tmp_path, monkeypatch):
    for symbol, days in {"BTCUSDT": ("2023-06-01", "2023-06-02"), "GONEUSDT": ("2023-06-01",)}.items():
        for day in days:
            path = tmp_path / "archive" / ROOT / symbol / f"{symbol}-aggTrades-{day}.zip"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    monkeypatch.setenv("PHOENIX_ARCHIVE_URL", str(tmp_path / "archive"))
    monkeypatch.setenv("PHOENIX_DATA", str(tmp_path / "data"))


def test_the_symbols_of_a_day_are_printed(archive, phoenix):
    """As a table with a remark, and as a document."""
    code, out, _ = phoenix("universe", "--on", "2023-06-01")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[1:-1]][-2:] == [
        ["BTCUSDT", "2023-06-01", "2023-06-02"], ["GONEUSDT", "2023-06-01", "2023-06-01"],
    ]  # fmt: skip
    assert "2 of 2 symbols" in out
    assert "1 of them end before 2023-06-02" in out
    code, out, _ = phoenix("universe", "--on", "2023-06-02", "--json")
    assert [one["listing"] for one in json.loads(out)["members"]] == ["um:BTCUSDT"]


def test_what_is_known_of_a_symbol_has_its_day(archive, phoenix, tmp_path):
    """A change of later years is not read as one of that day."""
    path = tmp_path / "archive" / ROOT / "MATICUSDT" / "MATICUSDT-aggTrades-2023-06-01.zip"
    path.parent.mkdir()
    path.touch()
    _, out, _ = phoenix("universe", "--on", "2023-06-01")
    assert "2024-09-09: Settled and delisted: MATIC became POL." in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--on", "june"), "--on: "),
        (("--on", "2023-06-01", "--market", "fx"), "--market is 'fx'"),
        (("--on", "9999-12-31"), "expected a day before"),
    ],
)
def test_a_wrong_call_is_named(archive, phoenix, arguments, said):
    """One line, and nothing is asked."""
    code, _, err = phoenix("universe", *arguments)
    assert code == 2
    assert said in err
