"""The command `python -m training.run`: trains the stages of a preset; see `training.runs.run`."""

from training.runs.run import main

if __name__ == "__main__":
    main()
