"""What is asked of published days: rules by catalog type, and comparisons between datasets.

`catalog/quality.py` and `catalog/consistency.py` answer; this table is light, so that whoever shows the
rules need not load a library of frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from phoenix_core.datasets import AGG_TRADES, CatalogType, Dataset
from phoenix_core.market import NS_PER_SECOND

# Longer without a tick is a gap. BTCUSDT quotes pause for at most 8 seconds on a whole day, a quiet coin for
# minutes (https://github.com/binance/binance-public-data/issues/305 and the files themselves).
QUIET_NS = 300 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and what it demands.

    Attributes:
        name: Name of the check.
        description: One sentence for people.
        blocks: Breaking it means that the data is wrong, not odd.
    """

    name: str
    description: str
    blocks: bool = False


ORDERED = Rule("ordered", "Rows stand in the order in which they could be known.", blocks=True)
UNIQUE = Rule("unique", "No row's identity stands twice.", blocks=True)
WITHIN = Rule("within_day", "Every row happened on the day, or ends a period that did.", blocks=True)
COUNT = Rule("count", "A day has no less than a fifth of the rows of the days before it.")
GAPS = Rule("gaps", "No five minutes are without a row; a gap over which ids jump is a loss, another an outage.")
CONTIGUOUS = Rule("contiguous", "Ids rise one by one.")
UNCROSSED = Rule("uncrossed", "The bid is below the ask.")
ON_TICK = Rule("on_tick", "Prices are multiples of the tick that the instrument had on the day.")
ON_STEP = Rule("on_step", "Quantities are multiples of the step that the instrument had on the day.")
COMPLETE = Rule("complete", "Each period of the day has its row.")
SHAPED = Rule("shaped", "Open and close lie between low and high.")
MOVING = Rule("moving", "Values are neither missing nor frozen.")

_ALL = (ORDERED, UNIQUE, WITHIN)  # of every type; those that are asked more have a row
RULES: Mapping[CatalogType, tuple[Rule, ...]] = {
    CatalogType.TRADE_TICK: (*_ALL, COUNT, GAPS, CONTIGUOUS, ON_TICK, ON_STEP),
    CatalogType.QUOTE_TICK: (*_ALL, COUNT, GAPS, UNCROSSED, ON_TICK),
    CatalogType.BAR: (*_ALL, COMPLETE, SHAPED),
    CatalogType.MARK_PRICE: (*_ALL, COMPLETE, SHAPED),
    CatalogType.OPEN_INTEREST: (*_ALL, COMPLETE, MOVING),
    CatalogType.DEPTH_BAND: (*_ALL, GAPS, MOVING),
}


COMPARISONS = (
    Rule("agg_trades_make_klines", "Minutes rebuilt from aggregate trades are those of the klines, but for edges."),
    Rule("trades_make_klines", "Minutes rebuilt from single trades are those of the klines."),
    Rule("aggregates_hold_trades", "Aggregate trades have the volume of the single trades."),
    Rule("mark_follows_last", "The mark price stays near the last price."),
    Rule("trades_at_quotes", "Trades happen at the quotes before them."),
    Rule("premium_follows_mark", "The premium index is near the mark price's distance from the index."),
    Rule("index_follows_spot", "The index stays near the last price of the same symbol on spot."),
)


def rules_of(dataset: Dataset) -> tuple[Rule, ...]:
    """Rules of a dataset's catalog days; trade ids of single trades jump by nature and are not asked to rise."""
    rules = RULES.get(dataset.catalog_type, _ALL)
    return tuple(rule for rule in rules if rule is not CONTIGUOUS or dataset is AGG_TRADES)
