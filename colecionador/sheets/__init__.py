"""Contact sheets: an original and its variations side by side, with all that was measured."""
