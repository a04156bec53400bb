"""The command `python -m training.estimate`: what a training at 7B needs; see `training.runs.estimate`."""

from training.runs.estimate import main

if __name__ == "__main__":
    main()
