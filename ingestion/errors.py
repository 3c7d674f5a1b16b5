"""The errors a user can do something about. Each is one line on the terminal."""


class UserError(Exception):
    """Says what is wrong, where, and what to do. Shown without a traceback; exit code 1."""


class ExportError(UserError):
    """The export cannot be read at all: no such path, not Spotify's, encrypted, a zip bomb."""


class WarehouseError(UserError):
    """The warehouse cannot be opened or written: locked, full, no permission, a bad name."""


class CostsUnknownError(WarehouseError):
    """The warehouse does not tell this account what queries cost."""


class BuildError(UserError):
    """dbt could not build the models, or a data test found something; names the first."""
