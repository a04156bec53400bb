"""Simulated SAR chips with truth and an AlphaEarth-like prior: the open benchmark."""
