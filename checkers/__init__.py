"""The history of a run and what may be concluded from it."""
