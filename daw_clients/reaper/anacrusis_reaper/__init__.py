"""The REAPER client: runs inside REAPER's own Python, so standard library only, Python 3.8 on.

Everything is the main thread's. ``api`` alone knows REAPER's functions; the rest is given an
:class:`~.api.Api` and can be read without them.
"""

VERSION = "0.1.0"
