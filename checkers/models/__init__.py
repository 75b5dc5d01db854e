"""Models of objects that clients share: what calls on one may be told, whatever system keeps it."""
