"""What a run has to say, in words."""
