"""The demo: a synthetic market, through HTTP and Dagster, to fills and PnL, without a network."""

import functools
import shlex
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from phoenix_core.errors import ConfigInvalid, InputMissing
from phoenix_core.market import Listing
from phoenix_core.products import CONTINUOUS_BACKTEST
from phoenix_dagster import settings as environment
from phoenix_dagster.assets.keys import key_of
from phoenix_dagster.deployment.home import command, refresh_dagster_yaml
from phoenix_dagster.operation.in_process import continuous_span, materialize, reason_of

if TYPE_CHECKING:
    from phoenix_dagster.settings import Settings

LISTING = Listing.parse("um:BTCUSDT")
FIRST_DAY = date(2024, 3, 24)
_MODULE = "phoenix_dagster.definitions"  # as `phoenix ui` names it
_ORIGIN = RemoteRepositoryOrigin(
    ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name=_MODULE), location_name=_MODULE),
    "__repository__",
)
_TAGS = {".dagster/repository": _ORIGIN.get_label()}
_PARTS = ("price_pnl", "slippage", "fees", "funding", "net_pnl")

Say = Callable[[str], None]


def run_demo(folder: Path, days: int, seed: int, say: Say) -> None:
    """Build everything below a folder, from a market that is seeded and says that it is synthetic.

    Args:
        folder: A new folder, or one that an earlier demo left.
        days: Days of the market, from 2024-03-24 on.
        seed: Seed of the market.
        say: Prints a line.

    Raises:
        ConfigInvalid: The folder holds something else.
    """
    started = time.monotonic()
    wanted = [FIRST_DAY + timedelta(n) for n in range(days)]
    folder = _prepared(folder, wanted)
    say(f"A synthetic BTCUSDT market of {days} days (seed {seed}); nothing of it is real.")
    _write_market(folder / "archive", wanted, seed)
    with _serving(folder / "archive") as url:
        say(f"Its archive is served from {url}.")
        environment.export(environment.demo_environment(folder) | {"PHOENIX_ARCHIVE_URL": url})
        metadata = _materialize(environment.read_settings(), wanted, say)
    _summary(metadata, folder, time.monotonic() - started, say)


def _prepared(folder: Path, days: Sequence[date]) -> Path:
    folder = folder.expanduser().resolve()
    mark = folder / environment.DEMO_MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise ConfigInvalid(f"{folder} is not empty and no demo made it: give another folder with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "dagster").mkdir(parents=True)
    span = f"PHOENIX_START={days[0]}\nPHOENIX_END={days[-1]}\n"
    mark.write_text(f"Made by `phoenix demo`; may be deleted.\n{span}", encoding="ascii")
    refresh_dagster_yaml(folder / "dagster")
    return folder


def _write_market(archive: Path, days: Sequence[date], seed: int) -> None:
    from phoenix_core.synthetic.files import write_archive  # noqa: PLC0415 - brings Polars

    write_archive(archive, LISTING, days, seed=seed)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing: the client reports what matters."""


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _materialize(chosen: "Settings", days: Sequence[date], say: Say) -> dict[str, Any]:
    """Materialize every asset of every day, then the continuous backtest and its report."""
    from phoenix_dagster.code_location import assets_of, definitions  # noqa: PLC0415 - brings all of Dagster's definitions

    defs, assets = definitions(chosen), assets_of(LISTING, chosen)
    daily = [one.key for one in assets if one.partitions_def is not None]
    others = [one.key for one in assets if one.partitions_def is None]
    with dg.DagsterInstance.get() as instance:
        for day in days:
            started = time.monotonic()
            _recorded(instance, materialize(defs, instance, daily, day=day.isoformat()))
            say(f"{day}: {len(daily)} assets in {time.monotonic() - started:.1f} s")
        key = key_of(LISTING, CONTINUOUS_BACKTEST.name)
        span = continuous_span(others, days[0].isoformat(), days[-1].isoformat())
        _recorded(instance, materialize(defs, instance, others, config=span))
        event = instance.get_latest_materialization_event(key)
    materialization = event.asset_materialization if event else None
    if materialization is None:
        raise ConfigInvalid("The continuous backtest left no materialization: the Dagster home is not ours.")
    fills = materialization.metadata["fills_table"]
    records = fills.records if isinstance(fills, dg.TableMetadataValue) else []
    plain = {name: value.value for name, value in materialization.metadata.items()}
    return plain | {"fills_table": [record.data for record in records]}


def _recorded(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> None:
    """Give a run the code location that the UI will have: its home page leaves out runs of none.

    Raises:
        InputMissing: An asset failed; its reason is named.
    """
    run = result.dagster_run
    instance.run_storage.replace_job_origin(run, RemoteJobOrigin(_ORIGIN, run.job_name))
    instance.add_run_tags(run.run_id, _TAGS)
    if not result.success:
        reasons = [reason_of(event) for event in result.all_events if event.is_step_failure]
        raise InputMissing(f"The demo could not be built: {'; '.join(reasons) or 'its run failed'}.")


def _summary(metadata: dict[str, Any], folder: Path, seconds: float, say: Say) -> None:
    say("")
    say(f"{'time (UTC)':<24}{'side':<6}{'quantity':>10}{'price':>12}{'fee':>10}  {'':<6} why")
    for fill in metadata["fills_table"]:
        seconds_since_1970, fraction = divmod(int(fill["ts"]), 1_000_000_000)
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds_since_1970)) + f".{fraction // 1_000_000:03d}"
        say(
            f"{clock:<24}{fill['side']:<6}{float(fill['quantity']):>10.3f}{float(fill['price']):>12.2f}"
            f"{float(fill['fee']):>10.2f}  {fill['liquidity'].lower():<6} {fill['why']}"
        )
    more = metadata["fills"] - len(metadata["fills_table"])
    if more > 0:
        say(f"… and {more} more")
    say("")
    say(
        f"{metadata['fills']} fills, {metadata['round_trips']} round trips, {metadata['won']} won, "
        f"max drawdown {metadata['max_drawdown']:.2%}, exposure {metadata['exposure']:.1%}"
    )
    for name in _PARTS:
        say(f"  {name.replace('_', ' '):<10} {metadata[name]:>12,.2f} USDT")
    say(f"  balance    {metadata['final_balance']:>12,.2f} USDT")
    say("")
    say(f"Files    {folder / 'data'}")
    say(f"Report   {metadata['folder']}/report.html")
    say(f"UI       {command(f'phoenix ui {_shown(folder)}')}")
    say(f"Synthetic, seeded, and done in {seconds:.0f} s.")


def _shown(folder: Path) -> str:
    here = Path.cwd()
    return shlex.quote(str(folder.relative_to(here) if folder.is_relative_to(here) else folder))
