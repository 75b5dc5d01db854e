"""Policies side by side over the same plans: what each costs and buys."""
