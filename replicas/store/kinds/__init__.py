"""The kinds of anti-entropy: how two replicas find what differs. Each is one file, and one of them is at work."""
