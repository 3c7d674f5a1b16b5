"""What acts as Google's Cloud Storage where it is spoken to as an S3: moto's, in a thread.

It wants an HMAC key's access id, and does not know how to delete several objects at once, as
Google did not until 2026 and others do not. It checks no signature.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ACCESS_ID: Final = "GOOG1EXAMPLE"


class _Storage:
    """Moto's S3, for those who sign as ACCESS_ID."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self._s3 = DomainDispatcherApplication(create_backend_app)

    def __call__(self, request: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if f"Credential={ACCESS_ID}/" not in request.get("HTTP_AUTHORIZATION", ""):
            return _refuse("403 Forbidden", "AccessDenied", start)
        if request["REQUEST_METHOD"] == "POST" and request["QUERY_STRING"].startswith("delete"):
            return _refuse("400 Bad Request", "NotImplemented", start)
        answer: Iterable[bytes] = self._s3(request, start)
        return answer


def _refuse(status: str, code: str, start: StartResponse) -> Iterable[bytes]:
    start(status, [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()]


@contextmanager
def simulated_google_storage(secret: str, bucket: str) -> Iterator[dict[str, Any]]:
    """The settings by which one is found that holds an empty bucket.

    Args:
        secret: that of the HMAC key.
        bucket: its name.
    """
    pytest.importorskip("moto", reason="`make test-warehouses` installs it")
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, _Storage(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_ID}/unused/unused"}
        requests.put(f"{address}/{bucket}", headers=signed, timeout=30).raise_for_status()
        yield {
            "gcs_endpoint_url": address,
            "gcs_hmac_access_id": ACCESS_ID,
            "gcs_hmac_secret": secret,
        }
    finally:
        server.shutdown()
        server.server_close()
