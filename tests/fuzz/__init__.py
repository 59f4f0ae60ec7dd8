"""Coverage-guided fuzzing: `make fuzz SECONDS=300`. The corpus is replayed by every `make test`."""
