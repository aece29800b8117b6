"""A stand-in for the Hugging Face Hub: enough of its HTTP interface to publish a folder and to fetch it again."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(BaseHTTPRequestHandler):
    """Repositories live in `server.repos`, name to files; what was asked for in `server.asked`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Says nothing: the tests read what was asked from `server.asked`."""

    def do_GET(self):
        self._answer_about(self.path.partition("?")[0], body=True)

    def do_HEAD(self):
        self._answer_about(self.path.partition("?")[0], body=False)

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        self.server.asked.append(("POST", path))
        if path == "/api/repos/create":
            asked = json.loads(content)
            name = (
                f"{asked['organization']}/{asked['name']}"
                if asked.get("organization")
                else f"me/{asked['name']}"
            )
            self.server.repos.setdefault(name, {})
            self._json({"url": f"{self.server.address}/{name}", "name": name})
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/main", path):
            files = json.loads(content)["files"]
            self._json(
                {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
                    ]
                }
            )
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/main", path):
            for line in map(json.loads, content.splitlines()):
                if line["key"] == "file":
                    self.server.repos[found[1]][line["value"]["path"]] = base64.b64decode(
                        line["value"]["content"]
                    )
            address = f"{self.server.address}/{found[1]}/commit/{COMMIT}"
            self._json({"success": True, "commitUrl": address, "commitOid": COMMIT, "hookOutput": ""})
        else:
            self._send(404, b"")

    def _answer_about(self, path, body):
        self.server.asked.append((self.command, path))
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/[^/]+", path):
            files = self.server.repos.get(found[1])
            about = {"id": found[1], "modelId": found[1], "sha": COMMIT, "private": False, "tags": []}
            missing = {"X-Error-Code": "RepoNotFound"}
            siblings = [{"rfilename": name} for name in files or ()]
            self._json(about | {"siblings": siblings}) if files is not None else self._send(
                404, b"{}", **missing
            )
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/[^/]+", path):
            held = self.server.repos.get(found[1], {}).items()
            self._json([{"type": "file", "path": name, "size": len(c), "oid": _tag(c)} for name, c in held])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            content = self.server.repos.get(found[1], {}).get(found[2])
            if content is None:
                self._send(404, b"", **{"X-Error-Code": "EntryNotFound"})
            else:
                self._send(200, content, body, **{"ETag": f'"{_tag(content)}"', "X-Repo-Commit": COMMIT})
        else:
            self._send(404, b"")

    def _json(self, value):
        self._send(200, json.dumps(value).encode(), **{"Content-Type": "application/json"})

    def _send(self, code, content, body=True, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)


def _tag(content):
    return hashlib.sha1(content).hexdigest()


@contextmanager
def hub() -> Iterator[ThreadingHTTPServer]:
    """A running stand-in; `.address` is what HF_ENDPOINT shall be."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.repos, server.asked, server.address = {}, [], f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
