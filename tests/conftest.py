"""What holds for every test: one thread for linear algebra, and the same examples in every run."""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy is imported, which reads it once

from hypothesis import settings  # noqa: E402

settings.register_profile("gdcourse", deadline=None, derandomize=True)
settings.load_profile("gdcourse")

pytest_plugins = ["tests.browser"]


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the tables that tests made: they travel with the reports, from xdist's workers too."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "table":
                terminalreporter.section(report.nodeid.rpartition("::")[2])
                terminalreporter.write_line(text)
