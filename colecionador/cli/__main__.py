"""`python -m colecionador.cli` is `augment`."""

from colecionador.cli import main

main()
