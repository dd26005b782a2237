"""What people look at: figures, statistics and the page of a backtest."""
