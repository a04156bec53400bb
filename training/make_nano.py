"""The command `python -m training.make_nano`: makes fusar-nano from nothing; see `training.runs.make_nano`."""

from training.runs.make_nano import main

if __name__ == "__main__":
    main()
