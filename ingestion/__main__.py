"""`python -m ingestion` is `spotify-elt`, and so is the command of that name."""


def main() -> None:
    """Run the command line; not imported above, as processes that read files import this module."""
    from ingestion.cli import main as run

    run()


if __name__ == "__main__":
    main()
