"""A CloneMemoria of our own: started on an empty directory, set up, spoken to over HTTP.

Standard library only. Connections are kept open, one a thread; access tokens, which live ten
minutes, are refreshed in time.
"""

import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

EMAIL, PASSWORD = "eval@example.org", "a long pass phrase for one evaluation"
LINK = re.compile(r"^\s*(http://\S+)/welcome\?token=(\S+)")
LISTENING = re.compile(r"^listening on http://([^/\s]+)")


class Refused(Exception):
    """An answer that is not a success."""

    def __init__(self, method, path, status, body):
        super().__init__(f"{method} {path}: {status} {body[:400]!r}")
        self.status = status


class Appliance:
    """A running server; a context manager that stops it and removes its directory."""

    def __init__(self, binary, settings=None, keep=None):
        self._own = tempfile.TemporaryDirectory(prefix="clonememoria-eval-")
        self.directory = Path(keep or self._own.name)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CLONEMEMORIA_")}
        environment |= {
            "CLONEMEMORIA_DATA_DIR": str(self.directory / "data"),
            "CLONEMEMORIA_LISTEN": "127.0.0.1:0",
            "CLONEMEMORIA_LOG_LEVEL": "warn",
            **(settings or {}),
        }
        self._log = open(Path(self._own.name) / "server.log", "w+b")
        self._process = subprocess.Popen(
            [str(Path(binary).resolve()), "serve"],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log,
        )
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._session, self._refresh_at = None, 0.0
        try:
            self._address, token = self._greeting()
            self._sign_up(token)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._process.pid

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
        self._own.cleanup()

    def log(self):
        """What the server has said on its standard error."""
        self._log.flush()
        return Path(self._log.name).read_text(errors="replace")

    # Speaking

    def get(self, path, **query):
        query = {name: value for name, value in query.items() if value is not None}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.call("GET", path)

    def post(self, path, body):
        return self.call("POST", path, body)

    def call(self, method, path, body=None):
        """The parsed answer. Waits and asks again when told to come back later."""
        for _ in range(30):
            status, headers, text = self._send(method, "/api/v1" + path, body, self._token())
            if status not in (429, 503):
                break
            time.sleep(min(float(headers.get("Retry-After") or 1), 10))
        if not 200 <= status < 300:
            raise Refused(method, path, status, text)
        return json.loads(text) if text else None

    def text(self, path):
        """A page outside the API."""
        status, _, text = self._send("GET", path, None, None)
        if status != 200:
            raise Refused("GET", path, status, text)
        return text.decode()

    def pending(self):
        """How many changes wait for the text index, and passages for a vector."""
        gauges = dict(
            line.rsplit(" ", 1)
            for line in self.text("/metrics/prometheus").splitlines()
            if line and not line.startswith("#")
        )
        wanted = ("clonememoria_index_pending", "clonememoria_embedding_pending")
        return tuple(int(float(gauges[name])) for name in wanted)

    def wait_until_indexed(self, timeout=3600, each=None):
        """Returns when both queues have been empty twice in a row."""
        end, quiet = time.monotonic() + timeout, 0
        while quiet < 2:
            pending = self.pending()
            quiet = 0 if any(pending) else quiet + 1
            if each and any(pending):
                each(pending)
            if time.monotonic() > end:
                raise TimeoutError(f"still {pending} in the queues after {timeout} s")
            # Counting costs the server time: the more waits, the less often it is asked.
            time.sleep(min(0.1 + sum(pending) / 2000, 5))

    # Inside

    def _greeting(self):
        address = None
        for line in self._process.stdout:
            line = line.decode()
            if found := LISTENING.match(line):
                address = found.group(1)
            if found := LINK.match(line):
                threading.Thread(target=self._process.stdout.read, daemon=True).start()
                return address, found.group(2)
        raise RuntimeError("the server did not start:\n" + self.log())

    def _sign_up(self, token):
        body = {"token": token, "email": EMAIL, "password": PASSWORD, "display_name": "Evaluation"}
        self._take(*self._send("POST", "/api/v1/setup", body, None))

    def _token(self):
        with self._lock:
            if time.monotonic() >= self._refresh_at:
                body = {"refresh_token": self._session["refresh_token"]}
                self._take(*self._send("POST", "/api/v1/auth/refresh", body, None))
            return self._session["access_token"]

    def _take(self, status, _headers, text):
        if not 200 <= status < 300:
            raise Refused("POST", "a session", status, text)
        self._session = json.loads(text)
        self._refresh_at = time.monotonic() + self._session["expires_in"] / 2

    def _send(self, method, path, body, token):
        headers = {"Accept": "application/json"}
        if body is not None:
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if token:
            headers["Authorization"] = "Bearer " + token
        for attempt in (1, 2):
            try:
                connection = self._connection()
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.HTTPException, ConnectionError):
                # The server may have closed a connection that was idle.
                self._threads.connection = None
                if attempt == 2:
                    raise

    def _connection(self):
        connection = getattr(self._threads, "connection", None)
        if connection is None:
            host, port = self._address.rsplit(":", 1)
            connection = http.client.HTTPConnection(host, int(port), timeout=300)
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._threads.connection = connection
        return connection
