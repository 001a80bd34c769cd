"""`python -m simulator`: the command line of this very interpreter."""

from simulator.cli.app import main

if __name__ == "__main__":
    main()
