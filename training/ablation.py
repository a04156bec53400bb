"""The command `python -m training.ablation`: the paper's ablation on simulated chips; see `training.runs.ablation`."""

from training.runs.ablation import main

if __name__ == "__main__":
    main()
