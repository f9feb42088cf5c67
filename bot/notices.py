"""What a person is told of a decision: the verdicts that are news beside the orders.

- ``MINIMUM_HEDGE``: one alert in the life of a ledger, when the smallest hedge costs more than
  its budget.
- ``PROTECTION_ABANDONED``: an incident in each session in which a layer is left below its goal
  while SPX falls and VIX is low.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.core.decision import Decision, Verdict
    from bot.desk import Desk


def give_notice(desk: Desk, decision: Decision) -> None:
    """Record alert and incident of a decision; a dry one records none."""
    if desk.dry:
        return
    failed = {verdict.code: verdict for verdict in decision.verdicts if not verdict.passed}
    if small := failed.get("MINIMUM_HEDGE"):
        _small_account(desk, small)
    if abandoned := failed.get("PROTECTION_ABANDONED"):
        text = f"{abandoned.observed} contracts short of their goal in a decline without fear"
        desk.ledger.incident(
            "PROTECTION_ABANDONED", session=desk.session, at=desk.now(), detail=text
        )


def _small_account(desk: Desk, verdict: Verdict) -> None:
    """Say once that the smallest hedge is too large for the account; unknown NAV is no news."""
    if verdict.observed is None or desk.ledger.alerted("MINIMUM_HEDGE"):
        return
    text = f"NAV {verdict.observed:.0f} USD is below {verdict.limit:.0f}: one unit exceeds the drag"
    desk.ledger.alert("MINIMUM_HEDGE", text, session=desk.session, at=desk.now())
