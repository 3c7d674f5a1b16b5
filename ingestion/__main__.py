"""`python -m ingestion` is `spotify-elt`, and so is the command of that name."""

import atexit
import gc


def main() -> None:
    """Run the command line; not imported above, as processes that read files import this module."""
    from ingestion.cli import main as run

    look_for_garbage_rarely()
    run()


def look_for_garbage_rarely() -> None:
    """Let Python look for objects that refer to each other after 100,000 new ones, not after 700.

    dbt and dlt make millions and keep most of them: looking at them again and again finds little,
    and at the end of the process nothing that is not given back anyway.
    """
    gc.set_threshold(100_000, 20, 10)
    atexit.register(gc.freeze)


if __name__ == "__main__":
    main()
