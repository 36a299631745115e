from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from zenith_server.runner.pulse import Counts, Frame, Pulse, memory


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    one = Pulse(memory())
    yield one
    one.close()


def test_another_process_reads_what_one_wrote(pulse: Pulse) -> None:
    source = (
        "from zenith_server.runner.pulse import Counts, Pulse\n"
        f"Pulse({pulse.descriptor}).beat(Counts(70_000, 3, 1))\n"
    )
    subprocess.run([sys.executable, "-c", source], pass_fds=[pulse.descriptor], check=True)
    assert pulse.counts == Counts(70_000, 3, 1)
    assert time.monotonic() - 30 < pulse.last_beat <= time.monotonic()


def test_a_process_that_holds_the_interpreter_still_tells_its_stack(
    pulse: Pulse, tmp_path: Path
) -> None:
    # A search that backtracks for ever is one call in C that never gives up the GIL.
    file = tmp_path / "café.py"
    file.write_text(
        "import re, sys\n"
        "from zenith_server.runner.pulse import Pulse\n"
        "Pulse(int(sys.argv[1])).confess()\n"
        "print('on', flush=True)\n"
        "re.match('(a|a)+b', 'a' * 60)\n"
    )
    descriptor = pulse.descriptor
    command = [sys.executable, str(file), str(descriptor)]
    with subprocess.Popen(command, pass_fds=[descriptor], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(pulse.prepare_stack())
        deadline = time.monotonic() + 10
        while not pulse.stack() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    assert Frame(str(file), 5, "<module>") in pulse.stack()


def test_an_earlier_stack_is_forgotten(pulse: Pulse) -> None:
    os.pwrite(pulse.descriptor, b'  File "x.py", line 1 in f\n', os.fstat(pulse.descriptor).st_size)
    assert pulse.stack() == [Frame("x.py", 1, "f")]
    pulse.prepare_stack()
    assert pulse.stack() == []
