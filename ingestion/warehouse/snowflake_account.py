"""Where an account of Snowflake's is and who signs in to it, in the connector's words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from ingestion.errors import WarehouseError
from ingestion.settings import Settings


def place_of(settings: Settings) -> dict[str, Any]:
    """Account, database, warehouse and role, with the address that they are asked at."""
    given = {
        "account": settings.snowflake_account,
        "database": settings.snowflake_database,
        "warehouse": settings.snowflake_warehouse,
        "role": settings.snowflake_role,
    }
    return {name: value for name, value in given.items() if value} | address_of(settings)


def address_of(settings: Settings) -> dict[str, Any]:
    """Host, port and protocol, when they are others than those that follow from the account."""
    if settings.snowflake_url is None:
        return {}
    address = urlsplit(settings.snowflake_url)
    port = address.port or (443 if address.scheme == "https" else 80)
    return {"host": address.hostname, "port": port, "protocol": address.scheme}


def sign_in_of(settings: Settings) -> dict[str, Any]:
    """The user, and the key or the password.

    Raises:
        WarehouseError: the key cannot be read; the errors of all who read it later say less.
    """
    user = {"user": settings.snowflake_user}
    if settings.snowflake_private_key_file is None:
        return user | {"password": secret(settings.snowflake_password)}
    passphrase = secret(settings.snowflake_private_key_passphrase)
    try:
        key = settings.snowflake_private_key_file.read_bytes()
        load_pem_private_key(key, passphrase.encode() if passphrase else None)
    except OSError as error:
        raise WarehouseError(f"SNOWFLAKE_PRIVATE_KEY_FILE: {error}") from error
    except (TypeError, ValueError) as error:
        raise WarehouseError(
            f"SNOWFLAKE_PRIVATE_KEY_FILE: {settings.snowflake_private_key_file} holds no private"
            " key in PEM that SNOWFLAKE_PRIVATE_KEY_PASSPHRASE opens"
        ) from error
    return user | {
        "authenticator": "SNOWFLAKE_JWT",
        "private_key_file": str(settings.snowflake_private_key_file),
        "private_key_file_pwd": passphrase,
    }


def secret(value: SecretStr | None) -> str | None:
    """What it hides."""
    return value.get_secret_value() if value else None
