"""Which assets the names of a command mean: `--select` takes assets and stages, wherever the assets are listed."""

from collections.abc import Iterable, Mapping, Sequence

from phoenix_core.errors import ConfigInvalid, nearest

ALL = "all"
Path = tuple[str, ...]


def chosen(groups: Mapping[Path, str], market_symbol: str, wanted: Sequence[str], every: Iterable[Path]) -> list[Path]:
    """Paths of the assets that were asked for, each once.

    Args:
        groups: Group of each asset that may be chosen, by the path of its key; empty: by its own name alone.
        market_symbol: Whose assets, `um/btcusdt`.
        wanted: Names of assets or stages, or `all`.
        every: What `all` means.

    Raises:
        ConfigInvalid: A name that is neither.
    """
    names = {
        path: {path[-1], group.rsplit("_", 1)[-1]} - {""}
        for path, group in groups.items()
        if "/".join(path[:2]) == market_symbol
    }
    whole = set(every)
    found: dict[Path, None] = {}
    for name in wanted:
        matching = [path for path in names if name in names[path] or (name == ALL and path in whole)]
        if not matching:
            known = sorted(set().union(*names.values()))
            raise ConfigInvalid(
                f"{market_symbol} has no asset or stage {name[:60]!r}{nearest(name, known)}: expected some of "
                f"{', '.join(known)}."
            )
        found |= dict.fromkeys(matching)
    return list(found)
