"""Links between processes: the Toxiproxy server behind them and the control of it."""
