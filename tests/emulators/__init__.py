"""Emulated vendors' clouds on localhost, with one physical world behind them."""
