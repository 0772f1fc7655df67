"""What holds for every test: one thread for linear algebra, and the same examples in every run."""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy is imported, which reads it once

from hypothesis import settings  # noqa: E402

settings.register_profile("gdcourse", deadline=None, derandomize=True)
settings.load_profile("gdcourse")
