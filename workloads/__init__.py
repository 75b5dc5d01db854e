"""What clients ask for: operations, key distributions and mixes."""
