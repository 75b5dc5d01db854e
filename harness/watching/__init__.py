"""A run in the terminal while it goes on: read from its folder, drawn by a process of its own."""
