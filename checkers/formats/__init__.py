"""Histories that others recorded, read as calls: Jepsen's EDN, its log lines, plain JSON lines, and our own."""
