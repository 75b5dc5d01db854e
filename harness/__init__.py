"""From a seed to a plan, a stage, a history, a verdict and a report."""
