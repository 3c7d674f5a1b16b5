"""`python -m ingestion` is `spotify-elt`."""

from ingestion.cli import main

if __name__ == "__main__":  # a process that reads files imports this module too
    main()
