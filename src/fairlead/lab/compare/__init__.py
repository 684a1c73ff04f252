"""Comparison of models over seven dimensions."""
