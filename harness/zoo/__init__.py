"""The zoo: a catalogue of flawed replicas, and a measure of how soon the harness finds each."""
