"""Figures and ratios, measured side by side on this machine. Never part of a test."""
