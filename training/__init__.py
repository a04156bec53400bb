"""Data, simulator, two-stage recipe and evaluation of FUSAR-GPT. Imports fusar_core, never the other way round."""
