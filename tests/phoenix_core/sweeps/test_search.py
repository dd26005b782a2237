"""Searching a grid: what is drawn, what is given up, and that no end of a process changes either."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta

import optuna
import pytest
import sqlalchemy

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.manifest import Entry
from phoenix_core.storage.lake import Lake
from phoenix_core.sweeps import search as module
from phoenix_core.sweeps.grid import Grid, Point
from phoenix_core.sweeps.methods import Pruner, Sampler
from phoenix_core.sweeps.publish import Sweep, run_sweep
from phoenix_core.sweeps.request import Cut, Search
from phoenix_core.sweeps.search import Home, Sought, run_search
from phoenix_core.sweeps.study import Study
from phoenix_core.sweeps.sweep import Outcome, PointRunner
from phoenix_core.sweeps.trials import recorded

FIRST = date(2024, 3, 1)
GRID = [
    "strategy.lpi_entry_threshold=0:1:0.02",
    "venue.order_latency_ms=0:400:20",
    "venue.queue_depletion=none,bounded",
]


class Ended(Exception):
    """As an interrupt would."""


@dataclass
class Replays:
    """Stands in for replays: what a point gives is a smooth hill over its values, the same on each of its days.

    Attributes:
        ran: Names and days of what was run, in order.
        standing: What it gave; it is not run again.
        end_after: Of how many the process is killed.
    """

    ran: list = field(default_factory=list)
    standing: dict = field(default_factory=dict)
    end_after: int = 10**9
    shift: float = 0.0

    def run(self, lake, points, processes, done):
        outcomes = []
        for point in points:
            one = point.experiment
            run = (one.name, (one.last - one.first).days + 1)
            if run not in self.standing:
                if len(self.ran) >= self.end_after:
                    raise Ended
                self.ran.append(run)
                self.standing[run] = Entry(asset="x", day="x", published=True, facts={"value": self.value(one)})
            outcomes.append(Outcome(point, self.standing[run]))
            done(outcomes[-1])
        return outcomes

    def value(self, one):
        away = (one.strategy.lpi_entry_threshold - 0.7) ** 2 * 4 + ((one.venue.order_latency_ms - 120) / 400) ** 2
        return 1 - away - 0.2 * (one.venue.queue_depletion.value == "none") + self.shift


@pytest.fixture(autouse=True)
def _unsynced():
    """SQLite does not wait for the disk: no test here loses power."""

    def opened(connection, _):
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", opened)
    yield
    sqlalchemy.event.remove(sqlalchemy.Engine, "connect", opened)


@pytest.fixture
def replays(monkeypatch):
    made = Replays()
    monkeypatch.setattr(module, "run_points", made.run)
    monkeypatch.setattr(module._Search, "_value", lambda _, entry: entry.facts["value"])
    return made


def sought(storage="", *, days=16, **chosen):
    base = Experiment(listing="um:BTCUSDT", first=FIRST, last=FIRST + timedelta(days - 1))
    return Sought(
        base,
        Grid.parse(GRID),
        Search(search="tpe", **chosen) if "search" not in chosen else Search(**chosen),
        "study",
        Home(storage),
    )


def shown(found):
    return [(one.point.values, one.reason) for one in found.outcomes]


def until_done(wanted, replays):
    """Go on as often as the process is killed."""
    for _ in range(50):
        try:
            return run_search(None, wanted, 1, lambda _: None)
        except Ended:
            replays.end_after = len(replays.ran) + 7
    raise AssertionError


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sampler", "prune"),
    [("tpe", "median"), ("nsgaii", "quartile"), ("random", "none")],
)
def test_a_killed_search_draws_what_an_unbroken_one_draws(replays, tmp_path, sampler, prune):
    """Killed after every few replays, in the midst of a batch or of a rung."""
    chosen = {"search": sampler, "prune": prune, "trials": 22, "batch": 4}
    unbroken = run_search(None, sought(**chosen), 1, lambda _: None)
    replays.standing.clear()
    replays.end_after = len(replays.ran) + 5
    broken = until_done(sought(f"sqlite:///{tmp_path / 'searches.db'}", **chosen), replays)
    assert shown(broken) == shown(unbroken)
    assert broken.pruned == unbroken.pruned


def test_another_seed_draws_other_points(replays):
    """And the same seed the same."""
    points = [shown(run_search(None, sought(trials=12, seed=seed), 1, lambda _: None)) for seed in (1, 1, 2)]
    assert points[0] == points[1] != points[2]


def test_a_sampler_climbs_the_hill(replays):
    """Of 2,142 points 64 draws come within a few steps of the top, and chance does not."""
    best = {}
    for sampler in (Sampler.TPE, Sampler.RANDOM):
        found = run_search(None, sought(search=sampler, trials=64), 1, lambda _: None)
        best[sampler] = max(one.entry.facts["value"] for one in found.outcomes)
    assert best[Sampler.TPE] > 0.99
    assert best[Sampler.TPE] > best[Sampler.RANDOM]


@pytest.mark.parametrize("prune", [Pruner.MEDIAN, Pruner.QUARTILE])
def test_a_bad_point_runs_over_the_first_days_alone(replays, prune):
    """A quarter, half, all of 16 days; what was given up says after how many, and never ran over more."""
    found = run_search(None, sought(prune=prune, trials=40), 1, lambda _: None)
    assert {days for _, days in replays.ran} == {4, 8, 16}
    longest = {}
    for name, days in replays.ran:
        longest[name] = max(days, longest.get(name, 0))
    assert len(found.pruned) >= 10
    whole = sum(days for days in longest.values())
    assert whole < 0.8 * 16 * len(longest)
    for one in found.outcomes:
        name = one.point.experiment.name
        if name in found.pruned:
            assert one.reason.startswith(f"pruned after {longest[name]} of 16 days, sharpe ")
        else:
            assert longest[name] == 16
    best = max(found.outcomes, key=lambda one: replays.value(one.point.experiment))
    assert best.point.experiment.name not in found.pruned


def test_what_results_say_now_counts_and_not_what_was_told(replays, tmp_path):
    """New data, other results: the search begins anew, as if there had been no other."""
    storage = f"sqlite:///{tmp_path / 'searches.db'}"
    run_search(None, sought(storage, trials=20), 1, lambda _: None)
    replays.shift = -3.0
    replays.standing.clear()
    again = run_search(None, sought(storage, trials=20), 1, lambda _: None)
    assert shown(again) == shown(run_search(None, sought(trials=20), 1, lambda _: None))
    assert {one.entry.facts["value"] < 0 for one in again.outcomes} == {True}


def test_a_trial_whose_draw_was_killed_is_set_aside(replays, tmp_path):
    """It has no point; the next draw is the one that it would have been."""
    storage = f"sqlite:///{tmp_path / 'searches.db'}"
    unbroken = run_search(None, sought(trials=16), 1, lambda _: None)
    run_search(None, sought(storage, trials=8), 1, lambda _: None)
    kept = optuna.storages.RDBStorage(storage)
    optuna.load_study(study_name="study", storage=kept).ask()
    kept.remove_session()
    kept.engine.dispose()
    assert shown(run_search(None, sought(storage, trials=16), 1, lambda _: None)) == shown(unbroken)


def test_more_trials_go_on_where_fewer_ended(replays, tmp_path):
    """Twenty and then twelve more are thirty-two."""
    storage = f"sqlite:///{tmp_path / 'searches.db'}"
    run_search(None, sought(storage, trials=24), 1, lambda _: None)
    before = len(replays.ran)
    more = run_search(None, sought(storage, trials=40), 1, lambda _: None)
    assert shown(more) == shown(run_search(None, sought(trials=40), 1, lambda _: None))
    assert before > 0


@pytest.mark.slow
def test_a_search_is_a_sweep_like_any_other(market, tmp_path):
    """Real replays: killed after two points and resumed, the same files; every point is a trial, pruned ones too."""
    lakes = [Lake.at(shutil.copytree(market.lake.store.root, tmp_path / name)) for name in ("broken", "unbroken")]
    base = Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[1])
    wanted = Sweep.of(base, ["strategy.lpi_entry_threshold=0.5:0.9:0.1"], Cut(), Search(search="tpe", trials=6, batch=2, prune="median", rungs=2))  # fmt: skip
    seen = []

    def end(outcome):
        seen.append(outcome)
        if len(seen) == 2:
            raise Ended

    with pytest.raises(Ended):
        run_sweep(lakes[0], wanted, 1, end, Home(f"sqlite:///{tmp_path / 'searches.db'}"))
    swept = [run_sweep(lakes[0], wanted, 1, lambda _: None, Home(f"sqlite:///{tmp_path / 'searches.db'}")),
             run_sweep(lakes[1], wanted, 1, lambda _: None)]  # fmt: skip
    folder = swept[0].entry.facts["folder"]
    assert lakes[0].read(f"{folder}/sweep.json") == lakes[1].read(f"{folder}/sweep.json")
    tried = {(one.experiment, one.days) for one in recorded(lakes[0], market.listing)}
    names = {one.point.experiment.name for one in swept[0].outcomes}
    assert {(name, 1) for name in names} <= tried
    assert {(name, 2) for name in names - swept[0].pruned} <= tried
    assert swept[0].sweep.described()["search"]["trials"] == 6


@pytest.mark.slow
def test_points_may_run_elsewhere_round_by_round(market, tmp_path):
    """The same table as of a search that runs here. What is there already is sent nowhere, and what failed is tried here."""
    lakes = [Lake.at(shutil.copytree(market.lake.store.root, tmp_path / name)) for name in ("spread", "here")]
    base = Experiment.parse(listing=str(market.listing), first=market.days[0], last=market.days[0])
    wanted = Sweep.of(
        base, ["strategy.lpi_entry_threshold=0.5:0.9:0.1"], Cut(), Search(search="random", trials=4, batch=2)
    )
    rounds, ended = [], []

    def elsewhere(experiments):
        rounds.append([one.name for one in experiments])
        for one in experiments[: 1 if len(rounds) == 1 else None]:  # the other fails there
            PointRunner(lakes[0])(Point({}, one))

    home = Home(f"sqlite:///{tmp_path / 'searches.db'}", elsewhere)
    swept = [run_sweep(lakes[0], wanted, 1, ended.append, home), run_sweep(lakes[1], wanted, 1, lambda _: None)]
    folder = swept[0].entry.facts["folder"]
    assert lakes[0].read(f"{folder}/sweep.json") == lakes[1].read(f"{folder}/sweep.json")
    names = [one.point.experiment.name for one in ended]
    assert [name for some in rounds for name in some] == names
    assert [one.point.experiment.name for one in ended if not one.is_kept] == rounds[0][1:]
    run_sweep(lakes[0], wanted, 1, lambda _: None, home)
    assert [name for some in rounds for name in some] == names


def test_a_search_stands_beside_dagsters_tables(postgres_database):
    """In a schema of its own: both have a table of schema versions, of one name."""
    engine = sqlalchemy.create_engine(postgres_database)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE alembic_version (version_num text)"))
        connection.execute(sqlalchemy.text("INSERT INTO alembic_version VALUES ('of Dagster')"))
    wanted = sought(postgres_database)
    for _ in range(2):
        with closing(Study("a", postgres_database, wanted.search, wanted.grid.axes)) as study:
            assert len(study.next_batch()) == 8
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT version_num FROM public.alembic_version")).all() == [
            ("of Dagster",)
        ]
    engine.dispose()
