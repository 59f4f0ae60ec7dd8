"""Benchmarks: what the service costs beside its kernels, and beside what one would write instead.

    make bench                  all of them: tables, and bench/results.json
    QUICK=1 make bench          the same on few items, to see that they run
    python -m sandbox run -- python -m bench published growth     some of them

Both sides of every comparison run in turn, round after round, on the same servers and images, and
a comparison is the median of the ratios of its rounds: a machine that is busy with something else
slows both sides. Absolute figures belong to the machine that they were measured on.
"""
