"""Run an experiment over its days through NautilusTrader."""

from datetime import date

from phoenix_core.backtest.experiment import Experiment
from phoenix_core.backtest.result import Result
from phoenix_core.backtest.together import DayDone, Prepare, as_read, quietly, run_together
from phoenix_core.execution.limits import Limits
from phoenix_core.manifest import Key, Manifest
from phoenix_core.market import Listing, days_between
from phoenix_core.products import BACKTEST
from phoenix_core.storage.lake import Lake


def run(lake: Lake, experiment: Experiment, day_done: DayDone = quietly, prepare: Prepare = as_read) -> Result:
    """Run an experiment.

    Days whose trades or signals are missing are left out and named. The balance is carried over them and a position is
    not: it is closed at the end of the day before, since nobody knows what the market, funding and margin were.

    Args:
        lake: The data folder.
        experiment: What to run.
        day_done: Told each day as it ends, with the events so far.
        prepare: What of a day is replayed, such as its signals in another order; such a result is nobody's to publish.

    Raises:
        ConfigInvalid: The strategy can't be imported or made of its config.
        InputMissing: Not one day of the range can be replayed.
        CatalogCorrupt: A file is not what was published.
        StrategyFailed: The strategy raised, or the engine stopped early.
        LedgerUnbalanced: The parts of the PnL are not the account's change.
    """
    (result,), _ = run_together(lake, [experiment], Limits(), day_done, prepare)
    return result


def nothing_to_run(lake: Lake, experiment: Experiment) -> str | None:
    """Why no day can be run although all stages are done: each day's trades or signals were never published.

    Days that were never materialized are another matter: `run` names them as an error.
    """
    listing = Listing.parse(experiment.listing)
    days = days_between(experiment.first, experiment.last)
    reasons = {day: reason for day in days if (reason := _reason_absent(lake, listing, day))}
    if len(reasons) < len(days):
        return None
    first = reasons[experiment.first]
    return first if len(days) == 1 else f"none of {len(days)} days can be replayed; {experiment.first}: {first}"


def _reason_absent(lake: Lake, listing: Listing, day: date) -> str | None:
    required = [one.product.asset(listing) for one in BACKTEST.inputs if one.is_required]
    found = Manifest(lake).find_many(Key(asset, day.isoformat()) for asset in required)
    return next((entry.reason for entry in found.values() if not entry.published), None)
