from training.data.cli import main

main()
