"""Facts answer simple questions about themselves."""

from __future__ import annotations

import pytest

import builders
from bot.core.book import Layer
from bot.core.decision import LayerFigures, Verdict
from bot.core.errors import ConfigError
from bot.core.model import Right


def test_positions_are_netted_by_contract_as_the_broker_nets_them() -> None:
    # the second condor is long the put that the first is short
    first = builders.condor((5800.0, 5925.0, 6550.0, 6675.0), quantity=2)
    second = builders.condor((5925.0, 6050.0, 6600.0, 6725.0), quantity=2)
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)

    net = builders.book(condors=[first, second], lots=[lot]).net_positions()

    assert builders.spxw(5925.0, Right.PUT) not in net
    assert net[builders.spxw(5800.0, Right.PUT)] == 2
    assert net[builders.spxw(6050.0, Right.PUT)] == -2
    assert net[lot.contract] == 4
    assert len(net) == 7


def test_verdict_is_one_line() -> None:
    verdict = Verdict(
        code="VIX_TERM_STRUCTURE", subject="condor", observed=1.02, limit=1.0, passed=False
    )

    assert verdict.text() == "VIX_TERM_STRUCTURE condor denied observed=1.02 limit=1.0"


@pytest.mark.parametrize(("delta", "drift"), [(0.62, 0.12), (0.45, -0.05), (None, None)])
def test_drift_is_how_far_the_delta_has_moved(delta: float | None, drift: float | None) -> None:
    figures = LayerFigures(
        layer=Layer.NEAR, target=4, held=4, cost_usd=800.0, delta=delta, target_delta=0.50
    )

    assert figures.drift == (None if drift is None else pytest.approx(drift))


def test_configuration_error_lists_every_fault_on_a_line_of_its_own() -> None:
    error = ConfigError(("a: one", "b: two"))

    assert error.faults == ("a: one", "b: two")
    assert str(error) == "a: one\nb: two"


def test_only_spxw_settles_at_the_close() -> None:
    assert not builders.spxw(6000.0, Right.PUT).settles_am
    assert builders.vix_call(20.0, builders.NEAR_EXPIRY).settles_am


def test_contract_that_was_not_asked_for_has_no_quote() -> None:
    assert builders.market().quote(builders.spxw(1.0, Right.PUT)) is None
