"""Plants each fault in turn and demands that the tests that own it fail, and pass without it.

    python3 tests/faults/run.py [--quick] [FAULT...]

--quick takes the faults whose tests start no server. The list is in `owners`.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600


def owners():
    for line in (ROOT / "tests/faults/owners").read_text().splitlines():
        if line and not line.startswith("#"):
            fault, place, tests = line.split()
            yield fault, place, tests


def programs(places):
    """The test programs, built."""
    wanted = {"lib": ["--lib"], "it": ["--test", "it"]}
    found = {}
    for place in sorted(places):
        command = ["cargo", "test", "--features", "testing", "--no-run", "--message-format=json"]
        if "CI" in os.environ:
            command.append("--locked")
        built = subprocess.run(
            command + wanted[place], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True
        )
        for line in built.stdout.splitlines():
            message = json.loads(line)
            if message.get("executable") and message["profile"]["test"]:
                found[place] = message["executable"]
    return found


def run(program, tests, fault=None):
    """Whether tests of this name passed, how long they took, and what they said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TORTURE_")}
    environment["RUST_BACKTRACE"] = "0"
    if fault:
        environment["TESTING_FAULT"] = fault
    begun = time.monotonic()
    ran = subprocess.run(
        [program, tests],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        text=True,
        errors="replace",
    )
    if "running 0 tests" in ran.stdout or "test result:" not in ran.stdout:
        raise SystemExit(f"no test was run: {tests}\n{ran.stdout}")
    return ran.returncode == 0, time.monotonic() - begun, ran.stdout


def reason(said):
    """The first words of the first failure."""
    lines = said.splitlines()
    for number, line in enumerate(lines[:-1]):
        if line.startswith("thread ") and "panicked at" in line and "it panicked" not in line:
            if "src/store/tests" in line or "tests/it" in line or "/tests" in line:
                return lines[number + 1][:100]
    return ""


def main():
    arguments = sys.argv[1:]
    quick = "--quick" in arguments
    only = [word for word in arguments if not word.startswith("--")]
    chosen = [
        owner
        for owner in owners()
        if (not only or owner[0] in only) and not (quick and owner[1] != "lib")
    ]
    if not chosen:
        raise SystemExit("there is no such fault")
    built = programs({place for _, place, _ in chosen})
    unseen = []
    for place, tests in sorted({(place, tests) for _, place, tests in chosen}):
        passed, took, said = run(built[place], tests)
        print(f"without a fault   {'passes' if passed else 'FAILS'}  {took:5.1f} s  {tests}")
        if not passed:
            raise SystemExit(said)
    for fault, place, tests in chosen:
        passed, took, said = run(built[place], tests, fault)
        unseen += [fault] if passed else []
        words = "NOT NOTICED" if passed else "noticed"
        print(f"{fault:24}  {words}  {took:5.1f} s  {tests}  {reason(said)}", flush=True)
    print(f"{len(chosen) - len(unseen)} of {len(chosen)} planted faults were noticed")
    if unseen:
        raise SystemExit(f"nobody notices {', '.join(unseen)}")


main()
