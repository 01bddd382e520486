"""`python -m kohort`: the command line."""

from kohort.cli.main import main

main()
