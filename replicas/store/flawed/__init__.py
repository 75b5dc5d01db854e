"""Parts of the store in each of which one decision is wrong: `flaws.py` has them by name."""
