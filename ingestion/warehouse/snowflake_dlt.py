"""dlt's Snowflake destination, signed in as we are.

Imported when something is loaded, because dlt is slow to import.
"""

from __future__ import annotations

from typing import Any

from dlt.common.destination import Destination
from dlt.destinations import snowflake
from dlt.destinations.impl.snowflake.configuration import SnowflakeCredentials

from ingestion.settings import Settings
from ingestion.warehouse.snowflake_account import place_of, secret


def destination_of(settings: Settings) -> Destination[Any, Any]:
    """The destination that the settings name.

    A file leaves its stage once its rows are in the table: Snowflake bills what lies in stages.
    """
    place = place_of(settings)
    credentials = SnowflakeCredentials()
    credentials.host = place.pop("account")  # dlt's word for it
    credentials.database = place.pop("database")
    credentials.username = settings.snowflake_user
    if settings.snowflake_private_key_file:
        credentials.private_key_path = str(settings.snowflake_private_key_file)
        credentials.private_key_passphrase = secret(settings.snowflake_private_key_passphrase)
    else:
        credentials.password = secret(settings.snowflake_password)
    credentials.query = place  # whatever else the connector takes
    credentials.resolve()
    return snowflake(credentials=credentials, keep_staged_files=False)
