"""A real server that hears what is posted, and may take it, refuse it, or never answer."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Heard:
    """What was posted, and how the next post is answered."""

    port: int = 0
    status: int = 200
    messages: list[dict[str, str]] = field(default_factory=list)
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    may_answer: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The address of Apprise that posts here; it waits a quarter of a minute for answers."""
        return f"json://user:s3cret@127.0.0.1:{self.port}/hook?rto=15&cto=15"

    @property
    def texts(self) -> list[str]:
        """Title and text of each message."""
        return [f"{each['title']}\n{each['message']}" for each in self.messages]


@contextlib.contextmanager
def listening(*, hangs: bool = False) -> Iterator[Heard]:
    """Run the server on a free port."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            heard.messages.append(json.loads(self.rfile.read(length)))
            heard.came.release()
            heard.may_answer.wait()
            self.send_response(heard.status)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    if not hangs:
        heard.may_answer.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield heard
    finally:
        heard.may_answer.set()
        server.shutdown()
        server.server_close()
        thread.join()
