"""What a backtest can run: any NautilusTrader strategy by import path, and those that have a folder here."""
