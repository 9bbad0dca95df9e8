"""Python imports this first when its folder is on ``PYTHONPATH``: the server under test gets its faults."""

from tests.torture import faults

faults.install()
