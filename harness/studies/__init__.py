"""Claims about replication, each measured and found confirmed or not."""
