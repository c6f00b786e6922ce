"""Asks the real server everything that its document allows, and what it does not allow.

Starts a server on an empty data directory, makes the first account and one of each thing, and
lets schemathesis loose on it. Ends with what schemathesis ends with, or with 1 if the server
logged an error or died.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
READY_SECONDS = 60
# Each call by itself, and chains of calls that use what others gave; shares of the time.
PASSES = {"examples,coverage,fuzzing": 2 / 3, "stateful": 1 / 3}
# Not the one of the examples, with which they would change it.
PASSWORD = "a quiet kitchen in june"


def ask(origin, verb, path, body=None, token=None):
    """One call of the API; what it answers."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{origin}/api/v1{path}", data, headers, method=verb)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def started(binary, directory):
    """The server, its address and the token of its first link."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "CLONEMEMORIA_REGISTRATION": "open",
        "CLONEMEMORIA_LOG_FORMAT": "json",
        # Guessing passwords is what this is about, for once.
        "CLONEMEMORIA_LIMITS_SIGN_IN_BURST": "1000000",
        # With a name there are passkeys; with a mail server, though nobody is there, letters.
        "CLONEMEMORIA_SERVER_PUBLIC_URL": "https://memoria.example",
        "CLONEMEMORIA_MAIL_HOST": "127.0.0.1",
        "CLONEMEMORIA_MAIL_PORT": "1",
        "CLONEMEMORIA_MAIL_ENCRYPTION": "none",
        "CLONEMEMORIA_MAIL_FROM": "memoria@home.example",
    }
    said = open(directory / "said", "w")
    log = open(directory / "log", "w")
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", directory / "data"]
    server = subprocess.Popen(command, env=environment, stdout=said, stderr=log)
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.poll() is None:
        text = (directory / "said").read_text()
        origin = re.search(r"listening on (http://[^\s/]+)", text)
        link = re.search(r"/welcome\?token=(\S+)", text)
        if origin and link:
            return server, origin[1], link[1]
        time.sleep(0.05)
    sys.exit(f"the server did not start:\n{(directory / 'log').read_text()}")


def furnished(origin, link):
    """The token of an account that has one of each thing."""
    body = {"token": link, "email": "ada@example.org", "password": PASSWORD, "display_name": "Ada"}
    token = ask(origin, "POST", "/setup", body)["access_token"]
    clone = ask(origin, "POST", "/clones", {"name": "Maria"}, token)["id"]
    told = {"content": "We swam in the lake.", "title": "The lake", "people": ["Anna"]}
    ask(origin, "POST", f"/clones/{clone}/memories", told, token)
    ask(origin, "POST", f"/clones/{clone}/people", {"name": "Paul"}, token)
    ask(origin, "POST", f"/clones/{clone}/chat", {"content": "Where did you swim?"}, token)
    ask(origin, "POST", "/api-keys", {"label": "A program", "scopes": ["read"]}, token)
    space = ask(origin, "POST", "/spaces", {"name": "The family"}, token)["id"]
    ask(origin, "POST", f"/spaces/{space}/invitations", {"role": "visitor"}, token)
    return token


def is_signed_in(origin, token):
    """Whether the token is still good."""
    try:
        return bool(ask(origin, "GET", "/auth/me", None, token)["id"])
    except urllib.error.HTTPError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--schemathesis", required=True)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--log", help="where the server's log is kept")
    parser.add_argument("more", nargs="*", help="more arguments for schemathesis")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clonememoria-fuzz-") as name:
        directory = Path(name)
        server, origin, link = started(given.bin, directory)
        try:
            token = furnished(origin, link)
            environment = {**os.environ, "FUZZ_ORIGIN": origin, "FUZZ_TOKEN": token}
            code = 0
            for phases, share in PASSES.items():
                command = [
                    given.schemathesis, "--config-file", HERE / "schemathesis.toml", "run",
                    f"{origin}/openapi.json", "--phases", phases,
                    "--max-time", str(round(given.seconds * share)), *given.more,
                ]
                code |= subprocess.run(command, env=environment, cwd=directory).returncode
            died = server.poll()
            signed_in = died is None and is_signed_in(origin, token)
        finally:
            server.terminate()
            server.wait(30)
        if given.log:
            shutil.copy(directory / "log", given.log)
        log = (directory / "log").read_text().splitlines()
        bad = [line for line in log if '"level":"ERROR"' in line or "panicked" in line]
        for line in bad[:20]:
            print(line)
        if died is not None or bad or not signed_in:
            # Without the sign-in most of it was refused at the door.
            print(f"died: {died}, signed in: {signed_in}, errors in the log: {len(bad)}")
            return 1
        return code


if __name__ == "__main__":
    sys.exit(main())
