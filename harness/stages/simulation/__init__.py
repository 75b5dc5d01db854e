"""The stage on virtual time: the same replica core, plan, faults and checkers, repeated to the last event by a seed."""
