"""What builds and keeps the course: run as `python -m tools.NAME` from the repository's root."""
