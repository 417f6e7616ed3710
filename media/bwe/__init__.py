"""Bandwidth estimation of a sending transport: the seam (`estimator.py`) and its implementations."""
