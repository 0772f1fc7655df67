"""What builds, tests and keeps the course: run as `python -m tools.NAME` from the root of the repository."""
