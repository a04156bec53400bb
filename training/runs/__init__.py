"""Whole productions: all stages of a preset, fusar-nano, the ablation, and what they need."""
