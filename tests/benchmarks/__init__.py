"""Benchmarks: one command per table, rows in json lines, one rendered page."""
