"""Flawed scrubbing."""

from replicas.store.scrubbing import Scrubbing


class DiscardsAndForgets(Scrubbing):
    def lost(self, key: str) -> None:
        """Nobody is asked for it."""
