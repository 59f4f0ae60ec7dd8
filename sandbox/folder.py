"""A temporary folder that goes when nobody uses it any more, even after a SIGKILL.

`flock` waits for the folder's lock, which its owner and every server's warden hold together, and
then removes it: the last one out does not have to know that it is.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from pathlib import Path


class TemporaryFolder:
    """A folder that is removed after `release`, or when its owner and all holders are dead."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="colecionador-sandbox-"))
        self.descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        """To be held by whatever uses the folder."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)
        self._sweeper = subprocess.Popen(
            ["flock", "--exclusive", str(self.path), "rm", "-rf", str(self.path)],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def release(self) -> None:
        """Have the folder removed, and wait for that."""
        os.close(self.descriptor)
        self._sweeper.wait()
