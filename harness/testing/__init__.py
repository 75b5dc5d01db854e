"""What tests in other repositories use: runs, clusters to drive by hand, and strategies. harness/plugin.py opens it."""
