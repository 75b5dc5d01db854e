"""A run once more: replayed, shrunk, pinned."""
