"""Where a plan is performed."""
