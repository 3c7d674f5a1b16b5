"""One file per page; each shows a selection."""
