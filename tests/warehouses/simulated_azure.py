"""What acts as Azure's Blob Storage: those of its requests that DuckDB makes, over TLS and signed.

It knows one account and keeps what it is given in memory. Unlike Azure it has no rights, no
throttling, no versions and no lists of several pages.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest

from tests.programs import own_certificate

ACCOUNT = "simulated"

#: What is signed beside the headers of Azure's own (x-ms-…), in this order.
_SIGNED = (
    *("Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type"),
    *("Date", "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"),
)


@dataclass
class Azure:
    """A Blob Storage that is running.

    Attributes:
        key: what the account is signed in to by.
        address: where the account answers.
        containers: the blobs of each, by name.
        blocks: those that belong to no blob yet, by container, name and their own id.
    """

    key: str
    address: str = ""
    containers: dict[str, dict[str, bytes]] = field(default_factory=dict)
    blocks: dict[tuple[str, str, str], bytes] = field(default_factory=dict)

    @property
    def connection_string(self) -> str:
        return (
            f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={self.key};"
            f"BlobEndpoint={self.address}"
        )


@contextmanager
def simulated_azure(folder: Path, key: str, container: str) -> Iterator[Azure]:
    """Yield one with an empty container, its certificate trusted until the block ends.

    Args:
        folder: for the certificate.
        key: that of the account, in base 64.
        container: its name.
    """
    azure = Azure(key, containers={container: {}})
    handler = type("Of", (_Requests,), {"azure": azure})
    secured, certificate = own_certificate(folder)
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("CURL_CA_INFO", str(certificate))
        azure.address = f"https://127.0.0.1:{server.server_port}/{ACCOUNT}"
        server.socket = secured.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield azure
        server.shutdown()


class _Requests(BaseHTTPRequestHandler):
    azure: ClassVar[Azure]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        address = urlsplit(self.path)
        asked = dict(parse_qsl(address.query, keep_blank_values=True))
        container, name = [*unquote(address.path).split("/", 3), "", ""][2:4]
        blobs = self.azure.containers.get(container)
        if self.headers.get("Authorization") != self._signature(address.path, asked):
            self._refuse(403, "AuthenticationFailed")
        elif blobs is None:
            self._refuse(404, "ContainerNotFound")
        elif self.command == "PUT":
            self._put(container, name, asked, body)
        elif asked.get("comp") == "list":
            self._list(blobs, asked.get("prefix", ""))
        elif name not in blobs:
            self._refuse(404, "BlobNotFound")
        elif self.command == "DELETE":
            del blobs[name]
            self._answer(202)
        else:
            self._get(blobs[name])

    do_GET = do_HEAD = do_PUT = do_DELETE = _take  # noqa: N815 - http.server's names

    def _signature(self, path: str, asked: dict[str, str]) -> str:
        """As Azure says that requests are signed by an account's key."""
        signed = [self.command, *(self.headers.get(name, "") for name in _SIGNED)]
        signed[3] = "" if signed[3] == "0" else signed[3]
        own = {name.lower(): told for name, told in self.headers.items()}
        signed += [f"{name}:{own[name]}" for name in sorted(own) if name.startswith("x-ms-")]
        signed += [f"/{ACCOUNT}{path}", *(f"{name}:{asked[name]}" for name in sorted(asked))]
        key = base64.b64decode(self.azure.key)
        digest = hmac.digest(key, "\n".join(signed).encode(), hashlib.sha256)
        return f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"

    def _put(self, container: str, name: str, asked: dict[str, str], body: bytes) -> None:
        """A block of a blob, or which of its blocks it is made of."""
        blobs, blocks = self.azure.containers[container], self.azure.blocks
        match asked.get("comp"):
            case "block":
                blocks[container, name, asked["blockid"]] = body
            case "blocklist":
                listed = [block.text or "" for block in ET.fromstring(body)]  # noqa: S314 - ours
                blobs[name] = b"".join(blocks.pop((container, name, block)) for block in listed)
            case _:
                self._refuse(501, "NotSimulated")
                return
        self._answer(201)

    def _list(self, blobs: dict[str, bytes], prefix: str) -> None:
        entries = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties>"
            f"<Last-Modified>{formatdate(usegmt=True)}</Last-Modified><Etag>0</Etag>"
            f"<Content-Length>{len(blobs[name])}</Content-Length><Content-Type/>"
            "<BlobType>BlockBlob</BlobType></Properties></Blob>"
            for name in sorted(blobs)
            if name.startswith(prefix)
        )
        self._answer(200, f"<EnumerationResults><Blobs>{entries}</Blobs></EnumerationResults>")

    def _get(self, blob: bytes) -> None:
        wanted = self.headers.get("x-ms-range") or self.headers.get("Range") or ""
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        if not found:
            self._answer(200, blob)
            return
        first, last = int(found[1]), min(int(found[2] or len(blob)), len(blob) - 1)
        part = {"Content-Range": f"bytes {first}-{last}/{len(blob)}"}
        self._answer(206, blob[first : last + 1], **part)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, **{"x-ms-error-code": code})

    def _answer(self, status: int, body: str | bytes = b"", **headers: str) -> None:
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        headers |= {
            "Content-Length": str(len(body)),
            "Content-Type": "application/octet-stream",
            "ETag": '"0"',
            "Last-Modified": formatdate(usegmt=True),
            "x-ms-blob-type": "BlockBlob",
            "x-ms-creation-time": formatdate(usegmt=True),
            "x-ms-request-server-encrypted": "true",
            "x-ms-server-encrypted": "true",
        }
        for name, told in headers.items():
            self.send_header(name, told)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
