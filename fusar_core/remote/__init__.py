"""Speaking to an OpenAI-compatible server: our worker, or a stock one. What stands behind `engines/remote.py`."""
