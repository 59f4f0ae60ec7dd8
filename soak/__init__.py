"""A soak: continuous load on replicas of the service while things break at random.

`make soak MINUTES=10` runs it on servers of its own and says at the end whether anything was lost
or doubled. `faults.py` is the list of what breaks.
"""
