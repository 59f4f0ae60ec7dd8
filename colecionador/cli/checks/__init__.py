"""What `augment doctor` checks, a file a subject. Each check returns a `Section`; none raises."""
