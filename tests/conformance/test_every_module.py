"""No module of a plan is missing, none is made up, and what is not passed is one of them."""

from __future__ import annotations

from tests.conformance import basic_modules
from tests.conformance import config_modules
from tests.conformance import rp_logout_modules
from tests.conformance.kit import BASIC
from tests.conformance.kit import CONFIG
from tests.conformance.kit import OTHERWISE
from tests.conformance.kit import RP_LOGOUT


def test_each_module_is_here_once() -> None:
    assert (len(BASIC), len(CONFIG), len(RP_LOGOUT)) == (38, 1, 11)
    assert set(basic_modules.MODULES) == set(BASIC)
    assert set(config_modules.MODULES) == {*CONFIG, RP_LOGOUT[0]}
    assert set(rp_logout_modules.MODULES) == set(RP_LOGOUT[1:])


def test_whatever_is_not_passed_is_a_module_with_a_reason() -> None:
    assert set(OTHERWISE) <= {*BASIC, *CONFIG, *RP_LOGOUT}
    assert all(reason.endswith(".") for _, reason in OTHERWISE.values())
