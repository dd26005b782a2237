"""One backtest over several listings that share an account: what it is, its result, and how that is published."""
