"""dlt's BigQuery destination, signed in as we are.

Imported when something is loaded, because dlt is slow to import.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

from dlt.common.configuration.specs import GcpServiceAccountCredentials
from dlt.common.destination import Destination
from dlt.destinations import bigquery
from google.cloud.bigquery import Client

# dlt asks for a faster way to read, and reads nothing but its own few rows
warnings.filterwarnings("ignore", message="Cannot create BigQuery Storage client")


def destination_of(client: Client, api_endpoint: str | None) -> Destination[Any, Any]:
    """The destination that is where the client is.

    Args:
        client: of Google.
        api_endpoint: its address, when that is another than Google's; dlt passes none on, but makes
            a client of Google's, which looks for one in the environment.
    """
    if api_endpoint:
        os.environ["BIGQUERY_EMULATOR_HOST"] = api_endpoint
    credentials = GcpServiceAccountCredentials()
    credentials.project_id = client.project
    credentials._set_default_credentials(client._credentials)
    credentials.resolve()
    return bigquery(credentials=credentials, location=client.location)
