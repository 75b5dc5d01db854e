"""Whether the simulator still is a model of the truth: the same plans on both stages, side by side."""
