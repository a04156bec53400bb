"""The command `python -m training.train`: trains one stage; see `training.stages.train`."""

from training.stages.train import main

if __name__ == "__main__":
    main()
