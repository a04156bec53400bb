"""Simulated SAR scenes with truth and an AlphaEarth-like prior: the open benchmark."""
