"""Training of the learned scorer, and the report that says whether it may be switched on.

Needs NumPy, the extra `finance`; nothing else imports this package at its top.
"""

import os

# One thread adds in one order: the same scorer, to the bit, on any number of cores. On matrices as
# narrow as these more threads are slower besides. It has to be said before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
