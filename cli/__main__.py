"""`python -m cli`, which is what `./tenure` runs."""

from cli.app import main

# The processes of a crew read this file too, and must not begin the command again.
if __name__ == "__main__":
    main()
