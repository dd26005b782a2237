"""Phoenix without an orchestrator: archive, catalog, signals, strategy and backtest as plain functions.

Nothing here knows Dagster or reads the environment. Data moves down the tree of packages and imports
only look up it; `pyproject.toml` holds the contract.
"""
