"""The command `python -m training.evaluate`: scores an engine on triplets; see `training.evaluation.evaluate`."""

from training.evaluation.evaluate import main

if __name__ == "__main__":
    main()
