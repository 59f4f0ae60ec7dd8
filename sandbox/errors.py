"""The one error of the sandbox."""


class SandboxError(Exception):
    """A server could not be found, started or reached; the message says which, and the remedy."""
