"""`python -m cli`, which is what `./tenure` runs."""

from cli.app import main

main()
