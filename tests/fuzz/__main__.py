"""`python -m tests.fuzz SECONDS [TARGET …]`: fuzz each target for so long; 1 where one broke.

What a run finds goes to a temporary folder and is thrown away; an input that broke something is
kept in `corpus/`, where `make test` replays it from then on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.targets import CORPUS, TARGETS

LARGEST_INPUT_BYTES = 8192
MEMORY_LIMIT_MB = 2048
HANG_SECONDS = 20


def main() -> int:
    """Fuzz the targets that the command line names, or all."""
    seconds, *names = sys.argv[1:]
    broken = [name for name in names or TARGETS if not fuzz(name, float(seconds))]
    return 1 if broken else 0


def fuzz(name: str, seconds: float) -> bool:
    """Fuzz one target; True where nothing broke."""
    ends_at = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        found, broken = Path(folder, "found"), Path(folder, "broken")
        for each in (found, broken):
            each.mkdir()
        while (left := round(ends_at - time.monotonic())) > 0:
            if _worker(name, left, found, broken) == 0:
                break
            print(f"{name}: broke; goes on without that input", flush=True)
        for path in broken.iterdir():
            shutil.copy(path, CORPUS / name / path.name)
            print(f"{name}: kept {path.name} ({path.stat().st_size} bytes) in {CORPUS / name}")
        print(f"{name}: {len(list(broken.iterdir()))} broke in {seconds:g} s", flush=True)
        return not any(broken.iterdir())


def _worker(name: str, seconds: int, found: Path, broken: Path) -> int:
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LARGEST_INPUT_BYTES}",
        f"-rss_limit_mb={MEMORY_LIMIT_MB}",
        f"-timeout={HANG_SECONDS}",
        f"-artifact_prefix={broken}/",
        "-print_final_stats=1",
    ]
    dictionary = Path(__file__).with_name(f"{name}.dict")
    if dictionary.exists():
        options.append(f"-dict={dictionary}")
    command = [sys.executable, "-m", "tests.fuzz.worker", name, *options, str(found)]
    return subprocess.run([*command, str(CORPUS / name)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
