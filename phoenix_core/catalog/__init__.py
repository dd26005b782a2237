"""The NautilusTrader catalog on disk: exact day files that can be rebuilt from the zips at any time.

`store.read_day` and `store.scan` give Polars frames without NautilusTrader; `store.nautilus_catalog`
gives its own `ParquetDataCatalog` over the same files. Nothing outside this package knows the layout.
"""
