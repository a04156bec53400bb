"""The worker: a FUSAR-GPT served to many clients over the OpenAI chat API. Needs the extra `worker`.

    client ─HTTP─▶ app (one process: key, limits, checks, queue) ─Ray Serve─▶ replicas (one model each: batches)

The front reads and checks everything itself, so that only clean jobs reach a model, and holds the only queue. See
docs/worker.md.
"""
